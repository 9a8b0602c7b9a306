"""Ray's workers: the rows of one process, whoever explains and whoever dies."""

import os
from dataclasses import replace

import pytest

from batcher.backends import BackendError
from batcher.backends.choice import BackendChoice
from batcher.collection import read_collection
from batcher.run import Run, explain_collection
from batcher.run.events import UnitDone
from batcher.run.unit import units_of
from batcher.run.worker import WorkerSetup
from batcher.store.result import load_result
from batcher.store.validate import validate

pytestmark = pytest.mark.usefixtures("ray_cluster")


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
def dying_actor(monkeypatch, tmp_path):
    """Actors that die on the segment that begins with `culprit`; a file keeps each unit that they begin."""
    from batcher.run import ray_workers  # noqa: PLC0415  # a second, which tests without Ray needn't wait for

    begun = tmp_path / "begun"

    def build(culprit, deaths=10**6):
        actor = ray_workers._Actor  # noqa: SLF001  # where the crash belongs

        class Dying(actor):
            def explain(self, unit, clips, attempts):
                ids = [segment.segment_id for segment in unit.segments]
                with begun.open("a") as file:
                    file.write(" ".join(ids) + "\n")
                died = begun.read_text().count(culprit)
                if died <= deaths and any(name.startswith(culprit) for name in ids):
                    self.worker.store.write_unit(unit.unit_id, {"contributions": [], "attributions": []})
                    os._exit(1)  # in the middle of writing
                return super().explain(unit, clips, attempts)

        monkeypatch.setattr(ray_workers, "_Actor", Dying)
        return begun

    return build


@pytest.mark.parametrize("workers", [1, 2])
def test_rows_dont_depend_on_the_workers(nine, tmp_path, rows_of, workers):
    run = replace(nine, out=tmp_path / "out", workers=workers)
    assert explain_collection(run).explained == 9
    assert rows_of(run.out) == rows_of(nine.out)
    assert validate(load_result(run.out)) == []


@pytest.mark.usefixtures("in_units_of_three")
def test_a_unit_whose_worker_died_is_tried_again(nine, tmp_path, rows_of, dying_actor):
    run = replace(nine, out=tmp_path / "out", workers=2)
    begun = dying_actor("04_", deaths=1)
    assert explain_collection(run).explained == 9
    assert rows_of(run.out) == rows_of(nine.out)
    attempts = {row["segment_id"][:2]: row["attempts"] for row in load_result(run.out).table("timings").to_pylist()}
    assert {attempts[name] for name in ("03", "04", "05")} == {2}
    assert begun.read_text().count("04_") == 2


@pytest.mark.usefixtures("in_units_of_three")
def test_a_segment_that_kills_every_worker_takes_no_other_with_it(nine, tmp_path, rows_of, dying_actor, monkeypatch):
    monkeypatch.setattr("batcher.run.ray_workers.ATTEMPTS", 2)
    run = replace(nine, out=tmp_path / "out", workers=2)
    begun = dying_actor("04_")
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
def test_what_workers_did_adds_up_though_one_died_after_its_commit(nine, tmp_path, rows_of, monkeypatch):
    from batcher.run import ray_workers  # noqa: PLC0415  # a second, which tests without Ray needn't wait for

    actor = ray_workers._Actor  # noqa: SLF001  # where the crash belongs

    class Dying(actor):
        def explain(self, unit, clips, attempts):
            report = super().explain(unit, clips, attempts)
            if any(segment.segment_id.startswith("04_") for segment in unit.segments):
                os._exit(1)
            return report

    monkeypatch.setattr(ray_workers, "_Actor", Dying)
    run = replace(nine, out=tmp_path / "out", workers=2)
    events = []
    assert explain_collection(run, events.append).explained == 9
    units = [event.unit for event in events if isinstance(event, UnitDone)]
    assert len(units) == 3
    assert sum(unit.explained for unit in units) == 9
    assert sum(unit.coalitions for unit in units) == sum(row["grid_points"] for row in rows_of(run.out)["segments"])
    encode_s = load_result(run.out).table("timings")["encode_s"].to_pylist()
    assert sum(unit.seconds["encode"] for unit in units) == pytest.approx(sum(encode_s))


def test_a_unit_that_is_tried_again_has_its_worker_to_itself(nine, artefact, tmp_path, monkeypatch):
    # Else the death of one of two segments, each on its last try, would be held against both.
    from batcher.run import ray_workers  # noqa: PLC0415

    class Told:
        def __init__(self):
            self.units, self.explain, self.remote = [], self, self.take

        def take(self, unit, *_):
            self.units.append(unit)
            return object()

    monkeypatch.setattr(ray_workers, "_decode", Told())
    setup = WorkerSetup(nine.artefact, BackendChoice(), nine.options, tmp_path, {})
    workers = ray_workers.RayWorkers(setup, artefact, workers=2)
    fresh = units_of(read_collection(nine.manifest), 1)
    first, second = Told(), Told()
    in_flight = {}

    def fill():
        workers._fill([first, second], in_flight, fresh)  # noqa: SLF001  # who gets what is decided there
        return len(first.units), len(second.units)

    assert fill() == (2, 2)
    again, *_ = in_flight
    workers._queue.append((in_flight.pop(again).unit, 2))  # noqa: SLF001
    assert fill() == (2, 2)  # each still has another unit
    idle = [place for place, attempt in in_flight.items() if attempt.actor is first]
    for place in idle:
        del in_flight[place]
    assert fill() == (3, 2)  # the unit again, and nothing beside it; the second worker is full
    assert first.units[-1] == first.units[0]


def test_a_decoder_that_dies_fails_its_segment_alone(nine, tmp_path, monkeypatch):
    import ray  # noqa: PLC0415

    from batcher.decode import decode  # noqa: PLC0415

    def fragile(segment, artefact, folder):
        if segment.segment_id.startswith("02_"):
            os._exit(1)
        return decode(segment, artefact, folder)

    monkeypatch.setattr("batcher.run.ray_workers._decode", ray.remote(num_cpus=1, max_retries=0)(fragile))
    run = replace(nine, out=tmp_path / "out", workers=1)
    assert explain_collection(run).explained == 8
    rows = load_result(run.out).table("segments").to_pylist()
    (failed,) = [row for row in rows if row["status"] != "explained"]
    assert (failed["segment_id"][:2], failed["error_stage"]) == ("02", "decode")
    assert "decoding crashed" in failed["error"]


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


@pytest.mark.parametrize(("workers", "gpus", "share"), [(1, 1, 1), (1, 8, 1), (8, 8, 1), (2, 1, 1 / 2), (3, 2, 1 / 2)])
def test_workers_share_gpus_so_that_all_find_room(workers, gpus, share):
    from batcher.run.ray_workers import gpu_share  # noqa: PLC0415  # a second, which tests without Ray needn't wait for

    assert gpu_share(workers, gpus) == share
    assert workers <= gpus * int(1 / share)


def test_workers_on_a_device_need_ray_to_find_one(nine, tmp_path, monkeypatch):
    monkeypatch.setattr("batcher.backends.choice.open_graph", lambda *_, **__: None)
    monkeypatch.setattr("batcher.run.measured.open_backend", lambda *_: None)
    with pytest.raises(BackendError, match=r"Ray finds no GPU.*use --workers 0, or --device cpu"):
        explain_collection(replace(nine, out=tmp_path / "out", backend=BackendChoice(device="cuda"), workers=1))
