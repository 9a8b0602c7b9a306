import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batcher.players import PAUSE_MS, audio_players
from media import Sound
from media.utterance import Word

RATE_HZ = 16_000
START_MS = 5000.0
unhurried = settings(deadline=None)  # a busy machine is no failure


def players_of(length_ms, *words):
    sound = Sound(np.zeros(round(length_ms * RATE_HZ / 1000), np.float32), START_MS, cut=False)
    given = [Word(name, START_MS + start, START_MS + end) for name, start, end in words]
    return audio_players(sound, RATE_HZ, "words", given)


def spans(players):
    """What is said when, in ms from the sound's start."""
    return [(p.token, p.start_ms - START_MS, p.end_ms - START_MS) for p in players.described]


def test_words_and_pauses_are_players():
    players = players_of(2000, ("so", 200, 500), ("good", 500, 900), ("now", 1200, 1700))
    assert spans(players) == [
        (None, 0, 200),
        ("so", 200, 500),
        ("good", 500, 900),
        (None, 900, 1200),
        ("now", 1200, 1700),
        (None, 1700, 2000),
    ]
    np.testing.assert_array_equal(
        players.positions, np.repeat(range(6), np.array([3200, 4800, 6400, 4800, 8000, 4800]))
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([("b", 500, 1000), ("a", 0, 500)], [("a", 0, 500), ("b", 500, 1000)]),
        ([("a", 99, 460), ("b", 540, 901)], [("a", 0, 500), ("b", 500, 1000)]),
        ([("a", 0, 400), ("b", 500, 1000)], [("a", 0, 400), (None, 400, 500), ("b", 500, 1000)]),
        ([("a", 0, 600), ("b", 400, 1000)], [("a", 0, 500), ("b", 500, 1000)]),
        ([("a", 0, 1000), ("b", 400, 600)], [("a", 0, 500), ("b", 500, 1000)]),
        ([("a", 0, 1000), ("b", 100, 1000), ("c", 200, 300)], [("a", 0, 550), ("c", 550, 1000)]),
        ([("a", -300, 500), ("b", 500, 1300)], [("a", 0, 500), ("b", 500, 1000)]),
        ([("x", -300, 0), ("a", 0, 1000), ("y", 1000, 1200), ("z", 9000, 9100)], [("a", 0, 1000)]),
        ([("a", 0, 1000), ("of", 400, 400), ("the", 700, 600)], [("a", 0, 1000)]),
        ([(" a ", 0, 1000), ("b", float("nan"), 500), ("c", 0, float("inf"))], [("a", 0, 1000)]),
    ],
    ids=[
        "words are sorted",
        "short gaps are split and at the ends the word's",
        "a gap of 100 ms is a pause",
        "overlaps are split",
        "a word ends within another",
        "one that others leave nothing is dropped",
        "words are clipped",
        "words elsewhere are ignored",
        "words without a sample are dropped",
        "times that are no times are ignored",
    ],
)
def test_words_share_out_the_sound(words, expected):
    assert spans(players_of(1000, *words)) == expected


@pytest.mark.parametrize("words", [[], [("gone", 9000, 9500)], [("none", 300, 300)]])
def test_where_no_word_is_known_half_seconds_are_the_players(words):
    players = players_of(1300, *words)
    assert spans(players) == [(None, 0, 650), (None, 650, 1300)]


WORDS = st.lists(st.tuples(st.just("w"), st.floats(-200, 1500), st.floats(-200, 1500)), max_size=8)


@unhurried
@given(words=WORDS, samples=st.integers(1, 20_000))
def test_every_sample_has_one_player_and_no_pause_is_short_or_spoken(words, samples):
    players = players_of(samples / 16, *words)
    assert len(players.positions) == samples
    assert players.positions[0] == 0
    assert set(np.diff(players.positions).tolist()) <= {0, 1}
    assert players.positions[-1] == players.n - 1
    edges = [START_MS] + [player.end_ms for player in players.described]
    assert [player.start_ms for player in players.described] == edges[:-1]
    if all(player.token is None for player in players.described):
        return
    spoken = np.zeros(samples, bool)
    for _, start, end in words:
        spoken[max(round(16 * start), 0) : max(round(16 * end), 0)] = True
    for player in players.described:
        if player.token is None:
            assert player.end_ms - player.start_ms >= PAUSE_MS - 1e-6
            assert not spoken[players.positions == player.index].any()


@unhurried
@given(
    lengths=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 400)), min_size=1, max_size=6),
    seed=st.integers(0, 100),
)
def test_words_that_lie_apart_keep_their_own_samples(lengths, seed):
    """Of words with a pause, or nothing, between them, in any order."""
    at, words = 0, []
    for gap, length in lengths:
        at += gap if gap >= PAUSE_MS else 0
        words.append((f"w{at}", at, at + length))
        at += length
    shuffled = np.random.default_rng(seed).permutation(len(words))
    found = spans(players_of(at, *(words[i] for i in shuffled)))
    assert [span for span in found if span[0]] == words
