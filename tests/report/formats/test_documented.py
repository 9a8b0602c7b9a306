import json
import re
from pathlib import Path

import pytest

from batcher.store.files import Store
from report.formats import FORMATS

DOCS = Path(__file__).parents[3] / "docs" / "formats.md"
EXCERPTS = dict(re.findall(r"^## `(\w+)`$.*?```\w*\n(.*?)```", DOCS.read_text(), re.DOTALL | re.MULTILINE))
"""By the name of a format: its first block."""


@pytest.fixture
def documented(result_of_rows, explained_rows, tmp_path):
    """The text of a format's first file, of the result that the document shows."""
    segment, contribution, players = explained_rows["whole"]
    known = {"media": "news 0412.mp4", "start_ms": 61_200.0, "end_ms": 62_840.0, "text": "It's nice!", "language": "en"}
    known |= {"program_id": "4711", "carrier_id": "89", "probability": 0.91}
    shares = {"text": (0.62, 0.58, 0.66), "audio": (0.27, 0.22, 0.32), "video": (0.11, 0.08, 0.14)}
    for modality, values in shares.items():
        contribution |= {f"share_{modality}{end}": v for end, v in zip(("", "_low", "_high"), values, strict=True)}
    rows = {"news-0412-017": (segment | known, contribution, players), "torn": ({}, None, [])}
    run = {"manifest": "/archive/manifest.csv", "media_folder": "/archive", "started_unix": 1795485600.0}
    result = result_of_rows(rows, config_digest="1b48", artefact_digest="8a80", provenance="checkpoint a.pt", **run)
    seconds = {"decode_s": 0.31, "encode_s": 2.04, "grid_s": 0.62, "estimate_s": 0.45, "write_s": 0.02}
    timing = {"segment_id": "news-0412-017", "attempts": 1, "host": "h"} | seconds
    Store(result.folder, {}).write_unit("u", {"timings": [timing]})
    return lambda name: FORMATS[name](result, tmp_path)[0].read_text().replace(str(result.folder), "/archive/result")


def test_every_format_is_shown():
    assert EXCERPTS.keys() == FORMATS.keys()


@pytest.mark.parametrize("name", ["webannotation", "daan", "provenance"])
def test_json_is_as_shown(documented, name):
    assert json.loads(EXCERPTS[name]) == json.loads(documented(name))


def test_subtitles_are_as_shown(documented):
    assert EXCERPTS["webvtt"].strip() == documented("webvtt").strip()


def test_tables_begin_as_shown(documented):
    shown, lines = EXCERPTS["csv"].splitlines(), documented("csv").splitlines()
    assert len(shown) == len(lines) == 3
    for excerpt, line in zip(shown, lines, strict=True):
        assert excerpt.endswith(",...")
        assert line.startswith(excerpt.removesuffix("..."))
