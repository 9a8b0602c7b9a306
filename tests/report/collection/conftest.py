import json

import pytest

from batcher.outcome import EXPLAINED, FAILED
from batcher.store.files import Store
from batcher.store.result import load_result

LABELS = ["neutral", "joy"]


@pytest.fixture
def result_of(tmp_path):
    """A result of segments: {segment_id: (columns of segments, shares, [(token, phi)])}, of two units or more."""

    def build(segments, per_unit=2, failed=0, **run):
        store = Store(tmp_path, {})
        for number, (name, (columns, share, tokens)) in enumerate(segments.items()):
            label = columns.get("label_predicted", "joy")
            identity = {"segment_id": name, "media": "1.mp4", "start_ms": 0.0, "status": EXPLAINED}
            rows = {
                "segments": [
                    identity | {"label_predicted": label, "p_none": [0.75, 0.25], "p_all": [0.1, 0.9]} | columns
                ],
                "contributions": [
                    {"segment_id": name, "label": label, "v_none": 0.25, "v_all": 0.9} | share,
                    {"segment_id": name, "label": "other", "v_none": 0.25, "v_all": 0.9} | {"share_video_plain": 1.0},
                ],
                "attributions": [
                    {"segment_id": name, "modality": "text", "player": i, "token": token, "phi": phi, "label": each}
                    for i, (token, phi) in enumerate(tokens)
                    for each in (label, "other")
                ],
            }
            together = store.rows if number % per_unit else lambda *_: []
            unit = f"u{number // per_unit}"
            store.write_unit(unit, {table: [*together(table, unit), *those] for table, those in rows.items()})
        bad = {"media": "1.mp4", "start_ms": 0.0, "status": FAILED}
        if failed:
            store.write_unit("failed", {"segments": [bad | {"segment_id": f"failed {i}"} for i in range(failed)]})
        described = {"trained": True, "manifest": "", "selection": {}, "labels": LABELS, "config": {}}
        (tmp_path / "run.json").write_text(json.dumps(described | run))
        return load_result(tmp_path)

    return build
