import json
import shutil

import pytest

from media import MediaError, find_tokenizer
from media.gpt2 import load_gpt2
from media.vocabulary import train_tokenizer


@pytest.fixture(scope="module")
def trained():
    return train_tokenizer(["one two three"], 300)


def test_a_file_is_a_tokenizer_as_it_stands(trained, tmp_path):
    trained.save(str(tmp_path / "any.json"))
    found = find_tokenizer(tmp_path / "any.json")
    assert found.file == tmp_path / "any.json"
    assert found.tokenizer.to_str() == trained.to_str()
    assert found.vocab_size == trained.get_vocab_size()


def test_of_several_forms_in_a_folder_tokenizer_json_comes_first_and_fairseq_s_last(trained, small_folder):
    assert find_tokenizer(small_folder).tokenizer.get_vocab() == load_gpt2(small_folder).get_vocab()
    pieces = {"<s>": 0, "</s>": 1, "a": 2}
    (small_folder / "vocab.json").write_text(json.dumps(pieces))
    (small_folder / "merges.txt").write_text("#version: 0.2\n")
    assert find_tokenizer(small_folder).tokenizer.get_vocab() == pieces
    trained.save(str(small_folder / "tokenizer.json"))
    assert find_tokenizer(small_folder).file == small_folder / "tokenizer.json"


def test_a_vocabulary_s_size_reaches_to_its_greatest_id(trained, tmp_path):
    described = json.loads(trained.to_str())
    described["model"]["vocab"]["strange"] = 4000
    (tmp_path / "tokenizer.json").write_text(json.dumps(described))
    assert find_tokenizer(tmp_path).vocab_size == 4001


@pytest.mark.parametrize(
    ("kept", "present"), [((), "none"), (("dict.txt",), "dict.txt"), (("vocab.bpe", "dict.txt"), "dict.txt, vocab.bpe")]
)
def test_a_folder_without_a_whole_tokenizer_says_what_was_sought_and_what_is_there(
    small_folder, tmp_path, kept, present
):
    folder = tmp_path / "partly"
    folder.mkdir()
    for name in kept:
        shutil.copy(small_folder / name, folder)
    with pytest.raises(MediaError) as error:
        find_tokenizer(folder)
    message = str(error.value)
    assert f"'{folder}' holds no whole tokenizer, of its files only: {present}." in message
    assert "Sought: tokenizer.json; or vocab.json and merges.txt; or dict.txt and encoder.json and vocab.bpe" in message
    assert "Name a tokenizer.json, or the folder in which" in message


@pytest.mark.parametrize("name", ["none", "none.json"])
def test_a_path_that_leads_nowhere_is_named(tmp_path, name):
    with pytest.raises(MediaError, match=rf"{name}' doesn't exist"):
        find_tokenizer(tmp_path / name)


def test_a_bad_file_in_a_folder_is_named(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(MediaError, match=r"tokenizer\.json' isn't a tokenizer\.json"):
        find_tokenizer(tmp_path)
