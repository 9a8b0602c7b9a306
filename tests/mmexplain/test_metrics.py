"""Metrics, as Prometheus reads them: what they add up to stands in the result's tables."""

import socket
import time
import urllib.request
from urllib.error import URLError

import pytest
from prometheus_client.parser import text_string_to_metric_families

from batcher.outcome import EXPLAINED, UNAVAILABLE
from batcher.run import explain_collection
from batcher.run.events import Finished, SegmentFailed, Started, UnitDone
from batcher.store.result import load_result
from mmexplain.metrics import LOCAL, MetricsError, served

STAGES = ("decode", "encode", "grid", "estimate", "write")


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind((LOCAL, 0))
        return free.getsockname()[1]


@pytest.fixture
def read(port):
    """Reads the metrics: values by name and labels."""

    def read():
        with urllib.request.urlopen(f"http://{LOCAL}:{port}/metrics", timeout=10) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain")
            families = text_string_to_metric_families(answer.read().decode())
            samples = [sample for family in families for sample in family.samples]
        return {" ".join((sample.name, *sample.labels.values())): sample.value for sample in samples}

    return read


@pytest.fixture
def explain(mmexplain, model, tmp_path, port, read, monkeypatch):
    """Runs `explain` with metrics: its exit code, and each event with the metrics after it."""

    def run(manifest, *more):
        seen = []

        def watched(run, on_event):
            def note(event):
                on_event(event)
                seen.append((event, read()))

            return explain_collection(run, note)

        monkeypatch.setattr("mmexplain.verbs.explain.explain_collection", watched)
        given = ["--model", model, "--out", tmp_path / "out", "--workers", 0, "--metrics-port", port]
        code, _, _ = mmexplain("explain", manifest, *given, "--max-masks", 8, "--video-players", "time", *more)
        return code, seen

    return run


@pytest.fixture
def manifest(tmp_path, write_manifest, short_rows):
    """Nine segments, of which two can't be read."""
    rows = short_rows(9)
    rows[2]["media"] = rows[7]["media"] = "gone.mp4"
    return write_manifest(tmp_path / "manifest.jsonl", rows)


def of(seen, kind):
    return [(event, metrics) for event, metrics in seen if isinstance(event, kind)]


def summed(rows, column):
    return sum(row[column] or 0 for row in rows)


def check_against_tables(metrics, out):
    """One start's metrics are the sums of its result's tables."""
    segments, timings = (load_result(out).table(name).to_pylist() for name in ("segments", "timings"))
    explained = sum(row["status"] == EXPLAINED for row in segments)
    assert metrics["mmexplain_segments_explained_total"] == explained
    assert metrics["mmexplain_coalitions_total"] == summed(segments, "grid_points") > 0
    for stage in STAGES:
        spent = summed(timings, f"{stage}_s")
        assert spent > 0
        assert metrics[f"mmexplain_stage_seconds_total {stage}"] == pytest.approx(spent)
    failed = sum(value for name, value in metrics.items() if name.startswith("mmexplain_segments_failed_total "))
    assert failed == len(segments) - explained


def test_at_the_end_they_are_the_sums_of_the_tables(explain, manifest, tmp_path):
    code, seen = explain(manifest, "--keep-going")
    assert code == 0
    ((_, metrics),) = of(seen, Finished)
    check_against_tables(metrics, tmp_path / "out")
    assert metrics["mmexplain_segments_failed_total decode failed"] == 2
    assert metrics["mmexplain_segments"] == metrics["mmexplain_segments_done"] == 9
    assert metrics["mmexplain_seconds_left"] == 0


def test_after_every_commit_they_show_how_far_the_run_is(explain, manifest):
    before = time.time()
    _, seen = explain(manifest)
    ((_, at_start),) = of(seen, Started)
    assert (at_start["mmexplain_segments"], at_start["mmexplain_segments_done"]) == (9, 0)
    assert at_start["mmexplain_seconds_left"] != at_start["mmexplain_seconds_left"]  # NaN: nobody knows yet
    commits = [at_start["mmexplain_last_commit_timestamp_seconds"]]
    coalitions = 0
    for event, metrics in of(seen, UnitDone):
        coalitions += event.unit.coalitions
        assert metrics["mmexplain_segments_done"] == event.done
        assert metrics["mmexplain_seconds_left"] == pytest.approx(event.seconds_left)
        assert metrics["mmexplain_coalitions_total"] == coalitions
        commits.append(metrics["mmexplain_last_commit_timestamp_seconds"])
    assert len(commits) > 2
    assert commits == sorted(commits)
    assert before <= commits[0] < commits[-1] <= time.time()


def test_a_later_start_counts_only_what_it_does_itself(explain, manifest, tmp_path):
    explain(manifest, "--limit", 2)
    ((_, first),) = of(explain(manifest)[1], Finished)
    assert first["mmexplain_segments_done"] == 9
    assert first["mmexplain_segments_explained_total"] == 5
    rows = load_result(tmp_path / "out").table("segments").to_pylist()
    assert 0 < first["mmexplain_coalitions_total"] < summed(rows, "grid_points")


def test_failures_that_pass_are_told_from_those_that_last(port, read):
    with served(LOCAL, port) as count:
        count(SegmentFailed("a", "explain", "no server", UNAVAILABLE))
        count(SegmentFailed("b", "explain", "no words", "failed"))
        count(SegmentFailed("c", "explain", "no server", UNAVAILABLE))
        metrics = read()
    assert metrics["mmexplain_segments_failed_total explain unavailable"] == 2
    assert metrics["mmexplain_segments_failed_total explain failed"] == 1


def test_two_runs_of_a_process_dont_add_up(port, read):
    for _ in range(2):  # on the same port: the first gives it back
        with served(LOCAL, port) as count:
            count(SegmentFailed("a", "decode", "gone", "failed"))
            assert read()["mmexplain_segments_failed_total decode failed"] == 1
    with pytest.raises(URLError, match="refused"):
        read()


def test_without_a_port_nothing_listens(read):
    with served(LOCAL, None) as count:
        count(Started(total=1, done=0, trained=True))
        with pytest.raises(URLError, match="refused"):
            read()


def test_a_port_that_is_taken_is_bad_input(manifest, mmexplain, model, tmp_path, port):
    with served(LOCAL, port):
        given = ["--model", model, "--out", tmp_path / "out", "--metrics-port", port]
        code, _, err = mmexplain("explain", manifest, *given)
    assert code == 2
    assert f"metrics can't be served at {LOCAL}:{port}: Address already in use" in err
    assert "--metrics-port" in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_a_host_that_isnt_this_machine_is_named(host, port):
    with pytest.raises(MetricsError, match=f"at {host}:{port}: .*choose another"), served(host, port):
        pass
