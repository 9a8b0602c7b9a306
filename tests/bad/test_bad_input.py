"""What becomes of bad and odd input: every case a row, whatever the others are."""

import re

import pytest

from batcher.outcome import EXPLAINED, FAILED
from batcher.store.schema import TABLES
from batcher.store.validate import validate
from media.modality import MODALITIES
from tests.bad.case import Either, LeftOut, Refused
from tests.bad.table import CASES

TRACES = ("Traceback", 'File "', "\n  ")
A_BUG = re.compile(r"\w+(Error|Exception): ")
"""How an error begins that nobody foresaw."""


def modalities(row):
    return {m for m in MODALITIES if row[f"players_{m}"]}


def check_error(row):
    assert row["status"] == FAILED
    assert not A_BUG.match(row["error"]), "an error that nobody foresaw"
    assert not any(trace in row["error"] for trace in TRACES)
    assert re.search(r"[.;] \w", row["error"]), "no remedy"


@pytest.mark.parametrize("case", CASES, ids=lambda case: ascii(case.name))
def test_it_becomes_what_it_must(case, bad_rows, left_out):
    becomes = case.becomes
    if isinstance(becomes, LeftOut):
        assert case.name not in bad_rows
        assert becomes.problem in left_out[case.name]
        return
    row = bad_rows[case.name]
    if row["status"] != EXPLAINED:
        check_error(row)
        assert not modalities(row)
    if isinstance(becomes, Refused):
        assert row["status"] == FAILED, f"explained by {modalities(row)}"
        assert row["error_stage"] == becomes.stage
        assert becomes.reason in row["error"]
    elif isinstance(becomes, Either):
        assert modalities(row) <= becomes.by
    else:
        assert row["status"] == EXPLAINED, row["error"]
        assert modalities(row) == becomes.by
        assert becomes.cut in (None, row["cut"])


def test_names_of_cases_are_their_own():
    assert len({case.name for case in CASES}) == len(CASES)


def test_the_result_is_valid(bad_result):
    assert validate(bad_result) == []


@pytest.mark.parametrize("table", ["contributions", "attributions"])
def test_no_number_of_an_explanation_is_nan_or_infinite(bad_result, table):
    found = bad_result.table(table)
    for name in found.column_names:
        if name.startswith(("phi", "se", "share", "v_")) and name != "segment_id":
            values = found[name].drop_null().to_numpy()
            assert len(values)
            assert abs(values).max() < 1e6, name


def test_every_segment_is_there_once(bad_result, bad_rows):
    described = sum(not isinstance(case.becomes, LeftOut) for case in CASES)
    assert bad_result.table("segments", ["segment_id"]).num_rows == described == len(bad_rows)


def test_nothing_else_is_left_out(left_out):
    assert left_out.keys() == {case.name for case in CASES if isinstance(case.becomes, LeftOut)}


def test_nothing_is_written_outside_of_the_result(bad_run):
    run, before, _ = bad_run
    folder = run.manifest.parent
    written = [path for path in sorted(folder.rglob("*")) if path not in before]
    assert {path.relative_to(folder).parts[0] for path in written} == {run.out.name}
    allowed = {"run.json", *TABLES}
    inside = {path.relative_to(run.out).parts[0] for path in written if path != run.out}
    assert {name for name in inside if not name.startswith(".")} <= allowed
