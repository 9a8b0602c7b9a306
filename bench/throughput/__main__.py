"""`python -m bench.throughput`."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Literal

import click

import bench.throughput
from batcher.options import Options
from batcher.players import VIDEO_PLAYERS, VideoPlayers
from bench.accuracy.rows import AT
from bench.demo import common_options, described
from bench.estimation.encoders import exported
from bench.machine import cores
from bench.output import Report, Section, publish
from bench.throughput.clip import SIDE, Setting, TimedClip, time_clip
from bench.throughput.collection import rate_rows, split_rows, time_run
from bench.throughput.equal_error import PassRatio, measured_ratios, read_ratios
from bench.throughput.graph_rows import clip_row, graph_rows
from bench.throughput.other_rows import other_rows
from bench.throughput.rows import GRAPHS, OTHERS, OVERHEAD, RATE, SPLIT
from export.artefact import load_artefact
from mmexplain.options import NumberOr

SEGMENTS: Final = 24
SHIPPED: Final = "shipped"
PUBLISHED: Final = "published size"
USUAL: Final = Setting()


def measure(
    model: Path,
    manifest: Path,
    ratios: Sequence[PassRatio],
    *,
    segments: int = SEGMENTS,
    masks: int | Literal["auto"] = "auto",
    workers: int | None = None,
    setting: Setting = USUAL,
    published: Path | None = None,
) -> Report:
    """Time a run, then one clip in this process.

    Args:
        model: the artefact.
        manifest: its segments are repeated, under ids of their own; the first is the clip.
        ratios: of encoder passes at equal error, of other methods.
        segments: of the run.
        masks: per modality, in the run.
        workers: processes; None: one per core; 0: this process alone.
        setting: of the clip; the run has its players of the picture.
        published: an artefact of the published size, by which the clip is explained too.
    """
    workers = cores() if workers is None else workers
    options = Options(masks=masks, video_players=setting.video_players)
    timed = time_run(model, manifest, segments=segments, options=options, workers=workers)
    clips = {SHIPPED: time_clip(model, manifest, setting)}
    if published is not None:
        clips[PUBLISHED] = time_clip(published, manifest, setting)
    return Report(
        "throughput",
        described(load_artefact(model)),
        {"segments": segments, "masks": masks, "workers": workers, "clip": asdict(setting), "published": published},
        (
            Section(RATE, rate_rows(timed, workers)),
            Section(SPLIT, split_rows(timed)),
            *_clip_sections(clips, ratios, setting),
        ),
    )


def _clip_sections(
    clips: Mapping[str, TimedClip], ratios: Sequence[PassRatio], setting: Setting
) -> tuple[Section, Section, Section]:
    graphs = [row for name, timed in clips.items() for row in graph_rows(name, timed)]
    overhead = [clip_row(name, timed) for name, timed in clips.items()]
    others = [row for name, timed in clips.items() for row in other_rows(name, timed, ratios)]
    return (
        Section(GRAPHS, graphs, _GRAPH_NOTES),
        Section(OVERHEAD, overhead, _overhead_notes(setting)),
        Section(OTHERS, others, _OTHER_NOTES),
    )


_GRAPH_NOTES: Final = (
    "FLOPs: two for each product that is summed up, in convolutions, matrix products and einsums, as the graphs have",
    "them. one by one: each sub-mask, pair and grid point by a run of its own, each frame by FAb-Net itself.",
    "seconds of graphs: in ONNX Runtime. GB moved: inputs, outputs and weights, once for each call.",
)


def _overhead_notes(setting: Setting) -> tuple[str, ...]:
    return (
        f"The median of {setting.rounds} rounds of all ways, on {setting.threads} thread(s), after one run of each.",
        f"matrix product: {SIDE} x {SIDE} by {SIDE} x {SIDE} in float32, by ONNX Runtime.",
        "overhead: what an explanation takes outside its graphs, estimate included, over what it takes inside.",
    )


_OTHER_NOTES: Final = (
    "thesis: text padded to the model's 512 tokens, sound to 150,000 samples, video to 300 frames, and all of it sent",
    "through these graphs, but FAb-Net frame by frame. Its attention between modalities is ours, which costs less.",
    "kernel SHAP: the same at the clip's own lengths; by leverage scores (shapiq). Both: a coalition at a time, and",
    "neither masking by hand nor what the methods themselves compute is in their times.",
    f"equal error: passes over the grid's as bench.accuracy finds them at {AT} masks, the median of its games; least:",
    "in the game where the method does best. extrapolated: seconds each of the coalitions run, times all.",
)


@click.command(help=bench.throughput.__doc__)
@common_options
@click.option("--segments", type=click.IntRange(min=1), default=SEGMENTS, show_default=True, help="Of the run.")
@click.option("--masks", type=NumberOr("auto"), default="auto", show_default=True, help="Per modality, in the run.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes; 0 is this one alone.  [default: cores]")
@click.option("--video-players", type=click.Choice(VIDEO_PLAYERS), default="space", show_default=True)
@click.option(
    "--clip-masks",
    type=click.IntRange(min=2),
    default=Setting.masks,
    show_default=True,
    help="Per modality, of the clip.",
)
@click.option("--rounds", type=click.IntRange(min=1), default=Setting.rounds, show_default=True, help="Of the clip.")
@click.option("--threads", type=click.IntRange(min=1), default=Setting.threads, show_default=True, help="Of the clip.")
@click.option(
    "--accuracy",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="What bench.accuracy wrote by --json.  [default: two of its games, now]",
)
@click.option("--published", type=click.Path(path_type=Path, exists=True), help="An artefact of the published size.")
@click.option("--export", "export_it", is_flag=True, help="Export one: minutes, and 1.6 GB of disk meanwhile.")
def main(
    *,
    model: Path,
    manifest: Path,
    json_file: Path | None,
    accuracy: Path | None,
    published: Path | None,
    export_it: bool,
    clip_masks: int,
    video_players: VideoPlayers,
    threads: int,
    rounds: int,
    **options: Any,
) -> None:
    """Run the bench."""
    if published and export_it:
        raise click.UsageError("--published names an artefact and --export makes one; give one of them")
    setting = Setting(clip_masks, video_players, threads, rounds)
    ratios = read_ratios(accuracy) if accuracy else measured_ratios()
    with exported() if export_it else nullcontext(published) as folder:
        publish(measure(model, manifest, ratios, published=folder, setting=setting, **options), json_file)


if __name__ == "__main__":
    main()
