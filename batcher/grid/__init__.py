"""The grid of one clip's sub-masks: how an artefact's graphs are called for it, whoever runs them.

Numpy alone: Triton's model `explain` runs these files in an environment of its own (`triton_models.repository`).
"""

from batcher.grid.calls import RunEach, RunGraph, Slices, in_turn
from batcher.grid.growing import Cell, Grid, GridPart, GrowingGrid, Part, evaluate_grid
from batcher.grid.maskable import Divided, Maskable

__all__ = [
    "Cell",
    "Divided",
    "Grid",
    "GridPart",
    "GrowingGrid",
    "Maskable",
    "Part",
    "RunEach",
    "RunGraph",
    "Slices",
    "evaluate_grid",
    "in_turn",
]
