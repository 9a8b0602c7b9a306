"""Reading a result."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.dataset as ds

from batcher.store.files import RUN
from batcher.store.parts import parts_of
from batcher.store.schema import TABLES
from sseft.heads import HeadKind

REQUIRED: Final = frozenset({"manifest", "selection", "trained", "labels", "config"})
"""Of `run.json`."""


class ResultError(Exception):
    """A folder that is no result."""


@dataclass(frozen=True)
class Result:
    """A result folder. Tables are read when they are asked for."""

    folder: Path
    run: dict[str, Any]
    """What `run.json` says."""

    @property
    def head(self) -> HeadKind:
        """Of the model; results of before there was another kind don't say."""
        head: HeadKind = self.run.get("head", "softmax")
        return head

    def table(
        self,
        name: str,
        columns: list[str] | None = None,
        *,
        where: ds.Expression | None = None,
        part: str | None = None,
    ) -> pa.Table:
        """One table as Arrow; `.to_pandas()` or `polars.from_arrow` take it from there.

        Args:
            name: segments, contributions, attributions or timings.
            columns: those to read, or all.
            where: which rows, as `pyarrow.dataset.field("segment_id") == "a"`; or all. Files are passed over by it.

            part: one of `parts`, or all of them.

        Raises:
            ResultError: there is no such table.
        """
        if name not in TABLES:
            raise ResultError(f"a result has no table {name!r}; its tables are {', '.join(TABLES)}")
        paths = parts_of(self.folder, name) if part is None else [self.folder / name / part]
        files = [str(path) for path in paths if path.exists()]
        if not files:
            return TABLES[name].empty_table().select(columns or TABLES[name].names)
        return ds.dataset(files, schema=TABLES[name]).to_table(columns=columns, filter=where)

    def parts(self) -> list[str]:
        """Names of the files that count: a segment's rows stand in files of one name, in every table."""
        return [path.name for path in parts_of(self.folder, "segments")]


def load_result(folder: Path | str) -> Result:
    """Open a result folder.

    Raises:
        ResultError: there is no `run.json` in it, or it can't be read.
    """
    path = Path(folder) / RUN
    try:
        run = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise ResultError(f"{path} doesn't exist; give a folder that `mmexplain explain` wrote") from error
    except (OSError, ValueError) as error:
        raise ResultError(f"{path} can't be read: {error}") from error
    if not isinstance(run, dict) or not run.keys() >= REQUIRED:
        raise ResultError(f"{path} isn't a run's; give a folder that `mmexplain explain` wrote")
    return Result(Path(folder), run)
