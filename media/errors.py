"""What goes wrong between a file and the model's inputs."""


class MediaError(Exception):
    """Media, a span of it or a text that can't become model inputs.

    The message says what, with which value, and what to do about it. It ends up in the result's error row.
    """


class LimitError(MediaError):
    """Media that asks for more than `media.limits` allows.

    Unlike damage it fails its segment whole: how far decoding came by a deadline is no property of a clip.
    """


class CorpusError(Exception):
    """Planted-trigger clips that can't be made. The message says what is missing, and how to get it."""
