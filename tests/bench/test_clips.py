from dataclasses import replace

import pytest

from bench.clips import CUTS, TOKENS, small_clips
from bench.demo import MANIFEST
from bench.game import enumerate_game


def test_every_segment_is_cut_in_every_way(smalls):
    assert len(smalls) == 3 * len(CUTS)


@pytest.mark.parametrize("cut", CUTS)
def test_a_cut_clip_has_few_enough_players_to_enumerate_and_enough_of_one_modality_to_sample(cut, smalls, backend):
    game = enumerate_game(next(small.clip for small in smalls if small.cut == cut), backend)
    assert game.p <= 16
    assert max(game.n) >= 8
    assert 1 << max(game.n) > 128


def test_a_cut_text_keeps_its_marks_at_both_ends(smalls, backend):
    tokens = backend.artefact.tokens
    for small in smalls:
        ids = small.clip.text.ids
        assert (ids[0], ids[-1]) == (tokens.bos_id, tokens.eos_id)
        assert small.clip.text.special.tolist() == [True, *[False] * (len(ids) - 2), True]


def test_a_cut_text_keeps_the_line_s_end_that_a_model_sees(backend):
    lines = replace(backend.artefact, tokens=replace(backend.artefact.tokens, trailing_newline=True))
    text = next(small_clips(MANIFEST, lines, backend.folder, ("sentence",))).clip.text
    assert text.special.tolist() == [True, *[False] * TOKENS["sentence"], True, True]


def test_frames_that_are_left_keep_their_times(smalls):
    for small in smalls:
        video = small.clip.video
        assert len(video.times_ms) == len(video.frames) + 1
        assert (video.times_ms[1:] > video.times_ms[:-1]).all()
