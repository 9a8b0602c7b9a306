import io

import numpy as np
import pytest
from rich.console import Console
from sklearn.metrics import average_precision_score

from batcher.collection import CollectionError
from report.triggers import average_precision, read_triggers, triggers_found
from report.triggers_table import triggers_table

HEADER = "segment_id,modality,start_ms,end_ms,text,cell\n"


@pytest.fixture
def triggers_of(tmp_path):
    """The triggers of a csv with these lines."""

    def read(*lines):
        table = tmp_path / "triggers.csv"
        table.write_text(HEADER + "".join(f"{line}\n" for line in lines))
        return read_triggers(table)

    return read


def only(found):
    (one,) = found.pointing
    return one


@pytest.mark.parametrize("seed", range(6))
def test_average_precision_is_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    touched = rng.random(12) < 0.4
    touched[seed] = True
    strengths = rng.integers(0, 5, 12).astype(float)  # with ties
    assert average_precision(touched, strengths) == pytest.approx(average_precision_score(touched, strengths))


def test_words_are_found_in_the_text_whatever_their_case(result, triggers_of):
    one = only(triggers_found(result, triggers_of("whole,text,,,NICE,")))
    assert (one.modality, one.segments, one.hits, one.chance_of_hits) == ("text", 1, (1, 1, 1), 0.2)
    assert one.precision[0] == 1
    worst = only(triggers_found(result, triggers_of("whole,text,,,'s,")))
    assert worst.hits[0] == 0
    assert worst.precision[0] == pytest.approx(1 / 5)


def test_a_word_that_stands_twice_is_found_twice(result, triggers_of):
    assert only(triggers_found(result, triggers_of("whole,text,,,it,"))).chance_of_hits == pytest.approx(2 / 5)


def test_sound_is_found_by_time(result, triggers_of):
    one = only(triggers_found(result, triggers_of("whole,audio,1900,2000,,")))
    assert (one.hits[0], one.chance_of_hits) == (0, 0.25)
    assert only(triggers_found(result, triggers_of("whole,audio,2000,2100,,"))).hits[0] == 0  # as strong as the first
    assert only(triggers_found(result, triggers_of("whole,audio,1000,2100,,"))).hits[0] == 1


def test_cells_are_found_by_row_and_column(result, triggers_of):
    assert only(triggers_found(result, triggers_of('whole,video,,,,"3,3"'))).hits[0] == 1
    some = only(triggers_found(result, triggers_of('whole,video,,,,"3,3; 0,0"')))
    assert (some.hits[0], some.chance_of_hits) == (1, 2 / 16)
    assert only(triggers_found(result, triggers_of("whole,video,1000,1500,,"))).chance_of_hits == 1


def test_several_triggers_of_a_modality_are_one_set(result, triggers_of):
    one = only(triggers_found(result, triggers_of("whole,text,,,nice,", "whole,text,,,!,")))
    assert (one.segments, one.chance_of_hits, one.precision[0]) == (1, 0.4, 1)


def test_chance_is_what_random_rankings_give(result, triggers_of):
    one = only(triggers_found(result, triggers_of("whole,text,,,nice,")))
    assert one.chance_of_precision == pytest.approx(np.mean([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]), abs=0.03)


def test_what_cannot_be_compared_is_said(result, triggers_of):
    lines = ("who,text,,,nice,", "torn,text,,,nice,", "words,audio,0,1,,", "whole,text,,,absent,")
    found = triggers_found(result, triggers_of(*lines))
    assert found.pointing == ()
    assert found.left_out == {
        "who": "not in the result",
        "torn": "failed",
        "words, audio": "the segment has no such players",
        "whole, text": "no player holds some of it",
    }


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a,smell,,,x,", "line 2, is no trigger: it has the modality 'smell'; name a segment_id"),
        (",text,,,x,", "name a segment_id"),
        ("a,text,1,2,,", "a trigger of text needs text"),
        ("a,text,,, ,", "a trigger of text needs text"),
        ("a,audio,1,,,", "it has start_ms alone"),
        ("a,audio,,,,", "a trigger of audio needs start_ms and end_ms"),
        ("a,audio,nan,5,,", "start_ms is 'nan'"),
        ('a,video,5,,,"1,1"', "it has start_ms alone"),
        ("a,audio,5,2,,", "ends at 2.0 ms, before it starts at 5.0 ms"),
        ("a,audio,x,2,,", "start_ms is 'x'"),
        ('a,video,,,,"4,0"', "the cell is '4,0'; give row,column, each from 0 to 3"),
        ("a,video,,,,1", "the cell is '1'"),
    ],
)
def test_a_row_that_is_no_trigger_is_named(triggers_of, line, said):
    with pytest.raises(CollectionError) as error:
        triggers_of(line)
    assert said in str(error.value)


def test_the_table_says_hits_and_chance(result, triggers_of):
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(triggers_table(triggers_found(result, triggers_of("whole,text,,,nice,", "[who],text,,,x,"))))
    text = console.export_text()
    assert "1.00 (1.00 to 1.00)" in text
    assert "0.20" in text
    assert "left out: [who]: not in the result" in text


def test_words_are_whole(result, triggers_of):
    found = triggers_found(result, triggers_of("whole,text,,,ic,"))
    assert found.left_out == {"whole, text": "no player holds some of it"}


def test_letters_that_change_their_length_in_lower_case_move_nothing(result_of_rows, explained_rows, triggers_of):
    segment, contribution, players = explained_rows["words"]
    spans = [("İİ", 0, 2), ("x", 3, 4)]
    odd = [
        player | {"token": token, "char_start": start, "char_end": end}
        for player, (token, start, end) in zip(players, spans, strict=False)
    ]
    result = result_of_rows({"a": (segment | {"text": "İİ x"}, contribution, odd)})
    assert only(triggers_found(result, triggers_of("a,text,,,X,"))).chance_of_hits == 0.5


def test_tokens_of_unknown_places_are_left_out(result_of_rows, explained_rows, triggers_of):
    segment, contribution, players = explained_rows["words"]
    unplaced = [player | {"char_start": None, "char_end": None} for player in players]
    found = triggers_found(result_of_rows({"a": (segment, contribution, unplaced)}), triggers_of("a,text,,,nice,"))
    assert found.pointing == ()
    assert found.left_out == {"a, text": "where its tokens stand in the text isn't known"}


def test_intervals_are_of_resampled_segments(result_of_rows, explained_rows, triggers_of):
    result = result_of_rows({f"{i}": explained_rows["words"] for i in range(100)})
    lines = [f"{i},text,,,{'nice' if i < 40 else '!'}," for i in range(100)]
    mean, low, high = only(triggers_found(result, triggers_of(*lines))).hits
    spread = 1.96 * np.sqrt(0.4 * 0.6 / 100)  # of a proportion
    assert (mean, low, high) == pytest.approx((0.4, 0.4 - spread, 0.4 + spread), abs=0.02)
