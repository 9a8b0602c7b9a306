"""Whether explanations point at what is known to carry the emotion, on clips made for it.

Each clip has its emotion in one, two or all three modalities, at a known place: a word or a mark of the text, a
spoken word, a face in one cell of the picture for a part of the time. The clips are of the split `test`, whose
sentences, voices and faces no model was trained on. They go through a real run, from a manifest to Parquet.
Accuracy comes first: a class that was predicted wrongly has no trigger to be found.
"""

import json
import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist, fmean
from typing import Annotated, Any, Final, Literal

import click

from batcher.collection import KNOWN, Segment, read_collection
from batcher.options import Options
from batcher.players import VIDEO_PLAYERS, VideoPlayers
from batcher.run import Run, explain_collection
from batcher.store.result import Result, load_result
from bench.demo import MODEL, described
from bench.machine import cores
from bench.output import Column, Report, Section, publish
from export.artefact import load_artefact
from media.modality import MODALITIES, Modality
from media.planted.corpus import make_corpus
from media.planted.trigger import Trigger
from mmexplain.cli import Masks
from report.planted import TRIGGER, Finding, PlantedSegment, find_planted, planted_segments

CLIPS: Final = 200
SEED: Final = 2
"""Not that of the clips whose accuracy is in `mmexplain/demo/training/figures.json`."""
SPACE_TIME_CLIPS: Final = 20
CONFIDENCE: Final = 0.95

ACCURACY: Final = "accuracy"
HITS: Final = "hits"
MASS: Final = "mass"
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


@dataclass(frozen=True)
class Setting:
    """How clips are explained."""

    model: Path
    folder: Path
    """For manifests and results."""
    masks: int | Literal["auto"]
    space_time_clips: int
    workers: int

    def explain(self, segments: Sequence[Segment], kind: VideoPlayers) -> Result:
        """Explain clips, with players in space and time only some of them.

        Raises:
            click.ClickException: some of them failed.
        """
        taken = spread(segments, self.space_time_clips) if kind == "space-time" else segments
        manifest = write_segments(taken, self.folder / f"{kind}.jsonl")
        options = Options(masks=self.masks, video_players=kind)
        run = Run(manifest, self.model, self.folder / kind, options=options, workers=self.workers)
        finished = explain_collection(run)
        if finished.failed:
            reason, _, segment_id = finished.failures[0]
            raise click.ClickException(
                f"{finished.failed} of {finished.segments} clips failed, so the rates mean nothing; "
                f"{segment_id}, for one: {reason}"
            )
        return load_result(run.out)


@dataclass(frozen=True)
class Seen:
    """What all runs found."""

    clips: Sequence[PlantedSegment]
    """Of the first run."""
    findings: Sequence[tuple[VideoPlayers, Finding]]
    """Each with the kind of picture players of its run."""


def measure(
    model: Path,
    manifest: Path | None = None,
    *,
    clips: int = CLIPS,
    seed: int = SEED,
    masks: int | Literal["auto"] = "auto",
    video_players: Sequence[VideoPlayers] = ("space",),
    space_time_clips: int = SPACE_TIME_CLIPS,
    workers: int | None = None,
) -> Report:
    """Explain planted clips, and hold the explanations against what was planted.

    Args:
        model: the artefact.
        manifest: of clips made by `mmexplain corpus`; None: they are made.
        clips: how many; of a manifest the first so many.
        seed: of the clips that are made.
        masks: per modality.
        video_players: what of the picture is masked. With the first kind all clips are explained; text and sound
            have the same players with every other, which therefore sees only clips with an emotion in the picture.
        space_time_clips: at most so many clips with players in space and time, which need many masks.
        workers: processes; None: one per core; 0: this process alone.
    """
    workers = cores() if workers is None else workers
    kinds = list(dict.fromkeys(video_players))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        made = manifest or make_corpus(folder / "clips", clips=clips, seed=seed, split="test", workers=max(1, workers))
        segments = _planted(made, clips)
        seen = _seen(Setting(model, folder, masks, space_time_clips, workers), segments, kinds)
    options = {"manifest": manifest, "clips": len(segments), "seed": None if manifest else seed, "masks": masks}
    return Report(
        "faithfulness",
        described(load_artefact(model)),
        options | {"video_players": kinds, "space_time_clips": space_time_clips, "workers": workers},
        tuple(_sections(seen)),
    )


def _seen(setting: Setting, segments: Sequence[Segment], kinds: Sequence[VideoPlayers]) -> Seen:
    first, *others = kinds
    shown = [segment for segment in segments if Trigger.from_json(segment.extra[TRIGGER]).video]
    result = setting.explain(segments, first)
    findings = [(first, finding) for finding in find_planted(result)]
    for kind in others if shown else ():
        more = find_planted(setting.explain(shown, kind))
        findings += [(kind, finding) for finding in more if finding.modality == "video"]
    return Seen(planted_segments(result), findings)


def _planted(manifest: Path, most: int) -> list[Segment]:
    segments = [segment for segment in read_collection(manifest) if TRIGGER in segment.extra][:most]
    if not segments:
        raise click.ClickException(f"{manifest} has no column {TRIGGER!r}; give one that `mmexplain corpus` made")
    return segments


def spread(segments: Sequence[Segment], most: int) -> list[Segment]:
    """At most so many, at equal distances: neighbours in a corpus are of one kind."""
    kept = min(len(segments), most)
    return [segments[i * len(segments) // kept] for i in range(kept)]


def write_segments(segments: Sequence[Segment], out: Path) -> Path:
    """Write a manifest of these segments, with all their columns."""
    with out.open("w") as file:
        for segment in segments:
            columns = {name: getattr(segment, name) for name in KNOWN} | {"media": str(segment.path)}
            file.write(json.dumps(columns | dict(segment.extra)) + "\n")
    return out


def _sections(seen: Seen) -> Iterator[Section]:
    yield Section(ACCURACY, accuracy_rows(seen.clips))
    groups = grouped(seen.findings)
    if groups:
        notes = (
            "clips: with the emotion in the modality, whatever was predicted; the predicted class is explained.",
            "hit: the modality's player with the largest positive phi touches the trigger; from, to: 95 % (Wilson).",
            "by chance: the hits of a player drawn at random.",
        )
        yield Section(HITS, [hit_row(players, findings) for players, findings in groups.items()], notes)
    mass = [row for players, findings in groups.items() if (row := mass_row(players, findings))]
    if mass:
        yield Section(MASS, mass, ("clips: those of above where a phi of the modality is positive; means over them.",))


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


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Wilson's interval of a rate, without correction for continuity."""
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    rate = hits / of
    centre = rate + z**2 / (2 * of)
    half = z * math.sqrt(rate * (1 - rate) / of + (z / (2 * of)) ** 2)
    scale = 1 + z**2 / of
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


@click.command(help=__doc__)
@click.option("--model", type=click.Path(path_type=Path, exists=True), default=MODEL, help="[default: the demo's]")
@click.option("--manifest", type=click.Path(path_type=Path, exists=True), help="Of planted clips.  [default: made]")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
@click.option("--clips", type=click.IntRange(min=1), default=CLIPS, show_default=True, help="Most of them.")
@click.option("--seed", default=SEED, show_default=True, help="Of the clips that are made.")
@click.option("--masks", type=Masks(), default="auto", show_default=True, help="Per modality.")
@click.option("--video-players", multiple=True, type=click.Choice(VIDEO_PLAYERS), default=("space",), show_default=True)
@click.option("--space-time-clips", type=click.IntRange(min=1), default=SPACE_TIME_CLIPS, show_default=True)
@click.option("--workers", type=click.IntRange(min=0), help="Processes; 0 is this one alone.  [default: cores]")
def main(*, model: Path, json_file: Path | None, **options: Any) -> None:
    """Run the bench."""
    publish(measure(model, **options), json_file)


if __name__ == "__main__":
    main()
