from dataclasses import replace

import numpy as np
import pytest

import mmexplain
from batcher.explain import explain_clip
from batcher.options import check_suits
from export.artefact import ArtefactError
from media import MediaError

NAMES = {
    "Backend",
    "BackendChoice",
    "Explanation",
    "OnnxRuntimeBackend",
    "Options",
    "Region",
    "Result",
    "Segment",
    "SegmentExplanation",
    "Word",
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


def test_words_and_regions_may_be_given_by_hand(segment, backend, cheap):
    spoken = mmexplain.Word("one", 1000.0, 1200.0), mmexplain.Word("two", 1200.0, 1400.0)
    seen = (mmexplain.Region("face", row=1, column=2),)
    made = replace(segment, text="one two", words=spoken, regions=seen)
    options = replace(cheap, text_players="words", audio_players="words", video_players="regions")
    explanation = mmexplain.explain(made, backend, options)
    assert [player.token for player in explanation.players] == ["one", "two", "one", "two", "face", "rest"]
    gap = explanation.estimate.phi.sum() - (explanation.p_all - explanation.p_none)[explanation.predicted]
    assert abs(gap) <= 1e-6


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"text_players": "sentences"}, "text_players is 'sentences': give tokens, words, or N-grams"),
        ({"audio_players": "syllables"}, "audio_players is 'syllables': give half-seconds or words"),
        ({"video_players": "faces"}, "video_players is 'faces': give space, time, space-time or regions"),
    ],
)
def test_players_of_no_kind_are_refused(segment, backend, cheap, change, error):
    with pytest.raises(ValueError, match=error):
        mmexplain.explain(segment, backend, replace(cheap, **change))


def test_words_without_a_tokenizer_are_refused_before_any_clip_is(segment, backend, cheap):
    files = {name: digest for name, digest in backend.artefact.files.items() if name != "tokenizer.json"}
    bare = replace(backend, artefact=replace(backend.artefact, files=files))
    with pytest.raises(ValueError, match=r"text_players is 'words', and the artefact has no tokenizer\.json"):
        mmexplain.explain(replace(segment, text=None), bare, replace(cheap, text_players="words"))
    deaf = replace(bare, artefact=replace(bare.artefact, modalities=("audio", "video")))
    check_suits(replace(cheap, text_players="words"), deaf.artefact)


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
