import json

import pytest
from click import UsageError
from click.testing import CliRunner

from mmexplain.cli import cli
from report.formats import FORMATS


@pytest.fixture
def run(result_folder):
    """The verb, on a result of one clip: its output."""

    def invoke(*arguments):
        ran = CliRunner().invoke(cli, ["report", str(result_folder), *map(str, arguments)], standalone_mode=False)
        if ran.exception:
            raise ran.exception
        assert ran.return_value == 0
        return ran.output

    return invoke


@pytest.fixture(scope="module")
def result_folder(tmp_path_factory, demo_manifest, model):
    out = tmp_path_factory.mktemp("report") / "result"
    options = ["--limit", "1", "--masks", "8", "--max-masks", "8", "--workers", "0", "--log", "json"]
    arguments = ["explain", str(demo_manifest), "--model", str(model), "--out", str(out), *options]
    assert CliRunner().invoke(cli, arguments, standalone_mode=False).return_value == 0
    return out


def test_the_page_and_the_collections_figures(run, result_folder, tmp_path):
    output = run("--json", tmp_path / "figures.json")
    assert "1 segments explained of 1" in output
    assert (result_folder / "report.html").as_uri() in output
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["groups"][0]["shares"].keys() == {"text", "audio", "video"}


def test_a_report_leaves_the_result_valid(run, result_folder):
    run()
    assert CliRunner().invoke(cli, ["validate", str(result_folder)], standalone_mode=False).return_value == 0


def test_pictures_of_a_segment(run, tmp_path):
    output = run("--segment", "test_00000_joy_en", "--out", tmp_path)
    written = sorted(path.name for path in (tmp_path / "pictures" / "test_00000_joy_en").iterdir())
    assert len(written) == len(output.splitlines()) == 8
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("name", FORMATS)
def test_formats(run, tmp_path, name):
    output = run("--format", name, "--out", tmp_path)
    assert sorted(map(str, (tmp_path / "formats" / name).iterdir())) == sorted(output.split())


def test_triggers(run, tmp_path):
    (tmp_path / "t.csv").write_text("segment_id,modality,text\ntest_00000_joy_en,text,delightful\n")
    output = run("--triggers", tmp_path / "t.csv")
    assert "1.00 (1.00 to 1.00)" in output


def test_a_segment_that_is_not_there_is_named(run):
    with pytest.raises(Exception, match="holds no segment 'nobody'"):
        run("--segment", "nobody")


def test_options_of_the_page_are_not_ignored_beside_others(run):
    with pytest.raises(UsageError, match="--previews and --json belong to the page"):
        run("--segment", "test_00000_joy_en", "--previews")
