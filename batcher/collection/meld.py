"""MELD's own layout: its csv, and a clip `dia0_utt1.mp4` for each row.

A clip is its utterance, from 0 to its end. The times of the csv are those of the episode that it was cut from, some of
them impossible; they travel along in `extra`.
"""

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from batcher.collection.bad_row import BadRow, OnBadRow
from batcher.collection.manifest import paths_in
from batcher.collection.segment import CollectionError, Segment
from batcher.collection.tables import Row, header_of, numbered_rows, place_of

COLUMNS: Final = ("Dialogue_ID", "Utterance_ID", "Utterance", "Emotion")
SPLITS: Final = ("train", "dev", "test")
CLIP: Final = re.compile(r"dia\d+_utt\d+\.mp4")
_MOJIBAKE: Final = {
    code: character for code in range(0x80, 0xA0) if (character := bytes([code]).decode("cp1252", errors="ignore"))
}
"""Windows' quotes and dashes that were read as Latin-1: control characters that no text holds."""


def is_meld(columns: Collection[str]) -> bool:
    """Whether a table has MELD's columns, and not a manifest's."""
    return set(COLUMNS) <= set(columns) and "segment_id" not in columns


def meld_tables(folder: Path) -> list[Path]:
    """MELD's csv files in a folder, in the order of their names."""
    return [path for path in sorted(folder.glob("[!.]*.csv")) if path.is_file() and is_meld(header_of(path))]


def read_meld(table: Path, on_bad_row: OnBadRow, *, needs_media: bool) -> Iterator[tuple[int, Segment]]:
    """Stream the utterances of one of MELD's csv files, each with its line.

    A clip that isn't there is its segment's error when it is decoded, as in any collection.

    Raises:
        CollectionError: the csv can't be read, its clips aren't found, or as `on_bad_row` raises it.
    """
    folder = table.resolve().parent
    clips = _clips_of(table) if needs_media else Path()
    path_of = paths_in(folder)
    for number, row in numbered_rows(table, COLUMNS, on_bad_row):
        dialogue, utterance = row.get("Dialogue_ID", ""), row.get("Utterance_ID", "")
        if not (dialogue.isdecimal() and utterance.isdecimal()):
            problem = f"has Dialogue_ID {dialogue!r} and Utterance_ID {utterance!r}; give whole numbers"
            on_bad_row(BadRow(place_of(table, number), problem))
            continue
        segment_id = f"dia{int(dialogue)}_utt{int(utterance)}"
        media = (clips / f"{segment_id}.mp4").as_posix()
        yield number, _segment(segment_id, media, path_of(media), row)


def _segment(segment_id: str, media: str, path: Path, row: Row) -> Segment:
    values = {name: value.translate(_MOJIBAKE) for name, value in row.items()}
    text, label = values.pop("Utterance", None), values.pop("Emotion", None)
    return Segment(segment_id, media, path, text=text, label=label, extra=values)


def _clips_of(table: Path) -> Path:
    """The folder of a csv's clips, relative to its own.

    Dialogues are numbered from 0 in each split: among folders of several, the csv's name tells.
    """
    folder = table.resolve().parent
    found = [Path(where).relative_to(folder) for where, _, names in os.walk(folder) if any(map(CLIP.fullmatch, names))]
    split = next((split for split in SPLITS if split in table.name), None)
    if len(found) > 1 and split:
        found = [where for where in found if split in where.as_posix()]
    if len(found) != 1:
        held = ", ".join(sorted(map(str, found))) or "no folder"
        raise CollectionError(
            f"{table} is MELD's, and {held} in {folder} holds clips of it; give one folder of dia0_utt0.mp4 and so on, "
            "beside it or below, or put train, dev or test into its name and the csv's"
        )
    return found[0]
