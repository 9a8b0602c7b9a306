"""A backend beside ONNX Runtime: what counts as too different, and on which clips it is found."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from batcher.agreement import CLIPS, LIMITS, Agreement, compare, measure_agreement
from batcher.backends import BackendError
from batcher.backends.choice import BackendChoice, open_backend
from batcher.explain import explain_clip
from batcher.options import Options

OPENVINO = BackendChoice("openvino", precision="fp32")
ALIKE = Agreement(clips=3, value=0.0, attribution=0.0, share=0.0, time=1.0)


@pytest.fixture(scope="module")
def explained(clip, backend, cheap):
    return explain_clip(clip, "s", backend, replace(cheap, classes="all"))


def with_phi(explained, change):
    """The explanation with other attributions of the predicted class."""
    phi = explained.estimate.phi.copy()
    phi[:, explained.predicted] = change(phi[:, explained.predicted])
    return replace(explained, estimate=replace(explained.estimate, phi=phi))


def test_an_explanation_agrees_with_itself(explained):
    assert compare([explained], [explained]) == replace(ALIKE, clips=1)


def test_attributions_are_compared_over_all_clips_together(explained):
    faint = with_phi(explained, lambda phi: phi / 1000)
    doubled = with_phi(explained, lambda phi: phi / 500)
    assert compare([explained, faint], [explained, doubled]).attribution == pytest.approx(0.001, rel=1e-3)
    assert compare([faint], [doubled]).attribution == pytest.approx(1)


def test_values_are_compared_in_parts_of_what_masking_changes(explained):
    change = np.abs(explained.p_all - explained.p_none).max()
    moved = replace(explained, p_none=explained.p_none + 0.1 * change)
    assert compare([explained, explained], [explained, moved]).value == pytest.approx(0.1)


def test_the_share_that_differs_most_counts(explained):
    shares = list(explained.shares)
    mine = shares[explained.predicted]
    shares[explained.predicted] = replace(mine, corrected=mine.corrected + np.array([0.03, -0.04, 0.01]))
    moved = replace(explained, shares=tuple(shares))
    assert compare([explained, explained], [moved, explained]).share == pytest.approx(0.04)


def test_graphs_are_timed(explained):
    slow = replace(explained, seconds={"encode": 6.0, "grid": 2.0, "estimate": 99.0})
    fast = replace(explained, seconds={"encode": 3.0, "grid": 1.0, "estimate": 1.0})
    assert compare([slow], [fast]).time == 0.5


def test_of_nothing_any_difference_is_infinite(explained):
    nothing = with_phi(explained, np.zeros_like)
    assert compare([nothing], [nothing]).attribution == 0
    assert compare([nothing], [explained]).attribution == np.inf


@pytest.mark.parametrize("name", LIMITS)
def test_what_differs_by_more_than_its_limit_is_refused(name):
    replace(ALIKE, **{name: LIMITS[name]}).check(OPENVINO)
    with pytest.raises(BackendError, match=rf"openvino in fp32 differs .*first 3 clips: {name} .*; use --backend"):
        replace(ALIKE, **{name: 1.01 * LIMITS[name]}).check(OPENVINO)
    with pytest.raises(BackendError, match="use --precision fp32, or --backend onnxruntime"):
        replace(ALIKE, **{name: 1.0}).check(replace(OPENVINO, precision="bf16"))


def test_attributions_that_are_no_numbers_are_refused(explained):
    found = compare([explained], [with_phi(explained, lambda phi: phi * np.nan)])
    with pytest.raises(BackendError, match="attribution nan"):
        found.check(OPENVINO)


def test_openvino_in_fp32_agrees(model, demo_segments, cheap):
    segments = [replace(segment, start_ms=1000.0, end_ms=1400.0) for segment in demo_segments[:4]]
    found = measure_agreement(model, OPENVINO, segments, cheap)
    assert found.clips == CLIPS
    assert max(asdict(found)[name] for name in LIMITS) < 1e-3
    assert found.time > 0


@pytest.fixture
def opened(monkeypatch, backend):
    """ONNX Runtime for every choice: which segments are compared is no matter of the backend."""
    monkeypatch.setattr("batcher.agreement.open_backend", lambda *_: backend)


@pytest.mark.usefixtures("opened")
def test_segments_that_cant_be_explained_are_passed_over(model, segment, tmp_path):
    short = replace(segment, end_ms=segment.start_ms + 100, text="123")
    missing = replace(short, path=tmp_path / "missing.mp4")
    too_long = replace(short, text="12345678901234567890")
    exact = Options(estimator="exact", video_players="time")
    found = measure_agreement(model, OPENVINO, [missing, too_long, short, missing], exact)
    assert found.clips == 1
    assert measure_agreement(model, OPENVINO, [missing, too_long], exact) is None


@pytest.mark.usefixtures("opened")
def test_no_more_segments_are_read_than_it_takes(model, segment, cheap):
    read = []

    def endless():
        while True:
            read.append(segment)
            yield segment

    assert measure_agreement(model, OPENVINO, endless(), replace(cheap, tolerance=1.0)).clips == len(read) == CLIPS


def test_a_backend_that_gives_no_numbers_is_refused(model, segment, cheap, monkeypatch):
    class Broken:
        def __init__(self, backend):
            self.backend, self.artefact, self.folder = backend, backend.artefact, backend.folder

        def grid(self, inputs):
            grid = self.backend.grid(inputs)
            return replace(grid, logits=grid.logits * np.nan)

    opened = []

    def open_one(folder, choice):
        opened.append(open_backend(folder, BackendChoice()))
        return opened[-1] if choice.name == "onnxruntime" else Broken(opened[-1])

    monkeypatch.setattr("batcher.agreement.open_backend", open_one)
    with pytest.raises(BackendError, match=r"openvino in fp32 can't explain .* use --backend onnxruntime"):
        measure_agreement(model, OPENVINO, [segment], cheap)


def test_shares_that_only_one_has_differ(explained):
    shares = list(explained.shares)
    mine = shares[explained.predicted]
    nothing = np.full_like(mine.plain, np.nan)
    shares[explained.predicted] = replace(mine, plain=nothing, corrected=nothing)
    lacking = replace(explained, shares=tuple(shares))
    assert compare([lacking], [lacking]).share == 0
    assert np.isnan(compare([explained], [lacking]).share)
