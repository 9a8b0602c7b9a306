"""One clip in this process: explained by the grid, by the thesis's way and as a black box, in turn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

import numpy as np
from threadpoolctl import threadpool_limits

from batcher.backends.onnxruntime import OnnxRuntimeBackend
from batcher.decode import clip_of
from batcher.explain import explain_clip
from batcher.explanation import SegmentExplanation
from batcher.options import Options
from batcher.players import VideoPlayers, players_of
from bench.estimation.encoders import first_segment
from bench.game import ClipGame
from bench.peak import matrix_product
from bench.throughput.blackbox import BlackBox
from bench.throughput.flops import count_flops, weight_bytes
from bench.throughput.plain_frames import FRAMES, random_fabnet, save_plain_frames
from bench.throughput.recorded import Form, recorded
from bench.throughput.rounds import Taken, Way, in_turn
from bench.throughput.thesis import padded

Done = Literal["decode", "product", "grid", "thesis", "black box"]

SIDE: Final = 2048
"""Of the matrices whose product is the machine's measure."""
FEW: Final = 4
"""Sub-masks of the explanation that comes before those that count."""


@dataclass(frozen=True)
class Setting:
    """How a clip is explained."""

    masks: int = 64
    """Of each modality, or all where they are fewer."""
    video_players: VideoPlayers = "space"
    threads: int = 1
    rounds: int = 3
    """Of which the median counts."""


@dataclass(frozen=True)
class TimedClip:
    """What was done in a median round, and the FLOPs of all graphs that it called."""

    game: ClipGame
    taken: Mapping[Done, Taken]
    """`thesis` and `black box`: one coalition."""
    flops: Mapping[Form, int]
    weights: Mapping[Path, int]
    """Bytes, by graph."""
    rounds: int

    @property
    def explanation(self) -> SegmentExplanation:
        """The grid's."""
        found: SegmentExplanation = self.taken["grid"].result
        return found

    @property
    def passes(self) -> list[int]:
        """The grid's of each encoder: sub-masks of the modalities that the clip has."""
        return [K for K in self.explanation.masks.values() if K]

    def flops_of(self, done: Done) -> int:
        """FLOPs of all graphs that it called."""
        return sum(self.flops[call.form] for call in self.taken[done].calls)


def time_clip(model: Path, manifest: Path, setting: Setting) -> TimedClip:
    """Explain a manifest's first segment in each way.

    Args:
        model: an artefact.
        manifest: of the segment.
        setting: masks, threads and rounds.

    Raises:
        click.ClickException: the size of the artefact's FAb-Net isn't known.
        ValueError: a graph has an operator whose FLOPs aren't known.
    """
    backend = OnnxRuntimeBackend.load(model, threads=setting.threads)
    with TemporaryDirectory() as scratch, threadpool_limits(setting.threads):
        plain = save_plain_frames(random_fabnet(backend.artefact), Path(scratch))
        game, ways = _ways(backend, manifest, plain, setting)
        taken = in_turn(ways, setting.rounds)
        forms = {call.form for one in taken.values() for call in one.calls}
        flops = count_flops(forms, setting.threads)
        weights = {graph: weight_bytes(graph) for graph in {form.graph for form in forms}}
        return TimedClip(game, taken, flops, weights, setting.rounds)


def _ways(
    backend: OnnxRuntimeBackend, manifest: Path, plain: Path, setting: Setting
) -> tuple[ClipGame, dict[Done, Way]]:
    """The clip's players, and what is to be done with it, each once done."""
    segment = first_segment(manifest, backend)
    decode = partial(clip_of, segment, backend.artefact, backend.folder)
    clip = decode()
    rate_hz = backend.artefact.preprocessing.sample_rate_hz
    game = ClipGame(players_of(clip, sample_rate_hz=rate_hz, video=setting.video_players), predicted=0)
    coalition = np.random.default_rng(0).random((1, game.p)) < 1 / 2

    ours, our_calls = recorded(backend)
    others, their_calls = recorded(backend, {FRAMES: plain}, threads=setting.threads)

    def explain(masks: int) -> SegmentExplanation:
        options = Options(masks=masks, max_masks=masks, video_players=setting.video_players)
        return explain_clip(clip, segment.segment_id, ours, options)

    product = matrix_product("cpu", "fp32", SIDE, threads=setting.threads)
    thesis: Callable[[], object] = partial(BlackBox(others, padded(game, backend.artefact)), coalition)
    black_box: Callable[[], object] = partial(BlackBox(others, game), coalition)
    # A graph's first run pays for more than its work.
    explain(FEW)
    product()
    thesis()
    black_box()
    return game, {
        "decode": Way(decode),
        "product": Way(product),
        "grid": Way(partial(explain, setting.masks), our_calls),
        "thesis": Way(thesis, their_calls),
        "black box": Way(black_box, their_calls),
    }
