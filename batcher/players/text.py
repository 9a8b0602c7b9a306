"""Players of a text: its tokens, its words, or a few words at a time."""

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from batcher.players.player import NEVER_MASKED, Player, Players
from media import MediaError, Text

TOKENS: Final = "tokens"
WORDS: Final = "words"
GRAMS: Final = re.compile(r"([2-9]|[1-9][0-9]+)-grams")
"""Two words at a time, or more."""
WORD: Final = re.compile(r"\S+")
"""What stands between white space, of which a non-breaking space is one kind."""

IntArray = NDArray[np.int64]


def words_per_player(kind: str) -> int | None:
    """How many words a kind of text players puts together; None for tokens.

    Raises:
        ValueError: there is no such kind.
    """
    grams = GRAMS.fullmatch(kind)
    if grams:
        return int(grams[1])
    if kind not in (TOKENS, WORDS):
        raise ValueError(f"text_players is {kind!r}: give {TOKENS}, {WORDS}, or N-grams of words (2-grams, 3-grams)")
    return 1 if kind == WORDS else None


def text_players(text: Text, kind: str = TOKENS) -> Players:
    """Every token but `<s>`, `</s>` and padding, alone or with the others of its word or words.

    A word is what stands between white space: a text that is written without spaces is one word. A token belongs to
    the word in which it begins. One that is in none (white space alone) joins the word that follows, as the space
    before a word does, or else the last. N-grams are N words each and don't overlap; the last may have fewer.

    Args:
        text: of L tokens.
        kind: tokens, words, or 2-grams, 3-grams and so on.

    Raises:
        MediaError: words are wanted, and all that is known of the text are its tokens' ids.
        ValueError: there is no such kind.
    """
    together = words_per_player(kind)
    own = np.flatnonzero(~text.special)
    member = np.arange(len(own)) if together is None else _words(text, kind)[own] // together
    positions = np.full(len(text.ids), NEVER_MASKED, np.int64)
    positions[own] = member
    described = (
        (_token(text, int(i), index) for index, i in enumerate(own))
        if together is None
        else (_phrase(text, np.flatnonzero(positions == index), index) for index in range(1 + member.max(initial=-1)))
    )
    return Players(text.ids, positions, tuple(described))


def _token(text: Text, i: int, index: int) -> Player:
    start, end = (int(edge) for edge in text.spans[i])
    known = start >= 0
    return Player(
        "text",
        index,
        token=text.tokens[i],
        char_start=start if known else None,
        char_end=end if known else None,
    )


def _phrase(text: Text, mine: NDArray[np.intp], index: int) -> Player:
    """The player of these tokens: their characters from the first to the last, white space around them left out."""
    characters = text.characters or ""
    spans = [(int(start), int(end)) for start, end in text.spans[mine] if start >= 0]
    spans = [span for span in spans if characters[slice(*span)].strip()] or spans
    if not spans:
        return Player("text", index, token="".join(text.tokens[i] for i in mine))
    start, end = min(first for first, _ in spans), max(last for _, last in spans)
    return Player("text", index, token=characters[start:end], char_start=start, char_end=end)


def _words(text: Text, kind: str) -> IntArray:
    """The word [L] of each token, counting those of which the model sees a token; -1 of the model's own marks."""
    if text.characters is None:
        raise MediaError(
            f"text players are {kind}, and the segment brings token ids, which don't say where words end: words need "
            "a text and the model's tokenizer; leave token_ids out of the manifest, or use --text-players tokens"
        )
    found = _word_of(text.spans[:, 0], text.characters)
    found[text.special] = -1
    homeless = np.flatnonzero(~text.special & (found < 0))
    housed = np.flatnonzero(found >= 0)
    if not len(housed):
        return np.where(text.special, -1, 0)
    following = np.minimum(np.searchsorted(housed, homeless), len(housed) - 1)
    found[homeless] = found[housed[following]]
    seen = np.unique(found[found >= 0])
    return np.where(text.special, -1, np.searchsorted(seen, found))


def _word_of(places: IntArray, characters: str) -> IntArray:
    """The word in which each place of a text stands, -1 for none."""
    spans = np.array([word.span() for word in WORD.finditer(characters)], np.int64).reshape(-1, 2)
    before = np.searchsorted(spans[:, 0], places, side="right") - 1
    ends = np.append(spans[:, 1], 0)  # of -1, where no word begins before the place
    return np.where((places >= 0) & (places < ends[before]), before, -1)
