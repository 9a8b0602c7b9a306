"""The payload of a DANE Result, for each media file: what the archive's index keeps of it.

https://github.com/CLARIAH/DANE; keys of an item are `<programID>__<carrierID>`.
"""

import json
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds

from batcher.outcome import EXPLAINED
from batcher.store.atomic import replaced
from batcher.store.result import Result
from report.formats.labelled import SOFTWARE, Labelled, labelled_segments
from report.source import file_name


def write(result: Result, folder: Path) -> list[Path]:
    """Write one JSON for each media file with an explained segment: `generator` and `payload` of `DANE.Result`.

    Args:
        result: an open result.
        folder: an existing one.

    Returns:
        The files, named by programme and carrier where both are known, else by their media.

    Raises:
        OSError: one can't be written.
    """
    failed = _failed(result)
    written: dict[Path, None] = {}  # not a list, which a collection of a clip per file would search for minutes
    for media, group in groupby(labelled_segments(result), key=lambda one: str(one.row["media"])):
        those = list(group)
        path = folder / f"{file_name(_key(those[0], media))}.json"
        if path in written:  # a carrier of several files
            path = folder / f"{file_name(f'{_key(those[0], media)}__{media}')}.json"
        with replaced(path) as partial:
            described = {"generator": _generator(result), "payload": _payload(result, media, those, failed[media])}
            partial.write_text(json.dumps(described, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        written[path] = None
    return list(written)


def _key(one: Labelled, media: str) -> str:
    program, carrier = one.row["program_id"], one.row["carrier_id"]
    return f"{program}__{carrier}" if program and carrier else media


def _failed(result: Result) -> Counter[str]:
    """How many segments of each media file have no explanation."""
    rows = result.table("segments", ["media"], where=ds.field("status") != EXPLAINED)
    return Counter(rows["media"].to_pylist())


def _generator(result: Result) -> dict[str, str]:
    version = result.run.get("versions", {}).get("mmexplain", "")
    return {
        "id": result.run.get("config_digest", ""),
        "type": "Software",
        "name": f"mmexplain {version}".strip(),
        "homepage": SOFTWARE,
    }


def _payload(result: Result, media: str, those: Sequence[Labelled], failed: int) -> dict[str, Any]:
    return {
        "media": media,
        "program_id": those[0].row["program_id"],
        "carrier_id": those[0].row["carrier_id"],
        "labels": result.run["labels"],
        "trained": result.run["trained"],
        "failed": failed,
        "segments": [_segment(one) for one in those],
    }


def _segment(one: Labelled) -> dict[str, Any]:
    """Times are integer ms, as in `wordTimes`."""
    row = one.row
    names = ("segment_id", "text", "language", "label_predicted", "probability")
    return {name: row[name] for name in names} | {
        "start_ms": round(row["start_ms"]),
        "end_ms": round(row["end_ms"]),
        "shares": {modality: vars(share) for modality, share in one.shares.items()},
    }
