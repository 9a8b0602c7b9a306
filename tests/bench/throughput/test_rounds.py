from types import SimpleNamespace

from bench.throughput import rounds
from bench.throughput.rounds import Way, in_turn


def test_ways_take_turns_and_each_shows_the_round_of_its_median(monkeypatch):
    clock, done = [0.0], []
    monkeypatch.setattr(rounds, "time", SimpleNamespace(perf_counter=lambda: clock[0]))

    def way(name, seconds):
        calls, left = [], iter(seconds)

        def act():
            done.append(name)
            calls.append(f"{name} {len(done)}")
            clock[0] += next(left)
            return len(done)

        return Way(act, calls)

    taken = in_turn({"a": way("a", [3.0, 1.0, 2.0]), "b": way("b", [4.0, 6.0, 5.0])}, 3)
    assert done == ["a", "b"] * 3
    assert (taken["a"].seconds, taken["a"].calls, taken["a"].result) == (2.0, ("a 5",), 5)
    assert (taken["b"].seconds, taken["b"].calls, taken["b"].result) == (5.0, ("b 6",), 6)
