"""The names of an artefact's graphs."""

from collections.abc import Mapping
from typing import Final

from media.modality import Modality
from sseft.terms import pairs_of

HEAD: Final = "head"
ENCODERS: Final[Mapping[Modality, tuple[str, ...]]] = {
    "text": ("text_encoder",),
    "audio": ("audio_encoder",),
    "video": ("video_frames", "video_encoder"),
}


def pair_graph(x: Modality, y: Modality) -> str:
    """The name of the graph of a pair's two inter-modality terms."""
    return f"pairs_{x}_{y}"


def graph_names(modalities: tuple[Modality, ...]) -> tuple[str, ...]:
    """The graphs of a model of these modalities; each stands in `<name>.onnx`."""
    encoders = [name for modality in modalities for name in ENCODERS[modality]]
    return (*encoders, *(pair_graph(x, y) for x, y in pairs_of(modalities)), HEAD)
