import csv
import json
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from batcher.collection import CollectionError, Segment, read_collection, row_of
from media.utterance import Word

ROWS = [
    {
        "segment_id": "a",
        "media": "news/1.mp4",
        "start_ms": 1250.5,
        "end_ms": 3000.0,
        "text": "Goedenavond, beste kijkers: “welkom”",
        "token_ids": [0, 31, 414, 2],
        "language": "nl",
        "label": "joy",
        "program_id": "p1",
        "carrier_id": "c1",
        "speaker": "Ann, the anchor",
        "words": [{"word": "Goedenavond", "start_ms": 1300.0, "end_ms": 1800.0}],
    },
    {
        "segment_id": "b",
        "media": "/elsewhere/2.flac",
        "start_ms": None,
        "end_ms": None,
        "text": None,
        "token_ids": None,
        "language": None,
        "label": None,
        "program_id": None,
        "carrier_id": None,
        "speaker": None,
        "words": None,
    },
]


def write_csv(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        for row in rows:
            words = row["words"] and json.dumps(row["words"])
            ids = row["token_ids"] and "\t".join(map(str, row["token_ids"]))
            writer.writerow(row | {"words": words, "token_ids": ids})


def write_jsonl(path, rows):
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")


def write_parquet(path, rows):
    pq.write_table(pa.Table.from_pylist(rows), path)


WRITERS = {".csv": write_csv, ".jsonl": write_jsonl, ".parquet": write_parquet}


@pytest.fixture
def manifest(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_format_gives_the_same_segments(tmp_path, suffix):
    path = tmp_path / f"manifest{suffix}"
    WRITERS[suffix](path, ROWS)
    first, second = read_collection(path)
    assert first == Segment(
        segment_id="a",
        media="news/1.mp4",
        path=tmp_path / "news" / "1.mp4",
        start_ms=1250.5,
        end_ms=3000.0,
        text="Goedenavond, beste kijkers: “welkom”",
        token_ids=(0, 31, 414, 2),
        language="nl",
        label="joy",
        program_id="p1",
        carrier_id="c1",
        words=(Word("Goedenavond", 1300.0, 1800.0),),
        extra={"speaker": "Ann, the anchor"},
    )
    assert second.path.as_posix() == "/elsewhere/2.flac"
    assert (second.start_ms, second.end_ms, second.text, second.token_ids, second.extra) == (0.0, None, None, None, {})


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_byte_order_mark_is_no_part_of_the_first_column(manifest, suffix):
    content = {".csv": "segment_id,media\na,1.mp4\n", ".jsonl": '{"segment_id": "a", "media": "1.mp4"}\n'}
    (segment,) = read_collection(manifest(f"m{suffix}", b"\xef\xbb\xbf" + content[suffix].encode()))
    assert segment.segment_id == "a"


def test_empty_fields_are_absent(manifest):
    (segment,) = read_collection(manifest("m.csv", "segment_id,media,start_ms,text,note\na,1.mp4,,,\n"))
    assert (segment.start_ms, segment.text, dict(segment.extra)) == (0.0, None, {})


def test_ids_that_are_numbers_become_text(manifest):
    (segment,) = read_collection(manifest("m.jsonl", '{"segment_id": 7, "media": "1.mp4"}'))
    assert segment.segment_id == "7"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("m.csv", "segment_id,media\na,1.mp4\n,2.mp4\n", "line 3, has no segment_id"),
        ("m.csv", "segment_id,media\na,\n", "line 2, has no media"),
        ("m.csv", "media\n1.mp4\n", "m.csv has no column segment_id; it has 'media'"),
        ("m.csv", "segment_id,media\na,1.mp4\nb,1.mp4\na,2.mp4\n", "line 4, repeats the segment_id 'a'"),
        ("m.csv", "segment_id,media,start_ms\na,1.mp4,0:10\n", "line 2, has start_ms '0:10'; give milliseconds"),
        ("m.csv", "segment_id,media,end_ms\na,1.mp4,late\n", "line 2, has end_ms 'late'"),
        ("m.csv", "segment_id,media,token_ids\na,1.mp4,0 x 2\n", "line 2, has token_ids '0 x 2'; give whole"),
        ("m.csv", "segment_id,media,text\na,1.mp4,yes, of course\n", "line 2, has more fields than the header"),
        ("m.csv", 'segment_id,media,text\na,1.mp4,"two\nlines"\n,2.mp4,x\n', "line 4, has no segment_id"),
        ("m.csv", b"segment_id,media,text\na,1.mp4,caf\xe9\n", "m.csv can't be read as UTF-8 .csv"),
        ("m.csv", "", "m.csv has no column segment_id and no media; it has none"),
        ("m.csv", "segment_id,media,text,text\na,1.mp4,x,y\n", "m.csv has two columns of one name"),
        (
            "m.csv",
            'segment_id,media,text\na,1.mp4,"x\nb,1.mp4,y\n',
            "line 2, to line 3 can't be read .*close its quotes",
        ),
        ("m.csv", "segment_id,media\na,1\x00.mp4\n", "line 2, has media .*NUL"),
        ("m.jsonl", '{"segment_id": true, "media": "1.mp4"}', "line 1, has segment_id True; give a text"),
        ("m.jsonl", '{"segment_id": "a", "media": "1.mp4", "text": {}}\n', "line 1, has text {}; give a text"),
        ("m.jsonl", '{"segment_id": "a", "media": "1.mp4", "end_ms": true}', "line 1, has end_ms True; give milli"),
        ("m.jsonl", '{"segment_id": "a", "media": "1.mp4", "token_ids": [1.5]}', r"line 1, has token_ids \[1.5\]"),
        ("m.jsonl", "[" * 100_000, "line 1, isn't JSON"),
        ("m.jsonl", '{"segment_id": "a", "media": "1.mp4"}\n{"segment_id": \n', "line 2, isn't JSON"),
        ("m.jsonl", '\n["a", "1.mp4"]\n', "line 2, holds list; give one JSON object per line"),
        ("m.jsonl", '{"segment_id": "a", "media": "1.mp4", "token_ids": 5}', "line 1, has token_ids 5"),
        ("m.jsonl", '{"segment_id": "a", "media": "1.mp4", "start_ms": [1]}', r"line 1, has start_ms \[1\]"),
        ("m.jsonl", b'{"segment_id": "a", "media": "caf\xe9.mp4"}\n', "m.jsonl can't be read as UTF-8 .jsonl"),
        ("m.parquet", b"PAR1 not really", "m.parquet can't be read as Parquet"),
        ("m.xlsx", "", r"m.xlsx is no table; give a file that ends in .csv, .jsonl, .parquet"),
    ],
)
def test_a_bad_row_is_named(manifest, name, content, message):
    with pytest.raises(CollectionError, match=message):
        list(read_collection(manifest(name, content)))


def test_a_bad_parquet_row_is_named(tmp_path):
    write_parquet(tmp_path / "m.parquet", [ROWS[0], ROWS[1] | {"media": None}])
    with pytest.raises(CollectionError, match="row 2, has no media"):
        list(read_collection(tmp_path / "m.parquet"))


def test_a_missing_manifest_is_named(tmp_path):
    with pytest.raises(CollectionError, match=r"m\.csv is no file; give one that ends in"):
        list(read_collection(tmp_path / "m.csv"))


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_manifest_is_streamed(manifest, suffix):
    # What can't be read stands a megabyte after the rows that are wanted.
    good = {".csv": "{0},1.mp4\n", ".jsonl": '{{"segment_id": "{0}", "media": "1.mp4"}}\n'}[suffix]
    header = "segment_id,media\n" if suffix == ".csv" else ""
    content = header + "".join(good.format(i) for i in range(60_000))
    path = manifest(f"m{suffix}", content.encode() + b"\xff\xff\n")
    assert [s.segment_id for s in islice(read_collection(path), 3)] == ["0", "1", "2"]
    with pytest.raises(CollectionError):
        list(read_collection(path))


def test_a_parquet_manifest_is_streamed(tmp_path):
    rows = [{"segment_id": str(i), "media": "1.mp4"} for i in range(5000)] + [{"segment_id": "0", "media": "1.mp4"}]
    write_parquet(tmp_path / "m.parquet", rows)
    assert [s.segment_id for s in islice(read_collection(tmp_path / "m.parquet"), 2)] == ["0", "1"]
    with pytest.raises(CollectionError, match="row 5001, repeats the segment_id '0'"):
        list(read_collection(tmp_path / "m.parquet"))


def test_half_a_character_is_refused_where_it_stands(tmp_path):
    # JSON can hold one half of a surrogate pair; neither UTF-8 nor Parquet can.
    manifest = tmp_path / "m.jsonl"
    manifest.write_text('{"segment_id": "a", "media": "1.mp4", "text": "hello \\ud83d there"}\n')
    with pytest.raises(CollectionError, match=r"line 1, has half a character in text; mend the text"):
        list(read_collection(manifest))


def test_media_are_found_from_any_folder(tmp_path, monkeypatch):
    (tmp_path / "m.csv").write_text("segment_id,media\na,1.mp4\n")
    monkeypatch.chdir(tmp_path)
    (segment,) = read_collection(Path("m.csv"))
    assert (segment.media, segment.path) == ("1.mp4", tmp_path / "1.mp4")


@pytest.mark.parametrize("words", ["[", "[1]", '[{"word": "a"}]', '[{"word": "a", "start_ms": "x", "end_ms": 2}]', "7"])
def test_words_that_cannot_be_read_are_refused_with_their_row(tmp_path, words):
    manifest = tmp_path / "m.jsonl"
    manifest.write_text(json.dumps({"segment_id": "a", "media": "a.mp4", "words": words}))
    with pytest.raises(CollectionError, match="line 1, has words that can't be read"):
        list(read_collection(manifest))


def test_the_row_of_a_segment_is_read_back_as_that_segment(tmp_path):
    words = (Word("één", 0.0, 10.5, 0.75), Word("twee", 10.5, 20.0))
    segment = Segment("a", "a.mp4", tmp_path / "a.mp4", 1.5, 20.0, "één twee", words, (0, 5, 2), extra={"speaker": "x"})
    manifest = tmp_path / "m.jsonl"
    manifest.write_text(json.dumps(row_of(segment)))
    assert list(read_collection(manifest)) == [segment]


BAD = {
    ".csv": 'segment_id,media,start_ms\na,1.mp4,0\n,1.mp4,0\nb,1.mp4,late\na,2.mp4,0\nc,1.mp4,0,0\nd,1.mp4,"0\n',
    ".jsonl": '{"segment_id": "a", "media": "1.mp4"}\n{"media": "1.mp4"}\n[]\n{"segment_id": "a", "media": "1"}\n{\n{',
}


@pytest.mark.parametrize("suffix", BAD)
def test_bad_rows_are_reported_one_by_one_and_left_out(manifest, suffix):
    bad = []
    path = manifest(f"m{suffix}", BAD[suffix])
    assert [segment.segment_id for segment in read_collection(path, bad.append)] == ["a"]
    assert [row.place for row in bad] == [
        f"{path}, line {line}," for line in (range(3, 8) if suffix == ".csv" else range(2, 7))
    ]


def test_a_quote_that_is_never_closed_takes_no_more_than_the_rows_to_the_next_one(manifest):
    bad = []
    path = manifest("m.csv", 'segment_id,media,text\na,1.mp4,"x\nb,1.mp4,"y"\nc,1.mp4,z\n')
    assert [segment.segment_id for segment in read_collection(path, bad.append)] == ["c"]
    assert [(row.place, "to line 3" in row.problem) for row in bad] == [(f"{path}, line 2,", True)]


@pytest.mark.parametrize("content", [b"segment_id,media\na,caf\xe9\n", b"segment_id\na\n"])
def test_a_file_that_cannot_be_read_is_no_bad_row(manifest, content):
    with pytest.raises(CollectionError):
        list(read_collection(manifest("m.csv", content), pytest.fail))


def test_a_field_of_ten_megabytes_is_read(manifest):
    (segment,) = read_collection(manifest("m.csv", f"segment_id,media,text\na,1.mp4,{'x' * 10_000_000}\n"))
    assert len(segment.text) == 10_000_000


def test_times_that_are_none_are_left_to_the_decoder(manifest):
    segments = read_collection(manifest("m.csv", "segment_id,media,start_ms,end_ms\na,1,nan,-inf\nb,1,-5,-9\n"))
    assert [repr((s.start_ms, s.end_ms)) for s in segments] == ["(nan, -inf)", "(-5.0, -9.0)"]


def test_columns_of_any_type_of_parquet_are_read(tmp_path):
    columns = {
        "segment_id": pa.array(["a", "b"]).dictionary_encode(),
        "media": pa.array([b"1.mp4", b"2.mp4"]),
        "text": pa.array(["x", None], pa.large_string()),
        "start_ms": pa.array([1500, 2500], pa.duration("us")),
        "aired": pa.array([1, 2], pa.timestamp("ns")),
        "vector": pa.array([b"\xff\xfe", b"ok"]),
        "nested": pa.array([{"x": [1]}, None]),
    }
    pq.write_table(pa.table(columns), tmp_path / "m.parquet")
    first, second = read_collection(tmp_path / "m.parquet")
    assert (first.segment_id, first.media, first.text, first.start_ms) == ("a", "1.mp4", "x", 1.5)
    assert first.extra == {"aired": "1970-01-01 00:00:00.000000001", "vector": "//4=", "nested": '{"x": [1]}'}
    assert (second.media, second.text, second.extra["vector"]) == ("2.mp4", None, "ok")


def test_null_ids_of_parquet_are_bad_rows(tmp_path):
    write_parquet(tmp_path / "m.parquet", [{"segment_id": name, "media": "1"} for name in ("a", None, "b")])
    bad = []
    assert [s.segment_id for s in read_collection(tmp_path / "m.parquet", bad.append)] == ["a", "b"]
    assert [row.place for row in bad] == [f"{tmp_path / 'm.parquet'}, row 2,"]
