"""Checks of a result: what must be true of every row, whatever the model and the estimator."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from batcher.collection import CollectionError, read_collection, refuse, skip
from batcher.outcome import EXPLAINED
from batcher.selection import Selection
from batcher.store.journal import file_of
from batcher.store.parts import committed_parts, hidden_parts, names_in, parts_of
from batcher.store.result import Result
from batcher.store.schema import LATER, TABLES
from media.modality import MODALITIES, Modality
from sseft.heads import HeadKind

EFFICIENCY_TOLERANCE: Final = 1e-6
SHARE_TOLERANCE: Final = 1e-9
SUM_TOLERANCE: Final = 1e-9
"""Of the probabilities of all classes."""
MOST_NAMED: Final = 5


def validate(result: Result) -> list[str]:
    """Everything that is wrong with a result, one sentence each; empty if nothing is.

    Checked are the schemas of all files, leftovers of units that never committed, segments that stand twice or
    are missing, rows without their segment, that each player has a row, that the values of the classes are such as
    the model's head gives, efficiency (sum of phi = v_all - v_none), and that shares add to 1, each within
    its interval.
    """
    found = list(_schemas(result)) + list(_leftovers(result))
    if found:
        return found
    return [*_segments(result), *_players(result), *_classes(result), *_values(result)]


def _schemas(result: Result) -> Iterator[str]:
    for name, schema in TABLES.items():
        for path in parts_of(result.folder, name):
            try:
                # The schema stands in the footer; damaged pages show only when they are read.
                with pq.ParquetFile(path) as file:
                    stored = file.read().schema
            except (OSError, pa.ArrowInvalid) as error:
                yield f"{path} can't be read: {error}"
                continue
            later = LATER.get(name, frozenset())
            expected = pa.schema(field for field in schema if field.name in stored.names or field.name not in later)
            if not stored.equals(expected):
                different = [field.name for field in expected if field.name not in stored.names] or ["types"]
                yield f"{path} has another schema than {name} (different: {', '.join(different)})"


def _leftovers(result: Result) -> Iterator[str]:
    # Those of a compaction that was cut short count nowhere, and the next one removes them.
    known, hidden = committed_parts(result.folder), hidden_parts(result.folder)
    for table in TABLES:
        for name in sorted(names_in(result.folder / table)):
            if name not in known and file_of(name) not in hidden:
                path = result.folder / table / name
                yield f"{path} belongs to no committed unit; run `mmexplain explain` again, which removes it"


def _segments(result: Result) -> Iterator[str]:
    segments = result.table("segments", ["segment_id", "status"])
    counts = Counter(segments["segment_id"].to_pylist())
    yield from _named("segments stand twice", [name for name, count in counts.items() if count > 1])
    explained = set(segments.filter(pc.equal(segments["status"], EXPLAINED))["segment_id"].to_pylist())
    for name in ("contributions", "attributions"):
        there = set(result.table(name, ["segment_id"])["segment_id"].to_pylist())
        yield from _named(f"explained segments have no {name}", sorted(explained - there))
        yield from _named(f"{name} belong to no explained segment", sorted(there - explained))
    try:
        selection = Selection(**result.run["selection"])
        on_bad_row = skip if result.run.get("on_bad_row") == "skip" else refuse
        segments = read_collection(Path(result.run["manifest"]), on_bad_row)
        wanted = {segment.segment_id for segment in selection.of(segments)}
    except CollectionError as error:
        yield f"missing segments can't be found: {error}"
        return
    yield from _named("segments of the manifest are missing", sorted(wanted - counts.keys()))


def _players(result: Result) -> Iterator[str]:
    """A lost row of a player whose value is about 0 would leave the sums as they were."""
    counts = [f"players_{modality}" for modality in MODALITIES]
    rows = result.table("segments", ["segment_id", *counts]).to_pylist()
    players = {row["segment_id"]: sum(row[count] or 0 for count in counts) for row in rows}
    found = result.table("attributions", ["segment_id", "label"])
    found = found.set_column(1, "label", found["label"].cast(pa.string()))
    wrong = [
        f"{row['segment_id']} ({row['label']}) {row['count_all']}"
        for row in found.group_by(["segment_id", "label"]).aggregate([([], "count_all")]).to_pylist()
        if row["count_all"] != players.get(row["segment_id"], row["count_all"])
    ]
    yield from _named("explanations haven't one row for each player", wrong)


def _classes(result: Result) -> Iterator[str]:
    """Scores have no bounds; only softmax's probabilities add up to 1."""
    labels = result.run["labels"]
    columns = ["segment_id", "status", "label_predicted", "probability", "p_none", "p_all"]
    explained = (row for row in result.table("segments", columns).to_pylist() if row["status"] == EXPLAINED)
    wrong = [f"{row['segment_id']} ({why})" for row in explained if (why := _mistake(row, labels, result.head))]
    yield from _named(f"segments contradict their model's {result.head} head", wrong)


def _mistake(row: dict[str, Any], labels: Sequence[str], head: HeadKind) -> str | None:
    """What is wrong with the values of a segment's classes."""
    for column in ("p_none", "p_all"):
        values = row[column] or []
        if len(values) != len(labels):
            return f"{len(values)} in {column} for {len(labels)} labels"
        if not all(math.isfinite(value) if head == "score" else 0 <= value <= 1 for value in values):
            return f"{column} holds {values}"
        if head == "softmax" and not abs(sum(values) - 1) <= SUM_TOLERANCE:
            return f"{column} adds up to {sum(values)}"
    best = max(range(len(labels)), key=row["p_all"].__getitem__)
    if (row["label_predicted"], row["probability"]) != (labels[best], row["p_all"][best]):
        return (
            f"{row['label_predicted']} {row['probability']} is predicted, {labels[best]} {row['p_all'][best]} largest"
        )
    return None


def _values(result: Result) -> Iterator[str]:
    phi = result.table("attributions", ["segment_id", "label", "phi"])
    phi = phi.set_column(1, "label", phi["label"].cast(pa.string()))
    sums = phi.group_by(["segment_id", "label"]).aggregate([("phi", "sum")])
    summed = {(row["segment_id"], row["label"]): row["phi_sum"] for row in sums.to_pylist()}
    inefficient, shares, outside = [], [], []
    for row in result.table("contributions").to_pylist():
        name = f"{row['segment_id']} ({row['label']})"
        gap = summed.get((row["segment_id"], row["label"]), 0.0) - (row["v_all"] - row["v_none"])
        if not abs(gap) <= EFFICIENCY_TOLERANCE:
            inefficient.append(f"{name} by {gap:.1e}")
        for end in ("", "_plain"):
            present = _shares(row, end)
            if present and not abs(sum(present) - 1) <= SHARE_TOLERANCE:
                shares.append(f"{name} share{end} {sum(present)}")
        outside += [f"{name} {m}" for m in MODALITIES if not _within_its_interval(row, m)]
    yield from _named("rows where phi doesn't add up to v_all - v_none", inefficient)
    yield from _named("rows where shares don't add up to 1", shares)
    yield from _named("shares outside their interval, or intervals outside 0 to 1", outside)


def _within_its_interval(row: dict[str, Any], modality: Modality) -> bool:
    low, share, high = (row[f"share_{modality}{end}"] for end in ("_low", "", "_high"))
    if None in (low, share, high):
        return low is share is high
    return bool(0 <= low <= share + SHARE_TOLERANCE and share <= high + SHARE_TOLERANCE and high <= 1)


def _shares(row: dict[str, Any], end: str) -> list[float]:
    return [row[f"share_{m}{end}"] for m in MODALITIES if row[f"share_{m}{end}"] is not None]


def _named(what: str, names: list[str]) -> Iterator[str]:
    if names:
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        yield f"{len(names)} {what}: {', '.join(names[:MOST_NAMED])}{more}"
