"""Which server is asked when, by a clock that only goes while someone sleeps."""

# ruff: noqa: SLF001  # whose turn it is, nobody else says

import threading

import pytest

from batcher.backends import BackendError, UnavailableError
from batcher.backends.triton import servers
from batcher.backends.triton.addresses import Addresses
from batcher.backends.triton.server import MODEL, ServerError
from batcher.backends.triton.servers import Servers

DIGEST = "d" * 64
REQUEST = {"x": 1}


class Clock:
    """Seconds since the start, and who slept how long."""

    def __init__(self):
        self.now, self.slept = 0.0, []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        if seconds:
            self.slept.append(seconds)


class FakeServer:
    """Fails so many times; `empty` is what becomes of a clip that has nothing."""

    def __init__(self, host, _):
        self.host, self.failures, self.empty, self.digest = host, 0, {}, DIGEST
        self.timeout_s = 1.0
        self.asked, self.said, self.wrong = 0, 0, False

    def infer(self, model, arrays, _=None):
        if not arrays:
            assert model == MODEL
            if isinstance(self.empty, Exception):
                raise self.empty
            return self.empty
        self.asked += 1
        if self.failures:
            self.failures -= 1
            raise ServerError(f"{self.host}: out of reach")
        if self.wrong:
            raise ValueError(f"{self.host} refuses the request: wrong")
        return {"host": self.host}

    def served(self):
        self.said += 1
        return {"artefact": self.digest}

    def close(self):
        pass


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(servers, "time", found)
    return found


@pytest.fixture
def build(clock, monkeypatch):  # noqa: ARG001  # by which they pause
    """Servers of these names, and each of them."""
    monkeypatch.setattr(servers, "Server", FakeServer)

    def connect(*hosts, tries=3):
        found = Servers(Addresses(hosts, tries=tries), DIGEST)
        return found, found.each()

    return connect


def ask(found):
    return found.infer("explain", REQUEST, lambda answer: answer["host"])


def test_the_server_with_the_least_to_do_is_asked(build):
    found, _ = build("a", "b", "c")
    with found._turn() as first, found._turn() as second, found._turn() as third, found._turn():
        assert {turn.server.host for turn in (first, second, third)} == {"a", "b", "c"}
        with found._turn() as fifth:
            assert fifth.in_flight == 2
    assert [turn.in_flight for turn in found._turns] == [0, 0, 0]


def test_pauses_double_up_to_the_longest_and_an_answer_forgets_them(build, clock):
    found, (server,) = build("a", tries=10)
    server.failures = 9
    assert ask(found) == "a"
    assert clock.slept == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    server.failures = 1
    assert ask(found) == "a"
    assert clock.slept[9:] == [0.5]


def test_as_many_tries_as_by_default_take_a_minute(build, clock):
    found, (server,) = build("a", tries=Addresses(("a:1",)).tries)
    server.failures = 7
    assert ask(found) == "a"
    assert clock.now == 61.5


def test_another_server_is_asked_at_once(build, clock):
    found, (a, b) = build("a", "b")
    a.failures = 10**6
    assert [ask(found) for _ in range(5)] == ["b"] * 5
    assert clock.slept == []
    assert (a.asked, b.asked) == (1, 5)


def test_a_server_that_failed_is_asked_again_after_its_pause(build, clock):
    found, (a, b) = build("a", "b")
    a.failures = 1
    ask(found)
    clock.now += 0.4
    ask(found)
    assert a.asked == 1
    clock.now += 0.2
    assert ask(found) == "a"
    assert (a.asked, b.asked) == (2, 2)


def test_requests_that_fail_together_count_once(build, clock):
    found, _ = build("a")
    (turn,) = found._turns
    for _ in range(4):
        turn.failed(clock.now)
    assert (turn.failures, turn.free_at) == (1, 0.5)


def test_where_all_pause_the_first_that_may_be_asked_is_waited_for(build, clock):
    found, (a, b) = build("a", "b", tries=5)
    a.failures, b.failures = 2, 1
    assert ask(found) == "b"
    # a fails at 0, b too, a again after half a second; then b is due.
    assert clock.slept == [0.5]
    assert (a.asked, b.asked) == (2, 2)


def test_a_request_is_given_up_for_now_where_a_server_is_alive(build):
    found, (a, b) = build("a", "b", tries=4)
    a.failures = b.failures = 10**6
    a.empty = ServerError("a: dead")
    with pytest.raises(UnavailableError, match=r"after 4 tries, [ab]: out of reach"):
        ask(found)
    assert a.asked + b.asked == 4


def test_the_run_ends_where_no_server_is_alive(build):
    found, (a, b) = build("a", "b", tries=2)
    for server in (a, b):
        server.failures, server.empty = 10**6, ServerError("dead")
    with pytest.raises(BackendError, match=r"no model server answers: [ab]: out of reach.*`mmexplain serve`.*same com"):
        ask(found)


def test_a_wrong_answer_is_asked_for_again(build):
    found, (server,) = build("a")
    answers = iter([KeyError("logits"), ValueError("no numbers"), "right"])

    def read(_):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert found.infer("explain", REQUEST, read) == "right"
    assert server.asked == 3


def test_a_wrong_request_isnt_repeated(build, clock):
    found, (server,) = build("a")
    server.wrong = True
    with pytest.raises(ValueError, match="a refuses the request"):
        ask(found)
    assert (server.asked, clock.slept) == (1, [])
    assert found._turns[0].in_flight == 0


def test_a_server_says_once_what_it_serves_and_again_after_a_failure(build):
    found, (server,) = build("a")
    ask(found)
    ask(found)
    assert server.said == 1
    server.failures = 1
    ask(found)
    assert server.said == 2


def test_a_server_that_came_back_with_another_artefact_ends_the_run(build):
    found, (server,) = build("a")
    ask(found)
    server.failures, server.digest = 1, "e" * 64
    with pytest.raises(BackendError, match=r"a serves another artefact \(eeeeeeeeeeee\) than --model \(dddddddddddd\)"):
        ask(found)


def test_threads_never_lose_count_of_what_is_under_way(build):
    found, _ = build("a", "b")
    threads = [threading.Thread(target=lambda: [ask(found) for _ in range(200)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [turn.in_flight for turn in found._turns] == [0, 0]
    assert sum(server.asked for server in found.each()) == 1600
