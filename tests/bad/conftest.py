"""One run of the real pipeline over every bad input."""

import json
import re

import pytest

from batcher.run import Run, explain_collection
from batcher.run.events import RowSkipped
from batcher.store.result import load_result
from tests.bad.table import CASES


@pytest.fixture(scope="session")
def bad_run(tmp_path_factory, model, cheap):
    """The run, and what its folder held before."""
    folder = tmp_path_factory.mktemp("bad")
    rows = []
    for number, case in enumerate(CASES):
        place = folder / "media" / f"{number:03}"
        place.mkdir(parents=True)
        columns = case.make(place)
        media = columns["media"]
        rows.append({"segment_id": case.name, **columns, "media": str(place / media), "case": case.name})
    manifest = folder / "manifest.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))
    before = sorted(folder.rglob("*"))
    run = Run(manifest, model, folder / "out", cheap, workers=0, on_bad_row="skip")
    events = []
    explain_collection(run, events.append)
    return run, before, [event for event in events if isinstance(event, RowSkipped)]


@pytest.fixture(scope="session")
def bad_result(bad_run):
    run, *_ = bad_run
    return load_result(run.out)


@pytest.fixture(scope="session")
def left_out(bad_run):
    """What was said of each case whose row was left out, by its name."""
    *_, skipped = bad_run
    return {CASES[int(re.search(r"line (\d+)", event.place)[1]) - 1].name: event.problem for event in skipped}


@pytest.fixture(scope="session")
def bad_rows(bad_result):
    """The row of each case, by its name."""
    return {dict(row["extra"])["case"]: row for row in bad_result.table("segments").to_pylist()}
