import pytest

from bench.comparison import Outcome
from bench.intervals import bootstrap, rate
from bench.method_rows import METRICS, TABLES, method_rows, method_sections


def outcome(method, modality="text", **measured):
    known = {"players": "space", "hit": 1.0, "precision": 0.5, "share": 0.4, "deletion": 0.2, "insertion": 0.8}
    return Outcome(modality, method=method, **known | measured)


OUTCOMES = [
    *(outcome("ours", precision=precision, hit=hit) for precision, hit in ((0.9, 1.0), (0.7, 1.0), (1.0, 0.0))),
    *(outcome("permutation", precision=precision) for precision in (0.4, 0.6, 0.9)),
    *(outcome("self-attention", precision=0.3) for _ in range(3)),
    *(outcome("inter-modality attention") for _ in range(2)),
    *(outcome("chance", precision=precision) for precision in (0.1, 0.2, 0.3)),
]


def test_methods_stand_side_by_side_with_their_means():
    (row,) = method_rows(OUTCOMES, "precision")
    assert (row.modality, row.players, row.clips) == ("text", "tokens", 3)
    assert row.ours == bootstrap([0.9, 0.7, 1.0])
    assert row.permutation.mean == pytest.approx(1.9 / 3)
    assert row.self_attention.mean == pytest.approx(0.3)
    assert row.chance == pytest.approx(0.2)


def test_the_difference_is_taken_clip_by_clip():
    (row,) = method_rows(OUTCOMES, "precision")
    assert row.difference == bootstrap([0.9 - 0.4, 0.7 - 0.6, 1.0 - 0.9])
    alike = [outcome(m, precision=p) for m in ("ours", "permutation", "chance") for p in (0.0, 1.0)]
    (row,) = method_rows(alike, "precision")
    assert (row.difference.low, row.difference.high) == (0, 0)
    assert row.ours.low < row.ours.high


def test_hits_have_wilsons_intervals():
    (row,) = method_rows(OUTCOMES, "hit")
    assert row.ours == rate([1.0, 1.0, 0.0])


def test_a_method_without_scores_on_some_clips_has_no_mean():
    (row,) = method_rows(OUTCOMES, "precision")
    assert row.inter_modality is None


def test_players_of_the_picture_have_a_row_for_each_kind():
    kinds = [("video", "space"), ("text", "space"), ("video", "time")]
    mixed = [outcome(m, modality, players=k) for modality, k in kinds for m in ("ours", "permutation", "chance")]
    found = [(row.modality, row.players) for row in method_rows(mixed, "hit")]
    assert found == [("text", "tokens"), ("video", "space"), ("video", "time")]


def test_every_metric_has_its_table_and_curves_only_where_they_were_measured():
    assert [section.name for section in method_sections(OUTCOMES, attention=True)] == [TABLES[m] for m in METRICS]
    short = [outcome(m, deletion=None, insertion=None) for m in ("ours", "permutation", "chance")]
    assert [s.name for s in method_sections(short, attention=False)] == [
        TABLES[metric] for metric in ("hit", "precision", "share")
    ]
    assert list(method_sections([], attention=True)) == []


def test_a_reader_is_told_why_attention_is_missing():
    (*_, last) = method_sections(OUTCOMES, attention=False)
    assert any("--checkpoint" in note for note in last.notes)
