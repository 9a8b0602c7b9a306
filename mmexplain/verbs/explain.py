"""`explain`: the main job; and `demo`, which does it on what ships with the package."""

from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

import click
from rich.console import Console

from batcher.backends.choice import BackendChoice
from batcher.collection import BAD_ROWS, BadRows
from batcher.options import CLASSES, MOST_TOLERANCE, Classes, Options
from batcher.players import AUDIO_PLAYERS, TOKENS, AudioPlayers, VideoPlayers
from batcher.run import Event, Finished, Run, explain_collection
from batcher.selection import Selection
from batcher.store.result import load_result
from mmexplain.exit import Exit
from mmexplain.metrics import LOCAL, served
from mmexplain.options import Folder, NumberOr, PicturePlayers, TextPlayers, picture_players, run_options
from mmexplain.progress import Log, progress
from mmexplain.verbs.report import print_page
from mmexplain.verbs.validate import print_problems
from report.collection.summarise import summarise
from report.table import result_table

DEMO: Final = Path(str(files("mmexplain") / "demo"))


@click.command()
@click.argument("collection", type=click.Path(path_type=Path))
@click.option("--model", type=click.Path(path_type=Path), required=True, help="The artefact's folder.")
@click.option("--out", type=Folder(), required=True, help="The result's folder.")
@click.option("--estimator", default=Options.estimator, show_default=True, help="Or exact, or one registered.")
@click.option("--text-players", type=TextPlayers(), default=TOKENS, show_default=True, help="N: words together.")
@click.option("--audio-players", type=click.Choice(AUDIO_PLAYERS), default="half-seconds", show_default=True)
@click.option(
    "--video-players", type=PicturePlayers(), default="space", show_default=True, help="FILE: a table of regions."
)
@click.option("--classes", type=click.Choice(CLASSES), default="predicted", show_default=True)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0, min_open=True, max=MOST_TOLERANCE),
    help="Masks until every share is known to so many percentage points, up or down.  [default: a fixed number]",
)
@click.option(
    "--grid-points",
    type=NumberOr("auto", "all"),
    default="auto",
    show_default=True,
    help="Most combinations of masks that the head evaluates, or as few as meet every mask.",
)
@click.option("--ray-address", help="A Ray cluster to run on, instead of this machine.")
@click.option("--where", multiple=True, metavar="COLUMN=VALUE", help="Only segments with this value.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many.")
@click.option(
    "--on-bad-row",
    type=click.Choice(BAD_ROWS),
    default="error",
    show_default=True,
    help="Leave out what describes no segment, and say so; or explain nothing.",
)
@click.option("--retry-errors", is_flag=True, help="Try segments with lasting failures again.")
@click.option("--keep-going", is_flag=True, help="Exit with 0 although some segments failed.")
@click.option("--metrics-port", type=click.IntRange(1, 65535), help="Serve metrics for Prometheus at http://HOST:PORT.")
@click.option("--metrics-host", default=LOCAL, show_default=True, help="0.0.0.0 lets others read them.")
@run_options
def explain(
    *,
    collection: Path,
    model: Path,
    out: Path,
    masks: int | Literal["auto"],
    max_masks: int,
    estimator: str,
    text_players: str,
    audio_players: AudioPlayers,
    video_players: VideoPlayers | Path,
    classes: Classes,
    tolerance: float | None,
    grid_points: int | Literal["auto", "all"],
    seed: int,
    backend: BackendChoice,
    workers: int | None,
    ray_address: str | None,
    where: tuple[str, ...],
    limit: int | None,
    on_bad_row: BadRows,
    retry_errors: bool,
    keep_going: bool,
    metrics_port: int | None,
    metrics_host: str,
    log: Log,
) -> Exit:
    """Explain the segments of COLLECTION.

    It is a manifest (.csv, .jsonl or .parquet), a folder of media with a transcript beside each, or MELD's csv.

    Run again with the same arguments, it goes on where it stopped.
    """
    picture, regions = picture_players(video_players)
    options = Options(masks, max_masks, estimator, picture, classes, seed, tolerance, grid_points)
    run = Run(
        manifest=collection,
        artefact=model,
        out=out,
        options=replace(options, audio_players=audio_players, text_players=text_players),
        selection=Selection(where, limit),
        backend=backend,
        workers=workers,
        ray_address=ray_address,
        retry_errors=retry_errors,
        regions=regions,
        on_bad_row=on_bad_row,
    )
    finished = _explain(run, log, metrics_host, metrics_port)
    return Exit.SEGMENTS_FAILED if finished.failed and not keep_going else Exit.DONE


def _explain(run: Run, log: Log, metrics_host: str = LOCAL, metrics_port: int | None = None) -> Finished:
    with progress(log) as show, served(metrics_host, metrics_port) as count:

        def on_event(event: Event) -> None:
            show(event)
            count(event)

        return explain_collection(run, on_event)


@click.command()
@click.option("--out", type=Folder(), default=Path("demo-out"), show_default=True)
@run_options
def demo(
    *,
    out: Path,
    masks: int | Literal["auto"],
    max_masks: int,
    seed: int,
    backend: BackendChoice,
    workers: int | None,
    log: Log,
) -> Exit:
    """Explain the clips that come with this package, by the model that comes with it."""
    options = Options(masks=masks, max_masks=max_masks, seed=seed)
    run = Run(
        DEMO / "clips" / "manifest.csv",
        DEMO / "model",
        out,
        options=options,
        backend=backend,
        workers=workers,
    )
    finished = _explain(run, log)
    result = load_result(out)
    Console().print(result_table(result))
    problems = print_problems(out)
    print_page(result, summarise(result), out, previews=True)
    return problems or (Exit.SEGMENTS_FAILED if finished.failed else Exit.DONE)
