import json

from batcher.collection import row_of


def test_the_command_prints_and_writes_what_explaining_would_cost(mmexplain, finished, model, tmp_path):
    out = tmp_path / "plan.json"
    options = ["--workers", 0, "--masks", 8, "--limit", 2, "--sample", 2, "--gpus", 2, "--gpu-kind", "l4"]
    code, printed, _ = mmexplain("plan", finished.manifest, "--model", model, *options, "--json", out)
    assert code == 0
    assert "2 x NVIDIA L4" in printed
    assert "not measured on a GPU" in printed
    assert json.loads(out.read_text())["segments"]["selected"] == 2


def test_a_collection_that_isnt_there_is_bad_input(mmexplain, model, tmp_path):
    code, _, error = mmexplain("plan", tmp_path / "none.csv", "--model", model)
    assert code == 2
    assert "is no file" in error


def test_bad_rows_are_left_out_and_players_of_every_kind_planned(mmexplain, demo_segments, model, tmp_path):
    manifest, table = tmp_path / "m.jsonl", tmp_path / "regions.csv"
    manifest.write_text(json.dumps(row_of(demo_segments[0]) | {"media": str(demo_segments[0].path)}) + "\n{}\n")
    table.write_text("player,row\nsky,0\n")
    kinds = ["--text-players", "2-grams", "--audio-players", "words", "--video-players", table]
    options = ["--workers", 0, "--masks", 8, "--sample", 2, "--on-bad-row", "skip", "--json", tmp_path / "plan.json"]
    code, _, error = mmexplain("plan", manifest, "--model", model, *kinds, *options)
    assert (code, error) == (0, "")
    assert json.loads((tmp_path / "plan.json").read_text())["segments"]["selected"] == 1
