from dataclasses import replace

import pytest

from batcher.collection import read_collection
from bench.clips import CLIPS, CUTS, FRAMES, SPAN_MS, TOKENS, small_clips
from bench.demo import MANIFEST
from bench.game import enumerate_game
from media.planted.trigger import TextTrigger, Trigger
from media.utterance import words_json


def test_every_segment_is_cut_in_every_way(smalls):
    assert len(smalls) == CLIPS * len(CUTS)


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


def test_a_phrase_has_more_players_of_each_modality(backend):
    (small,) = small_clips(MANIFEST, backend.artefact, backend.folder, ("phrase",), clips=1)
    clip = small.clip
    assert (~clip.text.special).sum() == TOKENS["phrase"]
    assert len(clip.video.frames) == FRAMES["phrase"]
    assert clip.end_ms - clip.start_ms == pytest.approx(SPAN_MS["phrase"], abs=1)


@pytest.fixture(scope="module")
def planted(backend):
    """All shipped clips in all cuts, with their segments."""
    segments = {segment.segment_id: segment for segment in read_collection(MANIFEST)}
    cuts = (*CUTS, "phrase")
    return [
        (segments[small.name], small)
        for small in small_clips(MANIFEST, backend.artefact, backend.folder, cuts, clips=len(segments))
    ]


def test_a_cut_holds_the_trigger_of_its_segment(planted):
    for segment, small in planted:
        trigger = Trigger.from_json(segment.extra["trigger"])
        if trigger.text is not None:
            spans = small.clip.text.spans[~small.clip.text.special]
            assert spans.min() <= trigger.text.char_start
            assert trigger.text.char_end <= spans.max()
        for timed in (trigger.audio, trigger.video):
            if timed is not None:
                assert small.clip.start_ms <= timed.start_ms
                assert timed.end_ms <= small.clip.end_ms


def test_a_cut_stays_within_its_segment(planted):
    for segment, small in planted:
        assert segment.start_ms <= small.clip.start_ms
        assert small.clip.end_ms <= segment.end_ms + 1


def test_a_word_that_is_read_is_also_heard_where_nothing_else_carries(planted):
    for segment, small in planted:
        if Trigger.from_json(segment.extra["trigger"]).carriers == ("text",):
            char = Trigger.from_json(segment.extra["trigger"]).text.char_start
            spoken = next((w for w in segment.words if segment.text.find(w.word, char) == char), segment.words[-1])
            assert small.clip.start_ms <= spoken.start_ms
            assert spoken.end_ms <= small.clip.end_ms


def test_a_neutral_cut_begins_with_the_first_word(planted):
    neutral = [(s, small) for s, small in planted if not Trigger.from_json(s.extra["trigger"]).carriers]
    assert neutral
    for segment, small in neutral:
        assert small.clip.start_ms == segment.words[0].start_ms
        assert small.clip.text.spans[1, 0] == 0


def test_a_manifest_without_triggers_or_words_is_cut_from_the_start(backend, tmp_path, write_manifest, demo_segments):
    segment = demo_segments[0]
    row = {"segment_id": "plain", "media": str(segment.path), "text": segment.text, "start_ms": 400.0}
    manifest = write_manifest(tmp_path / "manifest.jsonl", [row])
    for small in small_clips(manifest, backend.artefact, backend.folder):
        assert small.clip.start_ms == 400.0
        assert small.clip.text.spans[1, 0] == 0
        assert (~small.clip.text.special).sum() == TOKENS[small.cut]


def test_a_mark_at_the_end_belongs_to_the_last_word(backend, tmp_path, write_manifest, demo_segments):
    segment = demo_segments[0]
    text = segment.text.rstrip(".") + "?!"
    trigger = Trigger(TextTrigger(len(text) - 2, len(text)))
    row = {"segment_id": "marked", "media": str(segment.path), "text": text, "start_ms": 0.0, "end_ms": 3080.0}
    row |= {"words": words_json(segment.words), "trigger": trigger.to_json()}
    manifest = write_manifest(tmp_path / "manifest.jsonl", [row])
    last = segment.words[-1]
    for small in small_clips(manifest, backend.artefact, backend.folder):
        assert small.clip.start_ms <= last.start_ms
        assert last.end_ms <= small.clip.end_ms
        assert small.clip.text.spans[-2, 1] == len(text)
