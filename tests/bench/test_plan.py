import json

from batcher.options import Options
from bench.plan import measure


def test_a_round_plans_and_runs(monkeypatch, tmp_path, short_rows):
    manifest = tmp_path / "short.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in short_rows(3)))
    monkeypatch.setattr("bench.plan.MANIFEST", manifest)
    (row,) = measure(times=1, rounds=1, workers=0, sample=2, options=Options(masks=8)).section("plan").rows
    assert row.segments == 3
    assert row.ratio == row.predicted_s / row.real_s
