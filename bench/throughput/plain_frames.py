"""FAb-Net as everybody runs it: a pass for each frame of each coalition, with nothing shared between them."""

from pathlib import Path

import click
import torch
from torch import Tensor, nn

from export.artefact import Artefact
from export.frames import CELLS
from export.graphs import kept
from export.names import ENCODERS
from export.onnx import Axis, Graph, save_graph
from sseft.presets import PRESETS
from sseft.video import FabNet

FRAMES = ENCODERS["video"][0]
"""The graph that it stands in for."""


class PlainFrames(nn.Module):
    """Frames uint8 [F, 3, S, S], player int64 [F, 4, 4], keep bool [K, n] -> [K, F, d_v]. Masked by black."""

    def __init__(self, fabnet: FabNet) -> None:
        super().__init__()
        self.fabnet = fabnet

    def forward(self, frames: Tensor, player: Tensor, keep: Tensor) -> Tensor:
        """Encode K maskings of each frame."""
        size = frames.shape[-1] // CELLS
        # [K, F, 1, 4, 1, 4, 1] beside [F, 3, 4, S/4, 4, S/4]: each cell's bit meets all its pixels.
        shown = kept(player, keep)[:, :, None, :, None, :, None]
        cells = (frames / 255.0).unflatten(-1, (CELLS, size)).unflatten(2, (CELLS, size))
        masked = torch.where(shown, cells, 0.0).flatten(-2).flatten(-3, -2)
        features: Tensor = self.fabnet(masked.flatten(0, 1))
        return features.view(keep.shape[0], frames.shape[0], -1)


def random_fabnet(artefact: Artefact) -> FabNet:
    """FAb-Net of an artefact's size, with random weights: no time depends on them.

    Raises:
        click.ClickException: no preset's frames have so many features, so nothing tells how wide it is inside.
    """
    wanted = artefact.dims["video"]
    for preset in PRESETS.values():
        if preset().video.dim == wanted:
            return FabNet(preset().video)
    raise click.ClickException(
        f"the artefact's frames have {wanted} features, those of the presets {', '.join(PRESETS)} others: how wide its "
        "FAb-Net is inside isn't known; add its size to sseft/presets.py"
    )


def save_plain_frames(fabnet: FabNet, folder: Path) -> Path:
    """Export it, under the name of the graph that it stands in for."""
    size, frames, masks, players = 64 * CELLS, Axis("frames", 3), Axis("masks", 5), Axis("players", CELLS**2)
    pictures = torch.zeros(frames.example, 3, size, size, dtype=torch.uint8)
    player = torch.arange(CELLS**2).reshape(1, CELLS, CELLS).repeat(frames.example, 1, 1)
    keep = torch.ones(masks.example, players.example, dtype=torch.bool)
    path = folder / f"{FRAMES}.onnx"
    inputs = {
        "frames": (pictures, {0: frames}),
        "player": (player, {0: frames}),
        "keep": (keep, {0: masks, 1: players}),
    }
    save_graph(Graph(FRAMES, PlainFrames(fabnet), inputs, ("features",)), path)
    return path
