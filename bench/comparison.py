"""Methods side by side on the same clips, players and graphs: how each ranks the players of a modality.

Each method gives scores to the players of a modality that carries the emotion. They are held against what was
planted, and against the model itself: its value as players are masked in the order of their scores, or come back in
it, with the other modalities whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import fmean
from typing import Final, Literal, get_args

import click
import numpy as np
from numpy.typing import NDArray

from batcher.backends.onnxruntime import OnnxRuntimeBackend
from batcher.decode import clip_of
from batcher.designs import modality_seed
from batcher.players import players_of
from bench.batched_model import BatchedModel
from bench.curves import area, deletion_masks, insertion_masks, order_of
from bench.explained_clip import ExplainedClip
from bench.game import ClipGame
from bench.grid_game import BoolArray, FloatArray
from bench.permutation import SetFunction, permutation_values
from bench.ranking import average_precision, relevant_share, top_player_hit
from media.modality import MODALITIES, Modality
from report.questions.player_attention import player_attention
from sseft.attention import LastBlocks
from sseft.heads import values_of

Method = Literal["ours", "permutation", "self-attention", "inter-modality attention", "chance"]
METHODS: Final[tuple[Method, ...]] = get_args(Method)

SEED: Final = 0
"""Of permutations and random orders."""
AGREEMENT: Final = 0.01
"""Largest difference of a probability between the artefact and the checkpoint whose attention is read."""

Scores = Mapping[Modality, FloatArray]


@dataclass(frozen=True)
class Outcome:
    """How a method did on a modality of a clip."""

    modality: Modality
    players: str
    """What of the picture was masked."""
    method: Method
    hit: float
    precision: float
    """Average precision."""
    share: float
    """Of the positive scores, on the trigger."""
    deletion: float | None
    """Area under the curve; None where no curves were asked for."""
    insertion: float | None


@dataclass(frozen=True)
class Comparison:
    """What methods are compared with."""

    backend: OnnxRuntimeBackend
    blocks: LastBlocks | None = None
    """None: attention is left out."""
    curves: bool = True

    def outcomes(self, clips: Sequence[ExplainedClip], *, threads: int = 1) -> list[Outcome]:
        """How each method did on each clip, in their order.

        Raises:
            click.ClickException: the checkpoint isn't that of the artefact.
        """
        with ThreadPoolExecutor(threads) as pool:
            return [outcome for found in pool.map(lambda clip: list(self._of(clip)), clips) for outcome in found]

    def _of(self, clip: ExplainedClip) -> Iterator[Outcome]:
        game = clip_game(clip, self.backend)
        value = BatchedModel(self.backend, game)
        order = _rng(clip, "permutation").permutation(game.p)
        permutation = permutation_values(value, order)
        scores: dict[Method, Scores] = {
            "ours": clip.phi,
            "permutation": {m: permutation[place] for m, place in places(game).items()},
            **self._attention(clip, game, value),
        }
        for modality in clip.phi:
            found = {method: mine[modality] for method, mine in scores.items() if modality in mine}
            yield from self._judged(clip, modality, found, within(value, game, modality))

    def _attention(self, clip: ExplainedClip, game: ClipGame, value: SetFunction) -> dict[Method, Scores]:
        """What the players get of each attention, where it tells them apart."""
        if self.blocks is None or set(game.players) != set(self.backend.artefact.modalities):
            return {}
        attention, audio = self.blocks.attend(game.contents), self.blocks.model.config.audio
        here = float(value(np.ones((1, game.p)))[0])
        there = float(values_of(attention.logits, self.backend.artefact.head)[game.predicted])
        if abs(here - there) > AGREEMENT:
            raise click.ClickException(
                f"the checkpoint gives {clip.label} {there:.3f} in {clip.segment.segment_id}, the artefact {here:.3f}: "
                "give the --checkpoint that the artefact was exported from"
            )
        found: dict[Method, Scores] = {}
        kinds: tuple[tuple[Method, Scores], ...] = (
            ("self-attention", attention.own),
            ("inter-modality attention", attention.others),
        )
        for method, by_modality in kinds:
            shares = {m: player_attention(a, game.players[m], m, audio) for m, a in by_modality.items()}
            found[method] = {m: share for m, share in shares.items() if share is not None}
        return found

    def _judged(
        self, clip: ExplainedClip, modality: Modality, scores: Mapping[Method, FloatArray], value: SetFunction
    ) -> Iterator[Outcome]:
        relevant = clip.relevant[modality]
        random = _rng(clip, modality).permutation(len(relevant))
        orders: dict[Method, list[NDArray[np.intp]]] = {method: [order_of(mine)] for method, mine in scores.items()}
        # The reverse of an order inserts what it deletes: two random orders for the price of one.
        orders["chance"] = [random, random[::-1]]
        areas: Mapping[Method, tuple[float, float] | tuple[None, None]]
        areas = curve_areas(value, orders) if self.curves else dict.fromkeys(orders, (None, None))
        judged = {method: _against(mine, relevant) for method, mine in scores.items()}
        prevalence = float(relevant.mean())
        judged["chance"] = prevalence, average_precision(np.zeros(len(relevant)), relevant), prevalence
        for method, (hit, precision, share) in judged.items():
            yield Outcome(modality, clip.kind, method, hit, precision, share, *areas[method])


def clip_game(clip: ExplainedClip, backend: OnnxRuntimeBackend) -> ClipGame:
    """Decode a clip again, into the players that its run had."""
    artefact = backend.artefact
    decoded = clip_of(clip.segment, artefact, backend.folder)
    found = players_of(decoded, sample_rate_hz=artefact.preprocessing.sample_rate_hz, video=clip.kind)
    players = {m: p for m, p in found.items() if m in artefact.modalities}
    return ClipGame(players, artefact.labels.index(clip.label))


def places(game: ClipGame) -> dict[Modality, slice]:
    """Where the players of each modality stand among the p."""
    edges = np.cumsum([0, *game.n]).tolist()
    return {m: slice(start, stop) for m, start, stop in zip(MODALITIES, edges, edges[1:], strict=False)}


def within(value: SetFunction, game: ClipGame, modality: Modality) -> SetFunction:
    """The value of sub-masks [M, n] of one modality, with the others whole."""
    place = places(game)[modality]

    def of(keep: BoolArray) -> FloatArray:
        coalitions = np.ones((len(keep), game.p), np.bool_)
        coalitions[:, place] = keep
        return value(coalitions)

    return of


def curve_areas(
    value: SetFunction, orders: Mapping[Method, Sequence[NDArray[np.intp]]]
) -> dict[Method, tuple[float, float]]:
    """The areas under the deletion and the insertion curve, with one call of the value.

    Args:
        value: of sub-masks [M, n].
        orders: of each method, the same number of players [n]; its areas are the means over its orders.
    """
    chains = [masks(order) for mine in orders.values() for order in mine for masks in (deletion_masks, insertion_masks)]
    areas = iter([area(curve) for curve in np.split(value(np.concatenate(chains)), len(chains))])
    found = {method: [(next(areas), next(areas)) for _ in mine] for method, mine in orders.items()}
    return {method: (fmean(d for d, _ in mine), fmean(i for _, i in mine)) for method, mine in found.items()}


def _against(scores: FloatArray, relevant: BoolArray) -> tuple[float, float, float]:
    """Hit, average precision and share of scores [n]."""
    return top_player_hit(scores, relevant), average_precision(scores, relevant), relevant_share(scores, relevant)


def _rng(clip: ExplainedClip, purpose: str) -> np.random.Generator:
    return np.random.default_rng(modality_seed(SEED, clip.segment.segment_id, purpose))
