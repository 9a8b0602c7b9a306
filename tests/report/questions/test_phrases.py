import numpy as np
import pytest

from report.questions.phrases import Said, find_phrases, is_negation, plain_word


def said(text, *phi, label="joy"):
    return Said(label, tuple(text.split()), np.array(phi))


def test_n_grams_are_sums_over_their_words_and_means_over_where_they_occur():
    found = find_phrases([said("So Nice, really", 0.1, 0.3, 0.0), said("so nice!", 0.2, 0.4), said("so so", 0.0, 0.0)])
    (gram,) = found.grams
    assert (gram.label, gram.token, gram.count, gram.segments) == ("joy", "so nice", 2, 2)
    assert gram.phi.mean == pytest.approx(0.5)


def test_the_same_words_of_another_label_are_another_phrase():
    found = find_phrases([said("so nice", 0.1, 0.3), said("so nice", 0.1, 0.3, label="fear")])
    assert found.grams == ()


def test_a_mark_alone_ends_a_phrase():
    texts = [said("so - nice", 0.1, 0.0, 0.3)] * 2
    assert find_phrases(texts).grams == ()


def test_a_negation_reaches_two_words_further():
    found = find_phrases([said("I do not like it here", 0.0, 0.1, -0.2, 0.5, 0.1, 1.0), said("Not", -0.4)])
    (negation,) = found.negations
    assert (negation.word.token, negation.word.count) == ("not", 2)
    assert negation.word.phi.mean == pytest.approx(-0.3)
    assert negation.scope.phi.mean == pytest.approx((0.4 - 0.4) / 2)


@pytest.mark.parametrize(
    ("word", "negates"),
    [("Don’t,", True), ("NIET!", True), ("geen", True), ("note", False), ("", False), ("nooit…", True)],  # noqa: RUF001
)
def test_negations_are_english_and_dutch(word, negates):
    assert is_negation(plain_word(word)) == negates
