from dataclasses import replace

import numpy as np
import pytest

from batcher.decode import clip_of, decode
from batcher.outcome import FAILED, Failure
from batcher.players import text_players
from export.artefact import ArtefactError
from media import Clip, MediaError


def test_a_segment_becomes_its_words_sound_and_picture(segment, artefact, model):
    clip = decode(segment, artefact, model).clip
    assert len(clip.sound.wave) == 6400  # 400 ms at 16 kHz
    assert clip.video.frames.shape == (10, 3, 256, 256)
    spoken = [segment.text[start:end] for start, end in clip.text.spans if start >= 0]
    assert "".join(spoken).replace(" ", "") == segment.text.replace(" ", "")
    assert (clip.start_ms, clip.end_ms) == (1000.0, 1400.0)


def test_token_ids_win_over_the_text(segment, artefact, model):
    clip = clip_of(replace(segment, token_ids=(0, 7, 8, 2)), artefact, model)
    np.testing.assert_array_equal(clip.text.ids, [0, 7, 8, 2])


def test_a_model_of_lines_sees_a_line_s_end_that_no_player_masks(segment, artefact, model):
    lines = replace(artefact, tokens=replace(artefact.tokens, trailing_newline=True))
    plain, line = (clip_of(segment, kind, model).text for kind in (artefact, lines))
    assert len(line.ids) == len(plain.ids) + 1
    before, after = text_players(plain), text_players(line)
    assert after.described == before.described
    assert after.positions.tolist() == [*before.positions[:-1].tolist(), -1, -1]
    given_ids = clip_of(replace(segment, token_ids=(0, 7, 8, 2)), lines, model).text
    np.testing.assert_array_equal(given_ids.ids, [0, 7, 8, 2])


def test_a_text_without_a_tokenizer_is_refused_unless_it_brings_ids(segment, artefact, model):
    files = {name: digest for name, digest in artefact.files.items() if name != "tokenizer.json"}
    bare = replace(artefact, files=files)
    with pytest.raises(MediaError, match="export it again with --tokenizer, or add token_ids"):
        clip_of(segment, bare, model)
    assert clip_of(replace(segment, token_ids=(7, 8)), bare, model).text is not None
    assert clip_of(replace(segment, text=None), bare, model).text is None


def test_a_model_without_words_needs_no_tokenizer(segment, artefact, model):
    deaf_to_words = replace(artefact, modalities=("audio", "video"), files={})
    assert clip_of(segment, deaf_to_words, model).text is None


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"path": None}, "doesn't exist"),
        ({"start_ms": 5e6, "end_ms": 5.1e6}, "past the end"),
        ({"start_ms": 200.0, "end_ms": 100.0}, "empty or reversed"),
        ({"token_ids": (5, 123_456)}, "123456 isn't in the model's vocabulary"),
    ],
)
def test_what_cant_be_decoded_is_a_lasting_failure(segment, artefact, model, tmp_path, change, error):
    broken = replace(segment, **change | ({"path": tmp_path / "gone.mp4"} if "path" in change else {}))
    failure = decode(broken, artefact, model).clip
    assert isinstance(failure, Failure)
    assert (failure.stage, failure.status) == ("decode", FAILED)
    assert error in failure.error


def test_a_tokenizer_that_is_gone_is_the_models_fault(segment, artefact, tmp_path):
    with pytest.raises(ArtefactError, match=r"tokenizer.json can't be read any more .*Put the model's folder back"):
        decode(segment, artefact, tmp_path)
    assert isinstance(decode(replace(segment, token_ids=(7, 8)), artefact, tmp_path).clip, Clip)


def test_even_a_bug_is_a_failure_of_its_segment(segment, artefact, model, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("by accident")

    monkeypatch.setattr("media.ClipReader.clip", broken)
    assert decode(segment, artefact, model).clip == Failure("decode", "ZeroDivisionError: by accident", FAILED)
