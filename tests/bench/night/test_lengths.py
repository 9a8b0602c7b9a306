import click
import pytest

from bench.night.lengths import Length, read_lengths


def words(text):
    return len(text.split())


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_text(content)
        return path

    return write


def test_melds_times_are_read_and_wrong_ones_are_kept_as_they_stand(meld):
    lengths = read_lengths(meld, words)
    assert [length.seconds for length in lengths] == pytest.approx([2.251, 0, 304.94, -1])
    assert [length.tokens for length in lengths] == [7, 1, 4, 3]


def test_a_manifest_is_read_by_its_text_and_its_times(write):
    rows = '{"segment_id": "a", "media": "a.mp4", "text": "one two", "start_ms": 250, "end_ms": 1000}\n'
    rows += '\n{"segment_id": "b", "media": "a.mp4", "text": null, "end_ms": 500}\n'
    assert read_lengths(write("a.jsonl", rows), words) == [Length(2, 0.75), Length(0, 0.5)]


def test_lengths_that_were_counted_elsewhere_are_taken_as_they_are(write):
    path = write("a.csv", "tokens,seconds,frames,text,end_ms\n5,1.5,40,no,9\n0,2,,no,9\n")
    assert read_lengths(path, words) == [Length(5, 1.5, 40), Length(0, 2.0)]


def test_the_shipped_manifest_has_lengths(demo_manifest, demo_segments):
    found = read_lengths(demo_manifest, words)
    assert [length.tokens for length in found] == [words(segment.text) for segment in demo_segments]
    assert [1000 * length.seconds for length in found] == pytest.approx([segment.end_ms for segment in demo_segments])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "tokens,seconds\n1,1\n", "neither .csv nor .jsonl"),
        ("a.csv", "tokens,seconds\n", "lists no segment"),
        ("a.csv", "tokens,duration\n1,1\n", "tokens, duration. Sought: tokens and seconds; or Utterance"),
        ("a.csv", "tokens,seconds\n1,1\nx,1\n", "segment 2: ValueError: .*'x'"),
        ("a.csv", "text,end_ms\nword,\n", "segment 1: ValueError"),
        ("a.csv", 'Utterance,StartTime,EndTime\nword,"14:38,127","0:14:40,0"\n', "segment 1: ValueError"),
        ("a.jsonl", '{"tokens": 1, "seconds": 1}\n{"tokens": 1}\n', "segment 2: KeyError: 'seconds'"),
    ],
)
def test_what_cannot_be_read_is_named(write, name, content, message):
    with pytest.raises(click.ClickException, match=message):
        read_lengths(write(name, content), words)
