import json
from dataclasses import replace

import numpy as np
import pytest

from batcher.collection import CollectionError
from batcher.plan import Settings, plan_collection
from batcher.plan.forecast import known_strata
from batcher.plan.prediction import predicted
from batcher.plan.sample import Stratum
from batcher.plan.survey import survey
from batcher.run.job import job_of
from batcher.store.result import load_result


@pytest.fixture(scope="module")
def costs(finished, tmp_path_factory):
    run = replace(finished, out=tmp_path_factory.mktemp("plan") / "out")
    return plan_collection(run, Settings(sample=2, gpus=1))


def test_passes_and_coalitions_are_those_of_the_run(finished, costs):
    rows = load_result(finished.out).table("segments").to_pylist()
    assert costs.coalitions == sum(row["grid_points"] for row in rows)
    for modality, one in costs.modalities.items():
        assert one.passes == sum(row[f"masks_{modality}"] for row in rows)


def test_predicted_players_and_lengths_are_those_of_the_clips(finished, artefact, tmp_path):
    found = survey(job_of(replace(finished, out=tmp_path / "none")))
    assert found.selected == found.left == len(found.readable)
    one = predicted(found.sizes[0], finished.options, artefact)
    assert one.points == np.prod(list(one.masks.values()))


def test_a_plan_has_hours_shares_and_bytes(costs):
    assert costs.machine.low_hours <= costs.machine.hours <= costs.machine.high_hours
    assert sum(costs.machine.shares.values()) == pytest.approx(1)
    assert costs.storage_bytes > 0
    assert costs.gpu.hours == pytest.approx(sum(costs.pflop.values()) * 1e15 / (67e12 * 0.3) / 3600)


def test_of_a_result_that_was_begun_the_rest_is_planned(finished):
    done = plan_collection(finished)
    assert (done.segments.done, done.machine) == (3, None)


def test_what_cant_be_read_is_counted_and_costs_nothing(finished, tmp_path, demo_segments):
    rows = [
        {"segment_id": "gone", "media": "gone.mp4"},
        {"segment_id": "late", "media": str(demo_segments[0].path), "start_ms": 1e7},
        {"segment_id": "reversed", "media": str(demo_segments[0].path), "start_ms": 9, "end_ms": 5},
    ]
    manifest = tmp_path / "bad.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = replace(finished, manifest=manifest, out=tmp_path / "out")
    assert [name for name, _ in survey(job_of(run)).unreadable] == ["gone", "late", "reversed"]
    with pytest.raises(CollectionError, match="none of 3 segments can be explained; gone"):
        plan_collection(run)


def test_strata_of_which_too_little_was_measured_become_one():
    strata = [Stratum(np.arange(4), np.array([0, 1])), Stratum(np.arange(4, 9), np.array([5, 6]))]
    assert len(known_strata(strata, {0, 1, 5, 6})) == 2
    (one,) = known_strata(strata, {0, 1, 5})
    assert sorted(one.clips) == list(range(9))
    assert sorted(one.drawn) == [0, 1, 5]
