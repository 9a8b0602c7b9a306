import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batcher.players import text_players, words_per_player
from media import MediaError, Text, TextTokens, from_ids, tokenize
from media.text import load_tokenizer

MARKS = TextTokens(bos_id=0, eos_id=2, pad_id=1, mask_id=10**6, vocab_size=10**6 + 1)
unhurried = settings(deadline=None)  # a busy machine is no failure

# Of white space without control characters: tokenizers and Python don't agree on those.
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=40)
SPACED = st.lists(st.one_of(TEXTS, st.sampled_from([" ", "  ", "\u00a0", " \u202f", "\n"])), max_size=8).map("".join)


@pytest.fixture(scope="module")
def tokenized(model):
    """A text as the demo's tokenizer has it, bytes of which are pieces where it knows no better."""
    tokenizer = load_tokenizer(model / "tokenizer.json")
    return lambda text, most=512: tokenize(tokenizer, text, MARKS, most)


def pieces(characters, *spans):
    """A text of these tokens, between marks."""
    return Text(
        ids=np.arange(len(spans) + 2),
        tokens=("<s>", *(characters[a:b] for a, b in spans), "</s>"),
        spans=np.array([(-1, -1), *spans, (-1, -1)]),
        special=np.array([True, *[False] * len(spans), True]),
        cut=False,
        characters=characters,
    )


def said(players):
    return [player.token for player in players.described]


@pytest.mark.parametrize(
    "text",
    [
        "It was really wonderful.",
        "  Twee  woorden, drie\tspaties \n",
        "שלום עולם, מה שלומך?",
        "مرحبا بالعالم",
        "so 👩‍👩‍👧 happy🎉🎉 today",
        "10\u00a0000 mensen\u202f!",
        "今天天气很好",
        "naïve café",
    ],
)
def test_words_are_what_stands_between_white_space(tokenized, text):
    found = tokenized(text)
    players = text_players(found, "words")
    assert said(players) == text.split()
    assert [text[p.char_start : p.char_end] for p in players.described] == text.split()


@unhurried
@given(text=SPACED, n=st.integers(1, 5))
def test_grams_are_so_many_words_in_turn_and_hold_every_token(tokenized, text, n):
    found = tokenized(text)
    if found is None:
        assert not text.strip()
        return
    players = text_players(found, "words" if n == 1 else f"{n}-grams")
    words = text.split()
    assert [token.split() for token in said(players)] == [words[i : i + n] for i in range(0, len(words), n)]
    own = players.positions[~found.special]
    assert (players.positions[found.special] == -1).all()
    assert (np.diff(own) >= 0).all()
    assert np.unique(own).tolist() == list(range(players.n))
    for player in players.described:
        assert text[player.char_start : player.char_end] == player.token == player.token.strip()


def test_grams_do_not_overlap_and_the_last_may_be_short(tokenized):
    players = text_players(tokenized("one two three four five"), "2-grams")
    assert said(players) == ["one two", "three four", "five"]


def test_the_space_of_tokens_goes_with_the_word_that_follows():
    text = pieces("ab  c ", (0, 1), (1, 2), (2, 3), (4, 5), (5, 6))
    players = text_players(text, "words")
    assert players.positions.tolist() == [-1, 0, 0, 1, 1, 1, -1]
    assert said(players) == ["ab", "c"]


def test_pieces_of_one_character_are_of_one_word():
    players = text_players(pieces("🎉 ok", (0, 1), (0, 1), (0, 1), (2, 4)), "words")
    assert players.positions.tolist() == [-1, 0, 0, 0, 1, -1]


def test_a_token_that_stands_nowhere_goes_with_the_word_that_follows():
    players = text_players(pieces("a b", (0, 1), (-1, -1), (2, 3)), "words")
    assert players.positions.tolist() == [-1, 0, 1, 1, -1]
    assert said(players) == ["a", "b"]


def test_a_token_across_a_space_is_of_the_word_in_which_it_begins():
    players = text_players(pieces("New York", (0, 6), (6, 8)), "words")
    assert players.positions.tolist() == [-1, 0, 1, -1]
    assert said(players) == ["New Yo", "rk"]


def test_only_words_of_which_the_model_sees_something_count(tokenized):
    text = " ".join(["aaaa bbbb"] * 100)
    found = tokenized(text, 21)
    assert found.cut
    players = text_players(found, "2-grams")
    end = found.spans[-2, 1]
    assert " ".join(said(players)) == text[:end]


def test_where_only_white_space_is_left_it_is_one_player():
    players = text_players(pieces("   ", (0, 1), (1, 3)), "words")
    assert players.positions.tolist() == [-1, 0, 0, -1]
    assert [(p.char_start, p.char_end) for p in players.described] == [(0, 3)]


@pytest.mark.parametrize("kind", ["words", "2-grams"])
def test_words_of_token_ids_are_refused(kind):
    text = from_ids([5, 6, 7], MARKS, 512)
    assert text_players(text).n == 3
    with pytest.raises(MediaError, match=f"text players are {kind}.*words need a text and the model's tokenizer"):
        text_players(text, kind)


@pytest.mark.parametrize(("kind", "words"), [("tokens", None), ("words", 1), ("2-grams", 2), ("12-grams", 12)])
def test_a_kind_says_how_many_words_it_takes(kind, words):
    assert words_per_player(kind) == words


@pytest.mark.parametrize("kind", ["", "0-grams", "1-grams", "01-grams", "grams", "2-gram", "-2-grams", "sentences"])
def test_other_kinds_are_refused(kind):
    with pytest.raises(ValueError, match=f"text_players is '{kind}': give tokens, words, or N-grams"):
        words_per_player(kind)
