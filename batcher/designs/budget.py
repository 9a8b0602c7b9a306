"""How many sub-masks a modality gets."""

from typing import Final, Literal

import numpy as np

AUTO_MASKS: Final = 64
AUTO_MASKS_PER_PLAYER: Final = 4
RELIABLE_MASKS_PER_PLAYER: Final = 3
MAX_MASKS: Final = 512
NONE_AND_ALL: Final = 2


def mask_budget(n: int, *, masks: int | Literal["auto"], max_masks: int = MAX_MASKS) -> int:
    """The number of masks K for a modality of n players (the design, section "Masks").

    ``"auto"`` is max(64, 4 n); a number is rounded up to even and raised to 2 n + 4. All 2^n masks win
    where they are no more than that. ``max_masks`` wins over all, and may leave too few for a solution: ask
    `enough`.

    Args:
        n: Players of the modality.
        masks: Masks asked for, at least 2, or ``"auto"``.
        max_masks: The largest number allowed, at least 2; an odd one counts as the even number below it.

    Returns:
        K: 1 where there are no players, otherwise an even number.

    Raises:
        ValueError: n is negative, or masks or max_masks below 2.
    """
    check_players(n)
    if masks != "auto" and (not isinstance(masks, int | np.integer) or masks < NONE_AND_ALL):
        raise ValueError(f"masks is {masks!r}: give 'auto', or a number of at least 2 (none and all)")
    if max_masks < NONE_AND_ALL:
        raise ValueError(f"max_masks is {max_masks}: give a number of at least 2 (none and all)")
    if n == 0:
        return 1
    if masks == "auto":
        wanted = max(AUTO_MASKS, AUTO_MASKS_PER_PLAYER * n)
    else:
        wanted = max(int(masks) + int(masks) % 2, fewest_masks(n))
    return min(wanted, 1 << int(n), max_masks - max_masks % 2)


def fewest_masks(n: int) -> int:
    """2 n + 4: so many masks of complement pairs span n players, with some to spare."""
    return 2 * int(n) + 4


def enough(n: int, K: int) -> bool:
    """Whether K masks can determine n players: all 2^n of them, or at least 2 n + 4.

    The K / 2 complement pairs must span n dimensions; with fewer, an estimate isn't `converged`.
    """
    return (1 << int(n)) == K or fewest_masks(n) <= K


def reliable(n: int, K: int) -> bool:
    """Whether K masks of n players are enough to trust standard errors: all 2^n, or at least 3 n.

    Residuals of a fit with hardly more masks than players say little about its error.
    """
    return (1 << int(n)) == K or RELIABLE_MASKS_PER_PLAYER * int(n) <= K


def check_players(n: int) -> None:
    """Raise ValueError for a negative number of players."""
    if n < 0:
        raise ValueError(f"n is {n}: the number of players can't be negative; give 0 for an absent modality")
