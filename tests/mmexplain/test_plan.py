import json


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
