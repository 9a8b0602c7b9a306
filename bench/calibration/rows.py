"""The tables of this bench."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np

from bench.accuracy.summary import GROUPS, group_of
from bench.calibration.estimates import Estimates
from bench.grid_game import FloatArray
from bench.output import Column

GAMES: Final = "calibration, by game"
SUMMARY: Final = "calibration, over games"
NOISE: Final = "noise: E phi error / E error^2, over games"
POINTS: Final = 100
"""Of a share."""

Setting = tuple[str, int, float]
"""Estimator, K and part."""


@dataclass(frozen=True)
class GameRow:
    """One estimator on one game, on a part of the grid of K sub-masks of each modality; None where it has no errors."""

    game: Annotated[str, Column("game")]
    estimator: Annotated[str, Column("estimator")]
    K: Annotated[int, Column("K")]
    part: Annotated[float, Column("part", ".0%")]
    largest: Annotated[float, Column("largest\nshare", ".1%")]
    error: Annotated[float, Column("rel. L2\nof phi", ".4f")]
    phi: Annotated[float | None, Column("phi in\ninterval", ".1%")]
    """The mean over players."""
    se: Annotated[float | None, Column("se over\nerror", ".2f")]
    """Both as root mean squares."""
    shares: Annotated[float | None, Column("share in\ninterval", ".1%")]
    """The mean over modalities; next, that of the modality with the lowest."""
    shares_lowest: Annotated[float | None, Column("\nlowest", ".1%")]
    half_width: Annotated[float | None, Column("half,\npoints", ".2f")]
    """Half the width of a share's interval."""
    plain: Annotated[float, Column("|bias|, points\nplain", ".2f")]
    """Of shares, the mean over modalities; next, the largest."""
    plain_largest: Annotated[float, Column("\nlargest", ".2f")]
    corrected: Annotated[float | None, Column("\ncorrected", ".2f")]
    corrected_largest: Annotated[float | None, Column("\nlargest", ".2f")]
    plain_error: Annotated[float, Column("error, points\nplain", ".2f")]
    """Root mean square, over seeds and modalities."""
    corrected_error: Annotated[float | None, Column("\ncorrected", ".2f")]
    noise: float
    """E phi error / E error^2; of one game alone it says little, because phi is always the same."""
    bias_plain: tuple[float, ...]
    """In points, of text, audio and video, with its sign."""
    bias_corrected: tuple[float, ...] | None

    @property
    def setting(self) -> Setting:
        """What rows of other games share."""
        return self.estimator, self.K, self.part


@dataclass(frozen=True)
class SummaryRow:
    """One estimator on a part of the grid of K sub-masks over the games of a group; None where a game has no errors."""

    estimator: Annotated[str, Column("estimator")]
    K: Annotated[int, Column("K")]
    part: Annotated[float, Column("part", ".0%")]
    group: Annotated[str, Column("games where")]
    games: Annotated[int, Column("games")]
    phi: Annotated[float | None, Column("phi in interval\nmean", ".1%")]
    phi_least: Annotated[float | None, Column("\nleast", ".1%")]
    phi_most: Annotated[float | None, Column("\nmost", ".1%")]
    se: Annotated[float | None, Column("se over\nerror", ".2f")]
    shares: Annotated[float | None, Column("share in interval\nmean", ".1%")]
    shares_least: Annotated[float | None, Column("\nleast", ".1%")]
    shares_most: Annotated[float | None, Column("\nmost", ".1%")]
    plain: Annotated[float, Column("|bias|, points\nplain", ".2f")]
    plain_largest: Annotated[float, Column("\nlargest", ".2f")]
    corrected: Annotated[float | None, Column("\ncorrected", ".2f")]
    corrected_largest: Annotated[float | None, Column("\nlargest", ".2f")]


@dataclass(frozen=True)
class NoiseRow:
    """Whether noise adds to an estimator's phi (0) or its phi is shrunk (-1), on a part of a grid, over all games."""

    estimator: Annotated[str, Column("estimator")]
    K: Annotated[int, Column("K")]
    part: Annotated[float, Column("part", ".0%")]
    games: Annotated[int, Column("games")]
    pooled: Annotated[float, Column("pooled", ".2f")]
    """Means over games, errors as shares of phi's L2 norm, before the ratio."""
    median: Annotated[float, Column("median", ".2f")]
    """Of the games' own; next, the least and the most."""
    least: Annotated[float, Column("least", ".2f")]
    most: Annotated[float, Column("most", ".2f")]


def game_row(game: str, estimator: str, K: int, found: Estimates, *, part: float = 1.0) -> GameRow:
    """What the estimates of a game say."""
    covered, shares, corrected = found.covered(), found.shares_covered(), _bias(found.corrected, found)
    plain, error = _bias(found.plain, found), _root_mean_square(found.errors)
    sure = found.sure
    doubtful = sure and len(covered) > 0
    return GameRow(
        game=game,
        estimator=estimator,
        K=K,
        part=part,
        largest=float(found.true_shares.max()),
        error=error / _root_mean_square(found.truth),
        phi=float(covered.mean()) if doubtful else None,
        se=_root_mean_square(found.se) / error if doubtful else None,
        shares=float(shares.mean()) if sure else None,
        shares_lowest=float(shares.min()) if sure else None,
        half_width=POINTS * found.half_width() if sure else None,
        plain=float(np.abs(plain).mean()),
        plain_largest=float(np.abs(plain).max()),
        corrected=float(np.abs(corrected).mean()) if sure else None,
        corrected_largest=float(np.abs(corrected).max()) if sure else None,
        plain_error=POINTS * _root_mean_square(found.plain - found.true_shares),
        corrected_error=POINTS * _root_mean_square(found.corrected - found.true_shares) if sure else None,
        noise=found.noise(),
        bias_plain=tuple(plain.tolist()),
        bias_corrected=tuple(corrected.tolist()) if sure else None,
    )


def summary_rows(rows: Sequence[GameRow]) -> Iterator[SummaryRow]:
    """A row for each setting and group of games."""
    for setting, every in _by_setting(rows).items():
        for group in GROUPS:
            mine = [row for row in every if group_of(row.largest) == group]
            if mine:
                yield _summary_row(setting, group, mine)


def noise_rows(rows: Sequence[GameRow]) -> Iterator[NoiseRow]:
    """A row for each setting."""
    for setting, mine in _by_setting(rows).items():
        noise, error = (np.array([getattr(row, name) for row in mine]) for name in ("noise", "error"))
        pooled = float((noise * error**2).sum() / np.square(error).sum())
        yield NoiseRow(*setting, len(mine), pooled, float(np.median(noise)), float(noise.min()), float(noise.max()))


def _summary_row(setting: Setting, group: str, rows: Sequence[GameRow]) -> SummaryRow:
    estimator, K, part = setting

    def over(name: str) -> FloatArray | None:
        figures = [getattr(row, name) for row in rows]
        return None if None in figures else np.array(figures, np.float64)

    def mean(name: str) -> float | None:
        return None if (figures := over(name)) is None else float(figures.mean())

    def least(name: str) -> float | None:
        return None if (figures := over(name)) is None else float(figures.min())

    def most(name: str) -> float | None:
        return None if (figures := over(name)) is None else float(figures.max())

    return SummaryRow(
        estimator=estimator,
        K=K,
        part=part,
        group=group,
        games=len(rows),
        phi=mean("phi"),
        phi_least=least("phi"),
        phi_most=most("phi"),
        se=mean("se"),
        shares=mean("shares"),
        shares_least=least("shares_lowest"),
        shares_most=most("shares"),
        plain=float(np.mean([row.plain for row in rows])),
        plain_largest=max(row.plain_largest for row in rows),
        corrected=mean("corrected"),
        corrected_largest=most("corrected_largest"),
    )


def _by_setting(rows: Sequence[GameRow]) -> dict[Setting, list[GameRow]]:
    settings = dict.fromkeys(row.setting for row in rows)
    return {setting: [row for row in rows if row.setting == setting] for setting in settings}


def _bias(shares: FloatArray, found: Estimates) -> FloatArray:
    """Of shares [S, M], in points: [M]."""
    bias: FloatArray = POINTS * (shares - found.true_shares).mean(axis=0)
    return bias


def _root_mean_square(figures: FloatArray) -> float:
    return math.sqrt(np.square(figures).mean())
