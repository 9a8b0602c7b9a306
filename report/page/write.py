"""Writes the page of a result."""

import errno
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from importlib.resources import files
from itertools import islice
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

import av
import pyarrow.compute as pc

from batcher.collection import Segment
from batcher.outcome import EXPLAINED
from batcher.store.atomic import replaced
from batcher.store.result import Result, ResultError
from media import Clip
from media.modality import MODALITIES
from report.collection.summary import CollectionSummary
from report.explained import ExplainedSegment, Row, explained_segments
from report.page.detail import detail_of
from report.page.preview import write_preview
from report.page.script import call
from report.source import file_name, shown_clip, source_segments

PAGE: Final = "report.html"
PARTS: Final = "report"
TOGETHER: Final = 8
"""Segments whose details are one script."""
CHARACTERS: Final = 240
"""Of a text, in the table."""
MOST_GROUPS: Final = 40
"""Of a kind, on the page, which says so; the command's --json has all."""
ASSETS: Final = ("report.css", "drawing.js", "pictures.js", "report.js")


def write_page(
    result: Result,
    summary: CollectionSummary,
    folder: Path,
    *,
    previews: bool = False,
    on_segment: Callable[[int], None] = lambda _: None,
) -> Path:
    """Write `report.html`, and `report/` beside it, in the place of those that are there.

    Args:
        result: an open result.
        summary: of it.
        folder: is made.
        previews: whether clips that browsers play are written; they show what the model saw.
        on_segment: told of each segment, with how many are done.

    Returns:
        The page.

    Raises:
        OSError: a file can't be written.
    """
    sources, warnings = _sources(result)
    summary = replace(summary, warnings=(*summary.warnings, *warnings))
    folder.mkdir(parents=True, exist_ok=True)
    parts = Path(mkdtemp(prefix=".report-", dir=folder))
    try:
        parts.chmod(0o755)
        for name in ASSETS:
            (parts / name).write_bytes(_asset(name))
        index = list(_write_details(result, sources, parts, previews=previews, on_segment=on_segment))
        index += [_failed(row) for row in _failures(result)]
        (parts / "index.js").write_text(call("report.index", _described(result, summary), index), encoding="utf-8")
        _swap(parts, folder / PARTS)
    finally:
        shutil.rmtree(parts, ignore_errors=True)
    with replaced(folder / PAGE) as partial:
        partial.write_bytes(_asset(PAGE))
    return folder / PAGE


def _sources(result: Result) -> tuple[Mapping[str, Segment], tuple[str, ...]]:
    """The collection's segments; without a collection the page has values alone, and says so."""
    ids = set(result.table("segments", ["segment_id"])["segment_id"].to_pylist())
    try:
        return source_segments(result, ids), ()
    except ResultError as error:
        return {}, (f"Neither frames nor waveforms are shown: {error}",)


def _asset(name: str) -> bytes:
    return (files("report.page") / "assets" / name).read_bytes()


def _swap(made: Path, place: Path) -> None:
    """Put a folder in the place of another, which is gone for an instant only."""
    old = made.with_name(f"{made.name}-old")
    if place.exists():
        place.rename(old)
    made.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def _write_details(
    result: Result,
    sources: Mapping[str, Segment],
    parts: Path,
    *,
    previews: bool,
    on_segment: Callable[[int], None],
) -> Iterator[list[Any]]:
    """Write details, some segments to a script; what the table says of each comes back."""
    (parts / "details").mkdir()
    (parts / "clips").mkdir()
    segments, number, done = explained_segments(result), 0, 0
    while some := list(islice(segments, TOGETHER)):
        details = []
        for explained in some:
            clips = parts / "clips" if previews else None
            details.append(_detail(explained, sources.get(explained.segment_id), clips))
            done += 1
            on_segment(done)
            yield _row(explained, number)
        (parts / "details" / f"{number}.js").write_text(call("report.details", number, details), encoding="utf-8")
        number += 1


def _detail(explained: ExplainedSegment, segment: Segment | None, clips: Path | None) -> Row:
    clip = shown_clip(segment) if segment else None
    name = f"{file_name(explained.segment_id)}.mp4"
    preview = f"{PARTS}/{clips.name}/{name}" if clips and clip and _is_shown(clip, clips / name) else None
    return detail_of(explained, segment, clip, preview)


def _is_shown(clip: Clip, path: Path) -> bool:
    """Write a preview. One clip that FFmpeg won't encode must not cost the page."""
    try:
        write_preview(clip, path)
    except av.FFmpegError as error:
        if error.errno == errno.ENOSPC:
            raise
        return False
    return True


def _row(explained: ExplainedSegment, script: int) -> list[Any]:
    """What the table says of a segment, and which script has its details."""
    row = explained.segment
    shares = [explained.share(modality)[0] for modality in MODALITIES]
    rounded = [None if share is None else round(share, 4) for share in shares]
    text = (row["text"] or "")[:CHARACTERS]
    known = [row["segment_id"], explained.label, round(row["probability"], 4), row["label_true"], text]
    return [*known, *rounded, script, None]


def _failures(result: Result) -> Iterator[Row]:
    columns = ["segment_id", "label_true", "text", "status", "error_stage", "error"]
    rows = result.table("segments", columns)
    yield from rows.filter(pc.not_equal(rows["status"], EXPLAINED)).to_pylist()


def _failed(row: Row) -> list[Any]:
    text = (row["text"] or "")[:CHARACTERS]
    reason = ": ".join(filter(None, (row["error_stage"], row["error"]))) or row["status"]
    return [row["segment_id"], None, None, row["label_true"], text, None, None, None, None, reason]


def _described(result: Result, summary: CollectionSummary) -> Row:
    described = asdict(summary)
    kinds = Counter(group["kind"] for group in described["groups"])
    shown = {kind: [one for one in described["groups"] if one["kind"] == kind][:MOST_GROUPS] for kind in kinds}
    described |= {"groups": shown, "kinds": kinds}
    return described | {"name": result.folder.absolute().name, "head": result.head}
