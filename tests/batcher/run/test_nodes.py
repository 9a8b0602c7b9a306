"""A cluster of two nodes: one of them dies, or doesn't see the media."""

import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from batcher.options import Options
from batcher.run import Run, explain_collection
from batcher.selection import Selection
from batcher.store.result import load_result
from batcher.store.validate import validate

SLOW = Options(masks=36, max_masks=36)
"""Half a second of work for a segment: long enough for a node to die in."""
SEGMENTS = 12
PATIENCE_S = 180
PROCESSORS = 2
"""Of a node: three workers need both."""
HEALTH = {"health_check_initial_delay_ms": 500, "health_check_period_ms": 500, "health_check_failure_threshold": 3}
"""Ray misses a node in seconds. Its own settings take most of a minute."""


@pytest.fixture(scope="module")
def nodes():
    """A cluster beside that of the other tests: this process starts its nodes, but never joins it."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415  # a second, which tests without Ray needn't wait for

    size = {"num_cpus": PROCESSORS, "object_store_memory": 100 << 20}
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:  # sockets need short paths
        cluster = Cluster()
        cluster.add_node(**size, include_dashboard=False, temp_dir=folder, _system_config=HEALTH)
        cluster.add_node(**size)
        yield cluster
        cluster.shutdown()


@pytest.fixture(scope="module")
def one_process(tmp_path_factory, short_rows, write_manifest, model):
    """The segments, explained by one process."""
    folder = tmp_path_factory.mktemp("one_process")
    rows = [row | {"end_ms": row["start_ms"] + 200} for row in short_rows(SEGMENTS)]
    run = Run(write_manifest(folder / "manifest.jsonl", rows), model, folder / "out", SLOW, workers=0)
    explain_collection(run)
    return run


@pytest.fixture
def start():
    """Start the command on a cluster; it doesn't outlive the test."""
    started = []

    def process(run, cluster, *, workers, cwd=None):
        command = [sys.executable, "-c", "from mmexplain.cli import main; main()", "explain", str(run.manifest)]
        command += ["--model", str(run.artefact), "--out", str(run.out), "--masks", "36", "--max-masks", "36"]
        command += ["--ray-address", cluster.address, "--workers", str(workers), "--log", "json"]
        started.append(
            subprocess.Popen(  # noqa: S603  # our own command
                command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        )
        return started[-1]

    yield process
    for process in started:
        process.kill()
        process.communicate()


def wait(condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def commits(run):
    return list((run.out / "segments").glob("part-*.parquet"))


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="needs a path that each process sees differently")
def test_media_that_a_node_doesnt_see_is_an_error_before_workers_write(
    nodes, start, one_process, segment, tmp_path, write_manifest
):
    (tmp_path / "clip.mp4").symlink_to(segment.path)
    media = "/proc/self/cwd/clip.mp4"  # in the driver's folder, which isn't the workers'
    manifest = write_manifest(tmp_path / "manifest.jsonl", [{"segment_id": "a", "media": media, "text": "a"}])
    run = replace(one_process, manifest=manifest, out=tmp_path / "out")
    driver = start(run, nodes, workers=1, cwd=tmp_path)
    _, errors = driver.communicate(timeout=PATIENCE_S)
    host = socket.gethostname()
    assert f"Ray's node {host} doesn't see {media}; mount it at the same path on every node" in errors
    assert driver.returncode == 2
    assert {path.name for path in run.out.iterdir()} == {".lock", "run.json"}


def test_a_run_survives_the_death_of_a_node(nodes, start, one_process, tmp_path, rows_of):
    run = replace(one_process, out=tmp_path / "out")
    # One process begins, for the slices of every test: rows of two runs differ by theirs, in the last digits.
    explain_collection(replace(run, selection=Selection(limit=1)))
    driver = start(run, nodes, workers=3)
    wait(lambda: len(commits(run)) > 1 or driver.poll() is not None)
    (node,) = nodes.worker_nodes
    nodes.remove_node(node, allow_graceful=False)
    assert len(commits(run)) < SEGMENTS / 2
    _, errors = driver.communicate(timeout=PATIENCE_S)
    assert driver.returncode == 0, errors
    assert rows_of(run.out) == rows_of(one_process.out)
    result = load_result(run.out)
    assert set(Counter(result.table("segments")["segment_id"].to_pylist()).values()) == {1}
    assert validate(result) == []
    assert max(row["attempts"] for row in result.table("timings").to_pylist()) > 1  # the node had had some
