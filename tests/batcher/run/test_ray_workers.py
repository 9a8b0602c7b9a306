"""Ray's workers: the rows of one process, whoever explains and whoever dies."""

import json
import os
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from batcher.backends import BackendError
from batcher.backends.choice import BackendChoice
from batcher.decode import decode
from batcher.explain import explain_clip
from batcher.run import Run, explain_collection
from batcher.run.actor import ClipLostError
from batcher.run.events import UnitDone
from batcher.run.worker import Worker, WorkerSetup
from batcher.store.result import load_result
from batcher.store.validate import validate
from export.artefact import ArtefactError

pytestmark = pytest.mark.usefixtures("ray_cluster")

FOR_EVER_S = 600


@pytest.fixture(scope="module")
def nine(tmp_path_factory, short_rows, write_manifest, model, cheap):
    """Nine segments, explained by one process."""
    folder = tmp_path_factory.mktemp("nine")
    run = Run(write_manifest(folder / "manifest.jsonl", short_rows(9)), model, folder / "out", cheap, workers=0)
    explain_collection(run)
    return run


@pytest.fixture
def in_units_of_three(monkeypatch):
    monkeypatch.setattr("batcher.run.driver.unit_size", lambda *_: 3)


@pytest.fixture
def run_with(monkeypatch):
    """Have runs explain or decode by something else."""
    from batcher.run import ray_workers  # noqa: PLC0415  # a second, which tests without Ray needn't wait for

    def replaced(**injected):
        monkeypatch.setattr(ray_workers, "RayWorkers", partial(ray_workers.RayWorkers, **injected))

    return replaced


@pytest.fixture
def begun(tmp_path):
    """A file that keeps each unit which dying workers begin."""
    return tmp_path / "begun"


@pytest.fixture
def dying(begun):
    """A kind of worker that dies on the segment that begins with `culprit`."""

    def build(culprit, deaths=10**6):
        class Dying(Worker):
            def explain_unit(self, unit, decoded, attempts):
                ids = [segment.segment_id for segment in unit.segments]
                with begun.open("a") as file:
                    file.write(" ".join(ids) + "\n")
                died = begun.read_text().count(culprit)
                if died <= deaths and any(name.startswith(culprit) for name in ids):
                    self.store.write_unit(unit.unit_id, {"contributions": [], "attributions": []})
                    os._exit(1)  # in the middle of writing
                return super().explain_unit(unit, decoded, attempts)

        return Dying

    return build


@pytest.mark.parametrize("workers", [1, 2])
def test_rows_dont_depend_on_the_workers(nine, tmp_path, rows_of, workers):
    run = replace(nine, out=tmp_path / "out", workers=workers)
    assert explain_collection(run).explained == 9
    assert rows_of(run.out) == rows_of(nine.out)
    assert validate(load_result(run.out)) == []


@pytest.mark.usefixtures("in_units_of_three")
def test_a_unit_whose_worker_died_is_tried_again(nine, tmp_path, rows_of, run_with, dying, begun):
    run = replace(nine, out=tmp_path / "out", workers=2)
    run_with(worker=dying("04_", deaths=1))
    assert explain_collection(run).explained == 9
    assert rows_of(run.out) == rows_of(nine.out)
    attempts = {row["segment_id"][:2]: row["attempts"] for row in load_result(run.out).table("timings").to_pylist()}
    assert {attempts[name] for name in ("03", "04", "05")} == {2}
    assert begun.read_text().count("04_") == 2


@pytest.mark.usefixtures("in_units_of_three")
def test_a_segment_that_kills_every_worker_takes_no_other_with_it(
    nine, tmp_path, rows_of, run_with, dying, begun, monkeypatch
):
    monkeypatch.setattr("batcher.run.ray_workers.ATTEMPTS", 2)
    run = replace(nine, out=tmp_path / "out", workers=2)
    run_with(worker=dying("04_"))
    summary = explain_collection(run)
    assert (summary.segments, summary.explained) == (9, 8)
    assert summary.failures[0][0].startswith("worker: the worker died # times on this segment")
    assert begun.read_text().count("04_") == 3
    expected, found = rows_of(nine.out), rows_of(run.out)
    for table, rows in found.items():
        innocent = [row for row in rows if not row["segment_id"].startswith("04_")]
        assert innocent == [row for row in expected[table] if not row["segment_id"].startswith("04_")]
    assert validate(load_result(run.out)) == []


@pytest.mark.usefixtures("in_units_of_three")
def test_what_workers_did_adds_up_though_one_died_after_its_commit(nine, tmp_path, rows_of, run_with):
    class Dying(Worker):
        def explain_unit(self, unit, decoded, attempts):
            report = super().explain_unit(unit, decoded, attempts)
            if any(segment.segment_id.startswith("04_") for segment in unit.segments):
                os._exit(1)
            return report

    run = replace(nine, out=tmp_path / "out", workers=2)
    events = []
    run_with(worker=Dying)
    assert explain_collection(run, events.append).explained == 9
    units = [event.unit for event in events if isinstance(event, UnitDone)]
    assert len(units) == 3
    assert sum(unit.explained for unit in units) == 9
    assert sum(unit.coalitions for unit in units) == sum(row["grid_points"] for row in rows_of(run.out)["segments"])
    encode_s = load_result(run.out).table("timings")["encode_s"].to_pylist()
    assert sum(unit.seconds["encode"] for unit in units) == pytest.approx(sum(encode_s))


def test_a_decoder_that_dies_fails_its_segment_alone(nine, tmp_path, run_with):
    def fragile(segments, artefact, folder):
        for segment in segments:
            if segment.segment_id.startswith("02_"):
                os._exit(1)
            yield decode(segment, artefact, folder)

    run_with(decode=fragile)
    run = replace(nine, out=tmp_path / "out", workers=1)
    assert explain_collection(run).explained == 8
    rows = load_result(run.out).table("segments").to_pylist()
    (failed,) = [row for row in rows if row["status"] != "explained"]
    assert (failed["segment_id"][:2], failed["error_stage"]) == ("02", "decode")
    assert "decoding crashed" in failed["error"]


@pytest.mark.usefixtures("in_units_of_three")
def test_of_segments_that_one_process_decodes_only_the_one_that_hangs_fails(nine, tmp_path, rows_of, run_with):
    tried = tmp_path / "tried"
    files = nine.out.parent / "one.mp4"
    rows = [json.loads(line) | {"media": str(files)} for line in nine.manifest.read_text().splitlines()]
    first = json.loads(nine.manifest.read_text().splitlines()[0])["media"]
    files.write_bytes(Path(nine.manifest.parent / first).read_bytes())
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def hanging(segments, artefact, folder):
        with tried.open("a") as file:
            file.write(f"{len(segments)}\n")
        for segment in segments:
            if segment.segment_id.startswith("04_"):
                time.sleep(FOR_EVER_S)
            yield decode(segment, artefact, folder)

    alone = replace(nine, manifest=manifest, out=tmp_path / "alone", workers=0)
    explain_collection(alone)
    run_with(decode=hanging, hang_s=5.0)
    run = replace(alone, out=tmp_path / "out", workers=1)
    assert explain_collection(run).explained == 8
    expected, found = rows_of(alone.out)["segments"], rows_of(run.out)["segments"]
    assert [row for row in found if row["status"] == "explained"] == [
        row for row in expected if not row["segment_id"].startswith("04_")
    ]
    (failed,) = [row for row in found if row["status"] != "explained"]
    assert (failed["segment_id"][:2], failed["error_stage"]) == ("04", "decode")
    assert sorted(tried.read_text().split()) == ["1", "1", "1", "1", "3", "3", "3"]  # Ray itself tries one twice


def test_a_unit_whose_clip_is_lost_is_decoded_again(nine, tmp_path, rows_of, run_with):
    lost = tmp_path / "lost"

    class Losing(Worker):
        def explain_unit(self, unit, decoded, attempts):
            if unit.segments[0].segment_id.startswith("02_") and not lost.exists():
                lost.touch()
                raise ClipLostError("its node died")
            return super().explain_unit(unit, decoded, attempts)

    run_with(worker=Losing)
    run = replace(nine, out=tmp_path / "out", workers=1)
    assert explain_collection(run).explained == 9
    assert rows_of(run.out) == rows_of(nine.out)
    attempts = {row["segment_id"][:2]: row["attempts"] for row in load_result(run.out).table("timings").to_pylist()}
    assert {name: number for name, number in attempts.items() if number > 1} == {"02": 2, "03": 2}


def test_a_clip_that_is_lost_every_time_is_left_to_the_next_start(nine, tmp_path, rows_of, run_with, monkeypatch):
    class Losing(Worker):
        def explain_unit(self, unit, decoded, attempts):
            if unit.segments[0].segment_id.startswith("02_"):
                raise ClipLostError("its node died")
            return super().explain_unit(unit, decoded, attempts)

    monkeypatch.setattr("batcher.run.ray_workers.LOSSES", 2)
    run_with(worker=Losing)
    run = replace(nine, out=tmp_path / "out", workers=1)
    summary = explain_collection(run)
    assert summary.explained == 7
    assert summary.failures[0][0] == "worker: the worker or the clip was lost # times with its node: its node died"
    assert explain_collection(replace(run, workers=0)).explained == 9
    assert rows_of(run.out) == rows_of(nine.out)


class UnpicklableError(Exception):
    """Can be neither sent nor made anew."""

    def __init__(self, reason, *, lock):
        super().__init__(reason)
        self.lock = lock


@pytest.mark.usefixtures("in_units_of_three")
def test_errors_that_cant_be_sent_cost_their_own_segments_at_most(nine, tmp_path, rows_of, run_with):
    """One in explaining segment 01, one of every unit with segment 04, one after the commit of 06 to 08."""

    class Breaking(Worker):
        def explain_unit(self, unit, decoded, attempts):
            def explain(clip, segment_id, *more):
                if segment_id.startswith("01_"):
                    raise UnpicklableError("odd", lock=threading.Lock())
                return explain_clip(clip, segment_id, *more)

            ids = {segment.segment_id[:2] for segment in unit.segments}
            if "04" in ids:
                raise UnpicklableError("broke", lock=threading.Lock())
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("batcher.run.worker.explain_clip", explain)
                report = super().explain_unit(unit, decoded, attempts)
            if "06" in ids:
                raise UnpicklableError("too late", lock=threading.Lock())
            return report

    run_with(worker=Breaking)
    run = replace(nine, out=tmp_path / "out", workers=2)
    assert explain_collection(run).explained == 7
    assert validate(load_result(run.out)) == []
    expected, found = rows_of(nine.out)["segments"], rows_of(run.out)["segments"]
    assert [row for row in found if row["status"] == "explained"] == [
        row for row in expected if row["segment_id"][:2] not in {"01", "04"}
    ]
    failed = {row["segment_id"][:2]: (row["error_stage"], row["error"]) for row in found if row["error"]}
    assert failed == {
        "01": ("explain", "UnpicklableError: odd"),
        "04": ("worker", "UnpicklableError: broke"),
    }
    attempts = {row["segment_id"][:2]: row["attempts"] for row in load_result(run.out).table("timings").to_pylist()}
    assert {name: number for name, number in attempts.items() if number > 1} == {"03": 2, "04": 2, "05": 2}


def test_a_model_that_is_gone_when_a_process_begins_to_decode_ends_the_run(nine, tmp_path, rows_of, run_with):
    def unplugged(segments, artefact, folder):
        for segment in segments:
            yield decode(segment, artefact, tmp_path / "gone" if segment.segment_id.startswith("04_") else folder)

    run_with(decode=unplugged)
    run = replace(nine, out=tmp_path / "out", workers=1)
    with pytest.raises(
        ArtefactError, match=r"gone/tokenizer.json can't be read any more .*Put the model's folder back"
    ):
        explain_collection(run)
    assert {row["status"] for row in rows_of(run.out)["segments"]} <= {"explained"}
    explain_collection(replace(run, workers=0))
    assert rows_of(run.out) == rows_of(nine.out)


@pytest.mark.usefixtures("in_units_of_three")
def test_the_others_go_on_while_a_dead_worker_is_replaced(nine, tmp_path, rows_of, run_with, dying, begun):
    made = tmp_path / "made"

    class Slow(dying("04_", deaths=1)):
        def __init__(self, setup):
            with made.open("a") as file:
                file.write("one\n")
            if made.read_text().count("one") > 2:
                time.sleep(FOR_EVER_S)
            super().__init__(setup)

    run_with(worker=Slow)
    run = replace(nine, out=tmp_path / "out", workers=2)
    assert explain_collection(run).explained == 9
    assert rows_of(run.out) == rows_of(nine.out)
    assert begun.read_text().count("04_") == 2


@pytest.mark.usefixtures("in_units_of_three")
def test_a_run_whose_last_worker_cant_be_replaced_ends(nine, tmp_path, run_with, dying):
    made = tmp_path / "made"

    class Once(dying("04_")):
        def __init__(self, setup):
            if made.exists():
                raise ValueError("no memory is left")
            made.touch()
            super().__init__(setup)

    run_with(worker=Once)
    run = replace(nine, out=tmp_path / "out", workers=1)
    with pytest.raises(BackendError, match=r"(?s)no worker is left, and none can start.*no memory is left"):
        explain_collection(run)
    assert explain_collection(replace(run, workers=0)).explained == 9


def test_workers_that_cant_start_are_an_error_of_the_run(artefact, tmp_path, cheap):
    from batcher.run.ray_workers import RayWorkers  # noqa: PLC0415

    setup = WorkerSetup(tmp_path / "no-model", BackendChoice(), cheap, tmp_path, {})
    with pytest.raises(BackendError, match="a worker can't start"):
        list(RayWorkers(setup, artefact, workers=1).run(iter([])))
    assert not list(tmp_path.iterdir())


def test_workers_that_leave_no_processor_for_decoding_are_refused(nine, tmp_path):
    # They would wait for clips, and the clips for a processor, for ever.
    with pytest.raises(BackendError, match=r"99 workers of 1 threads leave none of Ray's \d+ processors for decoding"):
        explain_collection(replace(nine, out=tmp_path / "out", workers=99))


def test_workers_on_a_device_need_ray_to_find_one(nine, tmp_path, monkeypatch):
    monkeypatch.setattr("batcher.backends.choice.open_graph", lambda *_, **__: None)
    monkeypatch.setattr("batcher.run.measured.open_backend", lambda *_: None)
    with pytest.raises(BackendError, match=r"Ray finds no GPU.*use --workers 0, or --device cpu"):
        explain_collection(replace(nine, out=tmp_path / "out", backend=BackendChoice(device="cuda"), workers=1))
