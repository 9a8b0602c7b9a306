"""Explained segments as archives want them: where each is, what was seen in it, and the shares."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.dataset as ds

from batcher.outcome import EXPLAINED
from batcher.store.result import Result
from media.modality import MODALITIES, Modality

SOFTWARE: Final = "urn:mmexplain:explain"
"""The IRI of what made a result."""
BATCH: Final = 1024
SEGMENT: Final = [
    "segment_id",
    "media",
    "start_ms",
    "end_ms",
    "text",
    "language",
    "program_id",
    "carrier_id",
    "label_true",
    "label_predicted",
    "probability",
    "reliable",
]
SHARES: Final = [f"share_{modality}{end}" for modality in MODALITIES for end in ("", "_low", "_high", "_plain")]


@dataclass(frozen=True)
class Share:
    """How much of a label came from a modality."""

    value: float
    low: float | None
    """None where the estimator gives no standard errors, and for `high` too."""
    high: float | None


@dataclass(frozen=True)
class Labelled:
    """One explained segment."""

    row: dict[str, Any]
    """Of `segments/`, its columns `SEGMENT`."""
    shares: dict[Modality, Share]
    """Of the predicted label; no key for a modality that it lacks."""


def labelled_segments(result: Result) -> Iterator[Labelled]:
    """The explained segments of a result, those of one media file after each other, in the order of their starts."""
    segments = result.table("segments", SEGMENT, where=ds.field("status") == EXPLAINED)
    shares = result.table("contributions", ["segment_id", "label", *SHARES])
    shares = shares.set_column(1, "label", shares["label"].cast(pa.string()))
    keys = ["segment_id", "label_predicted"], ["segment_id", "label"]
    both = segments.join(shares, *keys, "inner")
    for batch in both.sort_by([(name, "ascending") for name in ("media", "start_ms", "segment_id")]).to_batches(BATCH):
        for row in batch.to_pylist():
            yield Labelled({name: row[name] for name in SEGMENT}, dict(_shares(row)))


def _shares(row: dict[str, Any]) -> Iterator[tuple[Modality, Share]]:
    for modality in MODALITIES:
        value, low, high, plain = (row[f"share_{modality}{end}"] for end in ("", "_low", "_high", "_plain"))
        if plain is not None:
            yield modality, Share(plain if value is None else value, low, high)


def media_path(result: Result, media: str) -> Path:
    """Where a segment's media file is, or was when it was explained: paths are relative to the collection's folder."""
    collection = Path(result.run["manifest"])
    folder = result.run.get("media_folder") or (collection if collection.is_dir() else collection.parent)
    return Path(folder) / media


def software(result: Result) -> str:
    """What made the result, with its version."""
    return f"mmexplain {result.run.get('versions', {}).get('mmexplain', 'of unknown version')}"
