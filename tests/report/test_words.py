import numpy as np
import pytest

from media.utterance import Word
from report.explained import find_explained
from report.words import spoken_words


def test_tokens_of_a_word_are_summed(result):
    found = spoken_words(find_explained(result, "whole"))
    assert found.words == ("It's", "nice!", "It")
    assert found.text_phi == pytest.approx([0.01, 0.4, 0.05])
    assert found.text_se == pytest.approx([np.hypot(0.004, 0.008), np.hypot(0.012, 0.016), 0.02])


def test_without_times_words_are_spread_over_the_sound_by_their_characters(result):
    found = spoken_words(find_explained(result, "whole"))
    assert not found.timed
    assert found.spans_ms[:, 0] == pytest.approx([1000, 1000 + 2000 * 4 / 11, 1000 + 2000 * 9 / 11])
    assert found.spans_ms[-1, 1] == 3000
    assert found.sound_phi.sum() == pytest.approx(0)  # every half-second lies in some word


def test_the_sound_of_a_word_is_what_lies_in_its_time(result):
    known = (Word("It's", 1250, 1500), Word("nice!", 1500, 2250), Word("It", 5000, 5100))
    found = spoken_words(find_explained(result, "whole"), known)
    assert found.timed
    assert found.sound_phi[:2] == pytest.approx([0.5 * 0.05, -0.05 + 0.5 * 0.05])
    assert np.isnan(found.sound_phi[2])
    assert found.sound_se[:2] == pytest.approx([0.5 * 0.004, np.hypot(0.008, 0.5 * 0.012)])


def test_times_of_other_words_are_not_taken(result):
    assert not spoken_words(find_explained(result, "whole"), (Word("Other", 1000, 1500),)).timed


def test_no_sound_no_words_beside_it(result):
    assert spoken_words(find_explained(result, "words")) is None


def test_without_standard_errors_there_are_none_of_words(result_of_rows, explained_rows):
    segment, contribution, players = explained_rows["whole"]
    bare = [player | {"se": None} for player in players]
    found = spoken_words(find_explained(result_of_rows({"a": (segment, contribution, bare)}), "a"))
    assert (found.text_se, found.sound_se) == (None, None)


def test_players_of_several_words_stay_together(result_of_rows, explained_rows):
    segment, contribution, players = explained_rows["whole"]
    sound = [player for player in players if player["modality"] == "audio"]
    phrase = next(player for player in players if player["modality"] == "text")
    both = [phrase | {"token": "It's nice!", "char_start": 0, "char_end": 10, "phi": 0.4}]
    both += [phrase | {"token": "It", "char_start": 11, "char_end": 13, "phi": 0.1, "player": 1}]
    rows = {"a": (segment, contribution, [*both, *sound])}
    found = spoken_words(find_explained(result_of_rows(rows), "a"), (Word("It's", 1000, 1500),))
    assert found.words == ("It's nice!", "It")
    assert found.text_phi == pytest.approx([0.4, 0.1])
    assert not found.timed
