"""Ratios over several games: those whose modalities share the influence, and those where one holds nearly all."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bench.accuracy.rows import LibraryRow, RatioRow, SummaryRow

COLLAPSED: Final = 0.9
"""From this share on, one modality holds nearly all."""
GROUPS: Final = ("modalities share", "one holds over 90 %")
AIMS: Final = dict(zip(GROUPS, (20.0, 4.0), strict=True))
PASSES: Final = "passes"
COUNTED: Final[Mapping[str, str]] = {
    PASSES: "ratio",
    "passes, no sub-mask encoded twice": "ratio_distinct",
    "FLOPs at the published size": "ratio_flop",
    "FLOPs, by our graphs, no sub-mask encoded twice": "ratio_flop_shared",
}
"""Ways to count, and the fields of `RatioRow` that hold them."""


def group_of(largest_share: float) -> str:
    """The group of a game whose largest share is this."""
    return GROUPS[largest_share >= COLLAPSED]


def summary_rows(ratios: Sequence[RatioRow], shares: Mapping[str, float]) -> Iterator[SummaryRow]:
    """Of each game the smallest ratio of any method, over each group's games.

    Args:
        ratios: of other methods.
        shares: each game's largest share.
    """
    for group in GROUPS:
        games = [game for game in _games(ratios) if group_of(shares[game]) == group]
        if not games:
            continue
        for counted, name in COUNTED.items():
            best = [min(getattr(row, name) for row in ratios if row.game == game) for game in games]
            aim = AIMS[group] if counted == PASSES else None
            yield SummaryRow(group, counted, len(games), min(best), geometric_mean(best), max(best), aim)


def library_rows(ratios: Sequence[RatioRow], shares: Mapping[str, float]) -> Iterator[LibraryRow]:
    """Each method's mean ratios, the strongest method first.

    Args:
        ratios: of other methods.
        shares: each game's largest share.
    """
    best = {game: min((row for row in ratios if row.game == game), key=_ratio).method for game in _games(ratios)}
    of_method = {row.method: [other for other in ratios if other.method == row.method] for row in ratios}
    for method, rows in sorted(of_method.items(), key=lambda item: geometric_mean([_ratio(row) for row in item[1]])):
        shared, collapsed = ([row.ratio for row in rows if group_of(shares[row.game]) == group] for group in GROUPS)
        yield LibraryRow(
            method=method,
            shared=geometric_mean(shared) if shared else None,
            collapsed=geometric_mean(collapsed) if collapsed else None,
            best=sum(found == method for found in best.values()),
            extrapolated=sum(row.bound == "extrapolated" for row in rows),
        )


def geometric_mean(ratios: Sequence[float]) -> float:
    """The root of the product of positive numbers."""
    return math.exp(math.fsum(map(math.log, ratios)) / len(ratios))


def _games(ratios: Sequence[RatioRow]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.game for row in ratios))


def _ratio(row: RatioRow) -> float:
    return row.ratio
