"""A real server that is hurt, and what is made of it; and when it is given up."""

import itertools
import os
import signal
from types import SimpleNamespace

import pytest

from batcher.backends import BackendError
from triton_models.events import Broken, Listening
from triton_models.regions import regions_of
from triton_models.supervisor import Supervisor


@pytest.fixture(scope="module")
def supervisor(prepared, check_double):
    events = []
    with Supervisor(prepared(), check_double, events.append) as found:
        found.seen = events
        yield found


@pytest.fixture
def events(supervisor):
    """What is reported during a test."""
    supervisor.seen.clear()
    return supervisor.seen


def test_a_server_that_is_well_is_let_alone(supervisor, events):
    before = supervisor.server
    supervisor.look()
    assert supervisor.server is before
    assert events == []


def test_a_model_whose_process_was_killed_is_right_again(supervisor, events, double, eventually):
    before, url = supervisor.server, supervisor.setup.endpoints.url
    killed, left = before.stubs
    os.kill(killed.pid, signal.SIGKILL)
    eventually(lambda: not killed.alive)
    supervisor.look()
    assert [type(event) for event in events] == [Broken, Listening]
    assert str(killed.pid) in events[0].reason
    assert events[1].url == url
    # Both instances: with one dead, every other request fails.
    assert [double(url, [3]) for _ in range(4)] == [[6]] * 4
    assert not left.alive
    assert regions_of(before.name) == []


def test_a_server_that_was_killed_comes_back_on_the_same_port(supervisor, events, double):
    before, url = supervisor.server, supervisor.setup.endpoints.url
    before.process.kill()
    before.process.wait()
    supervisor.look()
    assert events[0] == Broken("tritonserver ended (SIGKILL)")
    assert (events[1].url, events[1].ports) == (url, supervisor.setup.endpoints.ports)
    assert double(url, [3]) == [6]
    assert not any(stub.alive for stub in before.stubs)
    assert regions_of(before.name) == []


def test_a_server_that_wont_start_again_is_given_up_with_what_it_said(prepared, check_double):
    setup = prepared()
    with Supervisor(setup, check_double, restarts=1) as supervisor:
        code = setup.repository / "double" / "1" / "model.py"
        code.write_text(code.read_text().replace("pass\n", "raise ValueError('the weights are missing')\n"))
        supervisor.server.process.kill()
        supervisor.server.process.wait()
        with pytest.raises(
            BackendError, match="broke 2 times in 600 s, and is given up; last: tritonserver ended"
        ) as raised:
            supervisor.look()
    assert "ValueError: the weights are missing" in str(raised.value)
    assert regions_of(supervisor.server.name) == []


class Fragile:
    """Stands for a server: ends as soon as it is looked at, `lives` times."""

    lives = itertools.repeat(1)

    @classmethod
    def start(cls, setup, check):
        check(setup.endpoints.url)
        return cls()

    def fault(self):
        return "it ended" if next(self.lives, None) else None

    def errors(self):
        return "its last words"

    def kill(self):
        pass

    stop = kill


@pytest.fixture
def fragile(monkeypatch):
    """Supervises a server that ends so many times, so many seconds apart."""

    def build(ends, apart_s, **limits):
        monkeypatch.setattr("triton_models.supervisor.TritonServer", Fragile)
        monkeypatch.setattr(Fragile, "lives", itertools.repeat(1, ends))
        clock = itertools.count(step=apart_s)
        monkeypatch.setattr("triton_models.supervisor.time", SimpleNamespace(monotonic=lambda: next(clock)))
        endpoints = SimpleNamespace(url="grpc://127.0.0.1:1", ports={})
        return Supervisor(SimpleNamespace(endpoints=endpoints), lambda _: None, **limits)

    return build


def test_a_server_that_breaks_too_often_is_given_up(fragile):
    with fragile(4, apart_s=1, restarts=3, window_s=100) as supervisor:
        for _ in range(3):
            supervisor.look()
        with pytest.raises(
            BackendError, match="broke 4 times in 100 s, and is given up; last: it ended\nits last words"
        ):
            supervisor.look()


def test_a_server_that_breaks_now_and_then_is_kept(fragile):
    with fragile(50, apart_s=40, restarts=3, window_s=100) as supervisor:
        for _ in range(50):
            supervisor.look()
        assert supervisor.server.fault() is None
