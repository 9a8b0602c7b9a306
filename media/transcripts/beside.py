"""Which transcript belongs to a media file: the first of these that is there.

For `news/film.mp4`, all in `news/`:

1. `film.srt`, `film.vtt`, `film.mp4.srt`, `film.mp4.vtt`
2. `film.nl.srt`, `film.nl.vtt`, where all of them are of one language
3. `film.whisper-transcript.json`, `film.daan-es-transcript.json`
4. `film/whisper-transcript.json`, `film/daan-es-transcript.json`
5. `whisper-transcript.json`, `daan-es-transcript.json`, where no other media are in `news/`, or where its carrierId is
   `film`; of `program__carrier.mp4` also where it is `carrier`

What people wrote goes before what a machine heard: whoever puts subtitles beside a film means them.
"""

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from media.errors import MediaError
from media.transcripts.read import DAAN, WHISPER, load_transcript

# fmt: off
MEDIA_SUFFIXES: Final = frozenset((
    ".3gp", ".aac", ".ac3", ".aif", ".aiff", ".asf", ".avi", ".dv", ".flac", ".flv", ".m2ts", ".m4a",
    ".m4v", ".mka", ".mkv", ".mov", ".mp2", ".mp3", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf",
    ".oga", ".ogg", ".ogv", ".opus", ".ts", ".vob", ".wav", ".webm", ".wma", ".wmv",
))
# fmt: on
"""Of files that are taken for media; in capitals or not."""
SUBTITLES: Final = (".srt", ".vtt")
HEARD: Final = (WHISPER, DAAN)
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*", re.IGNORECASE)


@dataclass(frozen=True)
class Beside:
    """A transcript that belongs to a media file."""

    path: Path
    language: str | None = None
    """As its name says it."""


def is_media(name: str) -> bool:
    """Whether a file is named like sound or video."""
    return os.path.splitext(name)[1].lower() in MEDIA_SUFFIXES  # noqa: PTH122  # a Path for each name takes long


def find_transcript(media: Path) -> Path | None:
    """The transcript beside a media file, or None.

    Raises:
        MediaError: there are subtitles in several languages, or the one transcript of a folder of several media can't
            be read.
    """
    if not media.parent.is_dir():
        return None
    found = Siblings(media.parent, [path.name for path in media.parent.iterdir()]).transcript_of(media.name)
    return found.path if found else None


class Siblings:
    """The names of one folder."""

    def __init__(self, folder: Path, names: Collection[str]) -> None:
        self.folder = folder
        self.names = frozenset(names)
        self.media = frozenset(filter(is_media, names))

    def transcript_of(self, media: str) -> Beside | None:
        """The transcript of one of the folder's media.

        Raises:
            MediaError: as `find_transcript`.
        """
        stem = Path(media).stem
        named = [base + end for base in (stem, media) for end in SUBTITLES]
        heard = [f"{base}.{end}" for end in HEARD for base in (stem, media)]
        return (
            self._first(named)
            or self._in_a_language(media, stem)
            or self._first(heard)
            or self._in_its_folder(stem)
            or self._of_the_folder(media, stem)
        )

    def _first(self, names: list[str]) -> Beside | None:
        return next((Beside(self.folder / self._spelled[name]) for name in names if name in self._spelled), None)

    @cached_property
    def _spelled(self) -> dict[str, str]:
        """Names of transcripts by themselves with a small suffix."""
        ends = (*SUBTITLES, *HEARD)
        return {
            name[: -len(end)] + end: name
            for name in sorted(self.names, reverse=True)
            for end in ends
            if name.lower().endswith(end)
        }

    @cached_property
    def _languages(self) -> dict[str, dict[str, str]]:
        """Names of subtitles by the stem of their media, and by language; what bears a media's own name has none."""
        stems = {Path(name).stem for name in self.media}
        found: dict[str, dict[str, str]] = {}
        for end in SUBTITLES:
            for base in sorted(name[: -len(end)] for name in self._spelled if name.endswith(end)):
                stem, _, language = base.rpartition(".")
                if stem and base not in stems and _LANGUAGE.fullmatch(language):
                    found.setdefault(stem, {}).setdefault(language.lower(), self._spelled[base + end])
        return found

    def _in_a_language(self, media: str, stem: str) -> Beside | None:
        names = self._languages.get(stem, {})
        if len(names) > 1:
            raise MediaError(
                f"'{self.folder / media}' has subtitles in {', '.join(sorted(names))}. "
                f"Name those in the spoken language {stem}{SUBTITLES[0]}."
            )
        return next((Beside(self.folder / name, language) for language, name in names.items()), None)

    def _in_its_folder(self, stem: str) -> Beside | None:
        # `film` may be the media itself, where it has no suffix; the path says whether it is a folder.
        paths = [self.folder / stem / name for name in HEARD] if stem in self.names else []
        return next((Beside(path) for path in paths if path.is_file()), None)

    def _of_the_folder(self, media: str, stem: str) -> Beside | None:
        names = [name for name in HEARD if name in self.names]
        if names and self.media <= {media}:
            return Beside(self.folder / names[0])
        of_it = {stem, stem.rpartition("__")[2]}
        return next((Beside(self.folder / name) for name in names if self._carriers[name] in of_it), None)

    @cached_property
    def _carriers(self) -> dict[str, str | None]:
        return {name: load_transcript(self.folder / name).carrier_id for name in HEARD if name in self.names}


def walk_media(folder: Path) -> Iterator[tuple[Path, Siblings]]:
    """Media files of a folder and its folders, in the order of their paths, each with the names of its own folder.

    Hidden files and folders are left out; a folder that links lead to twice is read once.
    """
    seen: set[str] = set()
    for where, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(where)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        names = sorted(name for name in files if not name.startswith("."))
        siblings = Siblings(Path(where), [*names, *folders])
        yield from ((Path(where, name), siblings) for name in names if is_media(name))
