"""Planted triggers in a result: whether an explanation points at what is known to carry the emotion."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from batcher.outcome import EXPLAINED
from batcher.store.result import Result
from media.modality import Modality
from media.planted.trigger import AudioTrigger, TextTrigger, Trigger, VideoTrigger
from sseft.heads import HeadKind

TRIGGER: Final = "trigger"
"""The manifest's column, in `extra`."""
SEGMENT_COLUMNS: Final = ["segment_id", "label_true", "label_predicted", "status", "extra"]

Row = dict[str, Any]


@dataclass(frozen=True)
class PlantedSegment:
    """An explained segment of which is known what carries its emotion, if anything does."""

    segment_id: str
    label: str
    """The class that is explained: the predicted one."""
    correct: bool
    """Whether that is the true one."""
    trigger: Trigger


@dataclass(frozen=True)
class Finding:
    """What the explanation of a segment found in one modality that carries its emotion."""

    segment_id: str
    label: str
    """The class that is explained: the predicted one."""
    modality: Modality
    correct: bool
    """Whether that class is the true one."""
    hit: bool
    """Whether the strongest player touches the trigger."""
    chance: float
    """Share of the modality's players that touch the trigger."""
    mass: float | None
    """Share of the sum of the modality's `strength` that lies on these; None where none has any."""
    strongest: Row | None
    """The modality's row of `attributions/` with the largest `strength`."""


def find_planted(result: Result) -> list[Finding]:
    """Hold a result against its planted triggers.

    Args:
        result: an open result; segments without a trigger, neutral ones and failed ones give nothing.

    Returns:
        One finding for each explained segment and modality that carries its emotion, of the predicted class, in
        the order of `segments/`; none of pictures with a region of several cells, as a result doesn't say which.

    Raises:
        CorpusError: a segment's column `trigger` isn't what `mmexplain corpus` writes.
    """
    segments = planted_segments(result)
    players = planted_players(result, segments)
    return [
        _finding(segment, modality, part, players[segment.segment_id, modality], result.head)
        for segment in segments
        for modality in segment.trigger.carriers
        if (part := segment.trigger.of(modality)) and _placed(players.get((segment.segment_id, modality), ()))
    ]


def planted_players(result: Result, segments: Iterable[PlantedSegment]) -> dict[tuple[str, Modality], list[Row]]:
    """Rows of `attributions/`, of the predicted class: the players of each modality that carries an emotion.

    Args:
        result: an open result.
        segments: of it.

    Returns:
        By segment and modality; nothing for a modality that the segment's clip lacks.
    """
    planted = {segment.segment_id: segment for segment in segments if segment.trigger.carriers}
    if not planted:
        return {}
    players: dict[tuple[str, Modality], list[Row]] = defaultdict(list)
    for row in _attributions(result):
        segment = planted.get(row["segment_id"])
        if segment and row["label"] == segment.label and row["modality"] in segment.trigger.carriers:
            players[segment.segment_id, row["modality"]].append(row)
    return dict(players)


def planted_segments(result: Result) -> list[PlantedSegment]:
    """The explained segments that have a trigger, neutral ones too.

    Raises:
        CorpusError: a segment's column `trigger` isn't what `mmexplain corpus` writes.
    """
    rows = (row for row in result.table("segments", SEGMENT_COLUMNS).to_pylist() if row["status"] == EXPLAINED)
    found = ((row, dict(row["extra"] or ()).get(TRIGGER)) for row in rows)
    return [
        PlantedSegment(
            segment_id=row["segment_id"],
            label=row["label_predicted"],
            correct=row["label_predicted"] == row["label_true"],
            trigger=Trigger.from_json(trigger),
        )
        for row, trigger in found
        if trigger is not None
    ]


def strength(player: Row, head: HeadKind) -> float:
    """How much a player speaks for its class: what it adds to a probability, or how far it moves a score."""
    phi = float(player["phi"])
    return abs(phi) if head == "score" else max(0.0, phi)


def strongest(players: Iterable[Row], head: HeadKind = "softmax") -> Row | None:
    """The player with the largest `strength`, the first of equal ones; None where none has any."""
    strong = (player for player in players if strength(player, head) > 0)
    return max(strong, key=lambda player: (strength(player, head), -player["player"]), default=None)


def _attributions(result: Result) -> Iterator[Row]:
    """Rows of `attributions/`, of which a large result has more than fit as Python objects."""
    for batch in result.table("attributions").to_batches():
        yield from batch.to_pylist()


def _placed(players: Sequence[Row]) -> bool:
    """Whether there are players, and known where each of them is: a region that isn't one cell may be anywhere."""
    somewhere = (p["modality"] == "video" and p["token"] is not None and p["row"] is None for p in players)
    return bool(players) and not any(somewhere)


def _finding(
    segment: PlantedSegment,
    modality: Modality,
    part: TextTrigger | AudioTrigger | VideoTrigger,
    players: Sequence[Row],
    head: HeadKind,
) -> Finding:
    touching = [player for player in players if part.touches(player)]
    best = strongest(players, head)
    total = sum(strength(player, head) for player in players)
    return Finding(
        segment_id=segment.segment_id,
        label=segment.label,
        modality=modality,
        correct=segment.correct,
        hit=best is not None and part.touches(best),
        chance=len(touching) / len(players),
        mass=sum(strength(player, head) for player in touching) / total if total else None,
        strongest=best,
    )
