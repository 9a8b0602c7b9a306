"""Graphs to ONNX files, with every count of masks, positions and frames dynamic.

Large weights stand beside their graph: protobuf ends at 2 GB, and parsing would hold them in memory twice.
"""

import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import onnx_ir as ir
import torch
from onnx_ir.passes.common import ClearMetadataAndDocStringPass
from torch import Tensor, nn
from torch.export import Dim

from export.artefact import Precision
from export.frames import CELLS, FramesGraph
from export.graphs import AudioGraph, HeadGraph, PairGraph, TextGraph, VideoGraph
from export.names import HEAD, pair_graph
from export.precision import to_fp16
from media.modality import Modality
from sseft.model import SSEFT
from sseft.terms import term_name

OPSET = 20

EXTERNAL_BYTES: Final = 64 << 20
"""Graphs with so many bytes of weights keep them in a file of their own."""

PAGE_BYTES: Final = 4096
"""Each weight begins a page of that file, which then is mapped instead of read."""


@dataclass(frozen=True)
class Axis:
    """A dynamic axis: its name, the size that it has in the example, and its largest size."""

    name: str
    example: int
    """Neither 0 nor 1, which torch.export would take for constants."""
    largest: int | None = None

    @property
    def dim(self) -> Dim:
        """As torch.export wants it."""
        return Dim(self.name, min=1, max=self.largest)


@dataclass(frozen=True)
class Graph:
    """A graph and what its export needs."""

    name: str
    module: nn.Module
    inputs: dict[str, tuple[Tensor, dict[int, Axis]]]
    """Example and dynamic axes of each input, by name."""
    outputs: tuple[str, ...]


def graphs(model: SSEFT) -> Iterator[Graph]:
    """All graphs of a model, in the order in which a clip passes them."""
    if "text" in model.config.modalities:
        yield _text(model)
    if "audio" in model.config.modalities:
        yield _audio(model)
    if "video" in model.config.modalities:
        yield _frames(model)
        yield _video(model)
    for x, y in model.config.pairs:
        yield _pair(model, x, y)
    yield _head(model)


def save_graph(graph: Graph, path: Path, precision: Precision = "fp32") -> None:
    """Export one graph.

    Raises:
        ArtefactError: a weight is beyond the precision.
    """
    model = _exported(graph)
    if precision == "fp16":
        to_fp16(model)
    save_model(model, path)


def save_model(model: ir.Model, path: Path) -> None:
    """Write a graph to a single file, or with its weights beside it in `<path>.data` where they are large."""
    weights = [value.const_value for value in model.graph.initializers.values()]
    large = sum(weight.nbytes for weight in weights if weight is not None) >= EXTERNAL_BYTES
    # A path relative to the graph's, so that the folder can be moved.
    beside = f"{path.name}.data" if large else None
    ir.save(model, path, external_data=beside, alignment=PAGE_BYTES, align_threshold=0)


def _exported(graph: Graph) -> ir.Model:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    axes = [{axis: a.dim for axis, a in dynamic.items()} for _, dynamic in graph.inputs.values()]
    takes_many = isinstance(graph.module, HeadGraph)  # whose *terms torch.export counts as one input
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            graph.module.eval(),
            tuple(example for example, _ in graph.inputs.values()),
            dynamo=True,
            dynamic_shapes=(tuple(axes),) if takes_many else tuple(axes),
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            opset_version=OPSET,
            verbose=False,
        )
    if program is None:
        raise RuntimeError(f"torch exported no program for the graph {graph.name}")
    # The metadata holds stack traces with the paths of the machine that exported.
    ClearMetadataAndDocStringPass()(program.model)
    return program.model


def _masks(players: int) -> tuple[Tensor, dict[int, Axis]]:
    masks, count = Axis("masks", 5), Axis("players", players)
    keep = torch.arange(masks.example * players).reshape(masks.example, players) % 3 > 0
    return keep, {0: masks, 1: count}


def _text(model: SSEFT) -> Graph:
    length = Axis("tokens", 9, model.config.text.max_tokens)
    ids = torch.arange(3, 3 + length.example)
    return Graph(
        "text_encoder",
        TextGraph(model),
        {
            "ids": (ids, {0: length}),
            "player": (torch.arange(length.example) - 1, {0: length}),
            "keep": _masks(length.example - 1),
        },
        ("encoding",),
    )


def _audio(model: SSEFT) -> Graph:
    longest = model.config.audio.max_samples
    samples = Axis("samples", min(17_777, longest), longest)
    return Graph(
        "audio_encoder",
        AudioGraph(model),
        {
            "wave": (torch.linspace(-1, 1, samples.example), {0: samples}),
            "player": (torch.arange(samples.example) * 2 // samples.example, {0: samples}),
            "keep": _masks(2),
        },
        ("encoding",),
    )


def _frames(model: SSEFT) -> Graph:
    frames, size = Axis("frames", 3), model.config.video.image_size
    pictures = torch.zeros(frames.example, 3, size, size, dtype=torch.uint8)
    player = torch.arange(CELLS * CELLS).reshape(1, CELLS, CELLS).repeat(frames.example, 1, 1)
    return Graph(
        "video_frames",
        FramesGraph(model),
        {
            "frames": (pictures, {0: frames}),
            "player": (player, {0: frames}),
            "keep": _masks(CELLS * CELLS),
        },
        ("features",),
    )


def _video(model: SSEFT) -> Graph:
    masks, frames = Axis("masks", 5), Axis("frames", 7, model.config.video.max_frames)
    features = torch.zeros(masks.example, frames.example, model.config.video.dim)
    return Graph("video_encoder", VideoGraph(model), {"features": (features, {0: masks, 1: frames})}, ("encoding",))


def _pair(model: SSEFT, x: Modality, y: Modality) -> Graph:
    inputs = {}
    for name, modality, masks, positions in (("x", x, 5, 7), ("y", y, 4, 6)):
        axes = {0: Axis(f"masks_{name}", masks), 1: Axis(f"positions_{name}", positions)}
        inputs[name] = (torch.zeros(masks, positions, model.config.dim(modality)), axes)
    return Graph(pair_graph(x, y), PairGraph(model, x, y), inputs, (term_name(x, y), term_name(y, x)))


def _head(model: SSEFT) -> Graph:
    axes = {"text": Axis("masks_text", 5), "audio": Axis("masks_audio", 4), "video": Axis("masks_video", 3)}
    inputs = {}
    for pair in model.config.pairs:
        for x, y in (pair, pair[::-1]):
            term = torch.zeros(axes[x].example, axes[y].example, model.config.dim(x))
            inputs[term_name(x, y)] = (term, {0: axes[x], 1: axes[y]})
    if not inputs:
        (only,) = model.config.modalities
        inputs[only] = (torch.zeros(axes[only].example, model.config.dim(only)), {0: axes[only]})
    return Graph(HEAD, HeadGraph(model, tuple(inputs)), inputs, ("logits",))
