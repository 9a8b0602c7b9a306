"""The tables of a run on planted clips: how often the model is right, and its explanations point at the trigger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Annotated, Final

from batcher.players import VideoPlayers
from bench.intervals import wilson
from bench.output import Column
from media.modality import MODALITIES, Modality
from report.planted import Finding, PlantedSegment

PERCENT: Final = ".1%"

PLAYERS: Final[Mapping[Modality, str]] = {"text": "tokens", "audio": "half-seconds"}
"""Those of the picture have several kinds."""


@dataclass(frozen=True)
class AccuracyRow:
    """How often the model is right."""

    group: Annotated[str, Column("clips")]
    clips: Annotated[int, Column("number")]
    correct: Annotated[float, Column("predicted right", PERCENT)]


@dataclass(frozen=True)
class HitRow:
    """How often the strongest player of a modality touches the trigger."""

    modality: Annotated[Modality, Column("modality")]
    players: Annotated[str, Column("players")]
    clips: Annotated[int, Column("clips")]
    rate: Annotated[float, Column("hit", PERCENT)]
    low: Annotated[float, Column("from", PERCENT)]
    high: Annotated[float, Column("to", PERCENT)]
    chance: Annotated[float, Column("by chance", PERCENT)]
    correct: Annotated[int, Column("predicted\nright")]
    correct_rate: Annotated[float | None, Column("of these\nhit", PERCENT)]


@dataclass(frozen=True)
class MassRow:
    """How much of what a modality adds to the label's probability lies on the trigger."""

    modality: Annotated[Modality, Column("modality")]
    players: Annotated[str, Column("players")]
    clips: Annotated[int, Column("clips")]
    """With a positive player."""
    mass: Annotated[float, Column("positive phi on the trigger", PERCENT)]
    chance: Annotated[float, Column("players on it", PERCENT)]


def accuracy_rows(clips: Sequence[PlantedSegment]) -> list[AccuracyRow]:
    """A row of all clips, and one for each way to carry an emotion that some have."""
    groups = {"all": list(clips)}
    for clip in sorted(clips, key=lambda clip: clip.trigger.order):
        groups.setdefault(clip.trigger.carried_by, []).append(clip)
    return [AccuracyRow(name, len(group), fmean(clip.correct for clip in group)) for name, group in groups.items()]


def grouped(findings: Sequence[tuple[VideoPlayers, Finding]]) -> dict[tuple[Modality, str], list[Finding]]:
    """Findings by modality and players, in the order of the modalities."""
    groups: dict[tuple[Modality, str], list[Finding]] = {}
    for kind, finding in sorted(findings, key=lambda one: MODALITIES.index(one[1].modality)):
        groups.setdefault((finding.modality, PLAYERS.get(finding.modality, kind)), []).append(finding)
    return groups


def hit_row(players: tuple[Modality, str], findings: Sequence[Finding]) -> HitRow:
    """The row of one modality's players."""
    hits = [finding.hit for finding in findings]
    correct = [finding.hit for finding in findings if finding.correct]
    low, high = wilson(sum(hits), len(hits))
    return HitRow(
        *players,
        clips=len(hits),
        rate=fmean(hits),
        low=low,
        high=high,
        chance=fmean(finding.chance for finding in findings),
        correct=len(correct),
        correct_rate=fmean(correct) if correct else None,
    )


def mass_row(players: tuple[Modality, str], findings: Sequence[Finding]) -> MassRow | None:
    """The row of one modality's players; None where no phi is positive."""
    positive = [(finding.mass, finding.chance) for finding in findings if finding.mass is not None]
    if not positive:
        return None
    mass, chance = (fmean(values) for values in zip(*positive, strict=True))
    return MassRow(*players, clips=len(positive), mass=mass, chance=chance)
