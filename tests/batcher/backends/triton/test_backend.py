"""A real server of the shipped artefact: what it explains is what ONNX Runtime explains in this process."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from batcher.backends.triton import regions
from batcher.backends.triton.addresses import Addresses
from batcher.backends.triton.backend import TritonBackend
from batcher.decode import clip_of
from batcher.explain import explain_clip
from batcher.grid import Maskable, Slices
from batcher.grid.request import GridRequest
from batcher.options import Options
from batcher.task import Task

PART = Options(masks=16, max_masks=16, video_players="time", grid_points=500)
GROWING = Options(masks=8, max_masks=32, video_players="time", tolerance=10.0)
THREADS = 8
CLOSE = 1e-6


@pytest.fixture(scope="module")
def served_by(model):
    """Opens a backend of servers, which fails at the first failure."""
    opened = []

    def build(*patients):
        hosts = tuple(patient.host for patient in patients)
        opened.append(TritonBackend.load(model, Addresses(hosts, tries=1, timeout_s=60)))
        return opened[-1]

    yield build
    for backend in opened:
        backend.servers.close()


@pytest.fixture(scope="module")
def served(served_by, started_pair):
    return served_by(started_pair[0])


@pytest.fixture(scope="module")
def whole_clips(demo_segments, artefact, model):
    """All clips of the demo."""
    return {segment.segment_id: clip_of(segment, artefact, model) for segment in demo_segments}


@pytest.fixture(scope="module")
def inputs_of(artefact, cheap):
    """What players divide of a clip, with some sub-masks; of others with another seed."""

    def build(clip, masks=4, seed=0):
        task = Task.of(clip, "any", artefact, cheap)
        rng = np.random.default_rng(seed)
        rest = {m: rng.random((masks - 2, n)) < 0.5 for m, n in task.counts.items()}
        return {
            m: Maskable(d.clip, d.player, np.vstack([np.zeros_like(rest[m][:1]), np.ones_like(rest[m][:1]), rest[m]]))
            for m, d in task.divided.items()
        }

    return build


def assert_same(found, expected):
    np.testing.assert_allclose(found.estimate.phi, expected.estimate.phi, rtol=0, atol=CLOSE)
    assert np.abs(expected.estimate.phi).max() > 100 * CLOSE
    assert (found.masks, found.grid_points, found.frames_encoded) == (
        expected.masks,
        expected.grid_points,
        expected.frames_encoded,
    )


def assert_same_logits(found, expected):
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=CLOSE * np.abs(expected).max())


def test_every_clip_of_the_demo_is_explained_as_in_this_process(served, backend, whole_clips, cheap):
    assert len(whole_clips) == 12
    for name, clip in whole_clips.items():
        assert_same(explain_clip(clip, name, served, cheap), explain_clip(clip, name, backend, cheap))


def test_a_part_of_a_grid_is_explained_as_in_this_process(served, backend, whole_clips):
    for name, clip in list(whole_clips.items())[:3]:
        found = explain_clip(clip, name, served, PART)
        assert found.grid_points < math.prod(found.masks.values())
        assert_same(found, explain_clip(clip, name, backend, PART))


def test_a_grid_that_grows_is_explained_as_in_this_process(served, backend, whole_clips):
    for name, clip in list(whole_clips.items())[:3]:
        found = explain_clip(clip, name, served, GROWING)
        assert max(found.masks.values()) > GROWING.masks
        assert_same(found, explain_clip(clip, name, backend, GROWING))


@pytest.mark.parametrize("lost", ["text", "sound", "video"])
def test_a_clip_that_lacks_a_modality_is_explained_as_in_this_process(served, backend, clip, cheap, lost):
    less = replace(clip, **{lost: None})
    found = explain_clip(less, "less", served, cheap)
    assert len(found.modalities) == 2
    assert_same(found, explain_clip(less, "less", backend, cheap))


def test_slices_are_those_that_were_asked_for(model, pair, backend, clip, inputs_of):
    _, server = pair
    inputs, before = inputs_of(clip), server.answered("text_encoder")
    one_each = TritonBackend.load(model, Addresses((server.host,)), slices=Slices(text_masks=1))
    assert_same_logits(one_each.grid(inputs).logits, backend.grid(inputs).logits)
    one_each.servers.close()
    assert server.answered("text_encoder") == before + len(inputs["text"].keep)


def test_logits_are_the_same_through_shared_memory_and_through_grpc_alone(
    served_by, pair, backend, clip, inputs_of, tmp_path, monkeypatch
):
    server, inputs = pair[0], inputs_of(clip)
    with server.client() as client:

        def mapped():
            return len(client.get_system_shared_memory_status().regions)

        before = mapped()
        shared = served_by(server).grid(inputs)
        assert mapped() == before + 1
        # Where the server can't find it.
        monkeypatch.setattr(regions, "FOLDER", tmp_path)
        sent = served_by(server).grid(inputs)
        assert mapped() == before + 1
    np.testing.assert_array_equal(sent.logits, shared.logits)
    assert_same_logits(shared.logits, backend.grid(inputs).logits)
    assert list(tmp_path.iterdir()) == []


def test_a_graph_alone_runs_as_in_this_process(served, backend, clip, inputs_of):
    text, video = (inputs_of(clip)[m] for m in ("text", "video"))
    given = {
        "text_encoder": {"ids": text.clip, "player": text.player, "keep": text.keep},
        "video_frames": {"frames": video.clip[:2], "player": video.player[:2], "keep": video.keep},
    }
    for graph, inputs in given.items():
        (found,), (expected,) = (each.run(graph, **inputs) for each in (served, backend))
        assert_same_logits(found, expected)
    encoded = backend.run("text_encoder", **given["text_encoder"])[0]
    pairs = {"x": encoded, "y": backend.absent["audio"]}
    for found, expected in zip(
        served.run("pairs_text_audio", **pairs), backend.run("pairs_text_audio", **pairs), strict=True
    ):
        assert_same_logits(found, expected)


def test_threads_that_ask_at_once_get_each_their_own(served, backend, clip, inputs_of):
    first, second = (inputs_of(each) for each in (clip, replace(clip, text=None)))
    asked = [first, second, inputs_of(clip, masks=6), inputs_of(clip, seed=1)]
    expected = [backend.grid(inputs).logits for inputs in asked]
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda i: served.grid(asked[i % len(asked)]).logits, range(3 * THREADS)))
    for i, logits in enumerate(found):
        assert_same_logits(logits, expected[i % len(asked)])


def test_a_grid_that_the_server_still_has_costs_what_is_new(served_by, pair, backend, clip, inputs_of):
    _, server = pair
    inputs = inputs_of(clip, masks=6)
    growing, expected = served_by(server).grow(inputs), backend.grow(inputs)
    for each in (growing, expected):
        for modality, masked in inputs.items():
            each.extend(modality, masked.keep[:4])
    first, before = growing.grid(), server.answered("audio_encoder")
    for each in (growing, expected):
        each.extend("text", inputs["text"].keep[4:])
    found = growing.grid()
    assert server.answered("audio_encoder") == before
    assert found.logits.shape[:3] == (6, *first.logits.shape[1:3])
    assert_same_logits(found.logits, expected.grid().logits)


def test_a_grid_that_the_server_forgot_is_right_all_the_same(served_by, pair, backend, clip, inputs_of):
    inputs = inputs_of(clip, masks=8)
    # Each has the sub-masks of every second request, at most.
    one, other = (served_by(patient) for patient in pair)
    growing, expected = one.grow(inputs), backend.grow(inputs)
    for rows in (slice(0, 4), slice(4, 5), slice(5, 6), slice(6, 8)):
        growing._backend, one, other = one, other, one  # noqa: SLF001  # as if the first were out of reach
        for each in (growing, expected):
            for modality, masked in inputs.items():
                each.extend(modality, masked.keep[rows])
        assert_same_logits(growing.grid().logits, expected.grid().logits)


def test_requests_of_one_grid_that_dont_extend_one_another_are_each_right(served_by, pair, backend, clip, inputs_of):
    asked = [
        inputs_of(clip, masks=6),
        inputs_of(clip, masks=6, seed=1),
        inputs_of(clip, masks=4),
        inputs_of(replace(clip, text=None)),
        inputs_of(clip, masks=5),
    ]
    served = served_by(pair[1])
    for inputs in asked:
        answer = served.answer(GridRequest(inputs, Slices(), grid=7))
        assert_same_logits(answer.blocks[0], backend.grid(inputs).logits)


WRONG = {
    "text_player isn't there": {"text_player": None},
    "ids": {"ids": np.zeros(5, np.int32)},
    "text_player is \\[3\\]": {"text_player": np.zeros(3, np.int64)},
    "audio_player": {"audio_player": np.full(6400, 99)},
    "text_keep is": {"text_keep": np.zeros((0, 1), bool)},
    "cells": {"cells": np.array([[0, 1, 0, 1, 0, 99]])},
    "slices": {"slices": np.zeros(7, np.int64)},
}


@pytest.mark.parametrize("message", WRONG)
def test_a_request_that_is_wrong_is_a_value_error_that_names_it_and_isnt_repeated(
    served, pair, clip, inputs_of, message, monkeypatch
):
    arrays = GridRequest(inputs_of(clip), Slices()).arrays() | WRONG[message]
    given = {name: array for name, array in arrays.items() if array is not None}
    monkeypatch.setattr(served.servers, "tries", 3)
    asked = []
    infer = served.servers.each()[0].infer
    monkeypatch.setattr(served.servers.each()[0], "infer", lambda *request: asked.append(1) or infer(*request))
    with pytest.raises(ValueError, match=message) as raised:
        served.servers.infer("explain", given, lambda found: found)
    assert pair[0].host in str(raised.value)
    assert asked == [1]


def test_nothing_is_left_in_shared_memory(served_by, pair, clip, inputs_of, clients_regions):
    before = clients_regions()
    backend = served_by(pair[0])
    backend.grid(inputs_of(clip))
    assert clients_regions() <= before
