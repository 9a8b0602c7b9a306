"""The command `mmexplain`. Every option is also an environment variable: MMEXPLAIN_<VERB>_<OPTION>."""

import sys
from collections.abc import Callable
from enum import IntEnum
from functools import wraps
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

import click
from rich.console import Console

from batcher.backends import BackendError
from batcher.backends.choice import BackendChoice
from batcher.collection import CollectionError
from batcher.options import CLASSES, MOST_TOLERANCE, Classes, Options
from batcher.players import VIDEO_PLAYERS, VideoPlayers
from batcher.run import ConfigError, Event, Finished, Run, explain_collection
from batcher.selection import Selection
from batcher.store.files import StoreError
from batcher.store.result import ResultError, load_result
from batcher.store.validate import validate as find_problems
from export.artefact import PRECISIONS, ArtefactError, Precision
from media.errors import CorpusError, MediaError
from mmexplain.metrics import LOCAL, MetricsError, served
from mmexplain.options import Folder, NumberOr, Port, deployment_options, run_options
from mmexplain.progress import UNTRAINED, Log, progress, show_server
from report.table import result_table
from sseft.heads import HEAD_KINDS, HeadKind
from sseft.presets import PRESETS
from triton_models.deployment import DeploymentOptions
from triton_models.endpoints import LAST_PORT, LOOPBACK, Endpoints

DEMO: Final = Path(str(files("mmexplain") / "demo"))

BAD_INPUT: Final = (
    ArtefactError,
    CollectionError,
    ConfigError,
    CorpusError,
    MediaError,
    MetricsError,
    ResultError,
    StoreError,
)


class Exit(IntEnum):
    """Exit codes."""

    DONE = 0
    BUG = 1
    BAD_INPUT = 2
    NO_SERVER = 3
    SEGMENTS_FAILED = 4
    INVALID = 5
    INTERRUPTED = 130


def needs_torch(command: Callable[..., Any]) -> Callable[..., Any]:
    """Say what to install where a verb needs torch and there is none."""

    @wraps(command)
    def run(**options: Any) -> Any:
        try:
            return command(**options)
        except ModuleNotFoundError as error:
            raise click.UsageError(
                f"{error.name} isn't installed; this verb needs: pip install 'mmexplain[train]' "
                "(from a checkout: pip install -e '.[train]')"
            ) from error

    return run


@click.group(context_settings={"auto_envvar_prefix": "MMEXPLAIN", "help_option_names": ["-h", "--help"]})
@click.version_option(version("mmexplain"))
def cli() -> None:
    """Explain which words, half-seconds and parts of the picture carried an emotion, for whole collections."""


@cli.command()
@click.argument("collection", type=click.Path(path_type=Path))
@click.option("--model", type=click.Path(path_type=Path), required=True, help="The artefact's folder.")
@click.option("--out", type=Folder(), required=True, help="The result's folder.")
@click.option("--estimator", default=Options.estimator, show_default=True, help="Or exact, or one registered.")
@click.option("--video-players", type=click.Choice(VIDEO_PLAYERS), default="space", show_default=True)
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
    video_players: VideoPlayers,
    classes: Classes,
    tolerance: float | None,
    grid_points: int | Literal["auto", "all"],
    seed: int,
    backend: BackendChoice,
    workers: int | None,
    ray_address: str | None,
    where: tuple[str, ...],
    limit: int | None,
    retry_errors: bool,
    keep_going: bool,
    metrics_port: int | None,
    metrics_host: str,
    log: Log,
) -> Exit:
    """Explain the segments of COLLECTION, a manifest (.csv, .jsonl or .parquet).

    Run again with the same arguments, it goes on where it stopped.
    """
    run = Run(
        manifest=collection,
        artefact=model,
        out=out,
        options=Options(masks, max_masks, estimator, video_players, classes, seed, tolerance, grid_points),
        selection=Selection(where, limit),
        backend=backend,
        workers=workers,
        ray_address=ray_address,
        retry_errors=retry_errors,
    )
    finished = _explain(run, log, metrics_host, metrics_port)
    return Exit.SEGMENTS_FAILED if finished.failed and not keep_going else Exit.DONE


def _explain(run: Run, log: Log, metrics_host: str = LOCAL, metrics_port: int | None = None) -> Finished:
    with progress(log) as show, served(metrics_host, metrics_port) as count:

        def on_event(event: Event) -> None:
            show(event)
            count(event)

        return explain_collection(run, on_event)


@cli.command()
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
    Console().print(result_table(load_result(out)))
    return _print_problems(out) or (Exit.SEGMENTS_FAILED if finished.failed else Exit.DONE)


@cli.command()
@click.argument("result", type=click.Path(path_type=Path))
def validate(*, result: Path) -> Exit:
    """Check RESULT: schemas, efficiency, shares, and that no segment is missing or stands twice."""
    return _print_problems(result)


def _print_problems(folder: Path) -> Exit:
    result = load_result(folder)
    problems = find_problems(result)
    for problem in problems:
        click.echo(problem)
    if not problems:
        click.echo(f"{folder} is valid" if result.run["trained"] else f"{folder} is valid; {UNTRAINED}")
    return Exit.INVALID if problems else Exit.DONE


@cli.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Of the original SSE-FT code, or of `train`.")
@click.option("--untrained", type=click.Choice(list(PRESETS)), help="Random weights of this size instead.")
@click.option("--roberta", type=click.Path(path_type=Path), help="But this encoder: of fairseq or transformers.")
@click.option("--wav2vec", type=click.Path(path_type=Path), help="But this: wav2vec_large.pt, or a wav2vec 2.0 folder.")
@click.option("--fabnet", type=click.Path(path_type=Path), help="But this: FAb-Net's .pth.")
@click.option("--seed", default=0, show_default=True, help="Of the random weights.")
@click.option("--text-heads", type=click.IntRange(min=1), help="Of its RoBERTa.  [default: as its file or size tells]")
@click.option("--head", type=click.Choice(HEAD_KINDS), help="What its logits are.  [default: as the checkpoint says]")
@click.option(
    "--labels",
    help="Its classes, between commas, in the order of its logits.  "
    "[default: MELD's; sentiment for a score, IEMOCAP's four for binary]",
)
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path),
    help="Of its RoBERTa: a tokenizer.json, or a folder of transformers or fairseq.",
)
@click.option("--trailing-newline", is_flag=True, help="End every text with a line's end, as the original code did.")
@click.option("--precision", type=click.Choice(PRECISIONS), default="fp32", show_default=True, help="Of products.")
@click.option("--triton", type=Folder(), help="Write a model repository of the artefact here, too.")
@deployment_options
@needs_torch
def export(
    *,
    out: Path,
    triton: Path | None,
    deployment: DeploymentOptions,
    checkpoint: Path | None,
    untrained: str | None,
    roberta: Path | None,
    wav2vec: Path | None,
    fabnet: Path | None,
    seed: int,
    text_heads: int | None,
    head: HeadKind | None,
    labels: str | None,
    tokenizer: Path | None,
    trailing_newline: bool,
    precision: Precision,
) -> Exit:
    """Export a model to the artefact OUT, if its graphs agree with PyTorch.

    Without a model, --triton makes a model repository of the artefact that OUT is already.
    """
    if triton and checkpoint is None and untrained is None:
        return _write_repository(out, triton, deployment)
    if (checkpoint is None) == (untrained is None):
        raise click.UsageError("give either --checkpoint or --untrained")
    if checkpoint and (roberta or wav2vec or fabnet):
        raise click.UsageError("a checkpoint holds its encoders; --roberta, --wav2vec and --fabnet go with --untrained")
    if trailing_newline and tokenizer is None:
        raise click.UsageError("--trailing-newline is about texts, which need --tokenizer; token ids stay as they are")
    from mmexplain.exporting import Unrecorded, export_checkpoint, export_untrained  # noqa: PLC0415  # needs torch
    from sseft.pretrained.parts import Parts  # noqa: PLC0415  # as above

    names = tuple(label.strip() for label in labels.split(",")) if labels else None
    unrecorded = Unrecorded(text_heads, head, names, tokenizer, trailing_newline)
    if checkpoint:
        artefact = export_checkpoint(out, checkpoint, unrecorded, precision)
    else:
        parts = Parts(roberta, wav2vec, fabnet)
        artefact = export_untrained(out, str(untrained), unrecorded, seed=seed, parts=parts, precision=precision)
    compared = "logits" if artefact.precision == "fp32" else "values"
    click.echo(f"{out}: {artefact.provenance}; largest difference from PyTorch's {compared} {artefact.parity:.1e}")
    return _write_repository(out, triton, deployment) if triton else Exit.DONE


def _write_repository(artefact: Path, out: Path, deployment: DeploymentOptions) -> Exit:
    from triton_models.repository import write_repository  # noqa: PLC0415  # gRPC takes a third of a second to import

    try:
        settled = deployment.on(deployment.target or "container")
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    write_repository(artefact, out, settled)
    click.echo(f"{out}: for Triton ({settled.target}, {settled.device})")
    return Exit.DONE


@cli.command()
@click.argument("training", type=click.Path(path_type=Path))
@click.option("--held-out", type=click.Path(path_type=Path), required=True, help="A manifest of other clips.")
@click.option("--out", type=Folder(), required=True, help="The folder of model, tokenizer, log and figures.")
@click.option("--preset", type=click.Choice(list(PRESETS)), default="tiny", show_default=True, help="Its size.")
@click.option("--seed", default=0, show_default=True)
@click.option("--workers", type=click.IntRange(min=1), default=2, show_default=True, help="Threads that decode.")
@needs_torch
def train(*, training: Path, held_out: Path, out: Path, preset: str, seed: int, workers: int) -> Exit:
    """Train a model from nothing on the planted clips of the manifest TRAINING."""
    from mmexplain.training import train_planted  # noqa: PLC0415  # needs torch
    from sseft.training.recipe import Recipe  # noqa: PLC0415  # as above

    figures = train_planted(
        training, held_out, out, preset=preset, recipe=Recipe(seed=seed), workers=workers, on_epoch=click.echo
    )
    for row in figures:
        click.echo(f"{row.group}: {row.right} of {row.clips} held-out clips right")
    return Exit.DONE


@cli.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--clips", type=click.IntRange(min=1), default=98, show_default=True, help="How many; 98 are of all kinds."
)
@click.option("--seed", default=0, show_default=True)
@click.option(
    "--split", type=click.Choice(["train", "test"]), default="train", show_default=True, help="They share none."
)
@click.option("--workers", type=click.IntRange(min=1), help="Processes.  [default: cores]")
def corpus(*, out: Path, clips: int, seed: int, split: Literal["train", "test"], workers: int | None) -> Exit:
    """Make clips with planted triggers, and their manifest, in the folder OUT.

    The sentences, faces and voices of the two splits are others.
    """
    from media.planted.corpus import make_corpus  # noqa: PLC0415  # needs the extra corpus

    click.echo(make_corpus(out, clips=clips, seed=seed, split=split, workers=workers))
    return Exit.DONE


@cli.command()
@click.argument("artefact", type=click.Path(path_type=Path))
@click.option("--host", default=LOOPBACK, show_default=True, help="0.0.0.0 lets other machines in.")
@click.option(
    "--port", type=click.IntRange(0, LAST_PORT), default=Endpoints.grpc, show_default=True, help="Of gRPC; 0: any."
)
@click.option("--http-port", type=Port(), default=Endpoints.http, show_default=True)
@click.option("--metrics-port", type=Port(), default=Endpoints.metrics, show_default=True)
@click.option("--repository", type=Folder(), help="Keep the model repository here.")
@click.option(
    "--environment",
    type=click.Path(path_type=Path),
    help="The server's, from `make triton`.  [default: tritonserver on the PATH, else .triton here or above]",
)
@click.option("--server-log", type=click.Path(path_type=Path), help="Append what the server writes to this file.")
@click.option("--log", type=click.Choice(["auto", "rich", "json"]), default="auto", show_default=True)
@deployment_options
def serve(
    *,
    artefact: Path,
    host: str,
    port: int,
    http_port: int | Literal["off"],
    metrics_port: int | Literal["off"],
    deployment: DeploymentOptions,
    repository: Path | None,
    environment: Path | None,
    server_log: Path | None,
    log: Log,
) -> Exit:
    """Start a Triton server on the model ARTEFACT, print its URL, and keep it running until Ctrl-C or SIGTERM."""
    from mmexplain import serving  # noqa: PLC0415  # gRPC takes a third of a second to import

    endpoints = Endpoints(
        host,
        port,
        None if http_port == "off" else http_port,
        None if metrics_port == "off" else metrics_port,
    )
    options = serving.Serving(artefact, deployment, endpoints, repository, environment, server_log)
    serving.serve(options, *serving.parts_of(artefact), show_server(log), click.echo)
    return Exit.DONE


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        code = cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = Exit.BAD_INPUT
    except BAD_INPUT as error:
        click.echo(f"Error: {error}", err=True)
        code = Exit.BAD_INPUT
    except BackendError as error:
        click.echo(f"Error: {error}", err=True)
        code = Exit.NO_SERVER
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted. `mmexplain explain` goes on where it stopped.", err=True)
        code = Exit.INTERRUPTED
    sys.exit(code)
