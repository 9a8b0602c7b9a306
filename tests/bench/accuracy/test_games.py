import click
import numpy as np
import pytest

from batcher.designs import draw_design
from bench.accuracy.games import Games, read_grid
from bench.demo import MANIFEST, MODEL

N = (3, 2, 2)


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    designs = [rng.permutation(draw_design(n, 1 << n, seed=0)) for n in N]
    return dict(zip(("text", "audio", "video"), designs, strict=True)) | {"values": rng.random((8, 4, 4))}


@pytest.fixture
def saved(tmp_path, arrays):
    def save(**changed):
        np.savez(tmp_path / "mine.npz", **{k: v for k, v in (arrays | changed).items() if v is not None})
        return tmp_path / "mine.npz"

    return save


def test_a_grid_is_read_whatever_the_order_of_its_sub_masks(saved, arrays):
    game = read_grid(saved())
    for j, k, m in np.ndindex(8, 4, 4):
        coalition = np.concatenate([arrays["text"][j], arrays["audio"][k], arrays["video"][m]])
        assert game.look_up(coalition)[0] == arrays["values"][j, k, m]


def test_of_several_classes_the_one_is_taken_that_all_players_make_likeliest(saved, arrays):
    row = [int(np.flatnonzero(arrays[m].all(axis=1))[0]) for m in ("text", "audio", "video")]
    values = np.stack([arrays["values"], arrays["values"] / 2], axis=-1)
    values[*row] = (0.2, 0.9)
    game = read_grid(saved(values=values))
    assert game.values[-1, -1, -1] == 0.9
    assert game.values.max() <= 0.9


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"audio": None}, "holds no audio"),
        ({"values": np.zeros((8, 4, 8))}, r"shape \(8, 4, 8\) for 8 x 4 x 4 sub-masks"),
        ({"text": draw_design(3, 6, seed=0), "values": np.zeros((6, 4, 4))}, "6 distinct sub-masks in 6 rows.* 8 of 3"),
        ({"video": np.zeros((4, 2), bool)}, "1 distinct sub-masks in 4 rows"),
        ({"video": np.zeros((4, 2))}, r"float64 \(4, 2\); give bool"),
        ({"values": np.full((8, 4, 4), np.nan)}, "aren't finite"),
    ],
)
def test_a_grid_that_is_none_is_refused(changed, said, saved):
    with pytest.raises(click.ClickException, match=said):
        read_grid(saved(**changed))


def test_games_come_in_turn(saved):
    games = Games(synthetic=("independent",), players=(2, 1, 2), grids=(saved(),), clips=0)
    assert [named.name for named in games.made(MODEL, MANIFEST)] == ["independent", "mine"]
