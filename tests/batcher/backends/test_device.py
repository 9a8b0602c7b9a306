"""Arrays that stay on a device, held against numpy bit for bit, on the device that every machine has."""

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession

from batcher.backends.onnxruntime import OnnxRuntimeBackend, device_memory
from batcher.designs import draw_design
from batcher.explain import explain_clip
from batcher.grid import Maskable, Slices
from batcher.grid.device_array import DeviceArray
from batcher.players import players_of

MODALITIES = ("text", "audio", "video")
SUBSETS = [some for size in (1, 2, 3) for some in combinations(MODALITIES, size)]
SMALL = Slices(text_masks=3, audio_masks=2, pictures=7, video_masks=4, pair_masks=5, grid_points=50)


@pytest.fixture(scope="module")
def memory():
    return device_memory("cpu")


@pytest.fixture(scope="module")
def staying(backend, memory):
    """The shipped artefact, its arrays where a GPU's would be."""
    return replace(backend, memory=memory)


@pytest.fixture(scope="module")
def inputs(clip):
    players = players_of(clip, sample_rate_hz=16_000, video="space")
    contents = {"text": clip.text.ids, "audio": clip.sound.wave, "video": clip.video.frames}
    return {m: Maskable(contents[m], p.positions, draw_design(p.n, 10, seed=1)) for m, p in players.items()}


@pytest.fixture(scope="module", params=[("text",), ("audio", "video")], ids="-".join)
def smaller(request, backend):
    """A model of fewer modalities: the shipped one's encoders and pairs, and a linear head."""
    rng, dims = np.random.default_rng(0), backend.artefact.dims
    modalities = request.param
    weights = {m: numpy_helper.from_array(rng.random((dims[m], 7), np.float32), f"to_logits_{m}") for m in modalities}
    if modalities == ("text",):
        terms = {"text": ["K", dims["text"]]}
        nodes = [
            helper.make_node("MatMul", ["text", "to_logits_text"], ["scores"]),
            helper.make_node("Unsqueeze", ["scores", "axes"], ["logits"]),
        ]
        axes = [1, 2]
    else:
        terms = {"audio_video": ["K_A", "K_V", dims["audio"]], "video_audio": ["K_V", "K_A", dims["video"]]}
        nodes = [
            helper.make_node("MatMul", ["audio_video", "to_logits_audio"], ["forth"]),
            helper.make_node("MatMul", ["video_audio", "to_logits_video"], ["scores"]),
            helper.make_node("Transpose", ["scores"], ["back"], perm=[1, 0, 2]),
            helper.make_node("Add", ["forth", "back"], ["both"]),
            helper.make_node("Unsqueeze", ["both", "axes"], ["logits"]),
        ]
        axes = [0]
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in terms.items()]
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["K_T", "K_A", "K_V", 7])
    constants = [*weights.values(), numpy_helper.from_array(np.array(axes), "axes")]
    graph = helper.make_graph(nodes, "head", given, [logits], constants)
    head = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    sessions = backend.sessions | {"head": InferenceSession(head.SerializeToString())}
    return replace(backend, sessions=sessions, absent={m: backend.absent[m] for m in modalities})


def assert_same(found, expected):
    np.testing.assert_array_equal(found.logits, expected.logits)
    assert found.frames_encoded == expected.frames_encoded


@pytest.mark.parametrize("bounds", [Slices(), SMALL], ids=["slices", "small slices"])
@pytest.mark.parametrize("used", SUBSETS, ids="-".join)
def test_a_grid_on_a_device_is_numpys_bit_for_bit(backend, staying, inputs, used, bounds):
    some = {m: inputs[m] for m in used}
    assert_same(replace(staying, slices=bounds).grid(some), replace(backend, slices=bounds).grid(some))


@pytest.mark.parametrize("used", SUBSETS, ids="-".join)
def test_so_is_a_grid_that_grows(backend, staying, inputs, used):
    grids = [one.grow({m: inputs[m] for m in used}) for one in (staying, replace(backend, slices=staying.slices))]
    for rows in (slice(0, 2), slice(2, 7), slice(7, 10)):
        for m in reversed(used):
            if len(keep := inputs[m].keep[rows]):
                for grid in grids:
                    grid.extend(m, keep)
    found, expected = (grid.grid() for grid in grids)
    assert_same(found, expected)


def test_so_is_an_explanation(backend, staying, clip, cheap):
    found, expected = (explain_clip(clip, "a", one, cheap) for one in (staying, backend))
    np.testing.assert_array_equal(found.estimate.phi, expected.estimate.phi)
    np.testing.assert_array_equal(found.p_all, expected.p_all)


def test_between_the_clip_and_the_logits_nothing_but_pictures_comes_to_the_host(staying, inputs, monkeypatch):
    shapes = []
    copy = DeviceArray.__array__

    def noting(self, dtype=None, copy_=None):
        shapes.append(self.shape)
        return copy(self, dtype, copy_)

    monkeypatch.setattr(DeviceArray, "__array__", noting)
    logits = staying.grid(inputs).logits
    frames, d = len(inputs["video"].clip), staying.artefact.dims["video"]
    pictures = [shape for shape in shapes if len(shape) == 3]
    assert sum(K * F for K, F, _ in pictures) == 9 * frames + 1  # one of the ten masks is black
    assert {shape[-1] for shape in pictures} == {d}
    assert sum(np.prod(shape) for shape in shapes if len(shape) == 4) == logits.size
    assert {len(shape) for shape in shapes} == {3, 4}


def test_words_and_sound_are_uploaded_once(staying, inputs, memory, monkeypatch):
    uploaded, upload = [], type(memory).upload
    monkeypatch.setattr(type(memory), "upload", lambda self, array: uploaded.append(array) or upload(self, array))
    replace(staying, slices=SMALL).grid(inputs)
    assert [array.size for array in uploaded] == [inputs[m].clip.size for m in ("text", "audio") for _ in range(2)]


def test_models_of_fewer_modalities_give_the_same_bits(smaller, memory, inputs):
    on_device = replace(smaller, memory=memory)
    for used in (some for some in SUBSETS if set(some) <= smaller.absent.keys()):
        some = {m: inputs[m] for m in used}
        assert_same(on_device.grid(some), smaller.grid(some))
        grids = [one.grow(some) for one in (on_device, smaller)]
        for rows, grid in product((slice(0, 4), slice(4, 10)), grids):
            for m in used:
                if len(keep := some[m].keep[rows]):
                    grid.extend(m, keep)
        assert_same(grids[0].grid(), grids[1].grid())


def test_an_integer_drops_its_axis(memory):
    array = np.random.default_rng(0).random((3, 4, 5), np.float32)
    on_device = memory.upload(array)
    for place in ((slice(None), 0), (-1,), (2, slice(1, 3)), (1, 1, 1)):
        np.testing.assert_array_equal(on_device[place], array[place])
    np.testing.assert_array_equal(on_device[-1], array[-1])
    for place in (3, -4):
        with pytest.raises(IndexError):
            on_device[place]


def test_what_came_to_the_host_outlives_what_was_uploaded(memory):
    array = np.random.default_rng(0).random((50, 40, 30), np.float32)
    copies = [np.asarray(memory.upload(array + i)) for i in range(20)]
    for i, copy in enumerate(copies):
        np.testing.assert_array_equal(copy, array + i)


bounds = st.tuples(st.integers(-9, 9) | st.none(), st.integers(-9, 9) | st.none())


@given(shape=st.tuples(*[st.integers(1, 6)] * 3), spans=st.lists(bounds, min_size=1, max_size=3))
def test_blocks_are_those_of_numpy(memory, shape, spans):
    array = np.random.default_rng(0).random(shape, np.float32)
    place = tuple(slice(*span) for span in spans)
    expected = array[place]
    if not expected.size:
        return  # no call takes nothing
    found = memory.upload(array)[place if len(place) > 1 else place[0]]
    assert isinstance(found, DeviceArray)
    assert found.shape == expected.shape
    assert len(found) == len(expected)
    np.testing.assert_array_equal(found, expected)


@given(lengths=st.lists(st.integers(1, 4), min_size=1, max_size=4), axis=st.integers(0, 1))
def test_joined_arrays_are_those_of_numpy(memory, lengths, axis):
    rng = np.random.default_rng(0)
    arrays = [rng.random((n, 5, 3) if axis == 0 else (5, n, 3), np.float32) for n in lengths]
    found = np.concatenate([memory.upload(array) for array in arrays], axis=axis)
    assert isinstance(found, DeviceArray)
    np.testing.assert_array_equal(found, np.concatenate(arrays, axis=axis))


def test_an_array_of_the_host_is_joined_on_the_device(memory):
    array = np.ones((2, 3, 4), np.float32)
    for pair in ([memory.upload(array), array], [array, memory.upload(array)]):
        assert np.concatenate(pair).shape == (4, 3, 4)


def test_nothing_else_copies_a_devices_array_unasked(memory):
    array = memory.upload(np.ones((2, 3, 4), np.float32))
    with pytest.raises(TypeError, match=r"numpy\.unique"):
        np.unique(array)
    with pytest.raises(IndexError, match="give slices without a step"):
        array[::2]
    with pytest.raises(IndexError, match="give slices without a step"):
        array[np.array([0, 1])]
    with pytest.raises(ValueError, match="leave copy=False out"):
        np.array(array, copy=False)


def test_what_is_there_already_is_neither_cut_nor_joined(memory):
    array = memory.upload(np.ones((2, 3, 4), np.float32))
    assert array[0:2, :] is array
    assert np.concatenate([array]) is array


def test_the_host_has_no_memory_of_its_own(model):
    assert OnnxRuntimeBackend.load(model).memory is None
