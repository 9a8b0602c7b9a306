"""A run in one process: what is explained, what is not, and what the next start makes of it."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from batcher.agreement import Agreement, measure_agreement
from batcher.backends import BackendError
from batcher.backends.choice import BackendChoice
from batcher.collection import CollectionError
from batcher.explain import explain_clip
from batcher.grid.calls import Slices
from batcher.options import Options
from batcher.outcome import EXPLAINED, FAILED, UNAVAILABLE
from batcher.run import ConfigError, Run, explain_collection
from batcher.run.events import Compared, SegmentFailed, Started, UnitDone
from batcher.run.lock import exclusive
from batcher.selection import Selection
from batcher.store.files import Store
from batcher.store.result import load_result
from batcher.store.schema import METADATA_KEY, TABLES
from batcher.store.validate import validate
from export.artefact import ArtefactError

OPENVINO = BackendChoice("openvino")
OPENVINO_BF16 = BackendChoice("openvino", precision="bf16")


@pytest.fixture
def run_of(tmp_path, write_manifest, model, cheap):
    """A run in this process over some manifest rows."""

    def build(rows, **changes):
        manifest = write_manifest(tmp_path / "manifest.jsonl", rows)
        return replace(Run(manifest, model, tmp_path / "out", cheap, workers=0), **changes)

    return build


@pytest.fixture
def broken_rows(short_rows, tmp_path):
    """Eight segments, of which the first two name a file that isn't there, and the last one that is no media."""
    rows = short_rows(8)
    (tmp_path / "text.mp4").write_text("not a film\n" * 100)
    rows[0]["media"] = rows[1]["media"] = str(tmp_path / "later.mp4")
    rows[7]["media"] = "text.mp4"
    return rows


def ids(rows):
    return [row["segment_id"] for row in rows]


def statuses(run):
    rows = load_result(run.out).table("segments").to_pylist()
    assert len(rows) == len({row["segment_id"] for row in rows})
    return {row["segment_id"]: row["status"] for row in rows}


def committed(run):
    """Every file of a result but `run.json`."""
    return {path: path.read_bytes() for path in run.out.rglob("part-*")}


def test_every_segment_has_a_row_with_what_the_manifest_said(run_of, short_rows):
    rows = short_rows(4)
    run = run_of(rows)
    summary = explain_collection(run)
    assert (summary.segments, summary.explained, summary.failures, summary.trained) == (4, 4, (), True)
    found = {row["segment_id"]: row for row in load_result(run.out).table("segments").to_pylist()}
    assert len(found) == 4
    for row in rows:
        stored = found[row["segment_id"]]
        assert {key: stored[key] for key in row.keys() & stored.keys()} == {k: v for k, v in row.items() if k in stored}
        assert stored["label_true"] == row["label"]
        assert stored["extra"] == [("scene", row["scene"])]
    assert validate(load_result(run.out)) == []


def test_every_file_says_which_model_and_options_it_comes_from(finished, artefact):
    described = load_result(finished.out).run
    for path in finished.out.rglob("part-*.parquet"):
        metadata = json.loads(pq.read_schema(path).metadata[METADATA_KEY])
        assert metadata.items() <= described.items()
        assert metadata["artefact_digest"] == artefact.digest
        assert metadata["labels"] == list(artefact.labels)
        assert metadata["config"]["seed"] == 0
        assert metadata["trained"] is True


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(finished, tmp_path, rows_of):
    again = replace(finished, out=tmp_path / "again")
    other = replace(finished, out=tmp_path / "other", options=replace(finished.options, seed=1))
    explain_collection(again)
    explain_collection(other)
    assert rows_of(again.out) == rows_of(finished.out)
    assert rows_of(other.out)["attributions"] != rows_of(finished.out)["attributions"]


def test_rows_dont_depend_on_the_neighbours(finished, tmp_path, rows_of):
    alone = replace(finished, out=tmp_path / "out", selection=Selection(("scene=s2",)))
    explain_collection(alone)
    expected, found = rows_of(finished.out), rows_of(alone.out)
    (segment_id,) = {row["segment_id"] for row in found["segments"]}
    for table, rows in found.items():
        assert rows == [row for row in expected[table] if row["segment_id"] == segment_id]


def test_a_second_start_changes_nothing(run_of, short_rows):
    run = run_of(short_rows(3))
    explain_collection(run)
    before = committed(run)
    events = []
    finished = explain_collection(run, events.append)
    assert finished.explained == 3
    assert committed(run) == before
    assert events == [Started(total=3, done=3, trained=True), finished]


def test_a_manifest_that_grew_is_explained_where_it_grew(run_of, short_rows, finished, rows_of):
    run = run_of(short_rows(2))
    explain_collection(run)
    before = committed(run)
    events = []
    assert explain_collection(run_of(short_rows(3)), events.append).explained == 3
    assert (events[0].total, events[0].done) == (3, 2)
    assert committed(run).items() >= before.items()
    assert rows_of(run.out) == rows_of(finished.out)


def test_leftovers_of_a_unit_that_never_committed_are_explained_again(run_of, short_rows, finished, rows_of):
    run = run_of(short_rows(3))
    explain_collection(run)
    commits = sorted((run.out / "segments").iterdir())
    commits[0].unlink()
    (run.out / "segments" / f"{commits[1].name}.1.tmp").write_bytes(b"half")
    explain_collection(run)
    assert rows_of(run.out) == rows_of(finished.out)
    assert validate(load_result(run.out)) == []


def test_a_start_with_nothing_to_do_removes_leftovers_too(run_of, short_rows):
    run = run_of(short_rows(1))
    explain_collection(run)
    (run.out / "attributions" / "part-x.parquet.1.tmp").write_bytes(b"half")
    explain_collection(run)
    assert validate(load_result(run.out)) == []


def test_failing_segments_are_rows_and_the_others_are_explained(run_of, broken_rows):
    run = run_of(broken_rows)
    events = []
    summary = explain_collection(run, events.append)
    first, second, *middle, last = ids(broken_rows)
    assert statuses(run) == {first: FAILED, second: FAILED, last: FAILED} | dict.fromkeys(middle, EXPLAINED)
    assert (summary.segments, summary.explained, summary.failed) == (8, 5, 3)
    missing, text = summary.failures
    assert missing[1:] == (2, missing[2])
    assert missing[2] in {first, second}
    assert "decode: Media file '...' doesn't exist" in missing[0]
    assert text[1:] == (1, last)
    assert {event.segment_id for event in events if isinstance(event, SegmentFailed)} == {first, second, last}
    done = [event for event in events if isinstance(event, UnitDone)]
    assert (done[-1].done, done[-1].total, done[-1].failed, done[-1].seconds_left) == (8, 8, 3, 0)
    assert validate(load_result(run.out)) == []


def test_lasting_failures_are_tried_again_only_when_asked(run_of, broken_rows, demo_segments, tmp_path):
    run = run_of(broken_rows)
    explain_collection(run)
    shutil.copy(demo_segments[0].path, tmp_path / "later.mp4")
    before = committed(run)
    explain_collection(run)
    assert committed(run) == before
    summary = explain_collection(replace(run, retry_errors=True))
    assert (summary.segments, summary.explained) == (8, 7)
    assert list(statuses(run).values()).count(FAILED) == 1
    # What was explained before is where it was, and the unit that failed as a whole left nothing.
    assert [path for path in before if path.exists() and path.parent.name == "attributions"]
    assert validate(load_result(run.out)) == []


def test_passing_failures_are_tried_again_without_being_asked(run_of, short_rows, finished, rows_of):
    run = run_of(short_rows(3))
    explain_collection(run)
    path = sorted((run.out / "segments").iterdir())[1]
    (row,) = pq.read_table(path, schema=TABLES["segments"]).to_pylist()
    lost = {key: row[key] for key in ("segment_id", "media", "start_ms", "extra")}
    store = Store(run.out, {})
    unit = path.stem.removeprefix("part-")
    store.write_unit(unit, {"segments": [lost | {"status": UNAVAILABLE, "error_stage": "explain", "error": "gone"}]})
    assert UNAVAILABLE in statuses(run).values()
    explain_collection(run)
    assert rows_of(run.out) == rows_of(finished.out)


def test_an_explanation_that_fails_is_a_row(run_of, short_rows):
    run = run_of(short_rows(1), options=Options(estimator="exact", video_players="time"))
    summary = explain_collection(run)
    assert summary.failures[0][0].startswith("explain: ValueError: the segment has # players and '...' takes at")


CHANGES = {
    "seed": {"seed": 1},
    "masks": {"masks": 12},
    "max_masks": {"max_masks": 100},
    "estimator": {"estimator": "exact"},
    "video_players": {"video_players": "space"},
    "classes": {"classes": "all"},
    "tolerance": {"tolerance": 2.0},
}


@pytest.mark.parametrize("key", CHANGES)
def test_rows_of_two_configurations_never_mix(finished, key):
    before = committed(finished)
    with pytest.raises(ConfigError, match=f"another configuration: {key} was .* and is "):
        explain_collection(replace(finished, options=replace(finished.options, **CHANGES[key])))
    with pytest.raises(ConfigError, match="threads was 1 and is 2"):
        explain_collection(replace(finished, backend=BackendChoice(threads=2)))
    assert committed(finished) == before


def test_without_a_tolerance_a_result_is_described_as_before_there_was_one(finished):
    assert "tolerance" not in load_result(finished.out).run["config"]


@pytest.fixture
def measured(monkeypatch):
    """The slices that were measured; each time others."""
    found = []

    def measure(*_):
        found.append(Slices(text_masks=len(found) + 3))
        return found[-1]

    monkeypatch.setattr("batcher.run.measured.measure_slices", measure)
    return found


@pytest.fixture
def slices_used(monkeypatch):
    """The slices by which each segment was explained."""
    used = []

    def explain(clip, segment_id, backend, options):
        used.append(backend.slices)
        return explain_clip(clip, segment_id, backend, options)

    monkeypatch.setattr("batcher.run.worker.explain_clip", explain)
    return used


def test_slices_are_measured_once_for_all_starts(run_of, short_rows, measured, slices_used):
    run = run_of(short_rows(3))
    explain_collection(replace(run, selection=Selection(limit=1)))
    explain_collection(run)
    explain_collection(run)
    assert len(measured) == 1
    assert slices_used == measured * 3
    assert load_result(run.out).run["slices"] == asdict(measured[0])


@pytest.mark.parametrize("damaged", [[1], {"text_mask": 1}])
def test_slices_that_cant_be_read_are_refused(run_of, short_rows, measured, damaged):
    run = run_of(short_rows(1))
    explain_collection(run)
    path = run.out / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"slices": damaged}))
    with pytest.raises(ConfigError, match=r"run.json holds slices that can't be read .*choose another --out"):
        explain_collection(run)
    assert len(measured) == 1


@pytest.fixture
def agreements(monkeypatch):
    """The agreements that were measured; what is appended to the second list is found instead."""
    measured, found = [], []

    def measure(*arguments):
        measured.append(found.pop() if found else measure_agreement(*arguments))
        return measured[-1]

    monkeypatch.setattr("batcher.run.measured.measure_agreement", measure)
    return measured, found


def test_openvino_is_compared_at_the_first_start_with_clips_and_explains_as_onnx_runtime(
    run_of, short_rows, agreements, finished, rows_of
):
    run = run_of(short_rows(3), backend=OPENVINO)
    events = []
    explain_collection(run_of([], backend=OPENVINO))
    explain_collection(replace(run_of(short_rows(3), backend=OPENVINO), selection=Selection(limit=1)))
    explain_collection(run, events.append)
    measured, _ = agreements
    assert [agreement and agreement.clips for agreement in measured] == [None, 1]
    measured.remove(None)
    assert events[0] == Compared("openvino", "fp32", **asdict(measured[0]))
    described = load_result(run.out).run
    assert described["agreement"] == asdict(measured[0])
    assert {"backend": "openvino", "precision": "fp32"}.items() <= described["config"].items()
    assert "openvino" in described["versions"]
    assert validate(load_result(run.out)) == []
    found, expected = ([row["phi"] for row in rows_of(folder)["attributions"]] for folder in (run.out, finished.out))
    assert found == pytest.approx(expected, abs=1e-5)


def test_a_backend_that_differs_too_much_writes_nothing(run_of, short_rows, agreements):
    run = run_of(short_rows(1), backend=OPENVINO_BF16)
    _, found = agreements
    found.append(Agreement(clips=1, value=0.0, attribution=1.4, share=0.0, time=1.0))
    with pytest.raises(
        BackendError, match=r"attribution 1.4 \(at most 0.03\); use --precision fp32, or --backend onnx"
    ):
        explain_collection(run)
    assert committed(run) == {}
    assert explain_collection(replace(run, backend=BackendChoice())).explained == 1


def test_rows_of_two_backends_or_precisions_never_mix(finished, agreements):
    with pytest.raises(ConfigError, match="backend was 'onnxruntime' and is 'openvino'"):
        explain_collection(replace(finished, backend=OPENVINO))
    with pytest.raises(ConfigError, match=r"backend was .*; precision was 'fp32' and is 'bf16'"):
        explain_collection(replace(finished, backend=OPENVINO_BF16))
    assert agreements == ([], [])


def test_a_run_by_onnx_runtime_is_described_as_before_there_was_another_backend(finished, artefact):
    described = load_result(finished.out).run
    assert "agreement" not in described
    assert described["config"] == {
        "artefact": artefact.digest,
        "precision": "fp32",
        "backend": "onnxruntime",
        "device": "cpu",
        "threads": 1,
        "masks": 8,
        "max_masks": 8,
        "estimator": "grid-interpolation",
        "grid_points": "auto",
        "video_players": "time",
        "classes": "predicted",
        "seed": 0,
    }


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        (BackendChoice(precision="bf16"), "precision is 'bf16', and onnxruntime computes this artefact in fp32"),
        (BackendChoice("openvino", "cuda"), "openvino runs on the CPU alone"),
    ],
)
def test_a_backend_that_doesnt_compute_so_is_refused(run_of, short_rows, backend, message):
    run = run_of(short_rows(1), backend=backend)
    with pytest.raises(ConfigError, match=message):
        explain_collection(run)
    assert not run.out.exists()


def test_another_model_never_mixes_in(finished, tmp_path, model, artefact):
    other = shutil.copytree(model, tmp_path / "model")
    replace(artefact, provenance="another").write(other)
    with pytest.raises(ConfigError, match="artefact was "):
        explain_collection(replace(finished, artefact=other))


def test_what_is_no_result_is_left_alone(finished, tmp_path):
    folder, file = tmp_path / "folder", tmp_path / "file"
    folder.mkdir()
    (folder / "thesis.docx").write_text("years of work")
    file.write_text("years of work")
    for place in (folder, file):
        with pytest.raises(ConfigError, match=r"isn't an empty folder and holds no run.json; choose another --out"):
            explain_collection(replace(finished, out=place))
    assert [path.name for path in folder.iterdir()] == ["thesis.docx"]


@pytest.mark.parametrize("content", ["{", "{}", "[]", '{"config": {}}'])
def test_a_run_json_that_cant_be_read_is_refused(finished, tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(ConfigError, match=r"run.json can't be read"):
        explain_collection(replace(finished, out=tmp_path))


def test_an_empty_folder_will_do(finished, tmp_path, rows_of):
    explain_collection(replace(finished, out=tmp_path))
    assert rows_of(tmp_path) == rows_of(finished.out)


def test_nothing_is_written_for_a_collection_or_model_that_cant_be_read(run_of, short_rows, tmp_path):
    twice = short_rows(2) + short_rows(1)
    with pytest.raises(CollectionError, match="repeats the segment_id"):
        explain_collection(run_of(twice))
    with pytest.raises(ArtefactError):
        explain_collection(run_of(short_rows(1), artefact=tmp_path))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(estimator="kernelshap"), "'kernelshap' doesn't take a grid; use grid-interpolation or exact"),
        (Options(masks=1), "masks is 1"),
        (Options(max_masks=1), "max_masks is 1"),
        (Options(tolerance=0.0), "tolerance is 0.0: give percentage points above 0 and up to 100, or none"),
        (Options(tolerance=101.0), "tolerance is 101.0: give percentage points above 0 and up to 100"),
        (Options(tolerance=float("nan")), "tolerance is nan: give percentage points"),
        (
            Options(tolerance=2.0, estimator="exact"),
            "tolerance is 2.0, and the masks of 'exact' can't be added to: leave the tolerance out",
        ),
        (Options(tolerance=2.0, estimator="chains"), "the masks of 'chains' can't be added to"),
    ],
)
def test_options_that_suit_no_segment_are_refused_before_any(run_of, short_rows, options, message):
    run = run_of(short_rows(1), options=options)
    with pytest.raises(ConfigError, match=message):
        explain_collection(run)
    assert not run.out.exists()


def test_an_empty_collection_is_done(run_of):
    run = run_of([])
    assert explain_collection(run).segments == 0
    assert validate(load_result(run.out)) == []


def test_media_are_relative_to_the_manifest(run_of, short_rows, demo_segments, tmp_path, monkeypatch):
    shutil.copy(demo_segments[0].path, tmp_path / "here.mp4")
    monkeypatch.chdir(Path("/"))
    assert explain_collection(run_of([short_rows(1)[0] | {"media": "here.mp4"}])).explained == 1


def test_two_runs_dont_share_a_folder(run_of, short_rows):
    run = run_of(short_rows(1))
    with exclusive(run.out), pytest.raises(ConfigError, match=r"is in use by process \d+ on .*choose another --out"):
        explain_collection(run)
    assert explain_collection(run).explained == 1


def test_a_segment_of_other_media_isnt_taken_for_done(run_of, short_rows, tmp_path, demo_segments):
    rows = short_rows(1)
    explain_collection(run_of(rows))
    shutil.copy(demo_segments[0].path, tmp_path / "other.mp4")
    rows[0]["media"] = str(tmp_path / "other.mp4")
    with pytest.raises(CollectionError, match=r"the manifest has it of .*other.mp4"):
        explain_collection(run_of(rows))


def test_retrying_takes_back_only_what_is_selected(run_of, broken_rows):
    run = run_of(broken_rows)
    explain_collection(run)
    before = statuses(run)
    summary = explain_collection(replace(run, retry_errors=True, selection=Selection(limit=1)))
    assert (summary.segments, summary.failed) == (1, 1)
    assert statuses(run) == before


def test_a_cluster_needs_a_number_of_workers(run_of, short_rows):
    with pytest.raises(ConfigError, match="--ray-address needs --workers"):
        explain_collection(run_of(short_rows(1), ray_address="head:6379", workers=None))
