"""RoBERTa's text as fairseq made it. The ids of "Hello world" and of a newline are those of the original code."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import MediaError, TextTokens, find_tokenizer, tokenize
from media.gpt2 import load_gpt2

TOKENS = TextTokens(bos_id=0, eos_id=2, pad_id=1, mask_id=50_264, vocab_size=50_265)
DUTCH = "Hè, wat een prachtige bösrand… één keer, zo'n 3,5 km!"
EMOJI = "Tóf 👩‍👧 zeg  🇳🇱!!"
SOME = [
    "Hello world",
    DUTCH,
    EMOJI,
    "  spaces   everywhere  ",
    "she gazed",
    "a\tb\n\nc",
    "<s> <mask> </s>",
    "I'LL I'll",
]


@pytest.fixture(scope="module")
def tokenizer(fairseq_folder):
    return load_gpt2(fairseq_folder)


def fairseq_dictionary(folder):
    """fairseq's ids by the words of a dict.txt."""
    lines = (folder / "dict.txt").read_text().splitlines()
    return {line.split()[0]: number for number, line in enumerate(lines, start=4)}


@pytest.fixture(scope="module")
def fairseq_ids(fairseq_folder, gpt2_encode):
    """fairseq's ids of a text, by another BPE."""
    complete = fairseq_dictionary(fairseq_folder)

    def of(text, dictionary=complete):
        return [dictionary.get(str(number), 3) for number in gpt2_encode(text)]

    return of


def ids_of(tokenizer, text, tokens=TOKENS):
    return tokenize(tokenizer, text, tokens, 512).ids.tolist()


# What the original saw


@pytest.mark.parametrize(
    ("text", "trailing_newline", "expected"),
    [
        ("Hello world", False, [0, 31_414, 232, 2]),
        ("Hello world\n", False, [0, 31_414, 232, 50_118, 2]),
        ("Hello world", True, [0, 31_414, 232, 50_118, 2]),
        ("Hello world\n", True, [0, 31_414, 232, 50_118, 2]),
        (" world", False, [0, 232, 2]),
    ],
)
def test_the_ids_are_the_original_s(tokenizer, text, trailing_newline, expected):
    assert ids_of(tokenizer, text, replace(TOKENS, trailing_newline=trailing_newline)) == expected


def test_no_space_is_added_and_case_is_kept(tokenizer):
    first, second, lower = (ids_of(tokenizer, text)[1] for text in ("Hello", " Hello", "hello"))
    assert len({first, second, lower}) == 3


def test_the_marks_have_roberta_s_ids_and_the_mask_the_last(tokenizer):
    marks = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "madeupword0000", "madeupword0002"]
    assert [tokenizer.token_to_id(mark) for mark in marks] == [0, 1, 2, 3, 50_264, 50_261, 50_263]
    assert sorted(tokenizer.get_vocab().values()) == list(range(50_265))


@pytest.mark.parametrize("text", SOME)
def test_texts_have_the_ids_of_another_bpe(tokenizer, fairseq_ids, text):
    assert ids_of(tokenizer, text) == [0, *fairseq_ids(text), 2]


@settings(max_examples=150, deadline=None)
@given(text=st.one_of(st.text(max_size=60), st.text("aàe'lst 1.!\n", max_size=60)))
def test_any_text_has_the_ids_of_another_bpe_and_can_be_read_again(tokenizer, fairseq_ids, text):
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    assert ids == fairseq_ids(text)
    assert tokenizer.decode(ids, skip_special_tokens=False) == text


@settings(max_examples=60, deadline=None)
@given(text=st.text(min_size=1, max_size=60))
def test_any_line_has_the_original_s_ids(tokenizer, fairseq_ids, text):
    result = tokenize(tokenizer, text, replace(TOKENS, trailing_newline=True), 512)
    if result is None:
        assert not text.strip()
        return
    assert result.ids.tolist() == [0, *fairseq_ids(text.removesuffix("\n") + "\n"), 2]


@pytest.mark.parametrize("text", [DUTCH, EMOJI])
def test_spans_are_code_points_and_cover_all_but_spaces(tokenizer, text):
    result = tokenize(tokenizer, text, TOKENS, 512)
    for token, (start, end) in zip(result.tokens[1:-1], result.spans[1:-1], strict=True):
        assert token == text[start:end]
    covered = {at for start, end in result.spans[1:-1] for at in range(start, end)}
    assert covered >= {at for at, character in enumerate(text) if character != " "}


def test_a_character_of_several_tokens_gives_each_its_span(tokenizer):
    result = tokenize(tokenizer, "zó 😀", TOKENS, 512)
    spans = [tuple(span) for span, read in zip(result.spans.tolist(), result.tokens, strict=True) if read == "😀"]
    assert len(spans) > 1
    assert set(spans) == {(3, 4)}


# Pieces that dict.txt lacks


@pytest.fixture(scope="module")
def lacking(fairseq_folder, tmp_path_factory):
    """The tokenizer of a dict.txt with every third word, and its dictionary."""
    folder = tmp_path_factory.mktemp("lacking")
    for name in ("encoder.json", "vocab.bpe"):
        (folder / name).symlink_to(fairseq_folder / name)
    words = (fairseq_folder / "dict.txt").read_text().splitlines()[::3]
    (folder / "dict.txt").write_text("\n".join(words) + "\n")
    return find_tokenizer(folder), fairseq_dictionary(folder)


@settings(max_examples=60, deadline=None)
@given(text=st.one_of(st.sampled_from(SOME), st.text(min_size=1, max_size=40)))
def test_what_the_dictionary_lacks_is_unknown_as_in_fairseq(lacking, fairseq_ids, text):
    found, dictionary = lacking
    assert found.vocab_size == len(dictionary) + 5
    tokens = replace(TOKENS, mask_id=len(dictionary) + 4, vocab_size=found.vocab_size)
    result = tokenize(found.tokenizer, text, tokens, 512)
    if result is not None:
        assert result.ids[1:-1].tolist() == fairseq_ids(text, dictionary)


def test_a_piece_that_is_lacking_is_still_merged_into_longer_ones(small_folder):
    path = small_folder / "dict.txt"
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if line != "258 1\n"))
    tokenizer = load_gpt2(small_folder)
    tokens = replace(TOKENS, mask_id=263, vocab_size=264)
    assert json.loads((small_folder / "encoder.json").read_text())["hell"] == 258
    assert ids_of(tokenizer, "hello", tokens) == [0, 262, 2]
    assert ids_of(tokenizer, "hell", tokens) == [0, 3, 2]
    result = tokenize(tokenizer, "hell", tokens, 512)
    assert result.tokens == ("<s>", "hell", "</s>")
    assert result.spans.tolist() == [[-1, -1], [0, 4], [-1, -1]]
    assert not result.special[1]


def test_a_saved_tokenizer_still_knows_what_it_lacks(small_folder, tmp_path):
    path = small_folder / "dict.txt"
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if line != "258 1\n"))
    load_gpt2(small_folder).save(str(tmp_path / "tokenizer.json"))
    saved = find_tokenizer(tmp_path / "tokenizer.json").tokenizer
    assert sorted(saved.get_vocab().values()) == list(range(265))
    tokens = replace(TOKENS, mask_id=263, vocab_size=264)
    assert ids_of(saved, "hello hell", tokens) == ids_of(load_gpt2(small_folder), "hello hell", tokens)
    assert ids_of(saved, "hell", tokens) == [0, 3, 2]


# Files that can't be read


@pytest.mark.parametrize("name", ["dict.txt", "encoder.json", "vocab.bpe"])
@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_is_missing_or_no_text_is_named(small_folder, name, content):
    (small_folder / name).unlink()
    if content is not None:
        (small_folder / name).write_bytes(content)
    with pytest.raises(MediaError, match=rf"{name}' can't be read .* Give the files"):
        load_gpt2(small_folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "isn't JSON"),
        ("[1]", "holds no JSON object but a list"),
        ("[" * 100_000, "isn't JSON"),
        ('{"a": "0"}', "the piece 'a' the id '0', which is none"),
        ('{"a": -1}', "the piece 'a' the id -1, which is none"),
        ('{"a": 99999999999}', "the piece 'a' the id 99999999999, which is none"),
        ('{"a": 0, "b": 0}', "gives 'a' and 'b' the same id 0"),
        ("{}", "has no piece for the byte that it writes '!'"),
    ],
)
def test_a_bad_encoder_is_named_with_what_is_bad(small_folder, content, message):
    (small_folder / "encoder.json").write_text(content)
    with pytest.raises(MediaError, match=rf"encoder\.json' .*{message}.* Give the files"):
        load_gpt2(small_folder)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("12", "line 4: '12' isn't a word and its count"),
        ("12 many", "line 4: '12 many' isn't a word and its count"),
        ("", "line 4: '' isn't a word and its count"),
        ("0 7", "line 4: the word '0' stands there again"),
        ("<unk> 7", "line 4: the word '<unk>' stands there again"),
        ("260 7", "line 4: '260' is no id of encoder.json"),
        ("012 7", "line 4: '012' is no id of encoder.json"),
        ("▁de 7", "line 4: '▁de' is no id of encoder.json"),
    ],
)
def test_a_bad_line_of_the_dictionary_is_named(small_folder, line, message):
    (small_folder / "dict.txt").write_text(f"0 7\n1 7\n2 7\n{line}\n3 7\n")
    with pytest.raises(MediaError, match=rf"dict\.txt', {message}.* Give the files"):
        load_gpt2(small_folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("h e\nl l\n", "line 1: 'h e' stands where '#version' must"),
        ("#version: 0.2\nh e\nl\n", "line 3: 'l' isn't two pieces"),
        ("#version: 0.2\nh e l\n", "line 2: 'h e l' isn't two pieces"),
        ("#version: 0.2\nh e\n\nl l\n", "line 3: '' isn't two pieces"),
        ("#version: 0.2\nh e\nx yz\n", "line 3: the vocabulary has no piece 'yz'"),
        ("#version: 0.2\nh o\n", "line 2: the vocabulary has no piece 'ho'"),
    ],
)
def test_a_bad_line_of_the_merges_is_named(small_folder, content, message):
    (small_folder / "vocab.bpe").write_text(content)
    with pytest.raises(MediaError, match=rf"vocab\.bpe', {message}.* Give the files"):
        load_gpt2(small_folder)
