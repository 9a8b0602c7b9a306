import numpy as np
import pytest

from batcher.estimators import Explanation, design_kind, estimate, estimator_names, flatten_grid, takes_grid

DESIGNS = (
    np.array([[False, False], [True, True], [True, False]]),
    np.array([[False], [True]]),
    np.zeros((1, 0), dtype=bool),
)
VALUES = np.arange(12.0).reshape(3, 2, 1, 2)
NAMES = (
    "chains",
    "exact",
    "grid-interpolation",
    "grid-interpolation-ard",
    "grid-kernelshap",
    "kernelshap",
    "permutation",
)


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Puts a package on the path that registers estimators."""

    def write(module, source, **registered):
        folder = tmp_path / module
        info = folder / f"{module}-1.0.dist-info"
        info.mkdir(parents=True)
        (folder / f"{module}.py").write_text(source)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        lines = [f"{name} = {module}:{attribute}" for name, attribute in registered.items()]
        (info / "entry_points.txt").write_text("\n".join(["[mmexplain.estimators]", *lines]))
        monkeypatch.syspath_prepend(folder)

    return write


SOURCE = """
import numpy as np
from batcher.estimators import CoalitionEstimator, Explanation, GridEstimator

def seeds(values, designs, seed):
    players = sum(design.shape[1] for design in designs)
    return Explanation(phi=np.full((players, values.shape[-1]), float(seed)))

SEEDS = GridEstimator(run=seeds)
NARROW = GridEstimator(run=lambda values, designs, seed: seeds(values[..., :1], designs, seed))
SHORT = CoalitionEstimator(run=lambda values, coalitions, seed: Explanation(phi=np.zeros((1, 1))))
"""


def test_players_and_values_flatten_in_order_text_audio_video():
    values, coalitions = flatten_grid(VALUES, DESIGNS)
    for row, (j, k) in enumerate((j, k) for j in range(3) for k in range(2)):
        np.testing.assert_array_equal(coalitions[row], [*DESIGNS[0][j], *DESIGNS[1][k]])
        np.testing.assert_array_equal(values[row], VALUES[j, k, 0])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int64])
def test_results_are_float64_whatever_the_values_are(dtype):
    phi = estimate(VALUES.astype(dtype), DESIGNS).phi
    assert phi.dtype == np.float64
    np.testing.assert_array_equal(phi, estimate(VALUES, DESIGNS).phi)


def test_inputs_are_left_as_they_are():
    values, designs = VALUES.copy(), tuple(design.copy() for design in DESIGNS)
    estimate(values, designs)
    np.testing.assert_array_equal(values, VALUES)
    for design, before in zip(designs, DESIGNS, strict=True):
        np.testing.assert_array_equal(design, before)


@pytest.mark.parametrize(
    ("values", "designs", "message"),
    [
        (
            VALUES[:2],
            DESIGNS,
            r"values have shape \(2, 2, 1, 2\), the designs \(3, 2\), .* with K = \(3, 2, 1\)",
        ),
        (VALUES[..., 0], DESIGNS, r"values have shape \(3, 2, 1\)"),
        (VALUES, DESIGNS[:2], "got 2 designs: a grid has three"),
        (VALUES, DESIGNS[0], "'grid-interpolation' takes a grid: give three designs"),
        (VALUES, (DESIGNS[0].astype(int), *DESIGNS[1:]), r"the text design has dtype int64: give bool"),
        (
            VALUES,
            (*DESIGNS[:2], DESIGNS[2][0]),
            r"the video design has shape \(0,\): give \[masks, players\]",
        ),
        (VALUES * np.nan, DESIGNS, "12 of 12 values are NaN or infinite"),
    ],
)
def test_a_grid_that_does_not_fit_is_refused(values, designs, message):
    with pytest.raises(ValueError, match=message):
        estimate(values, designs)


def test_a_list_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"values have shape \(3,\), the design \(3, 2\): .* M = 3"):
        estimate(np.zeros(3), DESIGNS[0], estimator="kernelshap")


def test_an_unknown_estimator_lists_the_valid_names():
    with pytest.raises(ValueError, match=r"unknown estimator 'kernal'; valid names are: " + ", ".join(NAMES)):
        estimate(VALUES, DESIGNS, estimator="kernal")


def test_a_registered_estimator_is_found_and_gets_the_seed(install):
    install("seedy", SOURCE, seeds="SEEDS")
    assert {"seeds", "exact", "kernelshap"} <= set(estimator_names())
    assert (estimate(VALUES, DESIGNS, estimator="seeds", seed=7).phi == 7).all()


def test_a_built_in_name_cannot_be_taken(install):
    install("usurper", SOURCE, **{"grid-interpolation": "SEEDS"})
    assert (estimate(VALUES, DESIGNS, estimator="grid-interpolation", seed=7).phi != 7).all()
    assert estimator_names().count("grid-interpolation") == 1


def test_a_name_registered_twice_is_refused(install):
    install("one", SOURCE, seeds="SEEDS")
    install("two", SOURCE, seeds="SEEDS")
    with pytest.raises(ValueError, match=r"'seeds' is registered more than once \(one:SEEDS, two:SEEDS\)"):
        estimate(VALUES, DESIGNS, estimator="seeds")


def test_a_registered_thing_that_is_no_estimator_is_refused(install):
    install("bare", SOURCE, function="seeds")
    with pytest.raises(TypeError, match=r"'function' \(bare:seeds\) is a function: .* a GridEstimator"):
        estimate(VALUES, DESIGNS, estimator="function")


def test_a_result_for_other_players_is_refused(install):
    install("brief", SOURCE, short="SHORT")
    with pytest.raises(ValueError, match=r"'short' returned phi of shape \(1, 1\) for 2 players"):
        estimate(np.zeros((3, 1)), DESIGNS[0], estimator="short")


def test_a_result_of_other_classes_is_refused(install):
    install("thin", SOURCE, narrow="NARROW")
    with pytest.raises(ValueError, match=r"'narrow' returned phi of shape \(\d, 1\) for \d players and 3 classes"):
        estimate(np.zeros((*map(len, DESIGNS), 3)), DESIGNS, estimator="narrow")


@pytest.mark.parametrize("name", NAMES)
def test_estimators_take_a_grid_or_a_list_and_their_own_kind_of_designs(name):
    assert takes_grid(name) is (name not in ("kernelshap", "permutation"))
    assert design_kind(name) == ("chains" if name == "chains" else "pairs")


def test_an_explanation_is_consistent():
    with pytest.raises(ValueError, match=r"phi has shape \(3,\)"):
        Explanation(phi=np.zeros(3))
    with pytest.raises(ValueError, match=r"se has shape \(2, 1\), phi \(3, 1\)"):
        Explanation(phi=np.zeros((3, 1)), se=np.zeros((2, 1)))
    with pytest.raises(ValueError, match=r"errors have shapes \[\(4, 2, 1\)\], phi \(3, 1\): give \[D, p, C\]"):
        Explanation(phi=np.zeros((3, 1)), se=np.zeros((3, 1)), errors=(np.zeros((4, 2, 1)),))
    with pytest.raises(ValueError, match="and se with them"):
        Explanation(phi=np.zeros((3, 1)), errors=(np.zeros((4, 3, 1)),))
