"""Where a result's segments come from: their words with times, and the media that can be shown beside them."""

from collections.abc import Container
from pathlib import Path

from batcher.collection import CollectionError, Segment, read_collection
from batcher.collection.bad_row import skip
from batcher.store.result import Result, ResultError
from media import Clip, MediaError, Preprocessing, decode_clip


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
