"""How many encoder passes other methods need for the grid's error, over the grid's: what `bench.accuracy` finds."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import click

from batcher.estimators import DEFAULT
from bench.accuracy.compare import Settings, compare, ratio_rows
from bench.accuracy.games import NamedGame
from bench.accuracy.rows import GAMES, RATIOS, GameRow, RatioRow
from bench.accuracy.summary import GROUPS, group_of
from bench.accuracy.synthetic import synthetic_game

PERMUTATION: Final = "shap Permutation"
KERNEL: Final = "shapiq KernelSHAP"
"""Kernel SHAP at its strongest: leverage scores, complement pairs."""
METHODS: Final = (PERMUTATION, KERNEL)
SMALL_GAMES: Final = ("interacting", "text collapsed")
"""One of each group."""
SEEDS: Final = 3
OWN_SEEDS: Final = 5


@dataclass(frozen=True)
class PassRatio:
    """A method's encoder passes over the grid's at its error, over the games of a group."""

    method: str
    group: str
    """Of `GROUPS`."""
    smallest: float
    median: float


def measured_ratios() -> list[PassRatio]:
    """Those of two small games, in a quarter of a minute."""
    settings = Settings((DEFAULT,), METHODS, seeds=SEEDS, own_seeds=OWN_SEEDS)
    found = [compare(NamedGame(name, synthetic_game(name)), settings) for name in SMALL_GAMES]
    rows = [row for one in found for row in ratio_rows(one)]
    return list(pass_ratios(rows, {one.row.game: one.row.largest for one in found}))


def read_ratios(accuracy: Path) -> list[PassRatio]:
    """Those of a run of `bench.accuracy`.

    Args:
        accuracy: what it wrote by --json.

    Raises:
        click.ClickException: the file holds something else, or neither method.
    """
    try:
        tables = json.loads(accuracy.read_text())["tables"]
        shares = {row["game"]: GameRow(**row).largest for row in tables[GAMES]}
        found = list(pass_ratios([RatioRow(**row) for row in tables[RATIOS]], shares))
    except (KeyError, TypeError, ValueError) as error:
        raise click.ClickException(
            f"{accuracy} holds no table {RATIOS!r} ({type(error).__name__}: {error}); write it by: "
            "python -m bench.accuracy --json FILE"
        ) from error
    if {ratio.method for ratio in found} != set(METHODS):
        raise click.ClickException(f"{accuracy} lacks {' or '.join(METHODS)}; run bench.accuracy with both libraries")
    return found


def pass_ratios(rows: Sequence[RatioRow], shares: Mapping[str, float]) -> Iterator[PassRatio]:
    """By method and group of games, with the median because where all methods are nearly exact ratios run away.

    Args:
        rows: of other methods.
        shares: each game's largest share.
    """
    for method in METHODS:
        for group in GROUPS:
            ratios = [row.ratio for row in rows if row.method == method and group_of(shares[row.game]) == group]
            if ratios:
                yield PassRatio(method, group, min(ratios), median(ratios))
