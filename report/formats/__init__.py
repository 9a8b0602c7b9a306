"""What archives and other tools read: each module writes one format."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from batcher.store.result import Result
from report.formats import csv, daan, provenance, webannotation, webvtt

FORMATS: Final[Mapping[str, Callable[[Result, Path], list[Path]]]] = {
    "webannotation": webannotation.write,
    "webvtt": webvtt.write,
    "daan": daan.write,
    "provenance": provenance.write,
    "csv": csv.write,
}
"""By name: writes a result's files into an existing folder, and says which."""
