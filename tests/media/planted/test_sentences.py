from itertools import product
from string import Formatter

import numpy as np
import pytest

from media.planted.clip import LABELS
from media.planted.sentences import (
    FILLERS,
    LANGUAGES,
    PATTERNS,
    PUNCTUATION,
    PUNCTUATION_SHARE,
    SPLITS,
    WORDS,
    sample_sentences,
    write_sentence,
)

EVERYWHERE = list(product(LANGUAGES, SPLITS))


def written(language, split, label, number=200):
    rng = np.random.default_rng(1)
    return [write_sentence(rng, language, split, label) for _ in range(number)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_splits_share_no_pattern_and_no_filler(language):
    train, test = (set(PATTERNS[split][language]) for split in SPLITS)
    assert not train & test
    train, test = ({filler for of_slot in FILLERS[split][language].values() for filler in of_slot} for split in SPLITS)
    assert not train & test


@pytest.mark.parametrize(("language", "split"), EVERYWHERE)
def test_patterns_have_one_slot_for_the_trigger_and_nine_words_at_least(language, split):
    shortest = {
        name: min(of_slot, key=lambda filler: len(filler.split())) for name, of_slot in FILLERS[split][language].items()
    }
    for pattern in PATTERNS[split][language]:
        slots = [slot for _, slot, _, _ in Formatter().parse(pattern) if slot]
        assert slots.count("how") == 1
        assert len(slots) == len(set(slots))
        assert len(pattern.format(how="so", **shortest).split()) >= 9


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_trigger_word_is_a_part_of_anything_else_that_is_said(language):
    labels = WORDS[language]
    assert set(labels) == set(LABELS)
    words = [word for of_label in labels.values() for word in of_label]
    assert len(words) == len(set(words))
    others = [text for split in SPLITS for text in PATTERNS[split][language]]
    others += [filler for split in SPLITS for of_slot in FILLERS[split][language].values() for filler in of_slot]
    for word in words:
        assert not any(word in other for other in [*others, *set(words) - {word}])


@pytest.mark.parametrize(("language", "split"), EVERYWHERE)
@pytest.mark.parametrize("label", LABELS)
def test_a_sentence_holds_its_trigger_once_and_where_it_says(language, split, label):
    for sentence in written(language, split, label, 60):
        said = " ".join(sentence.words)
        assert sentence.text.startswith(said)
        assert len(sentence.words) >= 9
        assert said[0].isupper()
        in_slot = sentence.words[sentence.slot].strip(",")
        if label == "neutral":
            assert sentence.trigger is None
            assert in_slot in WORDS[language]["neutral"]
            assert sentence.text == f"{said}."
            continue
        span = slice(sentence.trigger.char_start, sentence.trigger.char_end)
        carrier = sentence.text[span]
        assert sentence.text.count(carrier) == 1
        if carrier in WORDS[language][label]:
            assert carrier == in_slot
            assert sentence.text == f"{said}."
        else:
            assert carrier == PUNCTUATION[label].strip()
            assert in_slot in WORDS[language]["neutral"]
            assert sentence.text == said + PUNCTUATION[label]


def test_a_quarter_of_the_labels_that_have_a_mark_are_carried_by_it():
    for label in LABELS[1:]:
        marked = [s.trigger.char_end == len(s.text) for s in written("en", "train", label, 400)]
        share = PUNCTUATION_SHARE if label in PUNCTUATION else 0.0
        assert np.mean(marked) == pytest.approx(share, abs=0.08)


def test_marks_are_not_spoken():
    for label in PUNCTUATION:
        spoken = " ".join(word for sentence in written("nl", "test", label) for word in sentence.words)
        assert not set(spoken) & set(".!?:-()")


def test_samples_hold_every_trigger_word_of_every_label_and_language():
    texts = list(sample_sentences(0, 3000, "train"))
    assert len(texts) == 3000
    together = " ".join(texts)
    for language in LANGUAGES:
        for words in WORDS[language].values():
            assert all(word in together for word in words)
    assert texts[:50] == list(sample_sentences(0, 50, "train"))
    assert texts[:50] != list(sample_sentences(1, 50, "train"))
    assert not set(texts) & set(sample_sentences(0, 3000, "test"))
