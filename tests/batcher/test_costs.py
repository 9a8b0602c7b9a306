"""What a sub-mask costs: by arithmetic on made-up costs, and measured on graphs whose costs are known."""

from dataclasses import astuple, dataclass, field, replace

import numpy as np
import pytest

from batcher import costs
from batcher.costs import PassCosts, measure_costs
from batcher.maskable import Divided

MADE_UP = PassCosts(token_s=1e-3, sample_s=1e-6, picture_s=0.1, frame_s=1e-2, pair_s=1e-5, point_s=1e-7)
MASKS = {"text": 20, "audio": 30, "video": 40}
CELLS = np.tile(np.arange(16).reshape(4, 4), (25, 1, 1))
GROUPS = np.broadcast_to(np.arange(25)[:, None, None] // 5, (25, 4, 4))


def divided(length, player=None):
    return Divided(np.zeros(length), np.zeros(length, np.int64) if player is None else player)


def test_a_mask_costs_its_pass_its_pairs_and_its_slab():
    assert MADE_UP.seconds_per_mask("text", divided(12), MASKS) == pytest.approx(12e-3 + 70e-5 + 1200e-7)
    assert MADE_UP.seconds_per_mask("audio", divided(48_000), MASKS) == pytest.approx(48e-3 + 60e-5 + 800e-7)
    of_groups = MADE_UP.seconds_per_mask("video", divided(25, GROUPS), MASKS)
    assert of_groups == pytest.approx(25e-2 + 50e-5 + 600e-7)
    of_cells = MADE_UP.seconds_per_mask("video", divided(25, CELLS), MASKS)
    assert of_cells - of_groups == pytest.approx(2.5, abs=0.01)  # 25 pictures more


def test_a_modality_that_the_clip_lacks_has_one_row():
    alone = MADE_UP.seconds_per_mask("text", divided(12), {"text": 20, "audio": 1, "video": 1})
    assert alone == pytest.approx(12e-3 + 2e-5 + 1e-7)
    assert MADE_UP.seconds_per_mask("text", divided(12), {"text": 20}) == pytest.approx(12e-3 + 1e-7)


@pytest.mark.parametrize("modality", ["text", "audio"])
def test_longer_clips_and_larger_grids_cost_more(modality):
    less = MADE_UP.seconds_per_mask(modality, divided(10), MASKS)
    assert MADE_UP.seconds_per_mask(modality, divided(11), MASKS) > less
    assert MADE_UP.seconds_per_mask(modality, divided(10), MASKS | {"video": 41}) > less


@dataclass
class TimedGraphs:
    """A backend whose graphs take the time that they are told to, on a clock that nothing else moves."""

    artefact: object
    known: PassCosts
    first_call_s: float = 0.0
    now_s: float = 0.0
    calls: list = field(default_factory=list)
    """(graph, masks)."""

    def run(self, graph, /, **inputs):
        known, dims = self.known, self.artefact.dims
        masks = len(inputs.get("keep", inputs.get("features", ())))
        if not self.calls or self.calls[-1] != (graph, masks):
            self.now_s += self.first_call_s
        self.calls.append((graph, masks))
        if graph == "text_encoder":
            self.now_s += masks * len(inputs["ids"]) * known.token_s
            return [np.zeros((masks, 3, dims["text"]), np.float32)]
        if graph == "audio_encoder":
            self.now_s += masks * len(inputs["wave"]) * known.sample_s
            return [np.zeros((masks, 2, dims["audio"]), np.float32)]
        if graph == "video_frames":
            self.now_s += masks * len(inputs["frames"]) * known.picture_s
            return [np.zeros((masks, len(inputs["frames"]), dims["video"]), np.float32)]
        if graph == "video_encoder":
            self.now_s += masks * inputs["features"].shape[1] * known.frame_s
            return [np.zeros((masks, 4, dims["video"]), np.float32)]
        if graph.startswith("pairs"):
            self.now_s += len(inputs["x"]) * len(inputs["y"]) * known.pair_s
            return []
        self.now_s += self.points(inputs) * known.point_s
        return []

    def points(self, terms):
        lengths = {}
        for name, term in terms.items():
            for m, length in zip(name.split("_"), term.shape, strict=False):
                assert lengths.setdefault(m, length) == length
            assert term.shape[-1] == self.artefact.dims[name.split("_")[0]]
        return np.prod(list(lengths.values()))


@pytest.fixture
def timed(artefact, monkeypatch):
    def build(known, modalities=("text", "audio", "video"), **more):
        backend = TimedGraphs(replace(artefact, modalities=modalities), known, **more)
        monkeypatch.setattr(costs.time, "perf_counter", lambda: backend.now_s)
        return backend

    return build


KNOWN = PassCosts(token_s=2e-5, sample_s=3e-7, picture_s=4e-3, frame_s=5e-6, pair_s=6e-6, point_s=7e-7)


def test_a_calibration_finds_what_graphs_take_and_forgets_first_calls(timed):
    assert astuple(measure_costs(timed(KNOWN, first_call_s=3.0))) == pytest.approx(astuple(KNOWN))


@pytest.mark.parametrize(
    ("modalities", "expected"),
    [
        (("text",), replace(KNOWN, sample_s=0, picture_s=0, frame_s=0, pair_s=0)),
        (("audio", "video"), replace(KNOWN, token_s=0)),
    ],
)
def test_what_the_model_lacks_costs_nothing_and_isnt_called(timed, modalities, expected):
    backend = timed(KNOWN, modalities)
    assert astuple(measure_costs(backend)) == pytest.approx(astuple(expected))
    called = {graph for graph, _ in backend.calls}
    assert any(graph.startswith("text") for graph in called) == ("text" in modalities)
    assert any(graph.startswith("audio") for graph in called) == ("audio" in modalities)


def test_fast_graphs_are_timed_on_many_masks_and_slow_ones_on_few(timed):
    fast, slow = timed(KNOWN), timed(PassCosts(0.1, 1e-4, 2.0, 0.05, 1e-3, 1e-3))
    measure_costs(fast)
    measure_costs(slow)
    assert max(masks for graph, masks in fast.calls if graph == "text_encoder") == 16
    for graph in ("text_encoder", "audio_encoder", "video_encoder", "video_frames"):
        passes = [masks for name, masks in slow.calls if name == graph]
        assert passes == [1] * len(passes)
        assert len(passes) <= 3


def test_the_shipped_model_is_timed(backend):
    found = measure_costs(backend)
    assert min(astuple(found)) > 0
    assert np.isfinite(astuple(found)).all()
    assert found.seconds_per_mask("text", divided(60), MASKS) > found.seconds_per_mask("text", divided(30), MASKS)
