from click.testing import CliRunner

from mmexplain.cli import cli


def evaluated(tmp_path, name):
    table = tmp_path / "predictions.csv"
    table.write_text("label_true,label_predicted\njoy,joy\njoy,neutral\nneutral,neutral\n")
    return CliRunner().invoke(cli, ["evaluate", str(table), "--picture", str(tmp_path / name)])


def test_the_confusion_is_drawn(tmp_path):
    found = evaluated(tmp_path, "confusion.svg")
    assert found.exit_code == 0, found.output
    assert "predicted" in (tmp_path / "confusion.svg").read_text()


def test_a_picture_of_another_kind_is_refused(tmp_path):
    found = evaluated(tmp_path, "confusion.gif")
    assert found.exit_code == 2
    assert "can't be written as 'gif'; the formats are png, svg" in found.output
