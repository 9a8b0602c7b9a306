"""Sizes of calls, measured on graphs whose times are known."""

from collections import Counter
from dataclasses import astuple, replace

import numpy as np
import pytest

from batcher import slices
from batcher.grid.calls import Slices
from batcher.slices import fastest, measure_slices, seconds_of


@pytest.fixture
def clock(monkeypatch):
    """A clock that nothing moves but what is told to."""

    class Clock:
        now = 0.0

    monkeypatch.setattr(slices.time, "perf_counter", lambda: Clock.now)
    return Clock


def taking(clock, seconds):
    """A call that takes seconds(size), and the sizes that it was called with."""
    calls = []

    def call(size):
        calls.append(size)
        clock.now += seconds(size)

    return call, calls


@pytest.mark.parametrize(
    ("seconds", "best"),
    [
        (lambda size: 1e-3 + 1e-3 * size, 16),  # what a call costs is shared
        (lambda size: 1e-3 * size, 1),  # nothing is
        (lambda size: 1e-3 * size**1.5, 1),
        (lambda size: 1e-3 * (4 + size if size <= 4 else 3 * size), 4),  # until it leaves the cache
        (lambda size: 1e-3 * size * (0.98 if size > 2 else 1), 1),  # a gain too small to pay for memory
    ],
)
def test_the_size_that_takes_the_least_for_each_piece_is_found(clock, seconds, best):
    call, _ = taking(clock, seconds)
    assert fastest(call, (1, 2, 4, 8, 16)) == best


def test_no_larger_size_is_tried_than_the_first_that_is_no_faster(clock):
    call, calls = taking(clock, lambda size: 1e-3 * (4 + size if size <= 4 else 3 * size))
    fastest(call, (1, 2, 4, 8, 16))
    assert set(calls) == {1, 2, 4, 8}


def test_work_may_grow_with_the_square_of_a_size(clock):
    call, _ = taking(clock, lambda size: 1e-3 * size**1.5)
    assert fastest(call, (1, 2, 4), power=2) == 4


def test_first_calls_count_where_they_are_long_and_not_where_they_are_short(clock):
    call, calls = taking(clock, lambda _: 1.0)
    fastest(call, (1,))
    assert len(calls) == 1
    call, calls = taking(clock, lambda _: 0.5 if len(calls) == 1 else 1e-3)
    assert seconds_of(lambda: call(1)) == 0.5
    call, calls = taking(clock, lambda _: 0.1 if len(calls) == 1 else 1e-3)
    assert seconds_of(lambda: call(1)) == pytest.approx(1e-3)


class Graphs:
    """A backend that keeps the shapes it is given."""

    def __init__(self, backend, modalities):
        self.backend, self.artefact, self.calls = backend, replace(backend.artefact, modalities=modalities), []

    def run(self, graph, /, **inputs):
        self.calls.append((graph, {name: value.shape for name, value in inputs.items()}))
        if self.artefact.modalities == self.backend.artefact.modalities:
            return self.backend.run(graph, **inputs)
        return []


def test_every_graph_of_the_shipped_model_is_tried(backend, monkeypatch):
    monkeypatch.setattr(slices, "LONG_S", 0.0)
    graphs = Graphs(backend, backend.artefact.modalities)
    found = measure_slices(graphs)
    tried = {"text_encoder", "audio_encoder", "video_frames", "video_encoder", "pairs_text_audio", "head"}
    assert set(Counter(graph for graph, _ in graphs.calls)) == tried
    assert min(astuple(found)) >= 1
    heads = [shapes for graph, shapes in graphs.calls if graph == "head"]
    points = [np.prod([shapes["text_audio"][1], *shapes["text_video"][:2]]) for shapes in heads]
    assert points[:2] == [256, 512]


@pytest.mark.parametrize(
    ("modalities", "graphs"),
    [
        (("text",), {"text_encoder", "head"}),
        (("audio", "video"), {"audio_encoder", "video_frames", "video_encoder", "pairs_audio_video", "head"}),
    ],
)
def test_what_the_model_lacks_isnt_called_and_keeps_its_default(backend, modalities, graphs):
    stub = Graphs(backend, modalities)
    found = measure_slices(stub)
    assert {graph for graph, _ in stub.calls} == graphs
    if "text" not in modalities:
        assert found.text_masks == Slices().text_masks
    if "video" not in modalities:
        assert found.frames == Slices().frames
