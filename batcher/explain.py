"""One segment: from a decoded clip to Shapley values. No Ray, no files."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from batcher.backends import Backend
from batcher.designs import DRAW, draw_design, draw_nested, enough, mask_budget, modality_seed, reliable
from batcher.effort import effort
from batcher.estimators import Explanation, design_kind, estimate
from batcher.estimators.exact import MAX_PLAYERS
from batcher.grid import Divided, Grid, Maskable
from batcher.options import Options
from batcher.planner import planned_masks
from batcher.players import Player, Players, players_of
from batcher.shares import Shares, share_variances, shares_of
from batcher.tolerance import Growth, neediest, pilot_masks, towards_reliable
from export.artefact import Artefact
from media import Clip, MediaError
from media.modality import MODALITIES, Modality
from sseft.heads import values_of

FloatArray = NDArray[np.float64]
Designs = Mapping[Modality, NDArray[np.bool_]]

POINTS: Final = 100
"""Of a share."""


@dataclass(frozen=True, eq=False)
class SegmentExplanation:
    """What explaining one clip gave. p players, C classes of which E are explained."""

    players: tuple[Player, ...]
    """p players in the order text, audio, video."""
    explained: tuple[int, ...]
    """Indices of the E classes."""
    estimate: Explanation
    """phi and standard errors [p, E]."""
    shares: tuple[Shares, ...]
    """Of each of the E classes, over the modalities that are present, in their order."""
    p_none: FloatArray
    """[C], values with every player masked: probabilities, or a score."""
    p_all: FloatArray
    """[C], values with nothing masked."""
    masks: Mapping[Modality, int]
    """Sub-masks of each modality, 0 where it is absent."""
    frames_encoded: int
    converged: bool
    """Whether the masks were enough to determine every player's value, and to reach the tolerance where one was set."""
    reliable: bool | None
    """Whether there were masks enough to trust standard errors and intervals; None where the estimator gives none."""
    trained: bool
    """False: the model's weights are random, and the explanation means nothing."""
    seconds: Mapping[str, float]
    """encode, grid and estimate."""

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """Those that have players."""
        return tuple(m for m in MODALITIES if self.masks[m])

    @property
    def predicted(self) -> int:
        """Index of the class with the largest value."""
        return int(self.p_all.argmax())


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
    task = _task(clip, segment_id, backend.artefact, options)
    if options.tolerance is None:
        designs = _designs(task)
        grid = backend.grid({m: Maskable(p.content, p.positions, designs[m]) for m, p in task.players.items()})
        return _explanation(task, designs, grid)
    *_, last = _grow(task, backend)
    return last


@dataclass(frozen=True)
class _Task:
    """One clip to explain."""

    segment_id: str
    players: Mapping[Modality, Players]
    """Of the modalities that the clip has and the model sees."""
    options: Options
    artefact: Artefact

    @property
    def divided(self) -> dict[Modality, Divided]:
        """What of the clip each modality's players divide."""
        return {m: Divided(p.content, p.positions) for m, p in self.players.items()}

    def seed(self, of: str) -> int:
        """The seed of a modality's design, or of what else is drawn."""
        return modality_seed(self.options.seed, self.segment_id, of)


def _task(clip: Clip, segment_id: str, artefact: Artefact, options: Options) -> _Task:
    """Raise MediaError for a clip without any modality that the model sees, ValueError for too many players."""
    found = players_of(clip, sample_rate_hz=artefact.preprocessing.sample_rate_hz, video=options.video_players)
    players = {m: p for m, p in found.items() if m in artefact.modalities}
    if not players:
        raise MediaError(
            f"the segment has {', '.join(found) or 'nothing'}, the model sees {', '.join(artefact.modalities)}; "
            "leave it out, or use a model that sees what it has"
        )
    _check_players(players, options)
    return _Task(segment_id, players, options, artefact)


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


def _designs(task: _Task) -> Designs:
    """The sub-masks of each modality."""
    options = task.options
    if options.estimator == "exact":
        return {m: draw_design(p.n, 1 << p.n, task.seed(m)) for m, p in task.players.items()}
    draw = DRAW[design_kind(options.estimator)]
    return {m: draw(task.players[m].n, K, task.seed(m)) for m, K in _masks(task).items()}


def _masks(task: _Task) -> dict[Modality, int]:
    """How many sub-masks each modality gets."""
    options = task.options
    n = {m: p.n for m, p in task.players.items()}
    if options.masks == "auto":
        return planned_masks(n, task.divided, task.artefact.work, max_masks=options.max_masks)
    return {m: mask_budget(n[m], masks=options.masks, max_masks=options.max_masks) for m in n}


def _grow(task: _Task, backend: Backend) -> Iterator[SegmentExplanation]:
    """Explain with more and more masks, until the shares are known well enough or no more are allowed."""
    options = task.options
    steps = {m: [pilot_masks(p.n, masks=options.masks, max_masks=options.max_masks)] for m, p in task.players.items()}
    growing = backend.grow(task.divided)
    designs: dict[Modality, NDArray[np.bool_]] = {}
    wanted: tuple[Modality, ...] = tuple(task.players)
    spent_s = 0.0
    while wanted:
        for m in wanted:
            known = len(designs.get(m, ()))
            designs[m] = draw_nested(task.players[m].n, tuple(steps[m]), task.seed(m))
            growing.extend(m, designs[m][known:])
        found = _explanation(task, designs, growing.grid())
        spent_s += found.seconds["estimate"]
        precise = _precise(found, options)
        growth = None if precise else _next_growth(task, found, designs)
        yield replace(found, converged=found.converged and precise, seconds={**found.seconds, "estimate": spent_s})
        wanted = () if growth is None else (growth.modality,)
        if growth:
            steps[growth.modality].append(growth.masks)


def _precise(found: SegmentExplanation, options: Options) -> bool:
    """Whether the predicted class's shares are known to the tolerance, by intervals that can be trusted."""
    half_width = found.shares[found.explained.index(found.predicted)].half_width
    # Where every phi is 0 there are no shares, and no masks will bring any.
    return bool(found.reliable) and not POINTS * half_width > (options.tolerance or 0)


def _next_growth(task: _Task, found: SegmentExplanation, designs: Designs) -> Growth | None:
    players, most = {m: p.n for m, p in task.players.items()}, task.options.max_masks
    sampled = {m: len(designs[m]) for m in task.players}
    if not all(reliable(n, sampled[m]) for m, n in players.items()):
        return towards_reliable(players=players, masks=sampled, max_masks=most)
    column = found.explained.index(found.predicted)
    shares = found.shares[column]
    if found.estimate.errors is None or np.isnan(shares.half_width):
        return None
    widest = int(np.argmax(shares.high - shares.low))
    variances = share_variances(found.estimate, _groups(found.players, found.modalities), column)[:, widest]
    masks = {m: len(designs[m]) if m in designs else 1 for m in task.artefact.modalities}
    return neediest(
        variances=dict(zip(MODALITIES, variances, strict=True)),
        players=players,
        masks=sampled,
        efforts={m: effort(task.artefact.work, m, divided, masks) for m, divided in task.divided.items()},
        max_masks=most,
        target=float(variances.sum()) * ((task.options.tolerance or 0) / (POINTS * shares.half_width or 1)) ** 2,
    )


def _explanation(task: _Task, sampled: Designs, grid: Grid) -> SegmentExplanation:
    """The explanation that a grid gives.

    All classes are estimated, so that what is found of one doesn't depend on which others are explained.
    """
    started = time.perf_counter()
    options, artefact, players = task.options, task.artefact, task.players
    designs = {m: sampled[m] if m in sampled else np.zeros((1, 0), np.bool_) for m in MODALITIES}
    values = values_of(grid.logits, artefact.head)
    p_none = values[tuple(int(np.argmin(designs[m].sum(1))) for m in MODALITIES)]
    p_all = values[tuple(int(np.argmax(designs[m].sum(1))) for m in MODALITIES)]
    explained = tuple(range(len(p_all))) if options.classes == "all" else (int(p_all.argmax()),)
    estimated = estimate(
        values,
        (designs["text"], designs["audio"], designs["video"]),
        estimator=options.estimator,
        seed=task.seed("estimator"),
    ).of_classes(explained)
    described = tuple(player for p in players.values() for player in p.described)
    groups, seed = _groups(described, tuple(players)), task.seed("shares")
    return SegmentExplanation(
        players=described,
        explained=explained,
        estimate=estimated,
        shares=tuple(shares_of(estimated, groups, column, seed) for column in range(len(explained))),
        p_none=p_none,
        p_all=p_all,
        masks={m: len(designs[m]) if m in players else 0 for m in MODALITIES},
        frames_encoded=grid.frames_encoded,
        converged=not estimated.diagnostics.get("rank_deficiency", 0) and _all_of(enough, players, designs),
        reliable=None if estimated.se is None else _all_of(reliable, players, designs),
        trained=artefact.trained,
        seconds={"encode": grid.encode_s, "grid": grid.grid_s, "estimate": time.perf_counter() - started},
    )


def _groups(players: tuple[Player, ...], modalities: tuple[Modality, ...]) -> NDArray[np.intp]:
    """The place of each player's modality among those present, [p]."""
    return np.array([modalities.index(player.modality) for player in players], dtype=np.intp)


def _all_of(suffice: Callable[[int, int], bool], players: Mapping[Modality, Players], designs: Designs) -> bool:
    """Whether every modality's masks suffice for its players."""
    return all(suffice(p.n, len(designs[m])) for m, p in players.items())
