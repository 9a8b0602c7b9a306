import json
import time
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from batcher.backends.onnxruntime import OnnxRuntimeBackend
from batcher.estimators import estimate
from batcher.estimators.rules import is_enumeration
from bench.demo import MANIFEST, MODEL
from bench.estimation import __main__ as command
from bench.estimation import encoders
from bench.estimation.floor import Rates, bytes_of, floor_s, flops_of
from bench.estimation.problem import SIZES, Size, problem_of
from bench.estimation.rows import ENCODERS, STAGES, TOTALS
from bench.estimation.stages import FITTED, explained, stage_calls, timed
from sseft.heads import values_of

SMALL = Size((6, 5, 7), (18, 16, 20))
COUNTED = Size((2, 1, 1), (4, 2, 2))


@pytest.fixture
def short(monkeypatch):
    """Encoders get 4 sub-masks, and the only segment is small."""
    monkeypatch.setattr(encoders, "MASKS", 4)
    return {"small": SMALL}


def test_no_modality_of_a_problem_is_enumerated():
    for size in SIZES.values():
        assert not any(is_enumeration(design) for design in problem_of(size, "grid-interpolation").designs)
    assert sum(SIZES["a sentence"].n) == 40


@pytest.mark.parametrize("estimator", sorted(FITTED))
def test_the_stages_are_those_of_the_estimator(estimator):
    problem = problem_of(SMALL, estimator)
    values = values_of(problem.logits, "softmax")
    phi, _ = stage_calls(problem, estimator)["contraction"]()
    phi = phi + (values[1, 1, 1] - values[0, 0, 0] - phi.sum(axis=0)) / len(phi)
    np.testing.assert_allclose(phi, estimate(values, problem.designs, estimator=estimator).phi, atol=1e-12)


@pytest.mark.parametrize("estimator", ["grid-interpolation", "grid-kernelshap", "chains"])
def test_what_is_timed_is_an_explanation_of_the_predicted_class(estimator):
    problem = problem_of(SMALL, estimator)
    values = values_of(problem.logits, "softmax")
    phi = estimate(values, problem.designs, estimator=estimator).phi[:, values[1, 1, 1].argmax()]
    shares = np.bincount(SMALL.groups, np.abs(phi)) / np.abs(phi).sum()
    np.testing.assert_allclose(explained(problem, estimator).plain, shares, atol=1e-12)
    stages = list(stage_calls(problem, estimator))
    assert (stages[0], stages[-1]) == ("softmax", "shares")


def test_a_call_is_timed_after_one_that_does_not_count():
    waits = iter([0.2, 0.01, 0.03, 0.02])
    found = timed(lambda: time.sleep(next(waits)), 3)
    assert 0.01 <= found.least < found.median < 0.1
    assert next(waits, None) is None


def test_flops_and_bytes_are_those_counted_by_hand():
    # 7 classes of 16 points are 112 values; 4 players need 2 nodes.
    covariances, averages = (4 + 2 + 2) * 112, 3 * 2 * 2 * 112
    residuals = 2 * 2 * 7 * (2 * 2 * 6 + 2 * 2 * 6 + 4 * 6 + 2 * 4 + 4 * 6 + 2 * 4)
    assert flops_of(COUNTED) == covariances + averages + residuals
    assert bytes_of(COUNTED) == 112 * (4 + 8 + 8)
    assert floor_s(COUNTED, Rates(flops_of(COUNTED), bytes_of(COUNTED) / 2)) == pytest.approx(1 + 2)


def test_the_report_sets_the_estimate_beside_the_encoders(short):
    report = command.measure(MODEL, MANIFEST, sizes=short, estimators=("grid-interpolation", "chains"), repeats=2)
    fitted, chains = report.section(TOTALS).rows
    assert fitted.masks == "18 x 16 x 20"
    assert fitted.least_ms <= fitted.median_ms
    assert fitted.over_floor == pytest.approx(fitted.least_ms / fitted.floor_ms)
    assert chains.floor_ms is None
    stages = report.section(STAGES).rows
    assert sum(row.share for row in stages if row.estimator == "chains") == pytest.approx(1)
    (shipped,) = report.section(ENCODERS).rows
    assert shipped.masks == "4 x 4 x 4"
    assert shipped.share == pytest.approx(shipped.estimate_s / shipped.encode_s)
    assert 0 < shipped.estimate_s < shipped.encode_s
    report.print()


def test_the_published_size_is_measured_with_few_masks_and_goes_on_by_the_mask(monkeypatch):
    def explained(_manifest, _backend, options):
        asked.append((options.masks, options.max_masks))
        return SimpleNamespace(seconds={"encode": 2 + 0.5 * options.masks}, masks={"text": 4}, players=())

    asked = []
    monkeypatch.setattr(encoders, "_explained", explained)
    monkeypatch.setattr(OnnxRuntimeBackend, "load", lambda *_, **__: None)
    assert encoders.of_published(MODEL, MANIFEST).encode_s == pytest.approx(2 + 0.5 * 64)
    assert asked[1:] == [(4, 4), (12, 12)]


def test_the_command_writes_its_tables(short, monkeypatch, tmp_path):
    monkeypatch.setattr(command.measure, "__kwdefaults__", command.measure.__kwdefaults__ | {"sizes": short})
    out = tmp_path / "figures.json"
    options = ["--published", str(MODEL), "--estimator", "grid-interpolation", "--repeats", "1", "--json", str(out)]
    monkeypatch.setattr(encoders, "FEW", (2, 4))
    done = CliRunner().invoke(command.main, options)
    assert done.exit_code == 0, done.output
    rows = json.loads(out.read_text())["tables"][ENCODERS]
    assert [row["model"] for row in rows] == ["shipped", "published size"]
    assert rows[1]["estimate_s"] == pytest.approx(json.loads(out.read_text())["tables"][TOTALS][0]["median_ms"] / 1000)


def test_an_artefact_is_given_or_made_but_not_both():
    done = CliRunner().invoke(command.main, ["--published", str(MODEL), "--export"])
    assert done.exit_code == 2
    assert "give one of them" in done.output
