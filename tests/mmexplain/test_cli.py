"""The command line: its exit codes, and what it says on which stream."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import onnxruntime
import pyarrow.parquet as pq
import pytest

import batcher.backends
from batcher.collection import read_collection
from batcher.store.result import load_result
from export.artefact import load_artefact
from report.planted import find_planted


@pytest.fixture
def explain(mmexplain, model, tmp_path):
    """Runs `explain` cheaply on a manifest, into `out`."""

    def run(manifest, *more, by=model):
        given = ["--model", by, "--out", tmp_path / "out", "--workers", 0]
        return mmexplain("explain", manifest, *given, "--max-masks", 8, "--video-players", "time", *more)

    return run


@pytest.fixture
def manifest(tmp_path, write_manifest, short_rows):
    return write_manifest(tmp_path / "manifest.jsonl", short_rows(2))


@pytest.fixture
def half_broken(tmp_path, write_manifest, short_rows):
    first, second = short_rows(2)
    return write_manifest(tmp_path / "broken.jsonl", [first, second | {"media": "g[/one].mp4"}])


def run_json(tmp_path):
    return json.loads((tmp_path / "out" / "run.json").read_text())


def test_done_is_0_and_its_result_is_valid(explain, mmexplain, manifest, tmp_path):
    assert explain(manifest)[0] == 0
    code, out, _ = mmexplain("validate", tmp_path / "out")
    assert code == 0
    assert out == f"{tmp_path / 'out'} is valid\n"


def test_an_untrained_model_is_named_wherever_its_results_are(explain, mmexplain, manifest, untrained_model, tmp_path):
    _, _, err = explain(manifest, "--log", "rich", by=untrained_model)
    assert "untrained model" in err
    _, out, _ = mmexplain("validate", tmp_path / "out")
    assert "is valid; untrained model: random weights" in out


def test_the_demo_shows_its_clips_and_what_was_planted(mmexplain, demo_segments, tmp_path):
    code, out, err = mmexplain("demo", "--out", tmp_path / "demo", "--masks", 2, "--max-masks", 2, "--workers", 0)
    assert code == 0, err
    for segment in demo_segments:
        assert segment.segment_id in out
    assert "planted trigger found" in out
    assert "untrained" not in out
    assert "is valid" in out
    assert f"look at it: {(tmp_path / 'demo' / 'report.html').as_uri()}" in out
    assert len(list((tmp_path / "demo" / "report" / "clips").iterdir())) == len(demo_segments)
    rows = load_result(tmp_path / "demo").table("segments").to_pylist()
    assert sum(row["label_predicted"] == row["label_true"] for row in rows) >= 10  # of 12, none of them trained on
    findings = find_planted(load_result(tmp_path / "demo"))
    assert {finding.modality for finding in findings} == {"text", "audio", "video"}
    # A trigger is at most a quarter of its modality's players, else to hit it would mean nothing.
    assert all(0 < finding.chance <= 1 / 4 for finding in findings)


def test_a_corpus_has_the_clips_that_were_asked_for(mmexplain, tmp_path):
    code, out, err = mmexplain("corpus", tmp_path / "clips", "--clips", 2, "--split", "test", "--workers", 1)
    assert code == 0, err
    segments = list(read_collection(Path(out.strip())))
    assert [(segment.label, segment.extra["split"]) for segment in segments] == [("neutral", "test")] * 2
    assert all(segment.path.is_file() for segment in segments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Usage"),
        (["unheard-of"], "No such command"),
        (["explain"], "Missing argument 'COLLECTION'"),
        (["explain", "{manifest}", "--out", "{out}"], "Missing option '--model'"),
        (["explain", "{manifest}", "--out", "{out}", "--model", "{out}"], "artefact.json doesn't exist"),
        (["explain", "{out}", "--out", "{out}", "--model", "{model}"], "is no file; give one that ends in"),
        (["explain", "{manifest}", "--out", "{manifest}/out", "--model", "{model}"], "l/out can't be written: "),
        (["explain", "{manifest}", "--out", "s3://bucket/x", "--model", "{model}"], "s3://bucket/x is no path"),
        (["explain", "{manifest}", "--out", "gs://bucket/x", "--model", "{model}"], "gs://bucket/x is no path"),
        (["demo", "--out", "s3://bucket/x"], "s3://bucket/x is no path"),
        (["explain", "{manifest}", "--out", "{out}", "--model", "{model}", "--masks", "few"], "neither 'auto' nor"),
        (["explain", "{manifest}", "--out", "{out}", "--model", "{model}", "--masks", "1"], "masks is 1"),
        (["explain", "{manifest}", "--out", "{out}", "--model", "{model}", "--max-masks", "1"], "max_masks is 1"),
        (["explain", "{manifest}", "--out", "{out}", "--model", "{model}", "--where", "nl"], "isn't COLUMN=VALUE"),
        (["explain", "{manifest}", "--out", "{out}", "--model", "{model}", "--limit", "0"], "--limit"),
        (["explain", "{manifest}", "--out", "{out}", "--model", "{model}", "--threads", "0"], "--threads"),
        (["explain", "{manifest}", "--out", "{out}", "--model", "{model}", "--workers", "-1"], "--workers"),
        (["explain", "{manifest}", "--out", "{out}", "--model", "{model}", "--estimator", "kernelshap"], "take a grid"),
        (["explain", "{manifest}", "--out", "{out}", "--model", "{model}", "--video-players", "all"], "--video-"),
        (
            ["explain", "{manifest}", "--out", "{out}", "--model", "{model}", "--tolerance", "0"],
            "'--tolerance': 0.0 is",
        ),
        (["explain", "{manifest}", "--out", "{out}", "--model", "{model}", "--tolerance", "101"], "range 0<x<=100"),
        (["explain", "{manifest}", "--out", "{out}", "--model", "{model}", "--tolerance", "nan"], "tolerance is nan"),
        (
            ["explain", "{manifest}", "--out", "{out}", "--model", "{model}", "--grid-points", "9", "--tolerance", "2"],
            "leave out one of the two",
        ),
        (
            ["explain", "{manifest}", "--out", "{out}", "--model", "{model}", "--precision", "bf16"],
            "onnxruntime computes this artefact in fp32: leave --precision out",
        ),
        (
            ["explain", "{manifest}", "--out", "{out}", "--model", "{model}", "--backend", "triton"],
            "'triton' is none of",
        ),
        (["validate", "{out}"], "run.json doesn't exist"),
        (["export", "{out}"], "give either --checkpoint or --untrained"),
        (["export", "{out}", "--untrained", "tiny", "--checkpoint", "x.pt"], "give either --checkpoint or"),
        (["export", "{out}", "--untrained", "tiny", "--trailing-newline"], "about texts, which need --tokenizer"),
        (["export", "{out}", "--untrained", "tiny", "--tokenizer", "."], "holds no whole tokenizer"),
        (["export", "{out}", "--untrained", "tiny", "--precision", "int8"], "'int8' is not one of 'fp32', 'fp16'"),
    ],
)
def test_bad_input_is_2_and_says_what(mmexplain, manifest, model, tmp_path, arguments, message):
    places = {"manifest": manifest, "model": model, "out": tmp_path / "out"}
    code, _, err = mmexplain(*(argument.format(**places) for argument in arguments))
    assert code == 2
    assert message in " ".join(err.split())
    assert not (tmp_path / "out").exists()
    assert not list(Path().glob("s3:*"))


@pytest.mark.parametrize(("precision", "compared"), [("fp32", "logits"), ("fp16", "values")])
def test_an_export_has_its_precision_and_says_what_was_compared(
    mmexplain, model, tmp_path, monkeypatch, precision, compared
):
    built = replace(load_artefact(model), parity=1e-5)
    monkeypatch.setattr(
        "mmexplain.exporting.build_artefact", lambda *_, precision, **__: replace(built, precision=precision)
    )
    code, out, _ = mmexplain("export", tmp_path / "out", "--untrained", "tiny", "--precision", precision)
    assert code == 0
    assert f"largest difference from PyTorch's {compared} 1.0e-05" in out


def test_another_seed_in_the_same_folder_is_2_and_names_the_seed(explain, manifest):
    assert explain(manifest)[0] == 0
    code, _, err = explain(manifest, "--seed", 7)
    assert code == 2
    assert "another configuration: seed was 0 and is 7" in err


def test_a_folder_that_holds_something_else_is_2(explain, manifest, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").write_text("years of work")
    code, _, err = explain(manifest)
    assert code == 2
    assert "choose another --out" in err


def test_a_device_that_isnt_there_is_3(explain, manifest, monkeypatch):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    code, _, err = explain(manifest, "--device", "cuda")
    assert code == 3
    assert "use --device cpu" in err


def test_openvino_that_isnt_installed_is_3_and_names_its_extra(explain, manifest, monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.delitem(sys.modules, "batcher.backends.openvino", raising=False)
    monkeypatch.delattr(batcher.backends, "openvino", raising=False)
    code, _, err = explain(manifest, "--backend", "openvino")
    assert code == 3
    assert "pip install 'mmexplain[openvino]'" in err


def test_another_backend_says_how_far_it_is_from_onnx_runtime(explain, manifest, tmp_path):
    code, _, err = explain(manifest, "--backend", "openvino", "--precision", "fp32", "--log", "rich")
    assert code == 0
    assert "openvino in fp32 beside onnxruntime, on 2 clips: attributions differ by 0.0%" in err
    assert run_json(tmp_path)["config"]["backend"] == "openvino"


def test_failed_segments_are_4_and_0_with_keep_going(explain, half_broken):
    assert explain(half_broken)[0] == 4
    assert explain(half_broken)[0] == 4
    assert explain(half_broken, "--keep-going")[0] == 0


def test_a_damaged_result_is_5_and_says_where(explain, mmexplain, manifest, tmp_path):
    explain(manifest)
    path = min((tmp_path / "out" / "attributions").iterdir())
    rows = pq.read_table(path)
    pq.write_table(rows.slice(1), path)
    code, out, _ = mmexplain("validate", tmp_path / "out")
    assert code == 5
    assert "1 explanations haven't one row for each player" in out
    assert "is valid" not in out


def test_interrupted_is_130(explain, manifest, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("mmexplain.verbs.explain.explain_collection", interrupted)
    code, _, err = explain(manifest)
    assert code == 130
    assert "goes on where it stopped" in err


def test_a_bug_isnt_hidden(explain, manifest, monkeypatch):
    monkeypatch.setattr("mmexplain.verbs.explain.explain_collection", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        explain(manifest)


def test_every_line_of_the_json_log_is_an_event(explain, half_broken, short_rows):
    _, out, err = explain(half_broken, "--log", "json")
    first, second = (row["segment_id"] for row in short_rows(2))
    events = [json.loads(line) for line in err.splitlines()]
    assert [event["event"] for event in events if event["event"] != "UnitDone"] == [
        "Started",
        "SegmentFailed",
        "Finished",
    ]
    started, *_, finished = events
    assert (started["total"], started["done"], started["trained"]) == (2, 0, True)
    (failed,) = (event for event in events if event["event"] == "SegmentFailed")
    assert (failed["segment_id"], failed["stage"]) == (second, "decode")
    done = [event["done"] for event in events if event["event"] == "UnitDone"]
    assert done == sorted(done)
    assert done[-1] == 2
    assert (finished["segments"], finished["explained"]) == (2, 1)
    assert first not in err
    assert out == ""


def test_without_a_terminal_the_log_is_json(explain, manifest):
    _, _, err = explain(manifest)
    assert [json.loads(line)["event"] for line in err.splitlines()][-1] == "Finished"


def test_the_bar_shows_what_failed_as_it_is_written(explain, half_broken):
    code, _, err = explain(half_broken, "--log", "rich")
    assert code == 4
    shown = " ".join(err.split())
    assert "g[/one].mp4" in shown
    assert "1 of 2 segments explained" in shown
    assert "1 x decode: Media file" in shown
    assert "'...' doesn't exist" in shown


def test_every_option_is_an_environment_variable(mmexplain, manifest, model, tmp_path, monkeypatch):
    given = {
        "MODEL": model,
        "OUT": tmp_path / "out",
        "WORKERS": 0,
        "MASKS": 12,
        "MAX_MASKS": 36,
        "SEED": 5,
        "VIDEO_PLAYERS": "time",
        "CLASSES": "all",
        "TOLERANCE": 50,
        "LIMIT": 1,
        "WHERE": "scene=s1",
        "LOG": "json",
    }
    for name, value in given.items():
        monkeypatch.setenv(f"MMEXPLAIN_EXPLAIN_{name}", str(value))
    assert mmexplain("explain", manifest)[0] == 0
    run = run_json(tmp_path)
    expected = {"masks": 12, "max_masks": 36, "seed": 5, "video_players": "time", "classes": "all", "tolerance": 50}
    assert {key: run["config"][key] for key in expected} == expected
    assert run["selection"] == {"where": ["scene=s1"], "limit": 1}
    assert min(run["slices"].values()) > 0
    rows = pq.read_table(tmp_path / "out" / "segments")
    assert rows["extra"].to_pylist() == [[("scene", "s1")]]


def test_players_are_chosen_by_kind_or_by_a_table(explain, manifest, tmp_path):
    table = tmp_path / "regions.csv"
    table.write_text("player,row\nsky,0\n")
    assert explain(manifest, "--text-players", "3-grams", "--audio-players", "words", "--video-players", table)[0] == 0
    config = run_json(tmp_path)["config"]
    assert (config["text_players"], config["audio_players"]) == ("3-grams", "words")
    assert (config["video_players"], len(config["regions"])) == ("regions", 64)


@pytest.mark.parametrize(
    ("option", "value", "error"),
    [
        ("--text-players", "1-grams", "text_players is '1-grams': give tokens, words, or N-grams of words"),
        ("--video-players", "regions", "'regions' is none of space, time, space-time, and no file"),
    ],
)
def test_players_that_are_none_are_bad_arguments(explain, manifest, option, value, error):
    code, *printed = explain(manifest, option, value)
    assert code == 2
    assert error in " ".join("".join(map(str, printed)).split())


def test_the_command_line_wins_over_the_environment(explain, manifest, tmp_path, monkeypatch):
    monkeypatch.setenv("MMEXPLAIN_EXPLAIN_SEED", "5")
    assert explain(manifest, "--seed", 6)[0] == 0
    assert run_json(tmp_path)["config"]["seed"] == 6


def test_what_ran_first_is_retried_when_asked(explain, half_broken, tmp_path, short_rows):
    assert explain(half_broken)[0] == 4
    (tmp_path / "g[").mkdir()
    (tmp_path / "g[" / "one].mp4").write_bytes(Path(short_rows(1)[0]["media"]).read_bytes())
    assert explain(half_broken)[0] == 4
    assert explain(half_broken, "--retry-errors")[0] == 0
