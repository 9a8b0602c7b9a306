"""How much work the graphs of an artefact are: what masks are worth is weighed against it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """Floating-point operations of the graphs' products, two to a multiplication with its addition.

    Counted when the model is exported, at the lengths of a sentence of 3 s; 0 of what the model lacks.
    """

    token: float
    """Of a pass of the text encoder, per token."""
    sample: float
    """Of a pass of the sound encoder, per sample."""
    table: float
    """Of `video_frames` per frame, whatever the masks."""
    picture: float
    """Of `video_frames` per frame and mask."""
    frame: float
    """Of a pass of the video encoder, per frame."""
    pair: float
    """Both inter-modality terms of a sub-mask of one modality and one of another, in the mean over the pairs."""
    point: float
    """Of the head, per point of the grid."""
