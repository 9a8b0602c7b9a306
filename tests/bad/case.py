"""A bad or odd input, and what must become of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media.modality import Modality


@dataclass(frozen=True)
class Explained:
    """By the modalities that it has left."""

    by: frozenset[Modality]
    cut: bool | None = False
    """Whether the model sees only a part of it; None: that depends on where the damage fell."""


@dataclass(frozen=True)
class Refused:
    """An error row, whose error says this."""

    reason: str
    stage: str = "decode"


@dataclass(frozen=True)
class LeftOut:
    """No row: the manifest's row describes no segment, and the run says this of it."""

    problem: str


@dataclass(frozen=True)
class Either:
    """Explained by some of these modalities, or an error row: which of the two is the decoder's to say."""

    by: frozenset[Modality]


@dataclass(frozen=True)
class Case:
    """One row of a manifest."""

    name: str
    make: Callable[[Path], Mapping[str, Any]]
    """Writes its file into a folder of its own; gives its columns, the media relative to the folder."""
    becomes: Explained | Refused | Either | LeftOut


def by(*modalities: Modality, cut: bool | None = False) -> Explained:
    """Short for an explained row."""
    return Explained(frozenset(modalities), cut)


def either(*modalities: Modality) -> Either:
    """Short for one that is explained or not."""
    return Either(frozenset(modalities))


def file(name: str, content: Callable[[], bytes], **columns: Any) -> Callable[[Path], Mapping[str, Any]]:
    """What makes a file of these bytes; they are made when they are needed, not when tests are collected."""

    def make(folder: Path) -> Mapping[str, Any]:
        (folder / name).write_bytes(content())
        return {"media": name, **columns}

    return make
