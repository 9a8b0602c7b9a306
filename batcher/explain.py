"""One segment: from a decoded clip to Shapley values. No Ray, no files."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from batcher.backends import Backend
from batcher.designs import MAX_MASKS, draw_design, enough, mask_budget, modality_seed
from batcher.estimators import Explanation, estimate, takes_grid
from batcher.estimators.exact import MAX_PLAYERS
from batcher.grid import Grid, Maskable
from batcher.players import Player, Players, VideoPlayers, players_of
from export.artefact import Artefact
from media import Clip, MediaError
from media.modality import MODALITIES, Modality
from sseft.heads import values_of

Classes = Literal["predicted", "all"]
CLASSES: Final[tuple[Classes, ...]] = get_args(Classes)

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Options:
    """What an explanation depends on, beside the artefact."""

    masks: int | Literal["auto"] = "auto"
    """Sub-masks per modality."""
    max_masks: int = MAX_MASKS
    """Most sub-masks per modality, whatever `masks` says."""
    estimator: str = "grid-kernelshap"
    video_players: VideoPlayers = "space"
    classes: Classes = "predicted"
    """Whether the value of the predicted class is explained, or that of every class."""
    seed: int = 0


@dataclass(frozen=True, eq=False)
class SegmentExplanation:
    """What explaining one clip gave. p players, C classes of which E are explained."""

    players: tuple[Player, ...]
    """p players in the order text, audio, video."""
    explained: tuple[int, ...]
    """Indices of the E classes."""
    estimate: Explanation
    """phi and standard errors [p, E]."""
    p_none: FloatArray
    """[C], values with every player masked: probabilities, or a score."""
    p_all: FloatArray
    """[C], values with nothing masked."""
    masks: Mapping[Modality, int]
    """Sub-masks of each modality, 0 where it is absent."""
    frames_encoded: int
    converged: bool
    """Whether the masks were enough to determine every player's value."""
    trained: bool
    """False: the model's weights are random, and the explanation means nothing."""
    seconds: Mapping[str, float]
    """encode, grid and estimate."""

    @property
    def predicted(self) -> int:
        """Index of the class with the largest value."""
        return int(self.p_all.argmax())


def check_options(options: Options) -> None:
    """Look for what would fail on every clip.

    Raises:
        ValueError: too few masks are asked for, or the estimator takes no grid.
    """
    mask_budget(1, masks=options.masks, max_masks=options.max_masks)
    if not takes_grid(options.estimator):
        raise ValueError(f"estimator {options.estimator!r} doesn't take a grid; use grid-kernelshap or exact")


def explain_clip(clip: Clip, segment_id: str, backend: Backend, options: Options) -> SegmentExplanation:
    """Explain one clip.

    Args:
        clip: with at least one modality that the model uses.
        segment_id: part of the seed, so that an explanation never depends on its neighbours.
        backend: runs the artefact.
        options: masks, players, estimator and seed.

    Returns:
        The explanation of the predicted class, or of all.

    Raises:
        MediaError: the clip has no modality that the model uses.
        ValueError: the options don't fit the clip (too many players for `exact`).
    """
    artefact = backend.artefact
    found = players_of(clip, sample_rate_hz=artefact.preprocessing.sample_rate_hz, video=options.video_players)
    players = {m: p for m, p in found.items() if m in artefact.modalities}
    if not players:
        raise MediaError(
            f"the segment has {', '.join(found) or 'nothing'}, the model sees {', '.join(artefact.modalities)}; "
            "leave it out, or use a model that sees what it has"
        )
    _check_players(players, options)
    designs = {m: _design(m, players.get(m), segment_id, options) for m in MODALITIES}
    grid = backend.grid({m: Maskable(p.content, p.positions, designs[m]) for m, p in players.items()})
    seed = modality_seed(options.seed, segment_id, "estimator")
    return _explanation(players, designs, grid, options, artefact, seed=seed)


def _check_players(players: Mapping[Modality, Players], options: Options) -> None:
    """Raise ValueError for more players than can be enumerated: 2^n masks would be encoded before `exact` could."""
    if options.estimator != "exact":
        return
    n = sum(p.n for p in players.values())
    if n > MAX_PLAYERS:
        raise ValueError(
            f"the segment has {n} players and 'exact' takes at most {MAX_PLAYERS}: use an estimator that samples, "
            "or fewer players (--video-players time, a shorter segment)"
        )
    for modality, p in players.items():
        if 1 << p.n > options.max_masks:
            raise ValueError(
                f"'exact' needs {1 << p.n} masks for the segment's {p.n} {modality} players, more than the "
                f"{options.max_masks} allowed: raise --max-masks, or use an estimator that samples"
            )


def _design(modality: Modality, players: Players | None, segment_id: str, options: Options) -> NDArray[np.bool_]:
    n = players.n if players else 0
    if options.estimator == "exact":
        budget = 1 << n
    else:
        budget = mask_budget(n, masks=options.masks, max_masks=options.max_masks)
    return draw_design(n, budget, modality_seed(options.seed, segment_id, modality))


def _explanation(
    players: Mapping[Modality, Players],
    designs: Mapping[Modality, NDArray[np.bool_]],
    grid: Grid,
    options: Options,
    artefact: Artefact,
    *,
    seed: int,
) -> SegmentExplanation:
    started = time.perf_counter()
    values = values_of(grid.logits, artefact.head)
    p_none = values[tuple(int(np.argmin(designs[m].sum(1))) for m in MODALITIES)]
    p_all = values[tuple(int(np.argmax(designs[m].sum(1))) for m in MODALITIES)]
    every = tuple(range(len(p_all)))
    explained = every if options.classes == "all" else (int(p_all.argmax()),)
    estimated = estimate(
        values[..., list(explained)],
        (designs["text"], designs["audio"], designs["video"]),
        estimator=options.estimator,
        seed=seed,
    )
    spanned = not estimated.diagnostics.get("rank_deficiency", 0)
    return SegmentExplanation(
        players=tuple(player for p in players.values() for player in p.described),
        explained=explained,
        estimate=estimated,
        p_none=p_none,
        p_all=p_all,
        masks={m: len(designs[m]) if m in players else 0 for m in MODALITIES},
        frames_encoded=grid.frames_encoded,
        converged=spanned and all(enough(p.n, len(designs[m])) for m, p in players.items()),
        trained=artefact.trained,
        seconds={
            "encode": grid.encode_s,
            "grid": grid.grid_s,
            "estimate": time.perf_counter() - started,
        },
    )
