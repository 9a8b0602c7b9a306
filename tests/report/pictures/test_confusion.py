import numpy as np
import pytest

from report.pictures.confusion import draw_confusions
from report.pictures.style import save
from sseft.metrics.classes import ClassFigures

CHOICE = ClassFigures(("joy", "_$x$"), np.array([[3, 1], [0, 0]]))


def test_counts_stand_in_their_cells_and_bars_are_shares_of_the_true_class():
    matrix, bars = draw_confusions({"class": CHOICE}, "t").axes
    texts = {text.get_position(): text.get_text() for text in matrix.texts}
    assert texts == {(0, 0): "3", (1, 0): "1", (0, 1): "0", (1, 1): "0"}
    assert [[bar.get_width() for bar in of_one] for of_one in bars.containers] == [[0.75, 0], [0.25, 0]]
    assert [bar.get_x() for bar in bars.containers[1]] == pytest.approx([0.75, 0])
    assert bars.yaxis_inverted()


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_it_is_written(tmp_path, kind):
    save(draw_confusions({"class": CHOICE, "other": CHOICE}, "t"), tmp_path / f"picture.{kind}")
    assert (tmp_path / f"picture.{kind}").stat().st_size
