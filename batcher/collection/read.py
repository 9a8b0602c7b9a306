"""Reading a collection, whatever form it has."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from batcher.collection.bad_row import BadRow, OnBadRow, refuse
from batcher.collection.folder import read_folder
from batcher.collection.manifest import read_manifest
from batcher.collection.meld import is_meld, meld_tables, read_meld
from batcher.collection.original import is_original, read_original
from batcher.collection.segment import CollectionError, Segment
from batcher.collection.tables import header_of, place_of


def read_collection(collection: Path, on_bad_row: OnBadRow = refuse, *, needs_media: bool = True) -> Iterator[Segment]:
    """Stream the segments of a collection.

    Args:
        collection: a manifest (`.csv` with a header, `.jsonl` or `.parquet`), one of MELD's csv files, a label
            file of the original's with its lists beside it, a folder of media with a transcript beside each, or a
            folder in MELD's layout.
        on_bad_row: hears of each row that describes no segment: what can't be read, lacks its segment_id or media,
            repeats a segment_id, or holds a value of the wrong kind; the row is left out if it returns.
        needs_media: False where words are all that is asked for: MELD's csv then needs no clips, the original's lists
            no videos.

    Raises:
        CollectionError: the collection as a whole can't be read; and, without an `on_bad_row`, at the first bad row,
            which the message names.
    """
    if collection.is_dir():
        tables = meld_tables(collection)
        if len(tables) > 1:
            names = ", ".join(table.name for table in tables)
            raise CollectionError(f"{collection} holds {names}, which number their dialogues alike; give one of them")
        if not tables:
            yield from read_folder(collection, on_bad_row)
            return
        collection = tables[0]
    yield from _without_repeated(collection, _numbered(collection, on_bad_row, needs_media=needs_media), on_bad_row)


def _numbered(table: Path, on_bad_row: OnBadRow, *, needs_media: bool) -> Iterator[tuple[int, Segment]]:
    """The segments of a table, each with its line or row."""
    if is_original(table):
        return read_original(table, on_bad_row, needs_media=needs_media)
    if table.suffix == ".csv" and table.is_file() and is_meld(header_of(table)):
        return read_meld(table, on_bad_row, needs_media=needs_media)
    return read_manifest(table, on_bad_row)


def _without_repeated(table: Path, numbered: Iterable[tuple[int, Segment]], on_bad_row: OnBadRow) -> Iterator[Segment]:
    seen: set[str] = set()
    for number, segment in numbered:
        if segment.segment_id in seen:
            problem = f"repeats the segment_id {segment.segment_id!r}; give each its own"
            on_bad_row(BadRow(place_of(table, number), problem))
            continue
        seen.add(segment.segment_id)
        yield segment
