import pytest

from bench.demo import MANIFEST, MODEL
from bench.exact_truth import CHECK, ERRORS, measure


@pytest.fixture(scope="module")
def report():
    return measure(MODEL, MANIFEST, masks=(32, 128), seeds=3, coalitions=2)


@pytest.fixture(scope="module", params=["second", "sentence"])
def errors(request, report):
    return {row.K: row for row in report.section(ERRORS).rows if row.cut == request.param}


def test_the_error_falls_with_more_masks(errors):
    assert errors["128"].relative_mean < errors["32"].relative_mean
    assert errors["128"].share_points_mean < errors["32"].share_points_mean


def test_fewer_masks_than_coalitions_are_a_sample_of_one_modality(errors):
    assert errors["32"].sampled == errors["128"].sampled != "none"
    assert errors["32"].relative_mean > 1e-6


def test_all_masks_leave_only_rounding(errors):
    assert errors["all"].sampled == "none"
    assert errors["all"].relative_max <= 1e-6


def test_efficiency_holds_at_every_number_of_masks(errors):
    assert all(row.efficiency_max <= 1e-6 for row in errors.values())


def test_clips_masked_by_hand_have_the_enumerated_values(report):
    rows = report.section(CHECK).rows
    assert len(rows) == 6
    assert all(row.difference <= 1e-5 for row in rows)
