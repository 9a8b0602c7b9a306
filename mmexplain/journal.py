"""A manifest that grows file by file: beside it, a journal of which media are in it, for a run that goes on."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Any, Final

from batcher.run import ConfigError
from batcher.store.errors import StoreError

VERSION: Final = 1
START_ANEW: Final = "Choose another --out, or remove the manifest and its journal to start anew"
Line = dict[str, Any]


@dataclass(frozen=True)
class Stamp:
    """What tells a file from a later one of the same name."""

    size: int
    """Bytes."""
    mtime_ns: int
    transcript: str | None = None
    """Name, size and time of the transcript that was read."""

    @classmethod
    def of(cls, path: Path, transcript: Path | None = None) -> "Stamp":
        """A file's stamp now."""
        status = path.stat()
        if transcript is None:
            return cls(status.st_size, status.st_mtime_ns)
        read = transcript.stat()
        return cls(status.st_size, status.st_mtime_ns, f"{transcript.name} {read.st_size} {read.st_mtime_ns}")


STAMP: Final = tuple(field.name for field in fields(Stamp))


class Journal:
    """An open manifest and its journal. Rows of a medium count once it is committed."""

    def __init__(self, manifest: IO[bytes], journal: IO[bytes], lines: list[Line]) -> None:
        self._manifest = manifest
        self._journal = journal
        self.done = {line["media"]: Stamp(*(line[name] for name in STAMP)) for line in lines if "media" in line}
        """Stamps of the media that are in the manifest, by their names in it."""

    def write(self, row: Mapping[str, Any]) -> None:
        """Add a row of the medium under way."""
        with _writing(self._manifest):
            self._manifest.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")

    def commit(self, media: str, stamp: Stamp, figures: Mapping[str, float]) -> None:
        """All rows of a medium are written: keep them, whatever happens, and figures about it for whoever reads."""
        with _writing(self._manifest):
            _sync(self._manifest)
        self._record({"media": media, **asdict(stamp), "bytes": self._manifest.tell(), **figures})
        self.done[media] = stamp

    def take_back(self, length: int) -> None:
        """Cut the manifest to a length in bytes: the medium under way can't be read to its end."""
        with _writing(self._manifest):
            self._manifest.truncate(length)
            self._manifest.seek(length)

    def length(self) -> int:
        """Bytes of the manifest so far."""
        return self._manifest.tell()

    def finish(self) -> None:
        """Nothing is under way any more: from now on what stands after the last row is somebody else's."""
        self._record({"finished": True, "bytes": self._manifest.tell()})

    def _record(self, line: Line) -> None:
        with _writing(self._journal):
            self._journal.write(json.dumps(line).encode() + b"\n")
            _sync(self._journal)


@contextmanager
def _writing(file: IO[bytes]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{file.name} can't be written: {error}. Mend that, and run the same command again") from error


@contextmanager
def open_journal(manifest: Path, configuration: Mapping[str, Any]) -> Iterator[Journal]:
    """Open a manifest to go on with it, or a new one; rows of media that weren't committed are cut off.

    Args:
        manifest: `.jsonl`; the journal is the file of its name with `.journal` after it.
        configuration: what its rows depend on, as JSON knows it.

    Raises:
        ConfigError: another process writes it, it was made otherwise or by something else, or was changed since.
        StoreError: it can't be written.
    """
    path = manifest.with_name(f"{manifest.name}.journal")
    try:
        manifest.parent.mkdir(parents=True, exist_ok=True)
        opened = path.open("a+b")
    except OSError as error:
        raise StoreError(f"{path} can't be written: {error}. Mend that, or choose another --out") from error
    with opened as journal:
        _lock(journal, manifest)
        lines = _whole_lines(journal, path)
        written = manifest.stat().st_size if manifest.exists() else 0
        if not lines:
            _refuse_unknown(manifest, path, written)
            journal.write(json.dumps({"version": VERSION, "configuration": configuration}).encode() + b"\n")
            _sync(journal)
        else:
            _check_configuration(manifest, lines[0], configuration)
        length = _committed(manifest, lines, written)
        with manifest.open("ab") as rows:
            rows.truncate(length)
            rows.seek(length)
            _sync_folder(manifest.parent)
            yield Journal(rows, journal, lines)


def _lock(journal: IO[bytes], manifest: Path) -> None:
    try:
        fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)  # goes with the process, however it ends
    except BlockingIOError as error:
        raise ConfigError(
            f"{manifest} is being written by another process; wait for it, or choose another --out"
        ) from (error)


def _whole_lines(journal: IO[bytes], path: Path) -> list[Line]:
    """The journal's lines; a half-written last one is cut off."""
    journal.seek(0)
    text = journal.read()
    whole = text[: text.rfind(b"\n") + 1]
    journal.truncate(len(whole))
    try:
        lines: list[Line] = [json.loads(line) for line in whole.splitlines()]
        if all(isinstance(line, dict) for line in lines):
            return lines
    except ValueError as error:
        raise ConfigError(f"{path} is damaged ({error}). {START_ANEW}") from error
    raise ConfigError(f"{path} is no journal of a manifest. {START_ANEW}")


def _refuse_unknown(manifest: Path, path: Path, written: int) -> None:
    if written:
        path.unlink()
        raise ConfigError(f"{manifest} exists and has no journal, so it isn't one to go on with. Choose another --out")


def _check_configuration(manifest: Path, header: Line, configuration: Mapping[str, Any]) -> None:
    if header.get("version") != VERSION:
        found = header.get("version")
        raise ConfigError(f"{manifest} has a journal of version {found}, this is {VERSION}. {START_ANEW}")
    before: dict[str, Any] = header["configuration"]
    differing = [name for name in {**before, **configuration} if before.get(name) != configuration.get(name)]
    if differing:
        name = differing[0]
        raise ConfigError(
            f"{manifest} was begun with {name} {before.get(name)!r}, now it is {configuration.get(name)!r}. "
            f"Give what it was begun with. {START_ANEW}"
        )


def _committed(manifest: Path, lines: list[Line], written: int) -> int:
    """Bytes of the manifest that count."""
    last: Line = lines[-1] if lines else {}
    length = int(last.get("bytes", 0))
    if written < length or ("finished" in last and written > length):
        raise ConfigError(
            f"{manifest} has {written} bytes, its journal knows of {length}: it was changed. {START_ANEW}"
        )
    return length


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
