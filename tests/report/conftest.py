import json
from pathlib import Path
from tempfile import mkdtemp

import pytest

from batcher.outcome import EXPLAINED, FAILED
from batcher.store.files import Store
from batcher.store.result import load_result

LABELS = ["neutral", "joy"]
TOKENS = [("It", 0, 2, 0.02), ("'s", 2, 4, -0.01), (" nice", 5, 9, 0.3), ("!", 9, 10, 0.1), (" It", 11, 13, 0.05)]


@pytest.fixture
def explained_rows():
    """Rows of two explained segments: `whole` has all modalities, `words` a text alone."""

    def player(modality, index, phi, **known):
        return {"modality": modality, "player": index, "phi": phi, "se": 0.004 * (index + 1), "label": "joy"} | known

    text = [
        player("text", i, phi, token=token, char_start=start, char_end=end)
        for i, (token, start, end, phi) in enumerate(TOKENS)
    ]
    audio = [player("audio", i, 0.05 * (-1) ** i, start_ms=1000.0 + 500 * i, end_ms=1500.0 + 500 * i) for i in range(4)]
    video = [
        player("video", i, 0.01 * (i - 7), row=i // 4, column=i % 4, start_ms=1000.0, end_ms=3000.0) for i in range(16)
    ]

    def sums(**players):
        every = sum(abs(one["phi"]) for those in players.values() for one in those)
        row = {"label": "joy", "v_none": 0.25}
        row["v_all"] = 0.25 + sum(one["phi"] for those in players.values() for one in those)
        for modality, those in players.items():
            share = sum(abs(one["phi"]) for one in those) / every
            row[f"phi_{modality}"] = sum(one["phi"] for one in those)
            ends = {"": share, "_low": share - 0.01, "_high": share + 0.01, "_plain": share}
            row |= {f"share_{modality}{end}": value for end, value in ends.items()}
        return row

    identity = {"media": "a.mp4", "start_ms": 1000.0, "end_ms": 3000.0, "status": EXPLAINED, "label_predicted": "joy"}
    identity |= {"probability": 0.6, "text": "It's nice! It", "p_none": [0.75, 0.25], "p_all": [0.4, 0.6]}
    counts = {"players_text": 5, "players_audio": 4, "players_video": 16, "reliable": True, "trained": True}
    alone = {"players_text": 5, "players_audio": 0, "players_video": 0, "reliable": True, "trained": True}
    return {
        "whole": (identity | counts, sums(text=text, audio=audio, video=video), [*text, *audio, *video]),
        "words": (identity | alone | {"media": "b.mp4"}, sums(text=text), text),
    }


@pytest.fixture
def result_of_rows(tmp_path):
    """A result with {segment_id: (segment, contribution, players)}; a segment without a contribution failed."""

    def build(rows, **run):
        failed = {
            "media": "c.mp4",
            "start_ms": 0.0,
            "status": FAILED,
            "error_stage": "decode",
            "error": "'c.mp4' is torn",
        }
        tables = {
            "segments": [(segment if found else failed) | {"segment_id": n} for n, (segment, found, _) in rows.items()],
            "contributions": [found | {"segment_id": name} for name, (_, found, _) in rows.items() if found],
            "attributions": [one | {"segment_id": name} for name, (_, _, players) in rows.items() for one in players],
        }
        folder = Path(mkdtemp(dir=tmp_path))
        Store(folder, {}).write_unit("u", tables)
        manifest = tmp_path / "manifest.csv"
        manifest.write_text("segment_id,media,start_ms,end_ms,text\n")
        described = {"trained": True, "manifest": str(manifest), "selection": {}, "labels": LABELS, "config": {}}
        described |= {"versions": {"mmexplain": "0.1.0"}, "head": "softmax"}
        (folder / "run.json").write_text(json.dumps(described | run))
        return load_result(folder)

    return build


@pytest.fixture
def result(result_of_rows, explained_rows):
    """A result of two explained segments and a failed one."""
    return result_of_rows(explained_rows | {"torn": ({}, None, [])})
