import json
import math
from dataclasses import replace

import click
import pytest
from click.testing import CliRunner

from bench.demo import MANIFEST, MODEL
from bench.throughput import __main__ as command
from bench.throughput.clip import Setting, time_clip
from bench.throughput.equal_error import KERNEL, PERMUTATION, PassRatio
from bench.throughput.graph_rows import runs_one_by_one
from bench.throughput.plain_frames import random_fabnet
from bench.throughput.recorded import GRAPH_STAGES
from bench.throughput.rows import GRAPHS, OTHERS, OVERHEAD, RATE, SPLIT

MASKS = 6
SETTING = Setting(masks=MASKS, video_players="time", rounds=1)
RATIOS = [PassRatio(PERMUTATION, "modalities share", 20.0, 30.0), PassRatio(KERNEL, "modalities share", 5.0, 10.0)]
WIDTH, FFN, LAYERS = 64, 128, 2
"""Of the shipped model's text encoder."""
JOINT, CLASSES = 64 + 32 + 16, 7


@pytest.fixture(scope="module")
def timed():
    return time_clip(MODEL, MANIFEST, SETTING)


@pytest.fixture(scope="module")
def report(timed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "time_clip", lambda *_: timed)
        return command.measure(MODEL, MANIFEST, RATIOS, segments=1, masks=4, workers=0, setting=SETTING)


@pytest.fixture(scope="module")
def stages(report):
    return {row.stage: row for row in report.section(GRAPHS).rows}


def test_a_run_comes_before_the_clip(report):
    assert [section.name for section in report.sections] == [RATE, SPLIT, GRAPHS, OVERHEAD, OTHERS]
    assert report.section(RATE).rows[0].segments == 1
    report.print()


def test_stages_add_up_to_the_whole(stages):
    inside = [*(stages[stage] for stage in GRAPH_STAGES), stages["estimate"], stages["the rest"]]
    whole = stages["in all"]
    assert all(row.seconds > 0 for row in inside)
    assert sum(row.seconds for row in inside) == pytest.approx(whole.seconds)
    for name in ("calls", "gflop", "separate_gflop", "gb"):
        assert sum(getattr(stages[stage], name) for stage in GRAPH_STAGES) == pytest.approx(getattr(whole, name))


def test_rates_are_flops_and_bytes_over_seconds(report, stages):
    (clip,) = report.section(OVERHEAD).rows
    for stage in GRAPH_STAGES:
        row = stages[stage]
        assert row.gflops == pytest.approx(row.gflop / row.seconds)
        assert row.gbs == pytest.approx(row.gb / row.seconds)
        assert row.of_product == pytest.approx(row.gflops / clip.product_gflops)


def test_overhead_is_what_is_spent_outside_the_graphs(report, stages):
    (clip,) = report.section(OVERHEAD).rows
    assert clip.graphs_s == pytest.approx(sum(stages[stage].seconds for stage in GRAPH_STAGES))
    assert clip.overhead * clip.graphs_s == pytest.approx(stages["estimate"].seconds + stages["the rest"].seconds)
    assert clip.masks == " x ".join([str(MASKS)] * 3)


def test_a_text_encoder_needs_its_projections_and_its_attention(report, stages):
    tokens = int(report.section(OVERHEAD).rows[0].players.split()[0]) + 2
    layer = 2 * tokens * (4 * WIDTH**2 + 2 * WIDTH * FFN) + 2 * 2 * tokens**2 * WIDTH
    assert stages["text_encoder"].gflop * 1e9 == pytest.approx(MASKS * LAYERS * layer)
    assert stages["text_encoder"].saved == pytest.approx(1)


def test_a_head_needs_two_products_for_each_point_of_the_grid(stages):
    assert stages["head"].gflop * 1e9 == pytest.approx(MASKS**3 * 2 * JOINT * (JOINT + CLASSES))


def test_one_by_one_every_frame_of_every_mask_passes_fab_net(stages, timed):
    # Eight convolutions of 4 x 4 taps, each halving the picture from 256.
    channels = [3, 4, 8, 16, 32, 32, 32, 32, 16]
    frame = sum(2 * (128 >> i) ** 2 * channels[i + 1] * channels[i] * 16 for i in range(8))
    assert stages["video_frames"].separate_gflop * 1e9 == pytest.approx(
        MASKS * len(timed.game.contents["video"]) * frame
    )


def test_one_by_one_each_pair_and_each_point_has_a_run():
    runs = runs_one_by_one({"text": 5, "audio": 0, "video": 3})
    assert (runs["text_encoder"], runs["video_frames"], runs["video_encoder"]) == (5, 3, 3)
    assert (runs["pairs_text_audio"], runs["pairs_text_video"], runs["head"]) == (5, 15, 15)


def test_others_take_seconds_each_times_coalitions(report):
    ours, thesis, permutations, kernel = report.section(OTHERS).rows
    players = sum(map(int, report.section(OVERHEAD).rows[0].players.split(" + ")))
    assert (ours.coalitions, ours.passes) == (MASKS**3, 3 * MASKS)
    assert thesis.coalitions == 2 * players + 1
    assert permutations.coalitions == pytest.approx(30 * MASKS)
    assert kernel.coalitions == pytest.approx(10 * MASKS)
    assert (permutations.pass_ratio, kernel.pass_ratio) == pytest.approx((30, 10))
    for row in (thesis, permutations, kernel):
        assert row.seconds == pytest.approx(row.coalitions * row.seconds_each)
        assert row.time_ratio == pytest.approx(row.seconds / ours.seconds)
        assert row.extrapolated
        assert row.run == 1
    assert permutations.least_time_ratio == pytest.approx(permutations.time_ratio * 20 / 30)
    assert thesis.gflop_each > kernel.gflop_each
    assert math.isclose(thesis.gflop_each, permutations.gflop_each)


def test_a_frame_of_another_size_than_all_presets_is_refused(artefact):
    with pytest.raises(click.ClickException, match="24 features"):
        random_fabnet(replace(artefact, dims={**artefact.dims, "video": 24}))


def test_the_command_explains_the_same_clip_by_the_published_size(timed, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(command, "measured_ratios", lambda: RATIOS)
    monkeypatch.setattr(command, "time_clip", lambda *given: asked.append(given) or timed)
    out, published = tmp_path / "figures.json", tmp_path
    options = ["--published", str(published), "--segments", "1", "--masks", "4", "--workers", "0", "--json", str(out)]
    options += ["--clip-masks", "16", "--rounds", "2", "--threads", "2", "--video-players", "time"]
    done = CliRunner().invoke(command.main, options)
    assert done.exit_code == 0, done.output
    assert asked == [(folder, MANIFEST, Setting(16, "time", 2, 2)) for folder in (MODEL, published)]
    tables = json.loads(out.read_text())["tables"]
    assert [row["model"] for row in tables[OVERHEAD]] == ["shipped", "published size"]
    shipped, large = (
        [row["way"] for row in tables[OTHERS] if row["model"] == name] for name in ("shipped", "published size")
    )
    assert shipped == large


def test_equal_error_is_read_from_a_run_of_the_accuracy_bench(timed, tmp_path, monkeypatch):
    file = tmp_path / "accuracy.json"
    file.write_text("{}")
    monkeypatch.setattr(command, "time_clip", lambda *_: timed)
    monkeypatch.setattr(command, "read_ratios", lambda path: RATIOS[:1] if path == file else [])
    out = tmp_path / "figures.json"
    options = ["--accuracy", str(file), "--segments", "1", "--masks", "4", "--workers", "0", "--json", str(out)]
    options += ["--video-players", "time"]
    assert CliRunner().invoke(command.main, options).exit_code == 0
    assert len(json.loads(out.read_text())["tables"][OTHERS]) == 3


def test_an_artefact_is_given_or_made_but_not_both():
    done = CliRunner().invoke(command.main, ["--published", str(MODEL), "--export"])
    assert done.exit_code == 2
    assert "give one of them" in done.output
