import matplotlib as mpl
import pytest

mpl.use("Agg")

import shap  # after the backend is chosen
from matplotlib import pyplot as plt

from batcher.store.result import ResultError
from report.explained import find_explained
from report.shap_explanations import collection_to_shap, to_shap


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def test_a_segments_players_add_up_to_its_value(result):
    explained = find_explained(result, "whole")
    for modalities in (("text", "audio", "video"), ("audio",)):
        found = to_shap(explained, modalities=modalities)
        assert found.base_values + found.values.sum() == pytest.approx(explained.contribution["v_all"])
    assert to_shap(explained).base_values == pytest.approx(0.25)


def test_players_are_named_once(result):
    found = to_shap(find_explained(result, "whole"), modalities=("text", "audio"))
    assert found.feature_names[:5] == ["It", "'s", " nice", "!", " It"]
    assert found.feature_names[5] == "1000-1500 ms"
    rows = to_shap(find_explained(result, "whole"), modalities=("video",)).feature_names
    assert rows[6] == "row 1 column 2"


def test_a_word_that_occurs_again_is_another_feature(explained_rows, result_of_rows):
    segment, contribution, players = explained_rows["words"]
    again = [player | {"token": "no"} for player in players]
    found = to_shap(find_explained(result_of_rows({"a": (segment, contribution, again)}), "a"))
    assert found.feature_names == ["no", "no (2)", "no (3)", "no (4)", "no (5)"]
    assert list(found.data) == ["no"] * 5
    assert list(found.display_data) == ["text"] * 5


def test_a_collections_modalities_add_up_too(result):
    found = collection_to_shap(result)
    assert found.values.shape == (2, 3)
    assert found.base_values + found.values.sum(axis=1) == pytest.approx(
        [find_explained(result, name).contribution["v_all"] for name in ("whole", "words")]
    )
    assert found.values[1].tolist() == pytest.approx([0.46, 0, 0])
    assert found.data.tolist() == [[5, 4, 16], [5, 0, 0]]


def test_a_class_that_was_not_explained_is_named(result):
    with pytest.raises(ResultError, match="'fury' isn't explained in segment 'whole', but joy"):
        to_shap(find_explained(result, "whole"), label="fury")
    with pytest.raises(ResultError, match=r"no segment .* of 'fury'; the classes are neutral, joy"):
        collection_to_shap(result, "fury")
    with pytest.raises(ResultError, match="no players of audio"):
        to_shap(find_explained(result, "words"), modalities=("audio",))


@pytest.mark.parametrize("plot", ["bar", "waterfall", "force", "decision"])
def test_shap_draws_a_segment(result, plot):
    found = to_shap(find_explained(result, "whole"))
    if plot == "force":
        shap.plots.force(found, matplotlib=True, show=False)
    elif plot == "decision":
        shap.plots.decision(found.base_values, found.values, feature_names=found.feature_names, show=False)
    else:
        getattr(shap.plots, plot)(found, show=False)
    assert plt.gcf().axes


def test_shap_writes_a_text(result):
    html = shap.plots.text(to_shap(find_explained(result, "whole"), modalities=("text",)), display=False)
    assert "nice" in html


@pytest.mark.parametrize("plot", ["bar", "beeswarm", "violin", "decision", "heatmap", "scatter"])
def test_shap_draws_a_collection(result_of_rows, explained_rows, plot):
    many = {f"{name} {i}": row for i in range(6) for name, row in explained_rows.items()}
    found = collection_to_shap(result_of_rows(many))
    if plot == "decision":
        shap.plots.decision(found.base_values[0], found.values, feature_names=found.feature_names, show=False)
    elif plot == "scatter":
        shap.plots.scatter(found[:, "audio"], show=False)
    else:
        getattr(shap.plots, plot)(found, show=False)
    assert plt.gcf().axes
