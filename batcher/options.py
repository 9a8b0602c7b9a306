"""What an explanation depends on, beside the artefact."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from batcher.designs import MAX_MASKS, mask_budget
from batcher.estimators import DEFAULT, design_kind, takes_grid, takes_sparse_grid
from batcher.players import AUDIO_PLAYERS, TOKENS, VIDEO_PLAYERS, AudioPlayers, VideoPlayers, words_per_player
from export.artefact import TOKENIZER, Artefact

Classes = Literal["predicted", "all"]
CLASSES: Final[tuple[Classes, ...]] = get_args(Classes)

MOST_TOLERANCE: Final = 100
"""Percentage points: a share's interval is never wider."""


@dataclass(frozen=True)
class Options:
    """Options of every explanation."""

    masks: int | Literal["auto"] = "auto"
    """Sub-masks per modality; with a tolerance, those to begin with."""
    max_masks: int = MAX_MASKS
    """Most sub-masks per modality, whatever `masks` says."""
    estimator: str = DEFAULT
    video_players: VideoPlayers = "space"
    """`regions` are the segment's own; one without any has the players of `space`."""
    classes: Classes = "predicted"
    """Whether the value of the predicted class is explained, or that of every class."""
    seed: int = 0
    tolerance: float | None = None
    """Half-width of the widest share interval, in percentage points, at which a segment's masks suffice. None: a fixed
    number of masks."""
    grid_points: int | Literal["auto", "all"] = "auto"
    """Most points of a segment's grid that the head evaluates; raised to what it takes for every sub-mask to be met.
    `auto` chooses them with the masks, where these are `auto` too, the estimator takes a part of a grid and there is no
    tolerance; else all."""
    audio_players: AudioPlayers = "half-seconds"
    """`words` are the segment's own, and the pauses between them; one without any has half-seconds."""
    text_players: str = TOKENS
    """tokens, words, or 2-grams, 3-grams and so on of words."""


def check_options(options: Options) -> None:
    """Look for what would fail on every clip.

    Raises:
        ValueError: too few masks are asked for, the estimator takes no grid, or the tolerance is out of range or goes
            with an estimator whose masks can't be added to; or points of the grid are limited to none, or together
            with a tolerance or an estimator that takes whole grids only; or there are no such players.
    """
    _check_players(options)
    mask_budget(1, masks=options.masks, max_masks=options.max_masks)
    if not takes_grid(options.estimator):
        raise ValueError(f"estimator {options.estimator!r} doesn't take a grid; use {DEFAULT} or exact")
    _check_tolerance(options)
    _check_grid_points(options)


def check_suits(options: Options, artefact: Artefact) -> None:
    """Look for what would fail on every clip with a text, by this model.

    Raises:
        ValueError: words of the text are wanted, and the model has no tokenizer.
    """
    if "text" in artefact.modalities and options.text_players != TOKENS and TOKENIZER not in artefact.files:
        raise ValueError(
            f"text_players is {options.text_players!r}, and the artefact has no {TOKENIZER}: words need a text and a "
            f"tokenizer; export it again with --tokenizer, or use {TOKENS}"
        )


def _check_players(options: Options) -> None:
    words_per_player(options.text_players)
    kinds: tuple[tuple[str, str, tuple[str, ...]], ...] = (
        ("audio_players", options.audio_players, AUDIO_PLAYERS),
        ("video_players", options.video_players, (*VIDEO_PLAYERS, "regions")),
    )
    for name, kind, known in kinds:
        if kind not in known:
            raise ValueError(f"{name} is {kind!r}: give {', '.join(known[:-1])} or {known[-1]}")


def _check_tolerance(options: Options) -> None:
    if options.tolerance is None:
        return
    if not 0 < options.tolerance <= MOST_TOLERANCE:
        raise ValueError(
            f"tolerance is {options.tolerance!r}: give percentage points above 0 and up to {MOST_TOLERANCE}, or none "
            "for a fixed number of masks"
        )
    if options.estimator == "exact" or design_kind(options.estimator) != "pairs":
        raise ValueError(
            f"tolerance is {options.tolerance!r}, and the masks of {options.estimator!r} can't be added to: leave the "
            f"tolerance out, or use another estimator, {DEFAULT} for one"
        )


def _check_grid_points(options: Options) -> None:
    if isinstance(options.grid_points, str):
        return
    if options.grid_points < 1:
        raise ValueError(f"grid_points is {options.grid_points!r}: give at least 1, or all")
    if not takes_sparse_grid(options.estimator):
        raise ValueError(
            f"grid_points is {options.grid_points!r}, and {options.estimator!r} needs all points of a grid: leave it "
            f"out, or use another estimator, {DEFAULT} for one"
        )
    if options.tolerance is not None:
        raise ValueError(
            f"grid_points is {options.grid_points!r} and tolerance {options.tolerance!r}: the masks of a part of a "
            "grid can't be added to, leave out one of the two"
        )
