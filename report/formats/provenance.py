"""`provenance.json`: what was done, on what, with which settings, as the institute's workers write it."""

import json
from pathlib import Path
from typing import Any, Final

import pyarrow.compute as pc

from batcher.outcome import EXPLAINED
from batcher.store.atomic import replaced
from batcher.store.result import Result
from report.formats.labelled import software

FILE: Final = "provenance.json"
STEPS: Final = {
    "decode": "sound and picture of each segment are decoded, and its text is cut into tokens",
    "encode": "the encoders see every sub-mask of each modality",
    "grid": "the head sees combinations of the three encodings",
    "estimate": "Shapley values, standard errors and shares are estimated",
    "write": "rows are written as Parquet",
}


def write(result: Result, folder: Path) -> list[Path]:
    """Write `provenance.json`: one activity with its steps.

    Args:
        result: an open result.
        folder: an existing one.

    Raises:
        OSError: it can't be written.
    """
    path = folder / FILE
    with replaced(path) as partial:
        partial.write_text(json.dumps([activity(result)], ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return [path]


def activity(result: Result) -> dict[str, Any]:
    """The run. Times of processing are those of all workers together."""
    timings = result.table("timings")
    spent = {step: _milliseconds(timings[f"{step}_s"]) for step in STEPS}
    begun = result.run.get("started_unix")
    status = result.table("segments", ["status"])["status"]
    explained = pc.sum(pc.equal(status, EXPLAINED)).as_py() or 0
    return {
        "activity_name": "mmexplain explain",
        "activity_description": "explains which emotion a model sees in each segment, by Shapley values of its parts",
        "processing_time_ms": sum(spent.values()),
        "start_time_unix": begun,
        "parameters": result.run["config"],
        "software_version": software(result),
        "input_data": {
            "collection": result.run["manifest"],
            "selection": result.run["selection"],
            "artefact": result.run.get("artefact_digest"),
            "model": result.run.get("provenance"),
        },
        "output_data": {"result": str(result.folder.absolute()), "explained": explained, "segments": len(status)},
        "steps": [
            {"activity_name": step, "activity_description": said, "processing_time_ms": spent[step]}
            for step, said in STEPS.items()
        ],
    }


def _milliseconds(seconds: Any) -> int:
    return round(1000 * (pc.sum(seconds).as_py() or 0.0))
