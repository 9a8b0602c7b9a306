from collections import Counter

from bench.bias import BIASED, EVEN, kinds_of
from media.planted.clip import LABELS


def carried(carriers):
    return Counter(modality for kind in kinds_of(carriers) for modality in kind.carriers)


def test_each_modality_carries_as_many_of_the_even_clips():
    assert len(set(carried(EVEN).values())) == 1
    assert set(carried(EVEN)) == {"text", "audio", "video"}


def test_words_carry_three_times_as_many_of_the_biased_clips():
    counts = carried(BIASED)
    assert counts["text"] == 3 * counts["audio"] == 3 * counts["video"]


def test_labels_are_as_frequent_as_each_other():
    for carriers in (EVEN, BIASED):
        assert Counter(kind.label for kind in kinds_of(carriers)) == dict.fromkeys(LABELS, 6)
