"""Runs with players of every kind: what rows say of them, and what of them a result may not mix."""

import json
from dataclasses import replace

import pytest

from batcher.collection import CollectionError, read_regions
from batcher.decode import clip_of
from batcher.explain import explain_clip
from batcher.options import Options
from batcher.run import ConfigError, Run, explain_collection
from batcher.run.config import RunConfig
from batcher.store.result import load_result
from batcher.store.validate import validate
from media.region import Region
from report.planted import find_planted
from report.table import result_table

TEXT, SOUND, PICTURE = "test_00000_joy_en", "test_00001_anger_nl", "test_00002_surprise_en"
"""Clips of the demo, by what carries their emotion."""
KINDS = Options(masks=48, max_masks=48, text_players="2-grams", audio_players="words", video_players="regions")


@pytest.fixture(scope="module")
def planted_face(demo_segments):
    """Where the surprise shows: a row of a table of regions."""
    (segment,) = [segment for segment in demo_segments if segment.segment_id == PICTURE]
    return {"segment_id": PICTURE, "player": "face", **json.loads(segment.extra["trigger"])["video"]}


@pytest.fixture(scope="module")
def run_of_kinds(tmp_path_factory, demo_segments, demo_manifest, model, planted_face):
    """A run over three clips of the demo, of which one has regions."""
    folder = tmp_path_factory.mktemp("kinds")
    lines = demo_manifest.read_text().splitlines()[:4]
    wanted = [segment.path for segment in demo_segments[:3]]
    assert [segment.segment_id for segment in demo_segments[:3]] == [TEXT, SOUND, PICTURE]
    for path in wanted:
        lines = [line.replace(f",{path.name},", f",{path},") for line in lines]
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    corner = {"segment_id": PICTURE, "player": "caption", "row": 3}
    (folder / "regions.jsonl").write_text(f"{json.dumps(corner)}\n{json.dumps(planted_face)}\n")
    run = Run(folder / "manifest.csv", model, folder / "out", KINDS, workers=0, regions=folder / "regions.jsonl")
    explain_collection(run)
    return run


def players_of(run, segment_id, modality):
    rows = load_result(run.out).table("attributions").to_pylist()
    mine = [row for row in rows if (row["segment_id"], row["modality"]) == (segment_id, modality)]
    return sorted(mine, key=lambda row: row["player"])


def strongest(run, segment_id, modality):
    return max(players_of(run, segment_id, modality), key=lambda row: row["phi"])["token"]


def test_words_grams_and_regions_are_found_where_they_were_planted(run_of_kinds):
    result = load_result(run_of_kinds.out)
    assert validate(result) == []
    found = {(finding.segment_id, finding.modality): finding.hit for finding in find_planted(result)}
    assert found == {(TEXT, "text"): True, (SOUND, "audio"): True}  # of a picture's regions no row says which cells
    assert strongest(run_of_kinds, TEXT, "text") == "delightful blanket"
    assert strongest(run_of_kinds, SOUND, "audio") == "vanavond"
    assert strongest(run_of_kinds, PICTURE, "video") == "face"


def test_rows_say_what_players_are(run_of_kinds, demo_segments, planted_face):
    text = players_of(run_of_kinds, TEXT, "text")
    assert [row["token"] for row in text][:2] == ["On Friday", "the office"]
    assert [demo_segments[0].text[row["char_start"] : row["char_end"]] for row in text] == [r["token"] for r in text]
    sound = players_of(run_of_kinds, SOUND, "audio")
    spoken = [row for row in sound if row["token"]]
    assert [row["token"] for row in spoken] == [word.word for word in demo_segments[1].words]
    # A word between two others keeps its time, to the sample.
    times = {row["token"]: (row["start_ms"], row["end_ms"]) for row in spoken}
    assert times["kerk"] == pytest.approx((1497.41, 1755.33), abs=1 / 16)
    named = {row["token"]: (row["row"], row["column"]) for row in players_of(run_of_kinds, PICTURE, "video")}
    assert named == {
        "caption": (None, None),
        "face": (planted_face["row"], planted_face["column"]),
        "rest": (None, None),
    }
    cells = {row["token"]: row["cells"] for row in players_of(run_of_kinds, PICTURE, "video")}
    assert cells == {"caption": [12, 13, 14, 15], "face": None, "rest": list(range(12))}  # before the face shows


def test_segments_without_regions_have_cells(run_of_kinds):
    players = players_of(run_of_kinds, TEXT, "video")
    assert [(row["token"], row["row"], row["column"]) for row in players] == [(None, *divmod(i, 4)) for i in range(16)]


def test_the_tables_headings_say_what_is_in_its_columns(run_of_kinds, finished):
    headings = [column.header for column in result_table(load_result(run_of_kinds.out)).columns]
    assert headings[-3:] == ["strongest words", "of the sound", "of the picture"]
    headings = [column.header for column in result_table(load_result(finished.out)).columns]
    assert headings[-3:] == ["strongest word", "half-second", "of the picture"]


def test_a_table_that_changed_is_refused(run_of_kinds, tmp_path):
    other = tmp_path / "regions.jsonl"
    other.write_text(run_of_kinds.regions.read_text() + '{"player": "sky", "row": 0}\n')
    before, after = (read_regions(table).digest for table in (run_of_kinds.regions, other))
    with pytest.raises(ConfigError, match=f"configuration: regions was '{before}' and is '{after}'"):
        explain_collection(replace(run_of_kinds, regions=other))
    other.write_text(run_of_kinds.regions.read_text())
    assert explain_collection(replace(run_of_kinds, regions=other)).explained == 3


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"audio_players": "words"}, "audio_players was 'half-seconds' and is 'words'"),
        ({"text_players": "3-grams"}, "text_players was 'tokens' and is '3-grams'"),
    ],
)
def test_players_of_two_kinds_never_mix(finished, change, error):
    with pytest.raises(ConfigError, match=f"another configuration: {error}. Rows"):
        explain_collection(replace(finished, options=replace(finished.options, **change)))


@pytest.mark.parametrize(
    ("options", "digest"),
    [
        (Options(), "55a8c86366f111e23ccb88e83c7e590c0f16bf0b3f10e7fd5ce3185241716359"),
        (
            Options(video_players="time", tolerance=2.0),
            "8eb8550b17850dc60001285a7ecdf3b37e8c94ba41562f68afc67c446cbeefc8",
        ),
    ],
)
def test_results_of_before_there_were_kinds_still_resume(options, digest):
    assert RunConfig("a" * 64, options, "fp32", "onnxruntime", "cpu", 1).digest == digest


@pytest.mark.parametrize("change", [{"regions": None}, {"options": Options()}])
def test_regions_and_their_table_belong_together(run_of_kinds, tmp_path, change):
    with pytest.raises(ConfigError, match="give both regions and their table, or neither"):
        explain_collection(replace(run_of_kinds, out=tmp_path / "out", **change))


def test_words_of_token_ids_are_a_row_with_the_reason(run_of_kinds, short_rows, write_manifest, tmp_path, cheap):
    rows = [{**short_rows(1)[0], "token_ids": [5, 6, 7]}]
    manifest = write_manifest(tmp_path / "manifest.jsonl", rows)
    options = replace(cheap, text_players="words")
    finished = explain_collection(Run(manifest, run_of_kinds.artefact, tmp_path / "out", options, workers=0))
    assert finished.failed == 1
    (row,) = load_result(tmp_path / "out").table("segments").to_pylist()
    assert "words need a text and the model's tokenizer" in row["error"]


@pytest.mark.parametrize("estimator", ["exact", "grid-interpolation", "chains"])
def test_values_of_any_players_add_up_to_what_all_of_them_change(demo_segments, artefact, model, backend, estimator):
    """Few enough to enumerate, of pictures that are divided in three ways."""
    regions = (Region("face", 1, 1, 1900.0), Region("late", 2, None, 2000.0))
    segment = replace(demo_segments[2], start_ms=1700.0, end_ms=2300.0, regions=regions)
    options = replace(KINDS, estimator=estimator, masks="auto", max_masks=64)
    found = explain_clip(clip_of(segment, artefact, model), "s", backend, options)
    assert [player.token for player in found.players if player.modality == "video"] == ["face", "late", "rest"]
    gap = found.estimate.phi.sum(axis=0) - (found.p_all - found.p_none)[list(found.explained)]
    assert abs(gap).max() <= 1e-6


def test_a_table_of_other_segments_is_refused(run_of_kinds, tmp_path):
    table = tmp_path / "others.csv"
    table.write_text("segment_id,player,row\nnobody,face,1\n")
    run = replace(run_of_kinds, regions=table, out=tmp_path / "out")
    with pytest.raises(
        CollectionError, match=r"others.csv has regions of none of the 3 segments; check its segment_id"
    ):
        explain_collection(run)


def test_a_segment_has_the_regions_that_it_meets(tmp_path, demo_segments):
    table = tmp_path / "film.csv"
    table.write_text("player,start_ms,end_ms\nearly,,500\nmiddle,900,1100\nlate,1500,\nall,,\n")
    segment = replace(demo_segments[0], start_ms=500.0, end_ms=1500.0)
    assert [region.player for region in read_regions(table).attached(segment).regions] == ["middle", "all"]


def test_a_plan_is_of_the_players_that_a_run_has(run_of_kinds, tmp_path):
    from batcher.plan.prediction import predicted  # noqa: PLC0415
    from batcher.plan.survey import survey  # noqa: PLC0415
    from batcher.run.job import job_of  # noqa: PLC0415

    job = job_of(replace(run_of_kinds, out=tmp_path / "none"))
    found = survey(job)
    expected = [predicted(size, job.run.options, job.artefact) for size in found.sizes]
    rows = load_result(run_of_kinds.out).table("segments").to_pylist()
    masks = {row["segment_id"]: {m: row[f"masks_{m}"] for m in ("text", "audio", "video")} for row in rows}
    assert {s.segment_id: dict(e.masks) for s, e in zip(found.readable, expected, strict=True)} == masks
