import pytest
from matplotlib.colors import to_hex

from report.explained import find_explained
from report.pictures.style import FORMATS, NEGATIVE, POSITIVE
from report.portrait import PICTURES, draw, save_pictures
from report.source import file_name


@pytest.fixture
def figures(result):
    return dict(draw(find_explained(result, "whole"), None, None, unit="probability"))


def test_a_segment_has_the_pictures_that_its_modalities_allow(result, figures):
    assert tuple(figures) == PICTURES
    assert list(dict(draw(find_explained(result, "words"), None, None, unit="probability"))) == ["text"]


def test_the_most_influential_token_is_on_top(figures):
    (axes,) = figures["text"].axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["nice", "!", "It", "It", "'s"]
    drawn = list(axes.patches)
    assert [patch.get_width() for patch in drawn] == pytest.approx([0.3, 0.1, 0.05, 0.02, -0.01])
    assert [to_hex(patch.get_facecolor()) for patch in drawn] == [POSITIVE] * 4 + [NEGATIVE]
    assert axes.yaxis_inverted()


def whiskers(axes):
    (errors,) = [container for container in axes.containers if hasattr(container, "has_yerr")]
    (lines,) = errors.lines[2]
    return [abs(end - start) for (_, start), (_, end) in lines.get_segments()]


def test_whiskers_reach_95_percent(figures):
    assert whiskers(figures["sound"].axes[1]) == pytest.approx([2 * 1.96 * 0.004 * i for i in (1, 2, 3, 4)])


def test_stretches_stand_where_they_are_heard(figures):
    drawn = figures["sound"].axes[1].patches
    assert [patch.get_x() for patch in drawn] == [1000, 1500, 2000, 2500]
    assert [patch.get_width() for patch in drawn] == [500] * 4
    assert [patch.get_height() for patch in drawn] == pytest.approx([0.05, -0.05, 0.05, -0.05])


def test_cells_are_red_and_blue_by_intensity(figures):
    overlay = figures["picture"].axes[1]
    drawn = {(patch.get_x(), patch.get_y()): patch for patch in overlay.patches}
    strongest, weakest = drawn[0.75, 0.75], drawn[0.75, 0.25]
    assert strongest.get_alpha() > drawn[0.5, 0.75].get_alpha() > weakest.get_alpha() > 0
    assert to_hex(strongest.get_facecolor()) == POSITIVE
    assert to_hex(drawn[0.0, 0.0].get_facecolor()) == NEGATIVE
    assert "+0.080\n±0.125" in [text.get_text() for text in overlay.texts]


def test_words_and_sound_stand_side_by_side(figures):
    (axes,) = figures["text-against-sound"].axes
    assert [patch.get_height() for patch in axes.patches[:3]] == pytest.approx([0.01, 0.4, 0.05])
    (line,) = [line for line in axes.lines if len(line.get_xdata()) == 3]
    assert sum(line.get_ydata()) == pytest.approx(0)
    assert "spread evenly" in axes.get_title(loc="left")


def test_a_picture_says_that_there_are_no_standard_errors(result_of_rows, explained_rows):
    segment, contribution, players = explained_rows["whole"]
    bare = [player | {"se": None} for player in players]
    explained = find_explained(result_of_rows({"a": (segment, contribution, bare)}), "a")
    for name, figure in draw(explained, None, None, unit="probability"):
        assert "no standard errors" in figure.get_supxlabel(), name


def test_files_are_written_and_the_same_again(result, tmp_path):
    first, again = (save_pictures(result, "whole", tmp_path / name) for name in ("one", "two"))
    assert [path.name for path in first] == [f"{name}.{kind}" for name in PICTURES for kind in FORMATS]
    for one, other in zip(first, again, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in first if path.suffix == ".png")


@pytest.mark.filterwarnings("error")
def test_any_text_is_drawn(result_of_rows, explained_rows, tmp_path):
    segment, contribution, players = explained_rows["words"]
    strange = ["$x^{", "日本語", "مرحبا", "😀", "a" * 500]
    odd = [player | {"token": token} for player, token in zip(players, strange, strict=True)]
    assert save_pictures(result_of_rows({"$id^{": (segment, contribution, odd)}), "$id^{", tmp_path / "out")


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "x" * 5000, ".hidden", "日本", "a b", "a:b", "..", "."])
def test_names_of_files_are_tame(name):
    tame = file_name(name)
    assert len(tame) < 120
    assert not tame.startswith(".")
    assert all(character.isascii() and (character.isalnum() or character in "_.-") for character in tame)


def test_names_of_files_are_unlike():
    ids = ["a/b", "a_b", "a:b", "a b", "A/B", "A_B", "a_b."]
    assert len({file_name(name).lower() for name in ids}) == len(ids)
    assert file_name("news-0412.mp4_t3") == "news-0412.mp4_t3"


def test_a_long_id_leaves_room_for_its_label(result_of_rows, explained_rows):
    name = "news/" * 60
    explained = find_explained(result_of_rows({name: explained_rows["words"]}), name)
    title = dict(draw(explained, None, None, unit="probability"))["text"].get_suptitle()
    first, second = title.split("\n")
    assert first.startswith("news/news/")
    assert first.endswith("…: joy, 0.60")
    assert second == "share of the words 100% (99% to 101%)"
