"""Where a result's segments come from: their words with times, the media to show beside them, names for files."""

import hashlib
import re
from collections.abc import Container
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from batcher.collection import CollectionError, Segment, read_collection
from batcher.collection.bad_row import skip
from batcher.store.result import Result, ResultError
from media import Clip, MediaError, Preprocessing, decode_clip
from report.cells import Cells

RATE_HZ: Final = Preprocessing().sample_rate_hz
"""Of the sound of shown clips."""
NAME_CHARACTERS: Final = 80
"""Of a file's name; ids may be longer than file systems allow."""


def source_segments(result: Result, segment_ids: Container[str]) -> dict[str, Segment]:
    """Segments of the collection that a result explains.

    Args:
        result: an open result.
        segment_ids: those that are wanted.

    Returns:
        By their ids, without those that the collection no longer holds.

    Raises:
        ResultError: the collection can't be read any more.
    """
    manifest = Path(result.run["manifest"])
    try:
        every = read_collection(manifest, skip)
        return {segment.segment_id: segment for segment in every if segment.segment_id in segment_ids}
    except (CollectionError, OSError) as error:
        raise ResultError(f"the collection that {result.folder} explains can't be read: {error}") from error


def shown_clip(segment: Segment) -> Clip | None:
    """Sound and picture of a segment, as the model sees them; None where its media can't be read or has neither."""
    try:
        return decode_clip(
            segment.path,
            start_ms=segment.start_ms,
            end_ms=segment.end_ms,
            modalities=("audio", "video"),
            preprocessing=Preprocessing(),
        )
    except MediaError:
        return None


def shown_frame(clip: Clip | None, cells: Cells) -> NDArray[np.uint8] | None:
    """[S, S, 3], the middle frame of the strongest group, or of the clip; None where no picture could be read."""
    if clip is None or clip.video is None:
        return None
    times = clip.video.times_ms
    span = (times[0], times[-1]) if cells.moments is None else cells.moments.spans_ms[cells.moments.strongest]
    place = int(np.searchsorted(times, np.mean(span), side="right")) - 1
    frames: NDArray[np.uint8] = clip.video.frames
    shown: NDArray[np.uint8] = np.moveaxis(frames[min(max(place, 0), len(frames) - 1)], 0, -1)
    return shown


def file_name(segment_id: str) -> str:
    """A name for a segment's files that any file system takes, and that no other segment has."""
    plain = re.sub(r"[^\w.-]+|^\.+", "_", segment_id, flags=re.ASCII)
    if plain.lower() == segment_id and len(plain) <= NAME_CHARACTERS and not plain.endswith("."):
        return plain
    return f"{plain[:NAME_CHARACTERS]}-{hashlib.sha256(segment_id.encode()).hexdigest()[:12]}"
