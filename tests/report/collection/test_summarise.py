import io

import pytest
from rich.console import Console

from report.collection.groups import LEANING
from report.collection.summarise import summarise
from report.collection.table import collection_table
from report.collection.tokens import MOST, UNSEEN


def shares(text, audio=None, video=None):
    return {"share_text_plain": text, "share_audio_plain": audio, "share_video_plain": video}


def group(summary, kind, name):
    (found,) = [one for one in summary.groups if (one.kind, one.name) == (kind, name)]
    return found


def means(of):
    return {modality: share.mean for modality, share in of.shares.items()}


def test_shares_are_of_the_predicted_class_over_segments_that_have_the_modality(result_of):
    summary = summarise(
        result_of({"a": ({}, shares(0.4, 0.6), []), "b": ({}, shares(0.2, 0.3, 0.5), []), "c": ({}, shares(1.0), [])})
    )
    everyone = group(summary, "all", "all")
    assert everyone.segments == 3
    assert means(everyone) == pytest.approx({"text": 1.6 / 3, "audio": 0.45, "video": 0.5})
    assert [everyone.shares[modality].count for modality in ("text", "audio", "video")] == [3, 2, 1]


def test_a_share_without_bias_goes_before_the_plain_one(result_of):
    corrected = shares(0.4, 0.6) | {"share_text": 0.1, "share_audio": 0.9}
    summary = summarise(result_of({"a": ({}, corrected, [])}))
    assert means(group(summary, "all", "all")) == {"text": 0.1, "audio": 0.9}


def test_groups_are_labels_programmes_and_times(result_of):
    summary = summarise(
        result_of(
            {
                "a": ({"label_predicted": "joy", "label_true": "joy", "program_id": "p"}, shares(0.8, 0.2), []),
                "b": ({"label_predicted": "neutral", "label_true": "joy", "program_id": "p"}, shares(0.6, 0.4), []),
                "c": ({"label_predicted": "joy", "program_id": "q", "start_ms": 61_000.0}, shares(0.1, 0.9), []),
            }
        )
    )
    assert means(group(summary, "label", "joy"))["text"] == pytest.approx(0.45)
    assert means(group(summary, "correct", "right"))["text"] == 0.8
    assert means(group(summary, "correct", "wrong"))["text"] == 0.6
    assert means(group(summary, "programme", "p"))["text"] == pytest.approx(0.7)
    assert means(group(summary, "time", "0 to 1 min"))["text"] == pytest.approx(0.7)
    assert means(group(summary, "time", "1 to 2 min"))["text"] == 0.1
    assert {one.kind for one in summary.groups} == {"all", "label", "correct", "programme", "time"}
    assert summary.labels == {"joy": 2, "neutral": 1}


def test_spans_of_time_get_longer_rather_than_many(result_of):
    hours = {f"{i}": ({"start_ms": i * 3_600_000.0}, shares(0.5, 0.5), []) for i in range(6)}
    spans = [one.name for one in summarise(result_of(hours)).groups if one.kind == "time"]
    assert spans[:2] == ["0 to 15 min", "60 to 75 min"]


def test_every_segment_its_own_file_is_no_grouping(result_of):
    summary = summarise(result_of({name: ({"media": f"{name}.mp4"}, shares(0.5, 0.5), []) for name in "abc"}))
    assert {one.kind for one in summary.groups} == {"all"}


def test_those_that_lean_most_have_more_than_one_modality(result_of):
    many = {f"{i:02}": ({}, shares(i / 100, 1 - i / 100), []) for i in range(20)}
    summary = summarise(result_of(many | {"alone": ({}, shares(1.0), [])}))
    assert [one.segment_id for one in summary.leaning["text"]] == [f"{i:02}" for i in range(19, 19 - LEANING, -1)]
    assert [one.segment_id for one in summary.leaning["audio"]][:2] == ["00", "01"]
    assert summary.leaning["video"] == ()


def test_one_odd_case_does_not_lead_the_tokens(result_of):
    often = {f"{i}": ({}, shares(1.0), [(" Nice ", 0.2), ("nice", 0.4), (",", 0.0)]) for i in range(5)}
    summary = summarise(result_of(often | {"odd": ({}, shares(1.0), [("flux", 0.5)])}))
    first, second, last = summary.tokens
    assert (first.label, first.count, first.segments) == ("joy", 10, 5)
    assert first.phi.mean == pytest.approx(0.3)
    assert first.phi.low < 0.3 < first.phi.high
    assert (second.count, second.phi.low) == (1, None)
    assert 0.5 / (1 + UNSEEN) < 0.3 * 10 / (10 + UNSEEN)
    assert [one.token for one in (first, second, last)] == ["nice", "flux", ","]


def test_each_label_has_its_most_influential_tokens(result_of):
    words = [(f"w{i:02}", -i / 100) for i in range(MOST + 5)]
    summary = summarise(
        result_of({"a": ({}, shares(1.0), words), "b": ({"label_predicted": "neutral"}, shares(1.0), [("x", 0.1)])})
    )
    assert [(one.label, one.token) for one in summary.tokens] == [
        *[("joy", f"w{i:02}") for i in range(MOST + 4, 4, -1)],
        ("neutral", "x"),
    ]


def test_base_values_are_the_bias_of_a_model_that_sees_nothing(result_of):
    summary = summarise(result_of({"a": ({"p_none": [0.9, 0.1]}, shares(1.0), []), "b": ({}, shares(1.0), [])}))
    assert {label: mean.mean for label, mean in summary.base_values.items()} == pytest.approx(
        {"neutral": 0.825, "joy": 0.175}
    )


def test_base_values_belong_to_their_segments_whatever_the_order(result_of):
    programmes = {f"{i:02}": ({"program_id": f"{i % 10}", "p_none": [i / 99, 0]}, shares(1.0), []) for i in range(99)}
    found = summarise(result_of(dict(reversed(programmes.items())), per_unit=7)).base_values["neutral"]
    assert found.mean == pytest.approx(49 / 99)
    assert found.high - found.low < 0.2  # programmes are alike; were values and programmes mixed up, they would be too


def test_confusion_counts_true_against_predicted(result_of):
    pairs = [("joy", "joy"), ("joy", "neutral"), ("joy", "joy"), ("fury", "neutral"), (None, "joy")]
    summary = summarise(
        result_of(
            {
                f"{i}": ({"label_true": true, "label_predicted": seen}, shares(1.0), [])
                for i, (true, seen) in enumerate(pairs)
            }
        )
    )
    assert summary.confusion.labels == ("neutral", "joy", "fury")
    assert summary.confusion.counts == ((0, 0, 0), (1, 2, 0), (1, 0, 0))


def test_no_label_no_confusion(result_of):
    assert summarise(result_of({"a": ({}, shares(1.0), [])})).confusion is None


def test_one_modality_that_holds_all_is_a_collapse(result_of):
    alone = {f"{i}": ({}, shares(1.0), []) for i in range(20)}
    (warning,) = summarise(result_of(alone | {"a": ({}, shares(0.97, 0.03), [])})).warnings
    assert "text holds 97%" in warning
    assert summarise(result_of(alone | {"a": ({}, shares(0.9, 0.1), [])})).warnings == ()


def test_what_is_not_to_be_trusted_is_said(result_of):
    summary = summarise(result_of({"a": ({"reliable": False}, shares(0.5, 0.5), [])}, failed=3, trained=False))
    assert (summary.segments, summary.explained, summary.unreliable) == (4, 1, 1)
    assert [any(word in warning for warning in summary.warnings) for word in ("untrained", "3 seg", "1 seg")] == [
        True
    ] * 3


def test_a_result_without_any_explanation_is_summarised(result_of):
    summary = summarise(result_of({}, failed=2))
    assert (summary.segments, summary.explained, summary.groups, summary.base_values) == (2, 0, (), {})
    assert summarise(result_of({})).segments == 2


def test_the_table_has_a_line_for_each_group(result_of):
    segments = {
        "a": ({"label_predicted": "[joy]"}, shares(0.4, 0.6), []),
        "b": ({"label_predicted": "neutral"}, shares(0.6), []),
    }
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(collection_table(summarise(result_of(segments, trained=False))))
    text = console.export_text()
    assert "2 segments explained of 2" in text
    assert "seen as [joy]" in text
    assert "50 (0 to 100)" in text  # where a share ends
    assert "untrained" in text


@pytest.mark.parametrize(("head", "kinds"), [("score", {"all"}), ("binary", {"all", "correct"})])
def test_other_heads_are_not_asked_for_classes(result_of, head, kinds):
    segments = {
        "a": ({"label_true": "joy|fear"}, shares(0.8, 0.2), []),
        "b": ({"label_true": "fear"}, shares(0.6, 0.4), []),
    }
    summary = summarise(result_of(segments, head=head))
    assert {one.kind for one in summary.groups} == kinds
    assert summary.confusion is None
    if head == "binary":
        assert means(group(summary, "correct", "right"))["text"] == 0.8
