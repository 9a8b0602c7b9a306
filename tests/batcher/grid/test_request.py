"""Requests and answers as named arrays: what is read is what was written, and what can't be right is named."""

from dataclasses import astuple, fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batcher.grid import Maskable, Slices
from batcher.grid.request import GridAnswer, GridRequest

LENGTHS = {"text": (5,), "audio": (16,), "video": (3, 4, 4)}
CLIPS = {
    "text": np.arange(5),
    "audio": np.linspace(-1, 1, 16, dtype=np.float32),
    "video": np.arange(3 * 3 * 4 * 4, dtype=np.uint8).reshape(3, 3, 4, 4),
}
SLICES = st.builds(Slices, *[st.integers(1, 1 << 20)] * len(fields(Slices)))


def maskable(modality, masks, players=2):
    player = np.arange(np.prod(LENGTHS[modality])).reshape(LENGTHS[modality]) % (players + 1) - 1
    keep = (np.arange(masks * players) % 3 == 0).reshape(masks, players)
    return Maskable(CLIPS[modality], player, keep)


@st.composite
def requests(draw):
    masks = draw(st.dictionaries(st.sampled_from(list(CLIPS)), st.integers(1, 6)))
    clip = {m: maskable(m, masks[m]) for m in CLIPS if m in masks}

    def block(K):
        start = draw(st.integers(0, K - 1))
        return slice(start, draw(st.integers(start + 1, K)))

    axes = [masks.get(m, 1) for m in CLIPS]
    cells = tuple(tuple(block(K) for K in axes) for _ in range(draw(st.integers(0, 3))))
    return GridRequest(clip, draw(SLICES), cells, draw(st.integers(0, (1 << 63) - 1)))


@given(requests())
def test_a_request_that_was_written_is_read(request):
    found = GridRequest.read(request.arrays())
    assert found.clip.keys() == request.clip.keys()
    for modality, masked in request.clip.items():
        for name in ("clip", "player", "keep"):
            wanted, read = (getattr(each, name) for each in (masked, found.clip[modality]))
            np.testing.assert_array_equal(read, wanted)
            assert read.dtype == wanted.dtype
    assert (found.slices, found.cells, found.grid) == (request.slices, request.cells, request.grid)
    assert (found.masks, found.blocks) == (request.masks, request.blocks)


@given(requests(), st.integers(1, 9), st.floats(0, 1e6), st.integers(0, 1 << 40))
def test_an_answer_that_was_written_is_read(request, classes, seconds, frames):
    rng = np.random.default_rng(0)
    blocks = tuple(rng.normal(size=(*shape, classes)).astype(np.float32) for shape in request.blocks)
    found = GridAnswer.read(GridAnswer(blocks, seconds, 2 * seconds, frames).arrays(), request, blocks[0].shape[-1])
    assert len(found.blocks) == len(blocks)
    for read, block in zip(found.blocks, blocks, strict=True):
        np.testing.assert_array_equal(read, block)
    assert (found.encode_s, found.grid_s, found.frames_encoded) == (seconds, 2 * seconds, frames)


def test_what_isnt_said_is_as_by_default():
    request = GridRequest({"text": maskable("text", 4)}, Slices())
    arrays = {name: array for name, array in request.arrays().items() if name not in {"cells", "slices", "grid"}}
    found = GridRequest.read(arrays)
    assert (found.slices, found.cells, found.grid) == (Slices(), (), 0)
    assert found.masks == (4, 1, 1)
    assert found.blocks == ((4, 1, 1),)


def test_nothing_is_a_clip_that_has_nothing():
    found = GridRequest.read({})
    assert (found.clip, found.masks) == ({}, (1, 1, 1))


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("ids", None, r"ids isn't there: give all of ids, text_player, text_keep, or none"),
        ("audio_keep", None, r"audio_keep isn't there: give all of wave, audio_player, audio_keep, or none"),
        ("text_keep", np.zeros((0, 2), bool), r"text_keep is \[0, 2\]: give \[K, n\], K >= 1"),
        ("video_keep", np.zeros(2, bool), r"video_keep is \[2\]: give \[K, n\]"),
        ("text_player", np.zeros(4, np.int64), r"text_player is \[4\], ids \[5\]: give them one length"),
        ("video_player", np.zeros((2, 4, 4), np.int64), r"video_player is \[2, 4, 4\], frames \[3, 3, 4, 4\]"),
        ("audio_player", np.full(16, 2), r"audio_player holds 2 to 2, audio_keep is of 2 players: give -1 where"),
        ("audio_player", np.full(16, -2), r"audio_player holds -2 to -2"),
        ("cells", np.zeros((2, 4), np.int64), r"cells are \[2, 4\]"),
        ("cells", np.array([[0, 2, 0, 3, 0, 5]]), r"cells hold .* the grid is \(2, 3, 4\): give blocks of it"),
        ("cells", np.array([[0, 2, 1, 1, 0, 4]]), r"cells hold"),
        ("cells", np.array([[-1, 2, 0, 3, 0, 4]]), r"cells hold"),
        ("slices", np.array([1, 2, 3]), r"slices \[1, 2, 3\]: give .* 7 positive sizes"),
        ("slices", np.array([1, 1, 1, 1, 1, 1, 0]), r"slices \[1, 1, 1, 1, 1, 1, 0\]"),
    ],
)
def test_a_request_that_is_wrong_is_named(name, array, message):
    clip = {m: maskable(m, masks) for m, masks in {"text": 2, "audio": 3, "video": 4}.items()}
    arrays = GridRequest(clip, Slices()).arrays() | {name: array}
    with pytest.raises(ValueError, match=message):
        GridRequest.read({name: array for name, array in arrays.items() if array is not None})


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("logits", np.zeros((7, 4), np.float32), r"8 points of 4 logits were asked for; it is \[7, 4\]"),
        ("logits", np.zeros(8, np.float32), r"it is \[8\]"),
        ("logits", np.zeros((8, 3), np.float32), r"it is \[8, 3\]"),
        ("cost", np.zeros(2), "8 points of 4 logits were asked for"),
        ("logits", np.full((8, 4), np.nan, np.float32), "no numbers"),
        ("logits", np.full((8, 4), np.inf, np.float32), "no numbers"),
    ],
)
def test_an_answer_that_cant_be_right_is_refused(name, array, message):
    request = GridRequest({"text": maskable("text", 2), "audio": maskable("audio", 4)}, Slices())
    arrays = {"logits": np.zeros((8, 4), np.float32), "cost": np.zeros(3)}
    assert len(GridAnswer.read(arrays, request, 4).blocks) == 1
    with pytest.raises(ValueError, match=message):
        GridAnswer.read(arrays | {name: array}, request, 4)


def test_slices_travel_in_the_order_of_their_fields():
    request = GridRequest({}, Slices(*range(1, 8)))
    assert request.arrays()["slices"].tolist() == list(astuple(request.slices)) == [1, 2, 3, 4, 5, 6, 7]
