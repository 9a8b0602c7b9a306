"""Explained segments of a result, one at a time: their rows of all tables together."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow.dataset as ds

from batcher.outcome import EXPLAINED
from batcher.store.result import Result, ResultError
from media.modality import Modality

Row = dict[str, Any]

TOGETHER: Final = 256
"""Segments whose rows are in memory at a time."""


@dataclass(frozen=True)
class ExplainedSegment:
    """What a result says of one segment."""

    segment: Row
    """Its row of `segments/`."""
    contributions: Mapping[str, Row]
    """Its rows of `contributions/`, by class."""
    players: Mapping[tuple[str, Modality], Sequence[Row]]
    """Its rows of `attributions/`, by class and modality, in the order of players; no key for an absent modality."""

    @property
    def segment_id(self) -> str:
        """As the manifest names it."""
        return str(self.segment["segment_id"])

    @property
    def label(self) -> str:
        """The predicted class."""
        return str(self.segment["label_predicted"])

    @property
    def contribution(self) -> Row:
        """The predicted class's row of `contributions/`."""
        return self.contributions[self.label]

    def share(self, modality: Modality) -> tuple[float | None, float | None, float | None]:
        """How much of the predicted class came from a modality, and its interval.

        Without standard errors it is the plain share, without interval; all None where the modality is absent, or 0/0.
        """
        row = self.contribution
        value, low, high, plain = (row[f"share_{modality}{end}"] for end in ("", "_low", "_high", "_plain"))
        return (plain if value is None else value), low, high

    def of(self, modality: Modality) -> Sequence[Row]:
        """The players of a modality, for the predicted class; none where it is absent."""
        return self.players.get((self.label, modality), ())


def find_explained(result: Result, segment_id: str) -> ExplainedSegment:
    """One segment of a result.

    Raises:
        ResultError: the result doesn't hold it, or not its explanation.
    """
    rows = result.table("segments", where=ds.field("segment_id") == segment_id).to_pylist()
    if not rows:
        raise ResultError(f"{result.folder} holds no segment {segment_id!r}; its `segments/` names those that it has")
    if rows[0]["status"] != EXPLAINED:
        raise ResultError(f"segment {segment_id!r} has no explanation: {rows[0]['error_stage']}: {rows[0]['error']}")
    (found,) = _together(result, rows)
    return found


def explained_segments(result: Result, segment_ids: Sequence[str] | None = None) -> Iterator[ExplainedSegment]:
    """Explained segments, file after file of `segments/`; a few hundred are in memory at a time.

    Args:
        result: an open result.
        segment_ids: those that are wanted; None: every one.
    """
    wanted = ds.field("status") == EXPLAINED
    if segment_ids is not None:
        wanted &= ds.field("segment_id").isin(list(segment_ids))
    for name in result.parts():
        rows = result.table("segments", where=wanted, part=name)
        for batch in rows.to_batches(max_chunksize=TOGETHER):
            yield from _together(result, batch.to_pylist(), name)


def _together(result: Result, segments: Sequence[Row], part: str | None = None) -> Iterator[ExplainedSegment]:
    """Segments with their rows of the other tables, which stand in files of the same name."""
    these = ds.field("segment_id").isin([row["segment_id"] for row in segments])
    contributions: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in result.table("contributions", where=these, part=part).to_pylist():
        contributions[row["segment_id"]][row["label"]] = row
    players: dict[str, dict[tuple[str, Modality], list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in result.table("attributions", where=these, part=part).to_pylist():
        players[row["segment_id"]][row["label"], row["modality"]].append(row)
    for segment in segments:
        name = segment["segment_id"]
        yield ExplainedSegment(segment, contributions[name], dict(players[name]))
