"""Which worker gets which unit."""

from dataclasses import replace
from pathlib import Path

import pytest

from batcher.collection import Segment
from batcher.run.attempt import Attempt, Flight, Todo, assigned
from batcher.run.unit import Unit


@pytest.fixture
def units():
    return [
        Unit((Segment(f"{i}a", "a.mp4", Path("a.mp4")), Segment(f"{i}b", "a.mp4", Path("a.mp4")))) for i in range(9)
    ]


def test_every_worker_gets_two_units_in_turn(units):
    given = list(assigned(["x", "y"], [], Todo(iter(units))))
    assert [flight.member for flight in given] == ["x", "y", "x", "y"]
    assert [flight.attempt.unit for flight in given] == units[:4]


def test_no_more_is_taken_from_the_collection_than_workers_have_room_for(units):
    stream = iter(units)
    todo = Todo(stream)
    list(assigned(["x"], [], todo))
    assert next(stream) == units[3]  # two are given out, one is looked at


def test_nobody_gets_anything_where_nobody_lives(units):
    assert list(assigned([], [], Todo(iter(units)))) == []


def test_what_a_gone_worker_had_counts_for_no_other(units):
    flights = [Flight(Attempt(units[0]), "gone"), Flight(Attempt(units[1]), "gone")]
    assert len(list(assigned(["x"], flights, Todo(iter(units[2:]))))) == 2


def test_a_unit_that_a_worker_died_on_has_the_next_to_itself(units):
    # Else the death of one of two segments, each on its last try, would be held against both.
    again = Attempt(units[0], deaths=1)
    todo = Todo(iter(units[3:]))
    todo.add(again)
    busy = [Flight(Attempt(units[1]), "x"), Flight(Attempt(units[2]), "y")]
    assert list(assigned(["x", "y"], busy, todo)) == []  # each still has a unit, and no other overtakes it
    assert list(assigned(["x", "y"], busy[1:], todo)) == [Flight(again, "x"), Flight(Attempt(units[3]), "y")]
    assert list(assigned(["x"], [Flight(again, "x")], todo)) == []


def test_a_unit_that_was_lost_with_a_node_may_share_a_worker(units):
    todo = Todo(iter(()))
    todo.add(Attempt(units[0], losses=1), Attempt(units[1]))
    assert len(list(assigned(["x"], [], todo))) == 2


def test_attempts_are_counted_however_they_end(units):
    attempt = Attempt(units[0], deaths=2, losses=3)
    assert attempt.number == 6
    assert [replace(single, unit=units[0]) for single in attempt.split()] == [attempt, attempt]
    assert [single.unit for single in attempt.split()] == units[0].split()
