"""The same clip, the same graphs, the same error: seconds of the grid and of shap.PermutationExplainer.

Exact values come from enumeration (clips of at most 16 players), so that errors are errors. A permutation of
shap's costs 2 p + 1 evaluations and its estimates are unbiased and independent, so the mean squared error of
their mean falls as one over their number. That of one is measured on the enumerated values, over many repeats; it
gives the number of permutations at which shap's error is that of the grid. Then shap runs for so long around the
graphs, up to a cap; what the cap leaves out is extrapolated from the seconds per evaluation, and marked.

shap's model is run in two ways: each coalition paying the whole model, as shap's users have it, and a stronger
one where a batch (one permutation) encodes each distinct sub-mask once and its pictures once.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

import click
import numpy as np
import shap
from numpy.typing import NDArray

from batcher.backends.onnxruntime import OnnxRuntimeBackend
from batcher.estimators import DEFAULT
from batcher.explain import explain_clip
from bench.batched_model import BatchedModel
from bench.clips import CUTS, OPTIONS, Cut, SmallClip, small_clips
from bench.demo import common_options, described
from bench.exact_truth import relative_error
from bench.game import Game, enumerate_game
from bench.grid_game import FloatArray
from bench.output import Column, Report, Section, publish
from bench.whole_model import WholeModel

MASKS: Final = (32, 64)
SEEDS: Final = 20
REPEATS: Final = 200
CAP_EVALUATIONS: Final = 330
CLIPS: Final = "each clip"
RATIOS: Final = "wall time of shap over the grid's, at equal error"

Way = Literal["whole model", "batched"]
WAYS: Final[tuple[Way, ...]] = get_args(Way)
MODELS: Final[dict[Way, type[WholeModel] | type[BatchedModel]]] = {"whole model": WholeModel, "batched": BatchedModel}

SetFunction = Callable[[NDArray[Any]], FloatArray]


@dataclass(frozen=True)
class ClipRow:
    """The grid, or shap in one way, on one clip."""

    clip: Annotated[str, Column("clip")]
    cut: Annotated[Cut, Column("cut")]
    players: Annotated[str, Column("players")]
    K: Annotated[int, Column("K")]
    method: Annotated[str, Column("method")]
    evaluations: Annotated[int, Column("evaluations", ",")]
    """Coalitions whose value it needs; of the grid, its points."""
    error: Annotated[float, Column("rel. L2\nerror", ".1e")]
    """Root mean square: of the grid over seeds, of shap as repeats on the enumerated values give it."""
    seconds: Annotated[float, Column("seconds", ".3f")]
    ratio: Annotated[float | None, Column("time /\ngrid's", ",.1f")]
    extrapolated: Annotated[bool, Column("extra-\npolated")]
    run: Annotated[int | None, Column("evaluations\nrun", ",")]
    run_error: Annotated[float | None, Column("error of\nthat run", ".1e")]


@dataclass(frozen=True)
class RatioRow:
    """Ratios of one cut at one number of masks."""

    cut: Annotated[Cut, Column("cut")]
    K: Annotated[int, Column("K")]
    method: Annotated[str, Column("against")]
    clips: Annotated[int, Column("clips")]
    smallest: Annotated[float, Column("smallest", ",.1f")]
    ratio: Annotated[float, Column("geometric mean", ",.1f")]
    largest: Annotated[float, Column("largest", ",.1f")]


@dataclass
class Counted:
    """A model that counts its evaluations."""

    model: SetFunction
    evaluations: int = field(default=0)

    def __call__(self, coalitions: NDArray[Any]) -> FloatArray:
        """Values [M] of coalitions [M, p]."""
        self.evaluations += len(coalitions)
        return self.model(coalitions)


@dataclass(frozen=True)
class ShapRun:
    """One run of shap around the graphs."""

    evaluations: int
    error: float
    seconds: float


def measure(
    model: Path,
    manifest: Path,
    *,
    masks: Sequence[int] = MASKS,
    seeds: int = SEEDS,
    repeats: int = REPEATS,
    cap_evaluations: int = CAP_EVALUATIONS,
    cuts: tuple[Cut, ...] = CUTS,
    limit: int | None = None,
    threads: int = 1,
) -> Report:
    """Compare wall times at equal error.

    Args:
        model: the artefact.
        manifest: of segments with words, sound and picture.
        masks: the grid's sub-masks per modality.
        seeds: of the grid's estimates.
        repeats: single permutations that tell shap's error.
        cap_evaluations: at most so many evaluations of the graphs in one run of shap, but a permutation at least.
        cuts: of each segment.
        limit: clips at most.
        threads: of the graphs, the same for all.
    """
    backend = OnnxRuntimeBackend.load(model, threads=threads)
    smalls = list(small_clips(manifest, backend.artefact, backend.folder, cuts))[:limit]
    rows = [row for small in smalls for row in _clip_rows(small, backend, masks, seeds, repeats, cap_evaluations)]
    notes = (
        f"grid: {DEFAULT}; evaluations are its points; the median time over seeds of encode, grid and estimate.",
        f"shap {shap.__version__}: evaluations for the grid's error, in whole permutations of 2 p + 1.",
        "whole model: all encoders, pairs and head for each coalition. batched: each distinct sub-mask and picture",
        "of a permutation is encoded once; pairs and head run for its own coalitions only.",
        "Decoding, loading the graphs and shap's compilation are in none of the times.",
        "At so few players the grid enumerates the modalities with 2^n <= K, and samples only one.",
    )
    options = {"masks": list(masks), "seeds": seeds, "repeats": repeats, "cap_evaluations": cap_evaluations}
    return Report(
        "versus_shap",
        described(backend.artefact),
        options | {"cuts": list(cuts), "limit": limit, "threads": threads},
        (Section(CLIPS, rows, notes), Section(RATIOS, list(_ratio_rows(rows)))),
    )


def _clip_rows(
    small: SmallClip, backend: OnnxRuntimeBackend, masks: Sequence[int], seeds: int, repeats: int, cap: int
) -> Iterator[ClipRow]:
    game = enumerate_game(small.clip, backend)
    variance = single_permutation_variance(game, repeats)
    for K in masks:
        grid = _grid_row(small, game, backend, K, seeds)
        yield grid
        for way in WAYS:
            yield _shap_row(grid, way, game, backend, variance, cap)


def _grid_row(small: SmallClip, game: Game, backend: OnnxRuntimeBackend, K: int, seeds: int) -> ClipRow:
    squares, seconds, points = [], [], 0
    explain_clip(small.clip, small.name, backend, replace(OPTIONS, masks=K))
    for seed in range(seeds):
        started = time.perf_counter()
        explanation = explain_clip(small.clip, small.name, backend, replace(OPTIONS, masks=K, seed=seed))
        seconds.append(time.perf_counter() - started)
        squares.append(relative_error(explanation.estimate.phi[:, 0], game.phi) ** 2)
        points = math.prod(explanation.masks.values())
    return ClipRow(
        clip=small.name,
        cut=small.cut,
        players=" + ".join(map(str, game.n)),
        K=K,
        method="grid",
        evaluations=points,
        error=math.sqrt(np.mean(squares)),
        seconds=float(np.median(seconds)),
        ratio=None,
        extrapolated=False,
        run=None,
        run_error=None,
    )


def _shap_row(grid: ClipRow, way: Way, game: Game, backend: OnnxRuntimeBackend, variance: float, cap: int) -> ClipRow:
    permutations = permutations_for(grid.error, variance)
    evaluations = permutations * _cost(game)
    run = run_shap(MODELS[way](backend, game), game, min(permutations, max(1, cap // _cost(game))))
    seconds = run.seconds * evaluations / run.evaluations
    return replace(
        grid,
        method=f"shap, {way}",
        evaluations=evaluations,
        error=math.sqrt(variance / permutations),
        seconds=seconds,
        ratio=seconds / grid.seconds,
        extrapolated=run.evaluations < evaluations,
        run=run.evaluations,
        run_error=run.error,
    )


def permutations_for(error: float, variance: float) -> int:
    """How many permutations have this error or less, where one has this mean squared error."""
    return max(1, math.ceil(variance / error**2))


def _cost(game: Game) -> int:
    """Evaluations of one permutation: forth and back."""
    return 2 * game.p + 1


def single_permutation_variance(game: Game, repeats: int) -> float:
    """Mean squared relative error of shap with one permutation, on the enumerated values."""
    explainer = _explainer(game.look_up, game, seed=0)
    errors = [relative_error(_phi(explainer, game, permutations=1), game.phi) for _ in range(repeats)]
    return float(np.mean(np.square(errors)))


def run_shap(model: SetFunction, game: Game, permutations: int) -> ShapRun:
    """Explain by shap around a model, and time it; compiling shap's functions and the first calls come before."""
    _phi(_explainer(game.look_up, game, seed=0), game, permutations=1)
    model(np.ones((1, game.p)))
    counted = Counted(model)
    explainer = _explainer(counted, game, seed=1)
    started = time.perf_counter()
    phi = _phi(explainer, game, permutations=permutations)
    seconds = time.perf_counter() - started
    return ShapRun(counted.evaluations, relative_error(phi, game.phi), seconds)


def _explainer(model: SetFunction, game: Game, *, seed: int) -> Any:
    """Shap's explainer of a function of coalitions; a player that is out is 0."""
    return shap.PermutationExplainer(model, shap.maskers.Independent(np.zeros((1, game.p))), seed=seed)


def _phi(explainer: Any, game: Game, *, permutations: int) -> FloatArray:
    """Shap's values [p] of the clip, in which every player is in."""
    explanation = explainer(np.ones((1, game.p)), max_evals=permutations * _cost(game), silent=True)
    phi: FloatArray = explanation.values[0]
    return phi


def _ratio_rows(rows: Sequence[ClipRow]) -> Iterator[RatioRow]:
    keys = dict.fromkeys((row.cut, row.K, row.method) for row in rows if row.ratio is not None)
    for cut, K, method in sorted(keys, key=lambda key: (CUTS.index(key[0]), key[1])):
        ratios = [row.ratio for row in rows if (row.cut, row.K, row.method) == (cut, K, method) and row.ratio]
        mean = math.exp(np.mean(np.log(ratios)))
        yield RatioRow(cut, K, method, len(ratios), min(ratios), mean, max(ratios))


@click.command(help=__doc__)
@common_options
@click.option("--masks", multiple=True, type=click.IntRange(min=2), default=MASKS, show_default=True, help="Of K.")
@click.option("--seeds", type=click.IntRange(min=1), default=SEEDS, show_default=True, help="Of the grid.")
@click.option("--repeats", type=click.IntRange(min=1), default=REPEATS, show_default=True, help="Single permutations.")
@click.option(
    "--cap-evaluations",
    type=click.IntRange(min=1),
    default=CAP_EVALUATIONS,
    show_default=True,
    help="Of the graphs, in one run of shap.",
)
@click.option("--cut", "cuts", multiple=True, type=click.Choice(CUTS), default=CUTS, show_default=True)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many cut clips.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Of the graphs.")
def main(*, model: Path, manifest: Path, json_file: Path | None, **options: Any) -> None:
    """Run the bench."""
    publish(measure(model, manifest, **options), json_file)


if __name__ == "__main__":
    main()
