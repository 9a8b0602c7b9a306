"""Folders of transformers, whose own RobertaTokenizer is the oracle."""

import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, RobertaTokenizer

from media import MediaError, TextTokens, find_tokenizer, tokenize
from media.huggingface import NAMES

TOKENS = TextTokens(bos_id=0, eos_id=2, pad_id=1, mask_id=50_261, vocab_size=50_262)
SENTENCES = [
    "Hello world",
    " Oh my God,   he's lost it!  ",
    "Hè, wat een prachtige bösrand… één keer, zo'n 3,5 km!",
    "Tóf 👩‍👧 zeg  🇳🇱!!",
    "Wacht... 'ns even; ##### (echt?!)\tja\n",
]
SAID = [{}, {"add_prefix_space": False}, {"add_prefix_space": True}]


@pytest.fixture(scope="module")
def pieces(gpt2_files):
    """The vocabulary of a RoBERTa: its marks, GPT-2's pieces, and `<mask>`."""
    gpt2 = json.loads((gpt2_files / "encoder.json").read_text())
    marks = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}
    return marks | {piece: number + 4 for piece, number in gpt2.items()} | {"<mask>": 50_261}


@pytest.fixture(scope="module")
def write_folder(pieces, gpt2_files, tmp_path_factory):
    """Writes a folder with vocab.json and merges.txt, and files of other names as they are given."""

    def write(**files):
        folder = tmp_path_factory.mktemp("folder")
        (folder / "vocab.json").write_text(json.dumps(pieces))
        (folder / "merges.txt").symlink_to(gpt2_files / "vocab.bpe")
        for name, content in files.items():
            (folder / f"{name}.json").unlink(missing_ok=True)
            (folder / f"{name}.json").write_text(json.dumps(content))
        return folder

    return write


@pytest.fixture(scope="module", params=SAID, ids=str)
def folder(request, write_folder):
    return write_folder(tokenizer_config=request.param)


@pytest.fixture(scope="module")
def ours_and_theirs(folder):
    return find_tokenizer(folder).tokenizer, RobertaTokenizer.from_pretrained(folder)


@pytest.fixture
def saved(write_folder):
    """A folder with the tokenizer.json that transformers writes."""

    def save(**config):
        folder = write_folder(tokenizer_config=config)
        RobertaTokenizer.from_pretrained(folder).save_pretrained(folder)
        for name in ("vocab.json", "merges.txt"):
            (folder / name).unlink()
        return folder

    return save


# vocab.json and merges.txt


@pytest.mark.parametrize("text", SENTENCES)
def test_sentences_have_transformers_ids_whatever_the_folder_says_about_a_first_space(ours_and_theirs, text):
    ours, theirs = ours_and_theirs
    assert tokenize(ours, text, TOKENS, 512).ids.tolist() == theirs(text).input_ids


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=60))
def test_any_text_has_transformers_ids(ours_and_theirs, text):
    # A transcript that holds the characters of a mark means these characters to us.
    assume(not any(mark in text for mark in NAMES.values()))
    ours, theirs = ours_and_theirs
    assert ours.encode(text, add_special_tokens=False).ids == theirs(text, add_special_tokens=False).input_ids


def test_a_first_space_is_added_only_where_the_folder_says_so(write_folder):
    ids = [
        tokenize(find_tokenizer(write_folder(tokenizer_config=said)).tokenizer, "Hello", TOKENS, 512).ids.tolist()
        for said in (*SAID, {"add_prefix_space": None})
    ]
    assert ids[0] == ids[1] == ids[3] == [0, 15_496 + 4, 2]
    assert ids[2] == [0, 18_435 + 4, 2]


def test_a_first_space_moves_no_span(write_folder):
    found = find_tokenizer(write_folder(tokenizer_config={"add_prefix_space": True}))
    result = tokenize(found.tokenizer, "Hello world", TOKENS, 512)
    assert result.spans.tolist() == [[-1, -1], [0, 5], [6, 11], [-1, -1]]


@pytest.mark.parametrize("form", [str, lambda name: {"content": name, "lstrip": False}], ids=["text", "object"])
@pytest.mark.parametrize("name", ["tokenizer_config", "special_tokens_map"])
def test_marks_of_other_names_are_those_that_the_folder_gives(write_folder, pieces, name, form):
    renamed = {"<s>": "[CLS]", "</s>": "[SEP]", "<mask>": "[MASK]"}
    vocabulary = {renamed.get(piece, piece): number for piece, number in pieces.items()}
    given_names = {"cls_token": "[CLS]", "bos_token": "<s>", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    folder = write_folder(vocab=vocabulary, **{name: {key: form(mark) for key, mark in given_names.items()}})
    found = find_tokenizer(folder)
    assert found.names == {"bos": "[CLS]", "pad": "<pad>", "eos": "[SEP]", "unk": "<unk>", "mask": "[MASK]"}
    assert [found.tokenizer.token_to_id(mark) for mark in found.names.values()] == [0, 1, 2, 3, 50_261]
    assert found.vocab_size == 50_262


def test_added_tokens_that_the_vocabulary_has_are_no_matter(write_folder):
    described = {"50261": {"content": "<mask>", "lstrip": True, "special": True}}
    folder = write_folder(
        added_tokens={"<mask>": 50_261}, tokenizer_config={"added_tokens_decoder": described, "mask_token": "<mask>"}
    )
    assert find_tokenizer(folder).vocab_size == 50_262


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"added_tokens": {"<emo>": 50_262}}, "vocab.json' lacks the token '<emo>'"),
        (
            {"tokenizer_config": {"added_tokens_decoder": {"50262": {"content": "<emo>"}}}},
            "vocab.json' lacks the token '<emo>'",
        ),
        ({"special_tokens_map": {"cls_token": "[CLS]"}}, r"vocab.json' lacks the token '\[CLS\]'"),
        ({"tokenizer_config": {"tokenizer_class": "CLIPTokenizer"}}, "tokenizer_config.json' names a CLIPTokenizer"),
    ],
)
def test_a_folder_that_needs_more_than_its_two_files_is_sent_to_transformers(write_folder, files, message):
    with pytest.raises(MediaError, match=rf"{message}.* Let transformers write its tokenizer\.json: AutoTokenizer"):
        find_tokenizer(write_folder(**files))


@pytest.mark.parametrize("content", [[], "x", {"a": 0.5}, {"<s>": 0, "</s>": 0}], ids=str)
def test_a_bad_vocabulary_is_named(write_folder, content):
    with pytest.raises(MediaError, match=r"vocab\.json' .* Give the files"):
        find_tokenizer(write_folder(vocab=content))


def test_a_bad_config_is_named(write_folder):
    with pytest.raises(MediaError, match=r"tokenizer_config\.json' holds no JSON object but a list"):
        find_tokenizer(write_folder(tokenizer_config=[1]))


# tokenizer.json


@pytest.mark.parametrize("adds", [False, True])
def test_a_saved_tokenizer_has_transformers_ids_and_is_the_file_itself(saved, adds):
    folder = saved(add_prefix_space=adds)
    found, theirs = find_tokenizer(folder), AutoTokenizer.from_pretrained(folder)
    assert found.file == folder / "tokenizer.json"
    for text in SENTENCES:
        assert tokenize(found.tokenizer, text, TOKENS, 512).ids.tolist() == theirs(text).input_ids


def test_two_files_that_contradict_each_other_are_refused_and_transformers_settles_it(saved):
    folder = saved(add_prefix_space=False)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(config | {"add_prefix_space": True}))
    with pytest.raises(MediaError, match=r"tokenizer\.json says add_prefix_space False, tokenizer_config\.json True"):
        find_tokenizer(folder)
    as_it_stands = find_tokenizer(folder / "tokenizer.json").tokenizer
    assert tokenize(as_it_stands, "Hello", TOKENS, 512).ids.tolist() == [0, 15_496 + 4, 2]
    AutoTokenizer.from_pretrained(folder).save_pretrained(folder)
    settled = find_tokenizer(folder).tokenizer
    assert tokenize(settled, "Hello", TOKENS, 512).ids.tolist() == [0, 18_435 + 4, 2]


@pytest.mark.parametrize("adds", [False, True])
def test_without_a_config_the_file_is_taken_as_it_stands(saved, adds):
    folder = saved(add_prefix_space=adds)
    (folder / "tokenizer_config.json").unlink()
    result = tokenize(find_tokenizer(folder).tokenizer, "Hello", TOKENS, 512)
    assert result.ids.tolist() == [0, (18_435 if adds else 15_496) + 4, 2]
