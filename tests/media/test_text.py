import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from media import MediaError, TextTokens, from_ids, load_tokenizer, tokenize

SPECIALS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
SENTENCES = ["Oh my god, he's lost it. ", "Het café is écht geweldig! ", "hello world, hello people "] * 20


def train(post_processor=None):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=SPECIALS, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    if post_processor is not None:
        tokenizer.post_processor = post_processor
    return tokenizer


PROCESSORS = {
    "none": None,
    "byte level": processors.ByteLevel(trim_offsets=False),
    "roberta": processors.RobertaProcessing(("</s>", 2), ("<s>", 0)),
    "bert": processors.TemplateProcessing(single="<mask> $A <mask>", pair=None, special_tokens=[("<mask>", 4)]),
}


@pytest.fixture(scope="module")
def tokenizer():
    return train()


@pytest.fixture(scope="module")
def tokens(tokenizer):
    return TextTokens(bos_id=0, eos_id=2, pad_id=1, mask_id=4, vocab_size=tokenizer.get_vocab_size())


@pytest.mark.parametrize("post_processor", PROCESSORS.values(), ids=PROCESSORS.keys())
def test_the_pieces_stand_between_s_and_s_whatever_the_post_processor(tokens, post_processor):
    tokenizer = train(post_processor)
    text = "Het café is écht weg"
    result = tokenize(tokenizer, text, tokens, 512)
    pieces = [int(token_id) for token_id in result.ids[1:-1]]
    assert (result.ids[0], result.ids[-1]) == (0, 2)
    assert tokenizer.decode(pieces) == text
    assert result.special.tolist() == [True, *[False] * len(pieces), True]
    assert result.spans[[0, -1]].tolist() == [[-1, -1], [-1, -1]]
    assert (result.tokens[0], result.tokens[-1]) == ("<s>", "</s>")


def test_spans_are_code_points_of_the_text(tokenizer, tokens):
    text = "Oh 😀 café, hello people"
    result = tokenize(tokenizer, text, tokens, 512)
    for token, (start, end) in zip(result.tokens[1:-1], result.spans[1:-1], strict=True):
        assert token == text[start:end]
    assert "hello" in result.tokens
    start, end = result.spans[result.tokens.index("hello")]
    assert (start, end) == (text.index("hello"), text.index("hello") + 5)
    assert "😀" in result.tokens


@settings(max_examples=60, deadline=None)
@given(text=st.text(min_size=1, max_size=40))
def test_spans_cover_every_character_that_is_no_space(tokenizer, tokens, text):
    result = tokenize(tokenizer, text, tokens, 512)
    if result is None:
        assert not text.strip()
        return
    covered = {at for start, end in result.spans[1:-1] for at in range(start, end)}
    assert covered >= {at for at, character in enumerate(text) if not character.isspace()}
    assert (np.diff(result.spans[1:-1, 0]) >= 0).all()
    assert result.ids.dtype == np.int64
    assert result.spans.shape == (len(result.ids), 2)


def test_what_is_too_long_is_cut_and_keeps_its_end(tokenizer, tokens):
    whole = tokenize(tokenizer, "hello world, hello people", tokens, 512)
    length = len(whole.ids)
    cut = tokenize(tokenizer, "hello world, hello people", tokens, length - 1)
    assert cut.cut
    assert not whole.cut
    assert cut.ids.tolist() == [*whole.ids[: length - 2].tolist(), 2]
    assert len(cut.tokens) == len(cut.spans) == len(cut.special) == length - 1
    assert not tokenize(tokenizer, "hello world, hello people", tokens, length).cut


def test_a_tokenizer_s_own_truncation_and_padding_do_not_count(tokens):
    tokenizer = train()
    expected = tokenize(tokenizer, "hello world", tokens, 512).ids.tolist()
    tokenizer.enable_truncation(2)
    tokenizer.enable_padding(length=64, pad_id=1)
    assert tokenize(tokenizer, "hello world", tokens, 512).ids.tolist() == expected


def test_a_transcript_that_holds_the_characters_of_a_mark_means_them(tokenizer, tokens):
    result = tokenize(tokenizer, "hello <mask> <s>", tokens, 512)
    assert result.special.sum() == 2
    assert tokenizer.decode(result.ids[1:-1].tolist()) == "hello <mask> <s>"


@pytest.mark.parametrize("text", ["", "  ", "\n\t "])
def test_blank_text_is_no_text(tokenizer, tokens, text):
    assert tokenize(tokenizer, text, tokens, 512) is None


# The trailing newline


@pytest.fixture(scope="module")
def lines(tokens):
    """The tokens of a model whose texts were lines of files."""
    return replace(tokens, trailing_newline=True)


def newline_id(tokenizer):
    return tokenizer.token_to_id("Ċ")


def test_a_trailing_newline_follows_the_words_and_is_none_of_them(tokenizer, tokens, lines):
    plain, line = (tokenize(tokenizer, "hello world", kind, 512) for kind in (tokens, lines))
    assert line.ids.tolist() == [*plain.ids[:-1].tolist(), newline_id(tokenizer), 2]
    assert line.special.tolist() == [*plain.special[:-1].tolist(), True, True]
    assert line.spans.tolist() == [*plain.spans[:-1].tolist(), [-1, -1], [-1, -1]]
    assert len(line.tokens) == len(line.ids)
    assert not line.cut


def test_a_line_that_ends_already_gets_no_second_end(tokenizer, lines):
    once, twice = (tokenize(tokenizer, text, lines, 512) for text in ("hello world", "hello world\n"))
    assert once.ids.tolist() == twice.ids.tolist()
    assert once.special.tolist() == twice.special.tolist()


def test_a_newline_within_the_text_stays_a_token_of_it(tokenizer, lines):
    text = tokenize(tokenizer, "hello\nworld", lines, 512)
    inner, last = np.flatnonzero(text.ids == newline_id(tokenizer))
    assert (text.special[inner], text.special[last]) == (False, True)
    assert text.spans[inner].tolist() == [5, 6]


def test_without_the_switch_a_newline_is_a_token_like_any_other(tokenizer, tokens):
    text = tokenize(tokenizer, "hello\n", tokens, 512)
    assert text.ids[-2] == newline_id(tokenizer)
    assert not text.special[-2]


def test_a_line_that_is_cut_keeps_its_end(tokenizer, lines):
    whole = tokenize(tokenizer, "hello world, hello people", lines, 512)
    length = len(whole.ids)
    cut = tokenize(tokenizer, "hello world, hello people", lines, length - 1)
    assert cut.cut
    assert cut.ids.tolist() == [*whole.ids[: length - 3].tolist(), newline_id(tokenizer), 2]
    assert cut.special.tolist() == [True, *[False] * (length - 4), True, True]
    assert not tokenize(tokenizer, "hello world, hello people", lines, length).cut


@settings(max_examples=60, deadline=None)
@given(text=st.text(min_size=1, max_size=40))
def test_a_line_is_the_text_that_ends_with_a_newline(tokenizer, tokens, lines, text):
    line = tokenize(tokenizer, text, lines, 512)
    if line is None:
        assert not text.strip()
        return
    ended = text if text.endswith("\n") else text + "\n"
    assert line.ids.tolist() == tokenize(tokenizer, ended, tokens, 512).ids.tolist()
    covered = {at for start, end in line.spans[~line.special] for at in range(start, end)}
    assert covered >= {at for at, character in enumerate(text) if not character.isspace()}
    assert (line.spans[line.special] == -1).all()


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_a_line_without_a_word_is_no_text(tokenizer, lines, text):
    assert tokenize(tokenizer, text, lines, 512) is None


def test_ids_get_no_newline(lines):
    assert from_ids([0, 20, 21, 2], lines, 512).ids.tolist() == [0, 20, 21, 2]


# Ids


def test_ids_get_the_marks_that_they_lack(tokens):
    for ids in ([20, 21], [0, 20, 21], [20, 21, 2], [0, 20, 21, 2], [0, 20, 21, 2, 1, 1]):
        text = from_ids(ids, tokens, 512)
        assert text.ids.tolist() == [0, 20, 21, 2]
        assert text.special.tolist() == [True, False, False, True]
        assert text.tokens == ("<s>", "20", "21", "</s>")
        assert (text.spans == -1).all()
        assert not text.cut


def test_ids_of_several_lines_keep_their_inner_marks_as_special(tokens):
    text = from_ids([0, 20, 2, 0, 21, 2], tokens, 512)
    assert text.ids.tolist() == [0, 20, 2, 0, 21, 2]
    assert text.special.tolist() == [True, False, True, True, False, True]


def test_ids_are_cut_with_their_end_kept(tokens):
    text = from_ids([0, *range(20, 40), 2], tokens, 8)
    assert text.ids.tolist() == [0, 20, 21, 22, 23, 24, 25, 2]
    assert text.cut


@pytest.mark.parametrize("ids", [[], [0, 2], [0, 2, 1, 1]])
def test_ids_without_a_word_are_no_text(tokens, ids):
    assert from_ids(ids, tokens, 512) is None


@pytest.mark.parametrize("foreign", [-1, 50_264])
def test_an_id_outside_the_vocabulary_is_named(tokens, foreign):
    with pytest.raises(MediaError, match=rf"{foreign} .* vocabulary of {tokens.vocab_size}"):
        from_ids([0, 20, foreign, 2], tokens, 512)


def test_a_tokenizer_of_another_model_is_noticed(tokenizer):
    small = TextTokens(bos_id=0, eos_id=2, pad_id=1, mask_id=4, vocab_size=10)
    with pytest.raises(MediaError, match="vocabulary of 10"):
        tokenize(tokenizer, "hello", small, 512)


def test_pieces_that_the_model_lacks_are_the_unknown_token_where_the_tokenizer_names_one(tokenizer):
    described = json.loads(tokenizer.to_str())
    described["model"] |= {"unk_token": "<unk>"}
    naming = Tokenizer.from_str(json.dumps(described))
    known = tokenizer.get_vocab_size() - 20
    model = TextTokens(bos_id=0, eos_id=2, pad_id=1, mask_id=4, vocab_size=known)
    ids = np.array(tokenizer.encode("hello world, hello people", add_special_tokens=False).ids)
    assert (ids >= known).any()
    result = tokenize(naming, "hello world, hello people", model, 512)
    assert result.ids[1:-1].tolist() == np.where(ids < known, ids, 3).tolist()
    assert "people" in result.tokens


def test_a_tokenizer_is_read_from_its_file(tmp_path, tokenizer, tokens):
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    loaded = load_tokenizer(tmp_path / "tokenizer.json")
    ours, theirs = (tokenize(one, "hello café", tokens, 512).ids.tolist() for one in (tokenizer, loaded))
    assert ours == theirs
    with pytest.raises(MediaError, match="doesn't exist"):
        load_tokenizer(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(MediaError, match=r"bad\.json"):
        load_tokenizer(tmp_path / "bad.json")
