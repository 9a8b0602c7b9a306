"""Runs whose servers are killed, stopped, late or wrong in the middle: every segment is explained once, or says why."""

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from batcher.backends import BackendError
from batcher.backends.choice import BackendChoice
from batcher.backends.triton import servers
from batcher.backends.triton.addresses import Addresses
from batcher.backends.triton.server import Server
from batcher.collection import read_collection
from batcher.decode import clip_of
from batcher.outcome import EXPLAINED, UNAVAILABLE
from batcher.run import Run, explain_collection
from batcher.run.events import Started
from batcher.selection import Selection
from batcher.store.result import load_result
from batcher.store.validate import validate
from triton_models.supervisor import Supervisor

SEGMENTS = 6
ODD = "12345"
"""The first segment's text, which is shorter than any other's."""
LATE_S = 3


@pytest.fixture(scope="module")
def rows(short_rows):
    found = short_rows(SEGMENTS)
    found[0] |= {"text": ODD}
    return found


@pytest.fixture(scope="module")
def in_process(tmp_path_factory, rows, write_manifest, model, cheap):
    """What ONNX Runtime explains here."""
    folder = tmp_path_factory.mktemp("in_process")
    run = Run(write_manifest(folder / "manifest.jsonl", rows), model, folder / "out", cheap, workers=0)
    explain_collection(run)
    return run


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """Pauses of a run in this process are short, and its clips are under way together."""
    monkeypatch.setattr(servers, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(servers, "MOST_PAUSE_S", 0.5)
    monkeypatch.setattr("batcher.run.driver.unit_size", lambda *_: SEGMENTS // 2)


@pytest.fixture
def run_by(in_process, tmp_path):
    """A run by servers."""

    def build(*patients, tries=3, timeout_s=60.0, **changes):
        hosts = tuple(patient.host for patient in patients)
        addresses = Addresses(hosts, tries=tries, timeout_s=timeout_s)
        return replace(
            in_process, out=tmp_path / "out", backend=BackendChoice("triton", addresses=addresses), **changes
        )

    return build


@pytest.fixture
def assert_explained(in_process, rows_of):
    """Every segment is, once, as in this process."""

    def check(run):
        found, expected = rows_of(run.out), rows_of(in_process.out)
        for table in ("segments", "attributions"):
            names = ("segment_id", "modality", "player", "label", "status", "predicted", "audio_masks")
            assert [[row.get(name) for name in names] for row in found[table]] == [
                [row.get(name) for name in names] for row in expected[table]
            ]
        phi, wanted = ([row["phi"] for row in rows["attributions"]] for rows in (found, expected))
        assert phi == pytest.approx(wanted, abs=1e-6, rel=0)
        assert validate(load_result(run.out)) == []

    return check


def statuses(run):
    rows = load_result(run.out).table("segments").to_pylist()
    assert len(rows) == len({row["segment_id"] for row in rows})
    return {row["segment_id"]: (row["status"], row["error"]) for row in rows}


def at_the_start(hurt):
    """Hurts servers when they were tried and the run begins."""

    def on_event(event):
        if isinstance(event, Started):
            hurt()

    return on_event


@pytest.fixture(scope="module")
def supervisor(demo_setup):
    events = []
    with Supervisor(demo_setup(), lambda _: None, events.append) as found:
        found.seen = events
        yield found


@pytest.fixture
def in_the_middle(monkeypatch):
    """Lets the third clip's request wait until something was done."""
    begun, done = threading.Event(), threading.Event()
    infer, asked = Server.infer, []

    def waiting(server, model, arrays):
        if "ids" in arrays:
            asked.append(model)
            if len(asked) == 4:  # the first is the trial's
                begun.set()
                assert done.wait(60)
        return infer(server, model, arrays)

    monkeypatch.setattr(Server, "infer", waiting)
    return begun, done


@pytest.mark.parametrize("process", [None, "explain"])
def test_what_is_killed_in_the_middle_under_a_supervisor_comes_back_and_all_is_explained(
    supervisor, patient_of, run_by, in_the_middle, assert_explained, eventually, process
):
    begun, done = in_the_middle
    killed = patient_of(supervisor)
    with ThreadPoolExecutor(1) as pool:
        finished = pool.submit(explain_collection, run_by(killed, tries=100))
        assert begun.wait(60)
        killed.signal(signal.SIGKILL, process)
        eventually(killed.server.fault)
        done.set()
        eventually(lambda: supervisor.look() or finished.done(), 60)
        summary = finished.result()
    assert (summary.explained, summary.failed) == (SEGMENTS, 0)
    assert supervisor.server is not killed.server
    assert_explained(run_by(killed))


def test_a_graph_whose_process_is_dead_leaves_segments_for_the_start_after_it_was_healed(
    pair, run_by, assert_explained
):
    _, server = pair
    run = run_by(server, tries=2)
    summary = explain_collection(run, at_the_start(lambda: server.signal(signal.SIGKILL, "video_frames")))
    assert (summary.explained, summary.failed) == (0, SEGMENTS)
    for status, error in statuses(run).values():
        assert status == UNAVAILABLE
        assert "after 2 tries" in error
        assert "not healthy" in error
        assert server.host in error
    assert server.says_ready("video_frames")
    server.unload("video_frames")
    server.load("video_frames")
    explain_collection(run)
    assert_explained(run)


def test_a_server_whose_explain_is_dead_ends_the_run_although_it_says_it_is_ready(pair, run_by, assert_explained):
    _, server = pair
    run = run_by(server, tries=2)
    with pytest.raises(BackendError, match=r"no model server answers: .*not healthy.*run the same command again"):
        explain_collection(run, at_the_start(lambda: server.signal(signal.SIGKILL, "explain")))
    assert server.says_ready("explain")
    with pytest.raises(BackendError, match="not healthy"):
        explain_collection(run)
    assert list(run.out.glob("segments/*")) == []
    server.unload("explain")
    server.load("explain")
    explain_collection(run)
    assert_explained(run)


@pytest.mark.parametrize("process", ["explain", None])
def test_requests_of_a_server_that_is_late_go_to_another(pair, run_by, assert_explained, process):
    late, other = pair
    before = other.answered()
    run = run_by(late, other, timeout_s=LATE_S, tries=10)
    try:
        explain_collection(run, at_the_start(lambda: late.signal(signal.SIGSTOP, process)))
    finally:
        late.signal(signal.SIGCONT, process)
    assert_explained(run)
    assert other.answered() >= before + SEGMENTS


@pytest.mark.usefixtures("ray_cluster")
def test_a_worker_of_ray_goes_to_another_server_where_one_refuses(pair, run_by, assert_explained):
    refusing, other = pair
    run = run_by(refusing, other, tries=8, workers=1)
    before = other.answered()
    try:
        explain_collection(run, at_the_start(lambda: refusing.unload("explain")))
    finally:
        refusing.load("explain")
    assert_explained(run)
    assert other.answered() >= before + SEGMENTS


def test_a_server_that_unloaded_the_model_ends_the_run_and_the_next_start_goes_on(pair, run_by, assert_explained):
    _, server = pair
    run = run_by(server, tries=2)
    explain_collection(replace(run, selection=Selection(limit=2)))
    before = statuses(run)
    try:
        with pytest.raises(BackendError, match="no model server answers"):
            explain_collection(run, at_the_start(lambda: server.unload("explain")))
    finally:
        server.load("explain")
    assert statuses(run) == before
    explain_collection(run)
    assert_explained(run)


TAMPERED = """
from dataclasses import replace

def tampered(answer, asked):
    if "text" in asked.clip and len(asked.clip["text"].clip) == {tokens}:
        return replace(answer, blocks=({block},))
    return answer
"""


@pytest.fixture
def tampering(pair, run_by, artefact, model):
    """Has a server answer wrongly of the first segment alone, until it is repaired."""
    _, server = pair
    code = server.setup.repository / "explain" / "1" / "model.py"
    right = code.read_text()

    def rewrite(text):
        if text != code.read_text():
            code.write_text(text)
            server.unload("explain")
            server.load("explain")

    def tamper(block):
        lengths = [len(clip_of(s, artefact, model).text.ids) for s in read_collection(run_by().manifest)]
        assert lengths.count(lengths[0]) == 1
        written = right.replace("answer.arrays()", "tampered(answer, asked).arrays()")
        assert written != right
        rewrite(written + TAMPERED.format(tokens=lengths[0], block=block))

    yield tamper, lambda: rewrite(right)
    rewrite(right)


@pytest.mark.parametrize(
    ("block", "message"),
    [("answer.blocks[0] * float('nan')", "no numbers"), ("answer.blocks[0][1:]", "logits were asked for")],
)
def test_a_clip_that_is_answered_wrongly_is_left_for_the_start_after_the_repair(
    pair, run_by, tampering, rows, assert_explained, block, message
):
    tamper, repair = tampering
    run = run_by(pair[1], tries=3)
    tamper(block)
    summary = explain_collection(run)
    assert (summary.explained, summary.failed) == (SEGMENTS - 1, 1)
    found = statuses(run)
    status, error = found.pop(rows[0]["segment_id"])
    assert status == UNAVAILABLE
    assert "after 3 tries" in error
    assert message in error
    assert set(found.values()) == {(EXPLAINED, None)}
    repair()
    explain_collection(run)
    assert_explained(run)


def test_no_server_at_all_is_3_and_what_is_done_stays(
    pair, run_by, unused_host, mmexplain_in_process, cheap, assert_explained
):
    run = run_by(pair[0])
    explain_collection(replace(run, selection=Selection(limit=2)))
    before = {path: path.read_bytes() for path in run.out.rglob("part-*")}
    code, err = mmexplain_in_process(
        *("explain", run.manifest, "--model", run.artefact, "--out", run.out, "--backend", f"grpc://{unused_host}"),
        *("--masks", cheap.masks, "--max-masks", cheap.max_masks, "--video-players", cheap.video_players),
        *("--workers", 0, "--tries", 2),
    )
    assert code == 3
    assert unused_host in err
    assert "mmexplain serve" in err
    assert {path: path.read_bytes() for path in run.out.rglob("part-*")} == before
    explain_collection(run)
    assert_explained(run)


def test_two_servers_share_the_work(pair, run_by, assert_explained):
    before = [patient.answered() for patient in pair]
    run = run_by(*pair)
    explain_collection(run)
    # One of each is the trial's.
    shares = [patient.answered() - earlier - 1 for patient, earlier in zip(pair, before, strict=True)]
    assert sum(shares) == SEGMENTS
    assert min(shares) >= 1
    assert_explained(run)


def test_where_one_of_two_servers_is_killed_for_good_the_other_explains_all(pair, run_by, assert_explained):
    killed, other = pair
    before = other.answered()
    run = run_by(killed, other)
    summary = explain_collection(run, at_the_start(killed.server.kill))
    assert (summary.explained, summary.failed) == (SEGMENTS, 0)
    assert other.answered() == before + 1 + SEGMENTS
    assert_explained(run)
