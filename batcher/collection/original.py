"""The original's own lists: `label_file_test.csv` names the collection; `test_t.tsv` and `test_v.tsv` stand beside it.

A list's first line is the folder of its files, every other line a file, in the same order in all lists. Of sound there
is `test_a.tsv`, too, with tensors of the waveforms: here a segment's sound is its video's, decoded as any other.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from batcher.collection.bad_row import BadRow, OnBadRow
from batcher.collection.segment import CollectionError, Segment
from batcher.collection.tables import header_of, numbered_rows, place_of

LABELS: Final = re.compile(r"label_file_(.+)\.csv")
TEXT: Final = "t"
VIDEO: Final = "v"
_FIRST: Final = 2
"""The line of a list's first file."""


def is_original(table: Path) -> bool:
    """Whether a table is the original's, with its lists beside it."""
    return bool(LABELS.fullmatch(table.name)) and any(_list_of(table, kind).is_file() for kind in (TEXT, VIDEO))


def read_original(table: Path, on_bad_row: OnBadRow, *, needs_media: bool) -> Iterator[tuple[int, Segment]]:
    """Stream the segments of one of the original's splits, each with its line in the lists.

    Labels stay as they are written: a score, or the place of a class among those of the model.

    Args:
        table: its label file.
        on_bad_row: hears of files that have no label, and of tokens that can't be read.
        needs_media: False where words are all that is asked for: the video's list may then lack.

    Raises:
        CollectionError: a list can't be read, or two aren't of the same files.
    """
    videos, texts = (_read_list(_list_of(table, kind)) for kind in (VIDEO, TEXT))
    lists = [files for files in (videos, texts) if files is not None]
    if needs_media and videos is None:
        raise CollectionError(f"{_list_of(table, VIDEO)} is no file; put the list of the videos there")
    _check_aligned(table, lists)
    labels = _labels_of(table, on_bad_row)
    leading = _list_of(table, VIDEO if videos is not None else TEXT)
    for i, path in enumerate(lists[0]):
        label = labels.get(path.stem, labels.get(path.name))
        if label is None:
            on_bad_row(BadRow(place_of(leading, i + _FIRST), f"names {path.name}, which {table.name} has no label of"))
            continue
        try:
            ids = None if texts is None else _token_ids(texts[i])
        except (OSError, ValueError) as error:
            on_bad_row(BadRow(place_of(leading, i + _FIRST), f"has tokens that can't be read: {error}"))
            continue
        yield i + _FIRST, Segment(path.stem, path.as_posix(), path, token_ids=ids, label=label)


def _list_of(table: Path, kind: str) -> Path:
    """The list of a split's texts or videos."""
    found = LABELS.fullmatch(table.name)
    split = found[1] if found else table.stem
    return table.with_name(f"{split}_{kind}.tsv")


def _read_list(listed: Path) -> list[Path] | None:
    """The files of a list; None where there is none."""
    if not listed.is_file():
        return None
    try:
        lines = [line.strip() for line in listed.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise CollectionError(f"{listed} can't be read as UTF-8: {error}; convert it to UTF-8") from error
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise CollectionError(f"{listed} is empty; give the folder of its files, and then a name in each line")
    if "" in lines:
        raise CollectionError(f"{place_of(listed, lines.index('') + 1)} is empty; lists are aligned by their lines")
    folder = _folder(listed, lines[0])
    # fairseq's lists have a file's length beside its name.
    return [folder / line.split("\t")[0] for line in lines[1:]]


def _folder(listed: Path, root: str) -> Path:
    """The folder that a list names, or on another machine the one of that name, or the list's own."""
    here = listed.resolve().parent
    candidates = (here / root, here / Path(root).name)
    return next((folder for folder in candidates if folder.is_dir()), here)


def _check_aligned(table: Path, lists: list[list[Path]]) -> None:
    """See that the lists of a split are of the same files.

    Raises:
        CollectionError: they aren't.
    """
    lengths = {len(files) for files in lists}
    if len(lengths) > 1:
        raise CollectionError(
            f"the lists beside {table} name {' and '.join(str(len(files)) for files in lists)} files; they are "
            "aligned by their lines: give them as many"
        )
    for line, files in enumerate(zip(*lists, strict=True), _FIRST):
        if len({path.stem for path in files}) > 1:
            raise CollectionError(
                f"line {line} of the lists beside {table} names {' and '.join(path.name for path in files)}; they are "
                "aligned by their lines: give the same clip in each"
            )


def _labels_of(table: Path, on_bad_row: OnBadRow) -> dict[str, str]:
    """Labels by the name of their clip."""
    columns = header_of(table)[-2:]
    if len(columns) < len(("name", "label")):
        raise CollectionError(f"{table} has the columns {columns}; give names and labels, below a header")
    name, label = columns
    labels: dict[str, str] = {}
    for number, row in numbered_rows(table, columns, on_bad_row):
        if {name, label} - row.keys():
            on_bad_row(BadRow(place_of(table, number), "lacks its name or its label; give both"))
        elif labels.setdefault(row[name], row[label]) != row[label]:
            on_bad_row(BadRow(place_of(table, number), f"gives {row[name]} another label; give each clip one"))
    return labels


def _token_ids(path: Path) -> tuple[int, ...]:
    return tuple(int(token) for token in path.read_text(encoding="utf-8").split())
