"""`segment`: media to a manifest, whatever happens on the way."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from batcher.collection import read_collection
from media.passage import HeardWord, Passage
from mmexplain import segmenting
from mmexplain.journal import open_journal

KILLED = """
import os, signal, sys
import mmexplain.segmenting as segmenting
from mmexplain.cli import main

class Killed:
    def hear(self, wave, start_ms, language):
        os.kill(os.getpid(), signal.SIGKILL)

segmenting.load_recogniser = lambda folder, **_: Killed()
main()
"""
CUES = "1\n00:00:00,500 --> 00:00:01,500\nGoedemorgen.\n\n2\n00:00:00,500 --> 00:00:02,000\nDag!\n"


@pytest.fixture
def archive(tmp_path):
    """Three files of 2, 3 and 4 s in folders, and a stranger."""
    folder = tmp_path / "archive"
    (folder / "b").mkdir(parents=True)
    for seconds, name in ((2, "a.flac"), (3, "b/one.flac"), (4, "c.wav")):
        write_silence(folder / name, seconds)
    (folder / "notes.txt").write_text("no media")
    (folder / "._a.flac").write_text("no media")
    return folder


@pytest.fixture
def speech_model(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt"):
        (folder / name).write_text(name)
    return folder


class TwoWords:
    """Hears the same in every file, and is interrupted before a word where it shall be."""

    def __init__(self, interrupted_at=None):
        self.interrupted_at = interrupted_at
        self.heard_s = []

    def hear(self, wave, start_ms, language):
        for number, start in enumerate((100.0, 1500.0)):
            if self.interrupted_at == (len(wave) // 16_000, number):
                raise KeyboardInterrupt
            span = start_ms + start, start_ms + start + 400
            figures = {"language": language or "nl", "logprob": -0.25, "no_speech": 0.125}
            yield Passage((HeardWord("Dag.", *span, 0.9, spaced=True, **figures),), -0.25, 0.125, 1.0, *span)
        yield Passage((), 0.0, 0.0, 0.0, start_ms + 1900, start_ms + 1950)  # a voice without words
        self.heard_s.append(len(wave) // 16_000)


@pytest.fixture
def segment(mmexplain, monkeypatch, archive, manifest, speech_model):
    """Runs the verb on the archive with a made-up recogniser: exit code, events or errors, and seconds of the files
    that it heard."""

    def run(*options, interrupted_at=None, model=speech_model):
        recogniser = TwoWords(interrupted_at)
        monkeypatch.setattr(segmenting, "load_recogniser", lambda *_, **__: recogniser)
        models = ["--speech-model", model] if model else []
        code, _, said = mmexplain("segment", archive, "--out", manifest, *models, *options)
        events = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        return code, events or said, recogniser.heard_s

    return run


@pytest.fixture
def manifest(tmp_path):
    return tmp_path / "out" / "manifest.jsonl"


def write_silence(path, seconds):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac" if path.suffix == ".flac" else "pcm_s16le", rate=16_000, layout="mono")
        if path.suffix == ".flac":
            stream.codec_context.format = "s16"
        for number in range(seconds * 10):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1600), dtype=np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts = 16_000, 1600 * number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def test_what_is_heard_is_a_collection(segment, archive, manifest):
    code, events, heard = segment()
    assert (code, heard) == (0, [2, 3, 4])
    segments = list(read_collection(manifest))
    assert [one.segment_id for one in segments[:4]] == [
        "a.flac#100",
        "a.flac#1500",
        "b/one.flac#100",
        "b/one.flac#1500",
    ]
    first = segments[2]
    assert first.path.resolve() == archive / "b" / "one.flac"
    assert first.media == "../archive/b/one.flac"
    assert (first.start_ms, first.end_ms, first.text, first.language) == (100, 500, "Dag.", "nl")
    assert [word.probability for word in first.words] == [0.9]
    assert first.extra == {"asr_logprob": "-0.250", "asr_no_speech": "0.125"}
    assert events[-1] == {"event": "Ended", "total": 3, "failed": 0}


def test_what_is_left_out_is_told_and_stands_in_the_journal(segment, manifest):
    _, events, _ = segment()
    done = [event for event in events if event["event"] == "FileDone"]
    assert [(event["dropped"], event["dropped_s"]) for event in done] == [(1, 0.05)] * 3
    lines = map(json.loads, manifest.with_name("manifest.jsonl.journal").read_text().splitlines())
    assert [(line["dropped"], line["dropped_s"]) for line in lines if "media" in line] == [(1, 0.05)] * 3


@pytest.fixture
def uninterrupted(segment, manifest):
    """What a run that nothing disturbs writes."""
    segment()
    whole = manifest.read_bytes()
    for path in (manifest, manifest.with_name("manifest.jsonl.journal")):
        path.unlink()
    return whole


@pytest.mark.parametrize("place", [(2, 0), (3, 1), (4, 1)])
def test_an_interrupted_run_goes_on_and_hears_no_file_twice(segment, manifest, uninterrupted, place):
    code, _, before = segment(interrupted_at=place)
    assert code == 130
    with manifest.open("ab") as file:
        file.write(b'{"segment_id": "b/one.flac#100", "med')
    code, _, after = segment()
    assert (code, before + after) == (0, [2, 3, 4])
    assert manifest.read_bytes() == uninterrupted


def test_a_run_goes_on_after_a_kill(segment, archive, manifest, speech_model, uninterrupted):
    segment(interrupted_at=(3, 1))
    arguments = ["segment", archive, "--out", manifest, "--speech-model", speech_model]
    command = [sys.executable, "-c", KILLED, *map(str, arguments)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == -signal.SIGKILL  # noqa: S603  # our code
    code, _, heard = segment()
    assert (code, heard) == (0, [3, 4])
    assert manifest.read_bytes() == uninterrupted


def test_a_second_start_hears_nothing_and_a_new_file_is_added(segment, archive, manifest):
    segment()
    before = manifest.read_bytes()
    assert segment()[2] == []
    assert manifest.read_bytes() == before
    write_silence(archive / "d.wav", 5)
    assert segment()[2] == [5]
    assert manifest.read_bytes().startswith(before)
    assert len(list(read_collection(manifest))) == 8


def test_a_half_written_journal_line_doesnt_count(segment, manifest):
    segment()
    whole = manifest.read_bytes()
    journal = manifest.with_name("manifest.jsonl.journal")
    header, *lines, _ = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([header, *lines[:-1], lines[-1][:20]]))
    assert segment()[2] == [4]
    assert manifest.read_bytes() == whole


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--language", "nl"], "begun with language None, now it is 'nl'"),
        (["--from", "speech"], "begun with from 'auto'"),
    ],
)
def test_another_configuration_is_refused(segment, manifest, options, message):
    segment()
    before = manifest.read_bytes()
    code, said, _ = segment(*options)
    assert code == 2
    assert message in said
    assert manifest.read_bytes() == before


def test_another_model_is_refused_and_the_same_elsewhere_isnt(segment, speech_model):
    segment()
    elsewhere = speech_model.rename(speech_model.with_name("moved"))
    assert segment(model=elsewhere)[0] == 0
    (elsewhere / "model.bin").write_text("another")
    code, said, _ = segment(model=elsewhere)
    assert code == 2
    assert "begun with speech model" in said


def test_a_manifest_changed_by_hand_is_left_alone(segment, manifest):
    segment()
    with manifest.open("a") as file:
        file.write('{"segment_id": "mine", "media": "mine.mp4"}\n')
    before = manifest.read_bytes()
    code, said, _ = segment()
    assert code == 2
    assert "it was changed" in said
    assert manifest.read_bytes() == before


def test_a_manifest_of_others_is_left_alone(segment, manifest):
    manifest.parent.mkdir()
    manifest.write_text('{"segment_id": "mine", "media": "mine.mp4"}\n')
    code, said, _ = segment()
    assert code == 2
    assert "has no journal" in said
    assert [path.name for path in manifest.parent.iterdir()] == ["manifest.jsonl"]


def test_two_at_a_time_are_refused(segment, manifest):
    with open_journal(manifest, {}):
        code, said, _ = segment()
    assert code == 2
    assert "being written by another process" in said


def test_a_file_that_cant_be_read_is_4_and_the_others_are_there(segment, archive, manifest):
    (archive / "aa.mp4").write_text("no media")
    code, events, heard = segment()
    assert (code, heard) == (4, [2, 3, 4])
    (failed,) = [event for event in events if event["event"] == "FileFailed"]
    assert "aa.mp4' can't be read as media" in failed["error"]
    assert len(list(read_collection(manifest))) == 6
    assert segment("--keep-going")[0] == 0
    (archive / "aa.mp4").unlink()
    assert segment()[0] == 0


def test_a_file_that_changed_is_named(segment, archive, manifest):
    segment()
    before = manifest.read_bytes()
    write_silence(archive / "c.wav", 5)
    code, events, heard = segment()
    assert (code, heard) == (4, [])
    assert "changed since" in events[-2]["error"]
    assert manifest.read_bytes() == before


def test_transcripts_are_taken_and_what_has_none_is_heard(segment, archive, manifest):
    (archive / "b" / "one.srt").write_text(CUES)
    code, events, heard = segment()
    assert (code, heard) == (0, [2, 4])
    origins = {event["media"]: event["origin"] for event in events if event["event"] == "FileDone"}
    assert origins["../archive/b/one.flac"] == "transcripts"
    rows = {one.segment_id: one for one in read_collection(manifest)}
    assert rows["b/one.flac#500"].text == "Goedemorgen."
    assert rows["b/one.flac#500-2"].text == "Dag!"
    assert rows["b/one.flac#500"].extra == {}


def test_from_speech_hears_all(segment, archive):
    (archive / "a.srt").write_text(CUES)
    assert segment("--from", "speech")[2] == [2, 3, 4]


def test_from_transcripts_needs_no_model_and_names_files_without(segment, archive, manifest):
    (archive / "a.srt").write_text(CUES)
    code, events, heard = segment("--from", "transcripts", model=None)
    assert (code, heard) == (4, [])
    assert sum("has no transcript beside it" in event.get("error", "") for event in events) == 2
    assert len(list(read_collection(manifest))) == 2


def test_a_damaged_transcript_isnt_heard_instead(segment, archive):
    (archive / "a.srt").write_bytes(b"1\n00:00:00,500 --> 00:00:0x,500\nHoi\n")
    code, events, heard = segment()
    assert (code, heard) == (4, [3, 4])
    assert any("a.srt" in event.get("error", "") for event in events)


def test_a_model_that_is_needed_is_asked_for_at_once(segment, archive, manifest):
    (archive / "a.srt").write_text(CUES)
    code, said, _ = segment(model=None)
    assert code == 2
    assert "2 files must be heard" in said
    assert "--speech-model FOLDER" in said
    assert manifest.read_bytes() == b""


def test_a_folder_without_media_is_2(mmexplain, tmp_path):
    code, _, said = mmexplain("segment", tmp_path, "--out", tmp_path / "m.jsonl")
    assert code == 2
    assert "holds no media" in said


def test_a_manifest_of_another_form_is_2(mmexplain, archive, tmp_path):
    code, _, said = mmexplain("segment", archive, "--out", Path(tmp_path / "m.csv"))
    assert code == 2
    assert "written as .jsonl" in said
