import numpy as np
import pytest

from bench.demo import CHECKPOINT
from bench.throughput.blackbox import BlackBox
from bench.throughput.plain_frames import FRAMES, save_plain_frames
from bench.throughput.recorded import GRAPH_STAGES, recorded
from bench.throughput.thesis import evaluations_of_thesis, padded
from sseft.saved import load_model


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The shipped model's FAb-Net, frame by frame."""
    return save_plain_frames(load_model(CHECKPOINT).fabnet, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def coalitions(game):
    return np.random.default_rng(0).random((4, game.p)) < 0.5


def test_a_black_box_gives_the_enumerated_values(plain, backend, game, coalitions):
    others, _ = recorded(backend, {FRAMES: plain})
    np.testing.assert_allclose(BlackBox(others, game)(coalitions), game.look_up(coalitions), atol=1e-5)


def test_a_coalition_runs_each_graph_once_and_every_frame(plain, backend, game, coalitions):
    others, calls = recorded(backend, {FRAMES: plain})
    BlackBox(others, game)(coalitions[:1])
    stages = [call.stage for call in calls]
    assert {stage: stages.count(stage) for stage in GRAPH_STAGES} == dict.fromkeys(GRAPH_STAGES, 1) | {"pairs": 3}
    (frames,) = (call for call in calls if call.stage == FRAMES)
    assert frames.form.graph == plain
    pictures, features = game.contents["video"], 4 * backend.artefact.dims["video"] * len(game.contents["video"])
    positions = game.players["video"].positions
    assert frames.bytes == pictures.nbytes + positions.nbytes + game.n[2] + features


def test_the_thesis_has_every_graph_take_the_longest_clip(plain, backend, game, coalitions):
    limits, (others, calls) = backend.artefact.preprocessing, recorded(backend, {FRAMES: plain})
    BlackBox(others, padded(game, backend.artefact))(coalitions[:1])
    shapes = [(name, shape) for call in calls for name, _, shape in call.form.inputs]
    assert ("ids", (limits.max_tokens,)) in shapes
    assert ("wave", (limits.max_samples,)) in shapes
    assert ("features", (1, limits.max_frames, backend.artefact.dims["video"])) in shapes
    assert sum(shape[0] for name, shape in shapes if name == "frames") == limits.max_frames


def test_padding_follows_the_clip_and_belongs_to_nobody(backend, game):
    longer = padded(game, backend.artefact)
    assert (longer.n, longer.p) == (game.n, game.p)
    for modality, players in game.players.items():
        real = len(players.content)
        np.testing.assert_array_equal(longer.players[modality].content[:real], players.content)
        np.testing.assert_array_equal(longer.players[modality].positions[:real], players.positions)
        assert (longer.players[modality].positions[real:] == -1).all()
    assert (longer.contents["text"][len(game.contents["text"]) :] == backend.artefact.tokens.pad_id).all()


def test_the_thesis_takes_one_permutation_forth_and_back():
    assert evaluations_of_thesis(40) == 81
