from dataclasses import replace

import numpy as np
import pytest

import mmexplain
from batcher.explain import explain_clip
from export.artefact import ArtefactError
from media import MediaError

NAMES = {
    "Backend",
    "BackendChoice",
    "Explanation",
    "OnnxRuntimeBackend",
    "Options",
    "Result",
    "Segment",
    "SegmentExplanation",
    "estimate",
    "explain",
    "load_result",
    "open_backend",
    "read_collection",
}


def test_the_public_names_stay():
    assert set(mmexplain.__all__) == NAMES
    assert all(hasattr(mmexplain, name) for name in NAMES)


@pytest.mark.parametrize("given", ["backend", "folder", "string"])
def test_a_segment_is_explained_as_its_clip_is(segment, clip, backend, model, cheap, given):
    artefact = {"backend": backend, "folder": model, "string": str(model)}[given]
    explanation = mmexplain.explain(segment, artefact, cheap)
    expected = explain_clip(clip, segment.segment_id, backend, cheap)
    np.testing.assert_array_equal(explanation.estimate.phi, expected.estimate.phi)
    assert explanation.players == expected.players


def test_a_segment_made_by_hand_is_explained(segment, backend, cheap):
    made = mmexplain.Segment("mine", "film.mp4", segment.path, start_ms=1000.0, end_ms=1400.0)
    explanation = mmexplain.explain(made, backend, cheap)
    assert {player.modality for player in explanation.players} == {"audio", "video"}


def test_options_that_suit_no_segment_are_refused_before_the_model_is_read(segment, tmp_path, cheap):
    with pytest.raises(ValueError, match=r"tolerance is -1\.0: give percentage points above 0"):
        mmexplain.explain(segment, tmp_path, replace(cheap, tolerance=-1.0))


def test_what_cant_be_read_is_raised(segment, backend, tmp_path):
    with pytest.raises(MediaError, match="doesn't exist"):
        mmexplain.explain(replace(segment, path=tmp_path / "gone.mp4"), backend)
    with pytest.raises(ArtefactError, match="doesn't exist"):
        mmexplain.explain(segment, tmp_path)


def test_a_result_is_read_as_arrow(finished):
    result = mmexplain.load_result(finished.out)
    table = result.table("attributions", ["segment_id", "phi"])
    assert table.column_names == ["segment_id", "phi"]
    assert len(set(table["segment_id"].to_pylist())) == 3
    assert result.run["config"]["video_players"] == "time"
