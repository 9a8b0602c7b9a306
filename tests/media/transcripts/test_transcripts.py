import json

import pytest

from media import MediaError
from media.transcripts import find_transcript, load_transcript, read_transcript
from media.utterance import Utterance, Word


@pytest.fixture
def transcript(tmp_path):
    def write(name, content):
        path = tmp_path / name
        text = content if isinstance(content, str | bytes) else json.dumps(content)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


SRT = (
    "\ufeff1\r\n00:00:01,000 --> 00:00:02,500 X1:0\r\n<i>Tom &amp;</i>\r\n{\\an8}Jerry <laughs>\r\n\r\n"
    "00:00:03.25 --> 00:00:04.5\r\nno number\r\n\r\n42\r\n\r\n3\r\n1:00:00,000 --> 1:00:01,000\r\n\r\n"
)


def test_srt_with_tags_entities_and_blank_lines(transcript):
    assert read_transcript(transcript("a.srt", SRT)) == (
        Utterance(1000.0, 2500.0, "Tom & Jerry <laughs>"),
        Utterance(3250.0, 4500.0, "no number 42"),
    )


VTT = """WEBVTT - news
Language: nl

STYLE
::cue { color: red }

NOTE a --> b

intro
00:01.000 --> 00:03.000 align:start
<v Ann><c.loud>Goed</c> <00:00:01.500>zo <00:02.000><i>hè</i>&lt;b&gt;

01:00:00.000 --> 01:00:01.000
R&notable
"""


def test_vtt_with_blocks_settings_voices_and_words(transcript):
    found = load_transcript(transcript("a.vtt", VTT))
    words = (Word("Goed", 1000.0, 1500.0), Word("zo", 1500.0, 2000.0), Word("hè<b>", 2000.0, 3000.0))
    assert found.utterances == (
        Utterance(1000.0, 3000.0, "Goed zo hè<b>", words),
        Utterance(3_600_000.0, 3_601_000.0, "R&notable"),
    )
    assert found.language == "nl"


def test_whisper_gives_seconds(transcript):
    words = [{"text": "hi", "start": 0.57, "end": 1.1, "confidence": 0.5}]
    entry = {"start": 0.57, "end": 1.1, "text": " hi ", "words": words}
    found = load_transcript(transcript("whisper-transcript.json", {"carrierId": "c", "segments": [entry]}))
    assert found.utterances == (Utterance(570.0, 1100.0, "hi", (Word("hi", 570.0, 1100.0, 0.5),)),)
    assert found.carrier_id == "c"


@pytest.mark.parametrize("unit", [1.0, 1000.0])
def test_daan_starts_in_seconds_or_in_ms(transcript, unit):
    entries = [
        {"words": "a b", "wordTimes": [12_340, 12_900], "start": 12.0 * unit, "carrierId": "c"},
        {"words": "timeless", "wordTimes": [], "start": 13.0 * unit, "carrierId": "c"},
    ]
    assert read_transcript(transcript("x.daan-es-transcript.json", entries)) == (
        Utterance(12_340.0, 13_000.0, "a b", (Word("a", 12_340.0, 12_900.0), Word("b", 12_900.0, 13_000.0))),
        Utterance(13_000.0, 14_000.0, "timeless"),
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.srt", "1\n00:00:01,000 --> 00:61:02,000x\nhi\n", "line 2, has the times '00:00:01,000 --> 00:61:02,000x'"),
        (
            "a.srt",
            "1\n00:01 --> 00:02\na\n\n2\n00:03 - 00:04\nb\n",
            "line 6, is '00:03 - 00:04' where the times of cue 2",
        ),
        ("a.srt", "hello\n", "line 1, is 'hello', before the times of any cue"),
        ("a.srt", b"1\n00:01 --> 00:02\ncaf\xe9\n", "line 3, isn't UTF-8"),
        ("a.vtt", "00:01.000 --> 00:02.000\nhi\n", "line 1, is '00:01.000 --> 00:02.000', not WEBVTT"),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\na <00:03.000>b\n", "line 3, <00:03.000> is no time"),
        ("a.vtt", "WEBVTT\n\nhello\nthere\n", "line 3, begins a block without times: 'hello'"),
        ("whisper-transcript.json", {"segments": [{"start": "1", "end": 2}]}, "segment 1, has start '1'. Give seconds"),
        ("whisper-transcript.json", "{", "isn't JSON"),
        ("daan-es-transcript.json", [{"start": 1}, 7], "entry 2, is 7. Give an object"),
        ("a.txt", "hi", "is no transcript. Its name must end in .srt"),
    ],
)
def test_what_cannot_be_read_is_named(transcript, name, content, message):
    with pytest.raises(MediaError, match=message):
        read_transcript(transcript(name, content))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["film.srt", "film.mp4.vtt", "film.nl.srt"], "film.srt"),
        (["film.NL.SRT"], "film.NL.SRT"),
        (["film.mp4.srt", "film.whisper-transcript.json"], "film.mp4.srt"),
        (["film.whisper-transcript.json", "film.daan-es-transcript.json"], "film.whisper-transcript.json"),
        (["whisper-transcript.json"], "whisper-transcript.json"),
        (["film.nl.mp4", "film.nl.srt"], None),
        (["other.srt", "film.txt"], None),
    ],
)
def test_the_transcript_beside(tmp_path, names, expected):
    for name in ("film.mp4", *names):
        (tmp_path / name).touch()
    assert find_transcript(tmp_path / "film.mp4") == (expected and tmp_path / expected)


def test_a_folders_transcript_is_of_the_media_it_names(transcript, tmp_path):
    transcript("whisper-transcript.json", {"carrierId": "two", "segments": []})
    for name in ("one.mp4", "program__two.mp4"):
        (tmp_path / name).touch()
    assert find_transcript(tmp_path / "one.mp4") is None
    assert find_transcript(tmp_path / "program__two.mp4") == tmp_path / "whisper-transcript.json"


def test_subtitles_in_two_languages_are_ambiguous(tmp_path):
    for name in ("film.mp4", "film.nl.srt", "film.en.srt"):
        (tmp_path / name).touch()
    with pytest.raises(MediaError, match=r"has subtitles in en, nl\. Name those in the spoken language film\.srt"):
        find_transcript(tmp_path / "film.mp4")
