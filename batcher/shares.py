"""T-, A- and V-SHAP: how much of an explanation each modality holds, with intervals and without the bias of noise.

A share is sum |phi| of a modality over sum |phi| of all (MM-SHAP, Parcalabescu and Frank 2023, equations 2 and 3).
|phi| isn't linear. Noise of either sign makes that of an unbiased estimate larger, so a plain share hands mass to the
modality with many weak players; a posterior mean is the other way round, smaller in the mean than what it estimates.
`docs/estimator.md` derives both corrections, `bench/calibration` measures them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import erf

from batcher.estimators import Explanation
from batcher.estimators.arrays import FloatArray

DRAWS: Final = 2000
LEVELS: Final = (0.025, 0.975)


@dataclass(frozen=True, eq=False)
class Shares:
    """Of each of M modalities, for one class. Plain and corrected ones add up to 1; NaN where every phi is 0."""

    plain: FloatArray
    """[M], sum |phi| over the sum of all, as it is."""
    corrected: FloatArray
    """[M], the same of what |phi| is expected to be without noise; NaN without standard errors, as the rest."""
    low: FloatArray
    """[M], lower end of a 95 % interval."""
    high: FloatArray
    """[M], its upper end."""

    @property
    def half_width(self) -> float:
        """Of the widest interval."""
        return float(np.max(self.high - self.low)) / 2


def shares_of(explanation: Explanation, groups: npt.NDArray[np.intp], column: int, seed: int) -> Shares:
    """Shares of the modalities in one class's Shapley values.

    Args:
        explanation: phi [p, C] and its errors.
        groups: the modality of each player, [p], from 0 to M - 1.
        column: of the class.
        seed: of the draws behind the intervals.

    Returns:
        Shares of M modalities.
    """
    phi = explanation.phi[:, column]
    plain = _normalised(_summed(np.abs(phi), groups))
    if explanation.se is None or np.isnan(plain).any():
        unknown = np.full_like(plain, np.nan)
        return Shares(plain, unknown, unknown, unknown)
    se = explanation.se[:, column]
    if not se.any() or len(plain) == 1:
        return Shares(plain, plain, plain, plain)
    likely = explanation.likely_error()
    sd = se if likely is None else likely[:, column]
    magnitudes = expected_magnitude(phi, sd) if explanation.noise == "shrunk" else denoised_magnitude(phi, sd)
    totals = np.maximum(_summed(magnitudes, groups), 0.0)
    corrected = _normalised(totals)
    if np.isnan(corrected).any():  # nothing but noise: no share is known, and none is likelier than the plain one
        return Shares(plain, plain, np.zeros_like(plain), np.ones_like(plain))
    draws = _summed(np.abs(phi + _errors(explanation, column, seed)), groups)
    shares = draws / draws.sum(axis=-1, keepdims=True)
    # Draws of an unbiased estimate hold its noise twice; around their mean they vary as it does.
    low, high = np.quantile(shares - shares.mean(axis=0), LEVELS, axis=0)
    return Shares(plain, corrected, np.maximum(corrected + low, 0.0), np.minimum(corrected + high, 1.0))


def share_variances(explanation: Explanation, groups: npt.NDArray[np.intp], column: int) -> FloatArray:
    """What the masks of each design put into the variance of each share, to first order.

    Args:
        explanation: with errors.
        groups: as of `shares_of`.
        column: of the class.

    Returns:
        float64 [designs, M].

    Raises:
        ValueError: the explanation has no errors by design.
    """
    if explanation.errors is None or explanation.se is None:
        raise ValueError("the explanation has no errors of each design's masks: use an estimator that gives them")
    phi, se = explanation.phi[:, column], explanation.se[:, column]
    safe = np.where(se > 0, se, 1.0)
    slope = np.where(se > 0, erf(phi / safe / np.sqrt(2)), np.sign(phi))  # of the folded normal's mean
    total = np.abs(phi).sum()
    shares = _summed(np.abs(phi), groups) / total
    towards = slope[:, None] * (np.eye(len(shares))[groups] - shares) / total
    return np.stack([np.square(part[:, :, column] @ towards).sum(axis=0) for part in explanation.errors])


def expected_magnitude(centre: FloatArray, sd: FloatArray) -> FloatArray:
    """Mean of |x| of a normal x: the folded normal's (Leone, Nelson and Nottingham 1961, equation 3)."""
    safe = np.where(sd > 0, sd, 1.0)
    ratio = np.where(sd > 0, centre / safe, np.inf)
    folded = sd * np.sqrt(2 / np.pi) * np.exp(-np.square(ratio) / 2) + np.abs(centre) * erf(np.abs(ratio) / np.sqrt(2))
    found: FloatArray = folded
    return found


def denoised_magnitude(estimate: FloatArray, se: FloatArray) -> FloatArray:
    """|estimate| less what noise adds to it, to first order; negative for what is mostly noise.

    Only sums of it are meant: clipping each player at 0 would put the noise back.
    """
    magnitude = np.abs(estimate)
    return 2 * magnitude - expected_magnitude(estimate, se)


def _errors(explanation: Explanation, column: int, seed: int) -> FloatArray:
    """Draws of the errors of one class's phi, [DRAWS, p]."""
    rng = np.random.default_rng(seed)
    if explanation.errors is None:
        se = np.zeros(len(explanation.phi)) if explanation.se is None else explanation.se[:, column]
        return rng.standard_normal((DRAWS, len(se))) * se
    roots = np.concatenate([part[:, :, column] for part in explanation.errors])
    found: FloatArray = rng.standard_normal((DRAWS, len(roots))) @ roots
    return found


def _summed(magnitudes: FloatArray, groups: npt.NDArray[np.intp]) -> FloatArray:
    """Sums [..., M] of players' values [..., p]."""
    member = np.eye(int(groups.max(initial=-1)) + 1)[groups]
    found: FloatArray = magnitudes @ member
    return found


def _normalised(totals: FloatArray) -> FloatArray:
    """Totals over their sum; NaN where that is 0."""
    total = totals.sum()
    return totals / total if total > 0 else np.full_like(totals, np.nan)
