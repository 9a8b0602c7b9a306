"""How far the grid estimate is from exact values, on clips small enough for every coalition.

The clips are cut to at most 16 players, around what carries their emotion. Truth is summed over the grid of all
sub-masks, evaluated by the artefact's graphs; a second table checks that grid itself, by masking clips by hand and
running the whole model for one random coalition at a time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, product
from pathlib import Path
from typing import Annotated, Final

import click
import numpy as np

from batcher.backends.onnxruntime import OnnxRuntimeBackend
from batcher.estimators import DEFAULT
from batcher.explain import explain_clip
from batcher.explanation import SegmentExplanation
from bench.clips import CUTS, OPTIONS, Cut, SmallClip, small_clips
from bench.demo import common_options, described
from bench.game import Game, enumerate_game
from bench.grid_game import FloatArray
from bench.output import Column, Report, Section, publish
from bench.whole_model import WholeModel
from media.modality import MODALITIES

MASKS: Final = (32, 64, 128)
SEEDS: Final = 20
COALITIONS: Final = 16
POINTS: Final = 100
"""Of a share."""
ERRORS: Final = f"{DEFAULT} against exact values"
CHECK: Final = "the enumeration against the clip masked by hand"


@dataclass(frozen=True)
class Error:
    """How far one estimate is from the truth."""

    relative: float
    """L2 norm of the error over that of phi."""
    sampled: float
    """The same over the players of the sampled modality alone."""
    largest: float
    """Largest absolute error of a player."""
    share_points: float
    """Largest error of a modality's share."""
    efficiency: float
    """|sum of phi - (v(all) - v(none))|."""


@dataclass(frozen=True)
class ErrorRow:
    """Errors over all clips and seeds of one cut at one number of masks."""

    cut: Annotated[Cut, Column("cut")]
    players: Annotated[str, Column("players\nT + A + V")]
    K: Annotated[str, Column("K")]
    masks: Annotated[str, Column("masks\nT x A x V")]
    sampled: Annotated[str, Column("sampled")]
    estimates: Annotated[int, Column("estimates")]
    relative_mean: Annotated[float, Column("rel. L2\nmean", ".1e")]
    relative_max: Annotated[float, Column("\nmax", ".1e")]
    sampled_mean: Annotated[float, Column("of sampled\nmean", ".1e")]
    sampled_max: Annotated[float, Column("\nmax", ".1e")]
    largest_mean: Annotated[float, Column("largest abs.\nmean", ".1e")]
    largest_max: Annotated[float, Column("\nmax", ".1e")]
    share_points_mean: Annotated[float, Column("share, points\nmean", ".2f")]
    share_points_max: Annotated[float, Column("\nmax", ".2f")]
    efficiency_max: Annotated[float, Column("efficiency\nmax", ".0e")]


@dataclass(frozen=True)
class CheckRow:
    """The independent check of one clip's enumeration."""

    clip: Annotated[str, Column("clip")]
    cut: Annotated[Cut, Column("cut")]
    coalitions: Annotated[int, Column("coalitions")]
    of: Annotated[int, Column("of")]
    spread: Annotated[float, Column("spread of v", ".4f")]
    """Largest minus smallest value of the game."""
    difference: Annotated[float, Column("max |difference|", ".1e")]


@dataclass(frozen=True)
class Truth:
    """A clip and its exact game."""

    small: SmallClip
    game: Game


def measure(
    model: Path, manifest: Path, *, masks: Sequence[int] = MASKS, seeds: int = SEEDS, coalitions: int = COALITIONS
) -> Report:
    """Compare estimates with exact values.

    Args:
        model: the artefact.
        manifest: of segments with words, sound and picture.
        masks: sub-masks per modality.
        seeds: estimates of each clip.
        coalitions: evaluated by hand in each clip.
    """
    backend = OnnxRuntimeBackend.load(model)
    cut_clips = small_clips(manifest, backend.artefact, backend.folder)
    truths = sorted(
        (Truth(small, enumerate_game(small.clip, backend)) for small in cut_clips),
        key=lambda truth: CUTS.index(truth.small.cut),
    )
    errors = [
        row
        for cut, group in groupby(truths, key=lambda truth: truth.small.cut)
        for row in _error_rows(cut, list(group), backend, masks, seeds)
    ]
    notes = (
        "second: 1 s of a clip, all its frames in 10 groups. sentence: 9 words, 1 s of sound, 5 of its frames.",
        "*: K >= 2^n, so this modality is enumerated and adds no error. The sampled one has K < 2^n; of sampled: the",
        "rel. L2 error of its players alone (in K = all, of those sampled above). K = all: the error is rounding.",
        "Mean and max over clips and seeds. Absolute errors are in the unit of the values: probabilities, or a score.",
    )
    checks = [_check(truth, backend, coalitions) for truth in truths]
    return Report(
        "exact_truth",
        described(backend.artefact),
        {"masks": list(masks), "seeds": seeds, "coalitions": coalitions},
        (Section(ERRORS, errors, notes), Section(CHECK, checks)),
    )


def _error_rows(
    cut: Cut, truths: list[Truth], backend: OnnxRuntimeBackend, masks: Sequence[int], seeds: int
) -> Iterator[ErrorRow]:
    """A row for each number of masks, and one for all of them."""
    every = 1 << max(max(truth.game.n) for truth in truths)
    for K in (*(K for K in masks if every > K), every):
        errors, explanations = [], []
        for truth, seed in product(truths, range(1 if every == K else seeds)):
            options = replace(OPTIONS, masks=K, max_masks=every, seed=seed)
            explanation = explain_clip(truth.small.clip, truth.small.name, backend, options)
            errors.append(error_of(explanation, truth.game))
            explanations.append(explanation)
        yield _error_row(cut, "all" if every == K else str(K), explanations, errors)


def _error_row(cut: Cut, K: str, explanations: list[SegmentExplanation], errors: list[Error]) -> ErrorRow:
    def over(name: str) -> FloatArray:
        return np.array([getattr(error, name) for error in errors])

    players = {m: [sum(p.modality == m for p in e.players) for e in explanations] for m in MODALITIES}
    masks = {m: [e.masks[m] for e in explanations] for m in MODALITIES}
    drawn = [m for m in MODALITIES if any(k < 1 << n for k, n in zip(masks[m], players[m], strict=True))]
    return ErrorRow(
        cut=cut,
        players=" + ".join(_distinct(players[m]) for m in MODALITIES),
        K=K,
        masks=" x ".join(_distinct(masks[m]) + ("" if m in drawn else "*") for m in MODALITIES),
        sampled=", ".join(drawn) or "none",
        estimates=len(errors),
        relative_mean=float(over("relative").mean()),
        relative_max=float(over("relative").max()),
        sampled_mean=float(over("sampled").mean()),
        sampled_max=float(over("sampled").max()),
        largest_mean=float(over("largest").mean()),
        largest_max=float(over("largest").max()),
        share_points_mean=float(over("share_points").mean()),
        share_points_max=float(over("share_points").max()),
        efficiency_max=float(over("efficiency").max()),
    )


def _distinct(numbers: list[int]) -> str:
    return "/".join(map(str, sorted(set(numbers))))


def error_of(explanation: SegmentExplanation, game: Game) -> Error:
    """Errors of an explanation of the game's predicted class."""
    phi, difference = explanation.estimate.phi[:, 0], explanation.estimate.phi[:, 0] - game.phi
    of = np.repeat(np.arange(len(MODALITIES)), game.n)
    mine = of == MODALITIES.index(game.sampled)
    shares = [np.bincount(of, np.abs(values)) / np.abs(values).sum() for values in (phi, game.phi)]
    gain = game.values[-1, -1, -1] - game.values[0, 0, 0]
    return Error(
        relative=relative_error(phi, game.phi),
        sampled=relative_error(phi[mine], game.phi[mine]),
        largest=float(np.abs(difference).max()),
        share_points=float(POINTS * np.abs(shares[0] - shares[1]).max()),
        efficiency=float(abs(phi.sum() - gain)),
    )


def relative_error(phi: FloatArray, exact: FloatArray) -> float:
    """L2 norm of the error over that of the exact values."""
    return float(np.linalg.norm(phi - exact) / np.linalg.norm(exact))


def _check(truth: Truth, backend: OnnxRuntimeBackend, count: int) -> CheckRow:
    """Values of random coalitions, a size at random first, by hand and by the enumeration."""
    game, rng = truth.game, np.random.default_rng(0)
    sizes = rng.integers(game.p + 1, size=count)
    coalitions = np.array([rng.permutation(game.p) < size for size in sizes])
    by_hand = WholeModel(backend, game)(coalitions)
    return CheckRow(
        clip=truth.small.name,
        cut=truth.small.cut,
        coalitions=count,
        of=1 << game.p,
        spread=float(np.ptp(game.values)),
        difference=float(np.abs(by_hand - game.look_up(coalitions)).max()),
    )


@click.command(help=__doc__)
@common_options
@click.option("--masks", multiple=True, type=click.IntRange(min=2), default=MASKS, show_default=True, help="Of K.")
@click.option("--seeds", type=click.IntRange(min=1), default=SEEDS, show_default=True, help="Estimates of each clip.")
@click.option(
    "--coalitions", type=click.IntRange(min=1), default=COALITIONS, show_default=True, help="Checked by hand, per clip."
)
def main(
    *, model: Path, manifest: Path, json_file: Path | None, masks: tuple[int, ...], seeds: int, coalitions: int
) -> None:
    """Run the bench."""
    publish(measure(model, manifest, masks=masks, seeds=seeds, coalitions=coalitions), json_file)


if __name__ == "__main__":
    main()
