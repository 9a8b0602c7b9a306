"""`segment`: raw media to a manifest."""

from pathlib import Path

import click

from media.speech import PRECISIONS, Device
from mmexplain.exit import Exit
from mmexplain.progress import Log
from mmexplain.segment_progress import segment_progress
from mmexplain.segmenting import ORIGINS, Origin, Segmenting, segment_media


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The manifest, a .jsonl.")
@click.option("--from", "origin", type=click.Choice(ORIGINS), default="auto", show_default=True, help="What is used.")
@click.option("--speech-model", type=click.Path(path_type=Path), help="The folder of a Whisper model for CTranslate2.")
@click.option("--language", help="Of all files: nl, en or another.  [default: as it is heard]")
@click.option("--device", type=click.Choice(list(PRECISIONS)), default="cpu", show_default=True, help="That hears.")
@click.option("--threads", type=click.IntRange(min=1), help="Of the CPU.  [default: 4]")
@click.option("--keep-going", is_flag=True, help="Exit with 0 although some files failed.")
@click.option("--log", type=click.Choice(["auto", "rich", "json"]), default="auto", show_default=True)
def segment(
    *,
    source: Path,
    out: Path,
    origin: Origin,
    speech_model: Path | None,
    language: str | None,
    device: Device,
    threads: int | None,
    keep_going: bool,
    log: Log,
) -> Exit:
    """Write a manifest of the utterances in SOURCE, a media file or a folder of them.

    They come from the transcript beside a file, else from speech recognition. Run again with the same arguments, it
    goes on with the files that aren't done.
    """
    if out.suffix != ".jsonl":
        raise click.UsageError(f"--out {out}: the manifest is written as .jsonl; end its name so")
    job = Segmenting(source, out, origin, speech_model, language, device, threads or 0)
    with segment_progress(log) as show:
        ended = segment_media(job, show)
    return Exit.SEGMENTS_FAILED if ended.failed and not keep_going else Exit.DONE
