"""Words and cues become utterances that the model hears whole."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from media.segmentation import MOST_MS, PAUSE_MS, SENTENCE_PAUSE_MS, group_words, segment_cues
from media.utterance import Utterance, Word


def spoken(*words):
    return [Word(word, start, end) for word, start, end in words]


def said(groups):
    return [" ".join(word.word for word in group) for group in groups]


@st.composite
def speech(draw):
    """Words of any length with any pauses between, down to none."""
    at, words = 0.0, []
    for number in range(draw(st.integers(1, 60))):
        at += draw(st.sampled_from([0, 0, 0, 20, 150, 250, 499, 500, 3000]))
        end = at + draw(st.integers(20, 1500) | st.just(12_000))
        words.append(Word(f"w{number}" + draw(st.sampled_from(["", "", "."])), at, end))
        at = end
    return words


def test_a_pause_ends_an_utterance():
    words = spoken(("not", 0, 300), ("yet", 300, 600), ("now", 600 + PAUSE_MS, 1400))
    assert said(group_words(words)) == ["not yet", "now"]


def test_a_hesitation_ends_none():
    words = spoken(("not", 0, 300), ("now", 300 + PAUSE_MS - 1, 1400))
    assert said(group_words(words)) == ["not now"]


def test_a_shorter_pause_does_after_a_sentence():
    breath = SENTENCE_PAUSE_MS
    words = spoken(("Well,", 0, 300), ("no.”", 300 + breath, 900), ("Then", 900 + breath, 1400))
    assert said(group_words(words)) == ["Well, no.”", "Then"]


def test_a_long_one_is_split_at_its_longest_pause_and_again():
    # 22 s: the pause of 400 ms first, then that of 300 ms in the half that is still too long.
    words = spoken(("a", 0, 5000), ("b", 5100, 9000), ("c", 9400, 13_000), ("d", 13_300, 17_000), ("e", 17_010, 22_000))
    assert said(group_words(words)) == ["a b", "c", "d e"]


def test_without_pauses_a_sentence_end_is_taken_and_else_the_middle():
    words = [Word(str(n) + ("." if n == 3 else ""), 1000.0 * n, 1000.0 * (n + 1)) for n in range(12)]
    assert said(group_words(words)) == ["0 1 2 3.", "4 5 6 7 8 9 10 11"]
    plain = [Word(str(n), 1000.0 * n, 1000.0 * (n + 1)) for n in range(12)]
    assert said(group_words(plain)) == ["0 1 2 3 4 5", "6 7 8 9 10 11"]


def test_an_hour_without_a_pause_is_split_too():
    words = [Word("w", 200.0 * n, 200.0 * (n + 1)) for n in range(18_000)]
    groups = list(group_words(words))
    assert [word for group in groups for word in group] == words
    assert max(group[-1].end_ms - group[0].start_ms for group in groups) <= MOST_MS


@given(speech())
def test_no_word_is_lost_and_none_too_long_but_a_single_one(words):
    groups = list(group_words(words))
    assert [word for group in groups for word in group] == words
    assert all(len(group) == 1 or group[-1].end_ms - group[0].start_ms <= MOST_MS for group in groups)
    gaps = [after.start_ms - before.end_ms for group in groups for before, after in pairwise(group)]
    assert all(gap < PAUSE_MS for gap in gaps)


def test_a_cue_that_fits_stays_as_it_is():
    cue = Utterance(0, MOST_MS, "  -Ja.  Nee. ")
    assert list(segment_cues([cue])) == [cue]


def test_a_long_cue_without_word_times_is_split_by_characters_and_has_no_words():
    text = "aaaa aaaa aaaa aaaa. bbbb bbbb bbbb bbbb bbbb"  # 45 characters and a space over 11.5 s: 250 ms each
    parts = list(segment_cues([Utterance(1000, 12_500, text)]))
    assert parts == [
        Utterance(1000, 6250, "aaaa aaaa aaaa aaaa."),
        Utterance(6250, 12_500, "bbbb bbbb bbbb bbbb bbbb"),
    ]


def test_a_cue_with_word_times_is_cut_at_pauses_and_keeps_its_own_text():
    words = spoken(("ja", 100, 300), ("nee", 400, 900), ("ja", 2000, 2300))
    cue = Utterance(0, 2400, "«Ja ja, nee -  ja!»".replace("Ja ja", "ja"), tuple(words))
    first, second = segment_cues([cue])
    assert (first.text, second.text) == ("«ja, nee -", "ja!»")
    assert (first.start_ms, first.end_ms, second.start_ms) == (100, 900, 2000)
    assert first.words + second.words == tuple(words)


def test_words_that_arent_in_the_text_are_the_text():
    words = spoken(("twenty", 0, 400), ("one", 2000, 2300))
    assert [part.text for part in segment_cues([Utterance(0, 2400, "21", tuple(words))])] == ["twenty", "one"]


def test_one_word_without_spaces_is_its_own():
    cue = Utterance(0, 20_000, "今日はとても良い天気ですね")
    assert list(segment_cues([cue])) == [Utterance(0, 20_000, cue.text)]
