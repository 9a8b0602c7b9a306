"""Whether explanations point at what is known to carry the emotion, on clips made for it.

Each clip has its emotion in one, two or all three modalities, at a known place: a word or a mark of the text, a
spoken word, a face in one cell of the picture for a part of the time. The clips are of the split `test`, whose
sentences, voices and faces no model was trained on. They go through a real run, from a manifest to Parquet.
Accuracy comes first: a class that was predicted wrongly has no trigger to be found. On clips that are predicted right,
the explanation's ranking of players is then held beside those of MM-SHAP's permutation, of attention, and of chance:
by its first player, by its precision-recall curve, and by the model's value as players go or come in its order.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import click

from batcher.backends.onnxruntime import OnnxRuntimeBackend
from batcher.collection import Segment, read_collection
from batcher.players import VIDEO_PLAYERS, VideoPlayers
from bench.comparison import Comparison
from bench.demo import CHECKPOINT, MODEL, described
from bench.explained_clip import ExplainedClip, explained_clips
from bench.hits import accuracy_rows, grouped, hit_row, mass_row
from bench.machine import cores
from bench.method_rows import method_sections
from bench.output import Report, Section, publish
from bench.planted_run import PlantedRun, spread
from export.artefact import Artefact, load_artefact
from media.planted.corpus import make_corpus
from media.planted.trigger import Trigger
from mmexplain.options import NumberOr
from report.planted import TRIGGER, Finding, PlantedSegment, find_planted, planted_segments
from sseft.attention import LastBlocks
from sseft.pickles import CheckpointError

CLIPS: Final = 200
SEED: Final = 2
"""Not that of the clips whose accuracy is in `mmexplain/demo/training/figures.json`."""
SPACE_TIME_CLIPS: Final = 20
COMPARED: Final = 60

ACCURACY: Final = "accuracy"
HITS: Final = "hits"
MASS: Final = "mass"


@dataclass(frozen=True)
class Seen:
    """What all runs found."""

    clips: Sequence[PlantedSegment]
    """Of the first run."""
    findings: Sequence[tuple[VideoPlayers, Finding]]
    """Each with the kind of picture players of its run."""
    right: Sequence[ExplainedClip]
    """Clips of all runs that were predicted right, to compare methods on."""


def measure(
    model: Path,
    manifest: Path | None = None,
    *,
    clips: int = CLIPS,
    seed: int = SEED,
    masks: int | Literal["auto"] = "auto",
    video_players: Sequence[VideoPlayers] = ("space",),
    space_time_clips: int = SPACE_TIME_CLIPS,
    compared: int = COMPARED,
    curves: bool = True,
    checkpoint: Path | None = None,
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
        compared: at most so many clips that are predicted right, to compare methods on; 0: none.
        curves: whether these get deletion and insertion curves, which cost more masks than explaining does.
        checkpoint: that the artefact was exported from, whose attention is compared; None: attention is left out.
        workers: processes; None: one per core; 0: this process alone.
    """
    workers = cores() if workers is None else workers
    artefact = load_artefact(model)
    blocks = _blocks(checkpoint, artefact)
    kinds = list(dict.fromkeys(video_players))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        made = manifest or make_corpus(folder / "clips", clips=clips, seed=seed, split="test", workers=max(1, workers))
        segments = _planted(made, clips)
        seen = _seen(PlantedRun(model, folder, masks, space_time_clips, workers), segments, kinds)
        comparison = Comparison(OnnxRuntimeBackend.load(model), blocks, curves)
        outcomes = comparison.outcomes(chosen(seen.right, compared), threads=max(1, workers))
    options = {"manifest": manifest, "clips": len(segments), "seed": None if manifest else seed, "masks": masks}
    return Report(
        "faithfulness",
        described(artefact),
        options
        | {"video_players": kinds, "space_time_clips": space_time_clips, "compared": compared, "curves": curves}
        | {"checkpoint": checkpoint, "workers": workers},
        (*_sections(seen), *method_sections(outcomes, attention=blocks is not None)),
    )


def _blocks(checkpoint: Path | None, artefact: Artefact) -> LastBlocks | None:
    try:
        return LastBlocks.load(checkpoint, labels=artefact.labels, head=artefact.head) if checkpoint else None
    except CheckpointError as error:
        raise click.ClickException(str(error)) from error


def _seen(run: PlantedRun, segments: Sequence[Segment], kinds: Sequence[VideoPlayers]) -> Seen:
    first, *others = kinds
    shown = [segment for segment in segments if Trigger.from_json(segment.extra[TRIGGER]).video]
    result = run.explain(segments, first)
    findings = [(first, finding) for finding in find_planted(result)]
    right = explained_clips(result, first, segments)
    for kind in others if shown else ():
        more = run.explain(shown, kind)
        findings += [(kind, finding) for finding in find_planted(more) if finding.modality == "video"]
        right += [clip.of("video") for clip in explained_clips(more, kind, shown) if "video" in clip.phi]
    return Seen(planted_segments(result), findings, right)


def chosen(clips: Sequence[ExplainedClip], most: int) -> list[ExplainedClip]:
    """At most so many clips, each with all its kinds of players, at equal distances."""
    names = list(dict.fromkeys(clip.segment.segment_id for clip in clips))
    kept = set(spread(names, most))
    return [clip for clip in clips if clip.segment.segment_id in kept]


def _planted(manifest: Path, most: int) -> list[Segment]:
    segments = [segment for segment in read_collection(manifest) if TRIGGER in segment.extra][:most]
    if not segments:
        raise click.ClickException(f"{manifest} has no column {TRIGGER!r}; give one that `mmexplain corpus` made")
    return segments


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


@click.command(help=__doc__)
@click.option("--model", type=click.Path(path_type=Path, exists=True), default=MODEL, help="[default: the demo's]")
@click.option("--manifest", type=click.Path(path_type=Path, exists=True), help="Of planted clips.  [default: made]")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
@click.option("--clips", type=click.IntRange(min=1), default=CLIPS, show_default=True, help="Most of them.")
@click.option("--seed", default=SEED, show_default=True, help="Of the clips that are made.")
@click.option("--masks", type=NumberOr("auto"), default="auto", show_default=True, help="Per modality.")
@click.option("--video-players", multiple=True, type=click.Choice(VIDEO_PLAYERS), default=("space",), show_default=True)
@click.option("--space-time-clips", type=click.IntRange(min=1), default=SPACE_TIME_CLIPS, show_default=True)
@click.option(
    "--compared", type=click.IntRange(min=0), default=COMPARED, show_default=True, help="Most clips with all methods."
)
@click.option("--curves/--no-curves", default=True, show_default=True, help="Deletion and insertion.")
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path, exists=True),
    help="That the model was exported from, for its attention.  [default: the demo's]",
)
@click.option("--workers", type=click.IntRange(min=0), help="Processes; 0 is this one alone.  [default: cores]")
def main(*, model: Path, json_file: Path | None, checkpoint: Path | None, **options: Any) -> None:
    """Run the bench."""
    if checkpoint is None and model.samefile(MODEL):
        checkpoint = CHECKPOINT
    publish(measure(model, checkpoint=checkpoint, **options), json_file)


if __name__ == "__main__":
    main()
