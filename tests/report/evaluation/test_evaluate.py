import json

import pytest
from click.testing import CliRunner
from sklearn import metrics as oracle

from batcher.collection import CollectionError
from batcher.outcome import EXPLAINED, FAILED
from batcher.store.files import Store
from batcher.store.result import ResultError
from mmexplain.cli import cli
from report.evaluation.evaluate import evaluate
from report.evaluation.predictions import read_predictions

PAIRS = [("neutral", "neutral"), ("neutral", "joy"), ("joy", "joy"), ("joy", "joy"), ("fear", "neutral")]


@pytest.fixture
def result_of(tmp_path):
    """A result folder of (true label, predicted label, values)."""

    def build(rows, head="softmax", labels=("neutral", "joy", "fear")):
        segments = [
            {"segment_id": f"{i}", "media": "a.mp4", "start_ms": 0.0, "status": EXPLAINED}
            | {"label_true": true, "label_predicted": predicted, "p_all": values}
            for i, (true, predicted, values) in enumerate(rows)
        ]
        failed = {"segment_id": "x", "media": "a.mp4", "start_ms": 0.0, "status": FAILED, "label_true": "joy"}
        Store(tmp_path, {}).write_unit("u", {"segments": [*segments, failed]})
        run = {"trained": True, "manifest": "", "selection": {}, "labels": labels, "config": {}, "head": head}
        (tmp_path / "run.json").write_text(json.dumps(run))
        return tmp_path

    return build


def test_classes_of_a_result(result_of):
    folder = result_of([*((*pair, [0.0] * 3) for pair in PAIRS), (None, "joy", [0.0] * 3)])
    found = evaluate(read_predictions(folder))
    true, predicted = zip(*PAIRS, strict=True)
    assert found.segments == 5
    assert found.figures["accuracy"].value == 0.6
    assert found.figures["accuracy"].low < 0.6 < found.figures["accuracy"].high
    weighted = oracle.f1_score(true, predicted, average="weighted")
    assert found.figures["weighted F1"].value == pytest.approx(weighted)
    assert found.figures["dual accuracy"].value == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert found.figures["neutral: accuracy"].value == pytest.approx(3 / 5)


def test_emotions_that_may_be_several(result_of):
    rows = [("sad|ang", "sad", [0.9, 0.6]), ("ang", "ang", [0.6, 0.7]), ("sad", "sad", [0.51, 0.49])]
    found = evaluate(read_predictions(result_of(rows, "binary", ("sad", "ang"))))
    assert found.figures["sad: accuracy"].value == pytest.approx(2 / 3)
    assert found.figures["ang: accuracy"].value == 1


def test_scores(result_of):
    rows = [("-2.5", "s", [-2.0]), ("0", "s", [0.4]), ("1.25", "s", [-1.0])]
    found = evaluate(read_predictions(result_of(rows, "score", ("s",))))
    assert found.figures["mean absolute error"] == pytest.approx((0.5 + 0.4 + 2.25) / 3)
    assert found.figures["accuracy of seven"] == pytest.approx(2 / 3)
    assert found.figures["sign: accuracy"].value == 0.5


def test_a_table(tmp_path):
    table = tmp_path / "p.csv"
    table.write_text("segment_id,label_true,label_predicted\n" + "".join(f"x,{a},{b}\n" for a, b in PAIRS))
    assert evaluate(read_predictions(table)).figures["accuracy"].value == 0.6


def test_a_table_with_a_hole(tmp_path):
    table = tmp_path / "p.csv"
    table.write_text("label_true,label_predicted\njoy,\n")
    with pytest.raises(CollectionError, match="line 2, has no label_predicted"):
        read_predictions(table)


@pytest.mark.parametrize(
    ("rows", "head", "labels", "said"),
    [
        ([(None, "joy", [0.0])], "softmax", ("joy",), "no segment of .* has a true label"),
        ([("fury", "joy", [0.0])], "binary", ("joy",), "'fury' is none of the model's labels"),
        ([("fury", "joy", [0.0])], "score", ("joy",), "a true label is none.*fury"),
    ],
)
def test_labels_that_do_not_suit_the_model(result_of, rows, head, labels, said):
    with pytest.raises(ResultError, match=said):
        evaluate(read_predictions(result_of(rows, head, labels)))


def test_the_command_prints_and_writes(result_of, tmp_path):
    folder = result_of([(*pair, [0.0] * 3) for pair in PAIRS])
    out = tmp_path / "figures.json"
    ran = CliRunner().invoke(cli, ["evaluate", str(folder), "--json", str(out)], standalone_mode=False)
    assert ran.return_value == 0
    assert "dual accuracy" in ran.output
    assert "2 (100%)" in ran.output
    written = json.loads(out.read_text())
    assert written["confusions"]["class"]["counts"] == [[1, 1, 0], [0, 2, 0], [1, 0, 0]]
    assert written["figures"]["accuracy"]["value"] == 0.6


def test_a_strange_label_is_named(result_of):
    ran = CliRunner().invoke(cli, ["evaluate", str(result_of([("fury", "joy", [0.0] * 3)]))])
    assert ran.exit_code == 1
    assert "'fury' is none of the classes" in ran.output
