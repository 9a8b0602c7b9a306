"""Triggers as people annotated them, against what the explanation points at."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.dataset as ds
from numpy.typing import NDArray

from batcher.collection import CollectionError
from batcher.collection.manifest import table_rows
from batcher.outcome import EXPLAINED
from batcher.store.result import Result
from media.modality import MODALITIES, Modality
from report.cells import GRID
from report.explained import ExplainedSegment, Row, explained_segments
from report.planted import strength

DRAWS: Final = 1000
"""Resamples of segments, and random rankings."""
NEEDED: Final = {
    "text": "text, the words that carry it",
    "audio": "start_ms and end_ms",
    "video": "a cell such as 1,2, or start_ms and end_ms",
}


@dataclass(frozen=True)
class SeenTrigger:
    """What an annotator says carries the emotion of a segment, in one modality."""

    segment_id: str
    modality: Modality
    start_ms: float | None = None
    end_ms: float | None = None
    text: str | None = None
    cells: frozenset[tuple[int, int]] = frozenset()
    """Rows and columns, from the top left; none: the whole frame."""

    def touches(self, player: Row, text: str) -> bool:
        """Whether a player, a row of `attributions/`, holds some of it.

        Args:
            player: of the same segment and modality.
            text: the segment's.
        """
        if self.modality == "text":
            spans = _occurrences(str(self.text), text)
            return any(start < player["char_end"] and player["char_start"] < end for start, end in spans)
        in_time = (
            self.start_ms is None
            or self.end_ms is None
            or (self.start_ms < player["end_ms"] and player["start_ms"] < self.end_ms)
        )
        return in_time and (not self.cells or not self.cells.isdisjoint(_cells(player)))


@dataclass(frozen=True)
class Pointing:
    """How well explanations of a modality point at what people saw: means over segments, 95 % by resampling these."""

    modality: Modality
    segments: int
    hits: tuple[float, float, float]
    """Share of segments whose strongest player touches the trigger: mean, low, high."""
    chance_of_hits: float
    """Mean share of players that touch it."""
    precision: tuple[float, float, float]
    """Average precision: area under precision and recall of players ranked by what they speak for the label."""
    chance_of_precision: float
    """The same of random rankings."""


@dataclass(frozen=True)
class TriggersFound:
    """What became of a table of triggers."""

    pointing: tuple[Pointing, ...]
    left_out: Mapping[str, str]
    """Segments that couldn't be compared, and why."""


def read_triggers(table: Path) -> list[SeenTrigger]:
    """Read segment_id, modality, start_ms, end_ms, text and cell; other columns mean nothing.

    Args:
        table: csv with a header, jsonl or Parquet. Several rows of a segment and modality are several triggers.

    Raises:
        CollectionError: the table can't be read, or a row is no trigger; the message names the row.
    """
    found = []
    for place, row in table_rows(table):
        try:
            found.append(_trigger({name: value for name, value in row.items() if value not in (None, "")}))
        except ValueError as error:
            raise CollectionError(f"{place} is no trigger: {error}") from error
    return found


def triggers_found(result: Result, triggers: Sequence[SeenTrigger], *, seed: int = 0) -> TriggersFound:
    """Hold the explanations of the predicted labels against triggers.

    Args:
        result: an open result.
        triggers: as people annotated them.
        seed: of resampling and of random rankings.
    """
    wanted: dict[str, dict[Modality, list[SeenTrigger]]] = {}
    for trigger in triggers:
        wanted.setdefault(trigger.segment_id, {}).setdefault(trigger.modality, []).append(trigger)
    rows = result.table("segments", ["segment_id", "status"], where=ds.field("segment_id").isin(list(wanted)))
    known = dict(zip(rows["segment_id"].to_pylist(), rows["status"].to_pylist(), strict=True))
    left_out: dict[str, str] = {}
    ranked: dict[Modality, list[_Ranked]] = {modality: [] for modality in MODALITIES}
    for segment_id in wanted:
        if known.get(segment_id) != EXPLAINED:
            left_out[segment_id] = f"{known[segment_id]}" if segment_id in known else "not in the result"
    for explained in explained_segments(result, list(wanted)):
        for modality, those in wanted[explained.segment_id].items():
            reason, found = _ranked(explained, modality, those, result)
            if found is None:
                left_out[f"{explained.segment_id}, {modality}"] = reason
            else:
                ranked[modality].append(found)
    rng = np.random.default_rng(seed)
    return TriggersFound(tuple(_pointing(m, some, rng) for m, some in ranked.items() if some), left_out)


def average_precision(touched: NDArray[np.bool_], strengths: NDArray[np.float64]) -> float:
    """Area under precision and recall: the mean precision at each player that touches, equal strengths together.

    Args:
        touched: [n], at least one of them.
        strengths: [n], by which players are ranked.
    """
    levels = np.unique(strengths)[::-1]
    above = strengths[None, :] >= levels[:, None]
    hits, ranks = (above & touched).sum(axis=1), above.sum(axis=1)
    return float((np.diff(hits, prepend=0) * hits / ranks).sum() / touched.sum())


@dataclass(frozen=True)
class _Ranked:
    touched: NDArray[np.bool_]
    strengths: NDArray[np.float64]

    @property
    def hit(self) -> bool:
        best = int(self.strengths.argmax())
        return bool(self.strengths[best] > 0 and self.touched[best])


def _ranked(
    explained: ExplainedSegment, modality: Modality, triggers: Sequence[SeenTrigger], result: Result
) -> tuple[str, _Ranked | None]:
    players, text = explained.of(modality), explained.segment["text"] or ""
    if not players:
        return "the segment has no such players", None
    if modality == "text" and any(player["char_start"] is None for player in players):
        return "where its tokens stand in the text isn't known", None
    touched = np.array([any(trigger.touches(player, text) for trigger in triggers) for player in players])
    if not touched.any():
        return "no player holds some of it", None
    return "", _Ranked(touched, np.array([strength(player, result.head) for player in players]))


def _pointing(modality: Modality, some: Sequence[_Ranked], rng: np.random.Generator) -> Pointing:
    precisions = np.array([average_precision(one.touched, one.strengths) for one in some])
    hits = np.array([one.hit for one in some], dtype=np.float64)
    random = [average_precision(one.touched, rng.random(len(one.touched))) for one in some for _ in range(_times(some))]
    low, high = _ends(np.stack([hits, precisions], axis=1), rng)
    return Pointing(
        modality=modality,
        segments=len(some),
        hits=(float(hits.mean()), low[0], high[0]),
        chance_of_hits=float(np.mean([one.touched.mean() for one in some])),
        precision=(float(precisions.mean()), low[1], high[1]),
        chance_of_precision=float(np.mean(random)),
    )


def _times(some: Sequence[_Ranked]) -> int:
    """Random rankings of each segment."""
    return max(1, DRAWS // len(some))


def _ends(values: NDArray[np.float64], rng: np.random.Generator) -> tuple[list[float], list[float]]:
    """Between which 95 % of the means of resampled rows lie, of each column of `values` [segments, figures]."""
    means = [values[rng.integers(0, len(values), len(values))].mean(axis=0) for _ in range(DRAWS)]
    low, high = np.quantile(means, [0.025, 0.975], axis=0)
    return low.tolist(), high.tolist()


def _trigger(row: Row) -> SeenTrigger:
    """A row's trigger.

    Raises:
        ValueError: it is none.
    """
    modality = row.get("modality")
    if "segment_id" not in row or modality not in MODALITIES:
        raise ValueError(f"it has the modality {modality!r}; name a segment_id, and one of {', '.join(MODALITIES)}")
    times = {name: _number(name, row[name]) for name in ("start_ms", "end_ms") if name in row}
    cells = frozenset(_cell_list(str(row.get("cell", ""))))
    text = str(row.get("text", "")).strip()
    words = {"text": text} if text else {}
    if len(times) == 1:
        raise ValueError(f"it has {next(iter(times))} alone; give start_ms and end_ms, or neither")
    has = {"text": bool(words), "audio": len(times) == 2, "video": bool(cells) or len(times) == 2}  # noqa: PLR2004
    if not has[modality]:
        raise ValueError(f"a trigger of {modality} needs {NEEDED[modality]}")
    if len(times) == 2 and times["start_ms"] >= times["end_ms"]:  # noqa: PLR2004
        raise ValueError(f"it ends at {times['end_ms']} ms, before it starts at {times['start_ms']} ms")
    return SeenTrigger(str(row["segment_id"]), modality, cells=cells, **times, **words)  # type: ignore[arg-type]


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is {value!r}; give a number of ms") from error
    if not math.isfinite(number):
        raise ValueError(f"{name} is {value!r}; give a number of ms")
    return number


def _cell_list(cells: str) -> Iterator[tuple[int, int]]:
    """Cells as `row,column`, several with `;` between them."""
    for cell in filter(None, (part.strip() for part in cells.split(";"))):
        numbers = [part.strip() for part in cell.split(",")]
        if len(numbers) != 2 or not all(part.isdecimal() and int(part) < GRID for part in numbers):  # noqa: PLR2004
            raise ValueError(f"the cell is {cell!r}; give row,column, each from 0 to {GRID - 1}")
        yield int(numbers[0]), int(numbers[1])


def _occurrences(words: str, text: str) -> Iterator[tuple[int, int]]:
    """Where words stand in a text, whole and whatever their case; punctuation may stand anywhere."""
    before = r"(?<!\w)" if re.match(r"\w", words) else ""
    after = r"(?!\w)" if re.search(r"\w$", words) else ""
    for match in re.finditer(f"{before}{re.escape(words)}{after}", text, re.IGNORECASE):
        yield match.span()


def _cells(player: Row) -> Iterator[tuple[int, int]]:
    """Those of a picture player: all, where it is a whole frame."""
    if player["row"] is not None:
        yield player["row"], player["column"]
    else:
        every = range(GRID * GRID) if player["token"] is None else player.get("cells") or ()
        yield from (divmod(cell, GRID) for cell in every)
