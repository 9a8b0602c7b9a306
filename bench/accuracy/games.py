"""The games that estimators are compared on: synthetic ones, cut clips, and grids from a file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
import numpy as np
from numpy.typing import NDArray

from batcher.backends.onnxruntime import OnnxRuntimeBackend
from bench.accuracy.synthetic import synthetic_game
from bench.clips import small_clips
from bench.game import enumerate_game
from bench.grid_game import GridGame, mask_codes
from media.modality import MODALITIES

CLASS_AXIS: Final = 3


@dataclass(frozen=True, eq=False)
class NamedGame:
    """A game, and what tables call it."""

    name: str
    game: GridGame


@dataclass(frozen=True)
class Games:
    """Which games; each is made when its turn comes, and takes up to 1 GB."""

    synthetic: Sequence[str] = ()
    """Names of `SYNTHETIC`."""
    players: tuple[int, int, int] = (10, 4, 10)
    """Of the synthetic games."""
    grids: Sequence[Path] = ()
    """Files for `read_grid`."""
    clips: int = 0
    """Segments of the manifest."""

    def made(self, model: Path, manifest: Path) -> Iterator[NamedGame]:
        """All of them, in turn.

        Args:
            model: the artefact that clips are evaluated by.
            manifest: of the clips.
        """
        for name in self.synthetic:
            yield NamedGame(name, synthetic_game(name, players=self.players))
        for path in self.grids:
            yield NamedGame(path.stem, read_grid(path))
        if self.clips:
            backend = OnnxRuntimeBackend.load(model, threads=1)
            for small in small_clips(manifest, backend.artefact, backend.folder, ("phrase",), clips=self.clips):
                yield NamedGame(small.name, enumerate_game(small.clip, backend))


def read_grid(path: Path) -> GridGame:
    """A game from a file that numpy.savez wrote: a grid of all sub-masks of three modalities.

    Args:
        path: of a file with `values`, float [K_T, K_A, K_V] or with a class axis, of which the class is taken that is
            largest with all players in; and `text`, `audio` and `video`, bool [K_m, n_m], all 2^n sub-masks each,
            in any order.

    Raises:
        click.ClickException: an array is missing or has another shape, a sub-mask is missing or there twice, or a
            value isn't finite.
    """
    with np.load(path) as file:
        missing = [name for name in ("values", *MODALITIES) if name not in file]
        if missing:
            raise click.ClickException(f"{path} holds no {', '.join(missing)}; save values, text, audio and video")
        values, designs = np.asarray(file["values"], np.float64), [np.asarray(file[m]) for m in MODALITIES]
    rows = [_rows_of_all(path, m, design) for m, design in zip(MODALITIES, designs, strict=True)]
    if values.shape[:CLASS_AXIS] != tuple(map(len, rows)) or values.ndim > CLASS_AXIS + 1:
        raise click.ClickException(
            f"values in {path} have shape {values.shape} for {' x '.join(str(len(r)) for r in rows)} sub-masks; "
            "give [K_T, K_A, K_V], and perhaps a class axis"
        )
    if not np.isfinite(values).all():
        raise click.ClickException(f"some values in {path} aren't finite; evaluate those coalitions again")
    in_order = values[np.ix_(*rows)]
    return GridGame(in_order if values.ndim == CLASS_AXIS else in_order[..., in_order[-1, -1, -1].argmax()])


def _rows_of_all(path: Path, modality: str, design: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The rows of a design's sub-masks, in the order of their codes."""
    if design.ndim != 2 or design.dtype != np.bool_:  # noqa: PLR2004 (masks, players)
        raise click.ClickException(f"{modality} in {path} is {design.dtype} {design.shape}; give bool [K, n]")
    codes = mask_codes(design)
    every = 1 << design.shape[1]
    if len(codes) != every or len(np.unique(codes)) != every:
        raise click.ClickException(
            f"{modality} in {path} has {len(np.unique(codes))} distinct sub-masks in {len(codes)} rows; exact values "
            f"need each of the {every} of {design.shape[1]} players once"
        )
    return np.argsort(codes)
