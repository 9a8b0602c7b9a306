import csv
import json
import re
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from batcher.store.files import Store
from media.transcripts import load_transcript
from report.explained import find_explained
from report.formats import FORMATS

MOTIVATIONS = {
    "assessing", "bookmarking", "classifying", "commenting", "describing", "editing", "highlighting", "identifying",
    "linking", "moderating", "questioning", "replying", "tagging",
}  # fmt: skip
"""https://www.w3.org/TR/annotation-model/#motivation-and-purpose"""
FRAGMENT = re.compile(r"t=\d+(\.\d+)?,\d+(\.\d+)?")
"""https://www.w3.org/TR/media-frags/#naming-time, in normal play time."""


def check_annotations(page):
    """What the Web Annotation Data Model requires of a page and its annotations, by its sections."""
    assert "http://www.w3.org/ns/anno.jsonld" in page["@context"]  # 5.2
    assert page["type"] == "AnnotationPage"
    assert is_iri(page["id"])
    ids = [one["id"] for one in page["items"]]
    assert len(set(ids)) == len(ids)
    for one in page["items"]:  # 3.1: one id, the type, a target
        assert is_iri(one["id"])
        assert one["type"] == "Annotation"
        assert one["motivation"] in MOTIVATIONS  # 3.3.5
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", one.get("created", "2000-01-01T00:00:00Z"))  # 3.3.1
        assert is_iri(one["generator"]["id"])
        for body in one["body"]:  # 3.2.4: exactly one value; 3.3.5: purposes are motivations
            assert body["type"] == "TextualBody"
            assert isinstance(body["value"], str)
            assert body["purpose"] in MOTIVATIONS
        target = one["target"]  # 4.2.1
        assert target["type"] == "SpecificResource"
        assert is_iri(target["source"])
        assert target["selector"]["type"] == "FragmentSelector"
        assert target["selector"]["conformsTo"] == "http://www.w3.org/TR/media-frags/"
        assert FRAGMENT.fullmatch(target["selector"]["value"])


def is_iri(text):
    return bool(urlparse(text).scheme) and not re.search(r"[\s<>\"{}|\\^`]", text)


@pytest.fixture
def written(result, tmp_path):
    """The files of a format."""

    def write(name, of=result):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        return FORMATS[name](of, folder)

    return write


@pytest.fixture
def hostile(result_of_rows, explained_rows):
    segment, contribution, players = explained_rows["words"]
    strange = {"text": "a --> b\n\n<c> & \u2028 ﷽", "media": "a b/ü%20#?.mp4", "program_id": "p", "carrier_id": "c"}
    return result_of_rows({"x --> y\n<z>": (segment | strange, contribution, players)}, started_unix=1.5)


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_result_is_the_same_files(written, name):
    first = {path.name: path.read_bytes() for path in written(name)}
    assert first
    assert first == {path.name: path.read_bytes() for path in written(name)}


def test_annotations_are_the_w3cs(written, result, hostile):
    for of in (result, hostile):
        (path,) = written("webannotation", of)
        check_annotations(json.loads(path.read_text()))


@pytest.mark.parametrize(
    ("where", "broken"),
    [
        (("items", 0, "id"), "no iri"),
        (("items", 0, "type"), "Note"),
        (("items", 0, "motivation"), "musing"),
        (("items", 0, "target", "selector", "value"), "t=a"),
        (("items", 0, "target", "source"), "a b"),
        (("@context",), []),
        (("items", 0, "body", 0, "value"), None),
    ],
)
def test_broken_annotations_are_found(written, where, broken):
    (path,) = written("webannotation")
    page = part = json.loads(path.read_text())
    for key in where[:-1]:
        part = part[key]
    part[where[-1]] = broken
    with pytest.raises(AssertionError):
        check_annotations(page)


def test_annotations_say_what_the_result_says(written, result):
    (path,) = written("webannotation")
    first, second = json.loads(path.read_text())["items"]
    whole = find_explained(result, "whole")
    assert first["body"][0]["value"] == "joy"
    assert first["target"]["selector"]["value"] == "t=1.000,3.000"
    assert Path(unquote(urlparse(first["target"]["source"]).path)) == Path(result.run["manifest"]).parent / "a.mp4"
    for modality in ("text", "audio", "video"):
        share = first["body"][1][f"mmexplain:share_{modality}"]
        ends = [share[f"mmexplain:{name}"] for name in ("value", "low", "high")]
        assert ends == [whole.contribution[f"share_{modality}{end}"] for end in ("", "_low", "_high")]
    assert "mmexplain:share_audio" not in second["body"][1]
    assert "created" not in first


def test_annotations_are_created_when_the_run_began(written, hostile):
    (path,) = written("webannotation", hostile)
    (one,) = json.loads(path.read_text())["items"]
    assert one["created"] == "1970-01-01T00:00:01Z"
    assert Path(unquote(urlparse(one["target"]["source"]).path)).name == "ü%20#?.mp4"


def test_subtitles_are_read_again(written):
    first, second = written("webvtt")
    (cue,) = load_transcript(first).utterances
    assert (cue.start_ms, cue.end_ms) == (1000, 3000)
    assert cue.text.split()[:2] == ["joy", "0.60"]
    assert cue.text.endswith("It's nice! It")
    assert (first.name, second.name) == ("a.mp4.vtt", "b.mp4.vtt")


def test_subtitles_hold_any_text(written, hostile):
    (path,) = written("webvtt", hostile)
    (cue,) = load_transcript(path).utterances
    assert cue.text.endswith("a --> b <c> & ﷽")
    assert path.read_text().count("-->") == 1


def test_dane_gets_a_payload_for_each_media_file(written, result, hostile):
    first, _ = written("daan")
    described = json.loads(first.read_text())
    assert set(described) == {"generator", "payload"}
    assert set(described["generator"]) == {"id", "type", "name", "homepage"}
    (segment,) = described["payload"]["segments"]
    whole = find_explained(result, "whole")
    assert segment["shares"]["text"]["value"] == whole.contribution["share_text"]
    assert (segment["start_ms"], segment["end_ms"], segment["label_predicted"]) == (1000, 3000, "joy")
    (path,) = written("daan", hostile)
    assert path.name == "p__c.json"


def test_dane_is_told_how_many_segments_failed(result_of_rows, explained_rows, written):
    torn = {"torn": ({}, None, []), "too": ({}, None, [])}  # of c.mp4
    segment, contribution, players = explained_rows["whole"]
    result = result_of_rows(explained_rows | torn | {"c": (segment | {"media": "c.mp4"}, contribution, players)})
    payloads = [json.loads(path.read_text())["payload"] for path in written("daan", result)]
    assert [(one["media"], one["failed"]) for one in payloads] == [("a.mp4", 0), ("b.mp4", 0), ("c.mp4", 2)]


def test_provenance_has_its_steps(written, result):
    (path,) = written("provenance")
    (activity,) = json.loads(path.read_text())
    assert set(activity) == {
        "activity_name", "activity_description", "processing_time_ms", "start_time_unix", "parameters",
        "software_version", "input_data", "output_data", "steps",
    }  # fmt: skip
    assert activity["processing_time_ms"] == sum(step["processing_time_ms"] for step in activity["steps"])
    assert activity["output_data"]["explained"] == 2
    assert activity["output_data"]["segments"] == 3
    assert activity["input_data"]["collection"] == result.run["manifest"]


def test_provenance_adds_up_the_timings(result_of_rows, explained_rows, written):
    result = result_of_rows(explained_rows)
    timing = {"segment_id": "whole", "decode_s": 0.5, "encode_s": 1.25, "attempts": 1, "host": "h"}
    Store(result.folder, {}).write_unit("u", {"timings": [timing, timing | {"segment_id": "words", "encode_s": None}]})
    (path,) = written("provenance", result)
    (activity,) = json.loads(path.read_text())
    assert activity["processing_time_ms"] == 2250
    assert [step["processing_time_ms"] for step in activity["steps"]] == [1000, 1250, 0, 0, 0]


def test_csv_holds_every_row(written, result):
    segments, attributions = written("csv")
    with segments.open(newline="") as file:
        rows = {row["segment_id"]: row for row in csv.DictReader(file)}
    whole = find_explained(result, "whole")
    assert float(rows["whole"]["share_text_low"]) == whole.contribution["share_text_low"]
    assert json.loads(rows["whole"]["p_all"]) == [0.4, 0.6]
    assert (rows["torn"]["status"], rows["torn"]["error"], rows["torn"]["share_text"]) == (
        "failed",
        "'c.mp4' is torn",
        "",
    )
    with attributions.open(newline="") as file:
        players = list(csv.DictReader(file))
    table = result.table("attributions").to_pylist()
    assert [(row["segment_id"], row["modality"], float(row["phi"])) for row in players] == [
        (row["segment_id"], row["modality"], row["phi"]) for row in table
    ]


def test_csv_holds_any_text(written, hostile):
    segments, _ = written("csv", hostile)
    with segments.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["segment_id"], row["text"]) == ("x --> y\n<z>", "a --> b\n\n<c> & \u2028 ﷽")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("rows", [{}, {"torn": ({}, None, [])}])
def test_a_result_without_explanations_is_written(result_of_rows, written, name, rows):
    files = written(name, result_of_rows(rows))
    assert bool(files) == (name not in {"webvtt", "daan"})  # these have a file for each media file that was explained
    assert all(path.stat().st_size for path in files)


def test_a_carrier_of_several_files_has_a_payload_for_each(result_of_rows, explained_rows, written):
    segment, contribution, players = explained_rows["words"]
    names = {"program_id": "p", "carrier_id": "c"}
    rows = {f"{i}": (segment | names | {"media": f"part{i}.mp4"}, contribution, players) for i in (1, 2)}
    first, second = written("daan", result_of_rows(rows))
    assert [json.loads(path.read_text())["payload"]["media"] for path in (first, second)] == ["part1.mp4", "part2.mp4"]


def test_a_cue_ends_after_it_starts(result_of_rows, explained_rows, written):
    segment, contribution, players = explained_rows["words"]
    times = {"start_ms": 999.9996, "end_ms": 1000.4}
    (path,) = written("webvtt", result_of_rows({"a": (segment | times, contribution, players)}))
    (cue,) = load_transcript(path).utterances
    assert (cue.start_ms, cue.end_ms) == (1000, 1001)


def test_an_untrained_model_is_said_to_be(result_of_rows, explained_rows, written):
    result = result_of_rows(explained_rows, trained=False)
    assert "untrained" in written("webvtt", result)[0].read_text()
    (path,) = written("webannotation", result)
    assert json.loads(path.read_text())["items"][0]["body"][1]["mmexplain:trained"] is False


def test_segments_of_one_name_in_two_files_are_two_annotations(result_of_rows, explained_rows, written):
    segment, contribution, players = explained_rows["words"]
    ids = []
    for media in ("a.mp4", "b.mp4"):
        result = result_of_rows({"page": (segment | {"media": media}, contribution, players)})
        (path,) = written("webannotation", result)
        page = json.loads(path.read_text())
        ids += [page["id"], page["items"][0]["id"]]
    assert len(set(ids)) == 3  # one page, of the same manifest
