"""The words of a clip: token ids between `<s>` and `</s>`, and where each stands in the text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from media.errors import MediaError

Piece = tuple[int, str, tuple[int, int]]
"""A token's id, how it reads, and its span in the text."""
NOWHERE = (-1, -1)


@dataclass(frozen=True)
class TextTokens:
    """The token ids that a model's text encoder treats in a way of their own."""

    bos_id: int
    eos_id: int
    pad_id: int
    mask_id: int
    vocab_size: int
    trailing_newline: bool = False
    """Whether a line's end follows every text, as the original SSE-FT read the lines of files."""


@dataclass(frozen=True)
class Text:
    """The words of a clip: L tokens, `<s>` first and `</s>` last."""

    ids: NDArray[np.int64]
    """[L]."""
    tokens: tuple[str, ...]
    """L strings to read: the text's own characters where a token has some."""
    spans: NDArray[np.int64]
    """[L, 2]: first code point and the one after the last; -1 where there is none.

    A character of several bytes may be several tokens: they have the same span.
    """
    special: NDArray[np.bool_]
    """[L]: marks of the model's own (`<s>`, `</s>`, `<pad>`, `<mask>`, the trailing newline) instead of words."""
    cut: bool
    """Whether the text was longer than the model takes."""
    characters: str | None = None
    """What the spans are of; None where only ids are known."""


def load_tokenizer(path: Path | str) -> Tokenizer:
    """Read a `tokenizer.json`.

    Raises:
        MediaError: it is missing or isn't one.
    """
    path = Path(path)
    if not path.is_file():
        raise MediaError(f"Tokenizer '{path}' doesn't exist. Name the tokenizer.json that the model was trained with.")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exceptions
        raise MediaError(
            f"'{path}' isn't a tokenizer.json ({error}). Name the one that the model was trained with."
        ) from error


def tokenize(tokenizer: Tokenizer, text: str, tokens: TextTokens, max_tokens: int) -> Text | None:
    """Turn a text into `<s> pieces </s>`, whatever the tokenizer itself would put around them.

    Args:
        tokenizer: the model's; its own truncation and padding are switched off. Where it names an unknown token,
            pieces that the model doesn't have are that one, as they are to fairseq.
        text: the words, exactly as they are to be seen: no space is added or removed, and no line end but the
            one that `tokens.trailing_newline` asks for, where the text doesn't end with it.
        tokens: the model's special ids.
        max_tokens: most ids, `<s>` and `</s>` among them. The trailing newline isn't cut.

    Returns:
        The tokens, or None for a text without any word.

    Raises:
        MediaError: the tokenizer gives ids that the model doesn't have.
    """
    if not text.strip():
        return None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    # A transcript that holds the characters "<s>" means those characters, as it did in training.
    tokenizer.encode_special_tokens = True
    words, newline = (text.removesuffix("\n"), "\n") if tokens.trailing_newline else (text, "")
    # Together: to GPT-2 two newlines are one piece, and alone a newline might get a space before it.
    encoding = tokenizer.encode(words + newline, add_special_tokens=False)
    unknown = _unknown_id(tokenizer)
    pieces: list[Piece] = []
    ending: list[Piece] = []
    for number, token, (start, end) in zip(encoding.ids, encoding.tokens, encoding.offsets, strict=True):
        token_id = number if unknown is None or number < tokens.vocab_size else unknown
        if end > len(words):
            ending.append((token_id, token, NOWHERE))
            continue
        span = _trim(words, start, end)
        pieces.append((token_id, token if span == NOWHERE else words[slice(*span)], span))
    found = _assemble(pieces, tokens, max_tokens, ending)
    return None if found is None else replace(found, characters=text)


def _unknown_id(tokenizer: Tokenizer) -> int | None:
    """The id of a tokenizer's unknown token, if it names one."""
    name = getattr(tokenizer.model, "unk_token", None)  # some models have no such token
    return None if name is None else tokenizer.token_to_id(name)


def from_ids(ids: Sequence[int], tokens: TextTokens, max_tokens: int) -> Text | None:
    """Take token ids that a manifest brings; `<s>` and `</s>` are added where they lack.

    Args:
        ids: token ids; padding at the end is left out.
        tokens: the model's special ids.
        max_tokens: most ids, `<s>` and `</s>` among them.

    Returns:
        The tokens, which read as their ids; None where there are only special ones.

    Raises:
        MediaError: an id isn't in the vocabulary.
    """
    pieces: list[Piece] = [(int(token_id), str(token_id), NOWHERE) for token_id in ids]
    while pieces and pieces[-1][0] == tokens.pad_id:
        pieces.pop()
    if pieces and pieces[0][0] == tokens.bos_id:
        pieces.pop(0)
    if pieces and pieces[-1][0] == tokens.eos_id:
        pieces.pop()
    return _assemble(pieces, tokens, max_tokens)


def _assemble(pieces: list[Piece], tokens: TextTokens, max_tokens: int, ending: Sequence[Piece] = ()) -> Text | None:
    """Check ids, cut, and put `<s>` before the pieces, the trailing newline and `</s>` after them."""
    foreign = next((piece[0] for piece in (*pieces, *ending) if not 0 <= piece[0] < tokens.vocab_size), None)
    if foreign is not None:
        raise MediaError(
            f"Token id {foreign} isn't in the model's vocabulary of {tokens.vocab_size}. "
            "Use the tokenizer (or the ids) that the model was trained with."
        )
    marks = {tokens.bos_id, tokens.eos_id, tokens.pad_id, tokens.mask_id}
    if all(piece[0] in marks for piece in pieces):
        return None
    room = max_tokens - 2 - len(ending)
    whole: list[Piece] = [
        (tokens.bos_id, "<s>", NOWHERE),
        *pieces[:room],
        *ending,
        (tokens.eos_id, "</s>", NOWHERE),
    ]
    ids = np.array([piece[0] for piece in whole], dtype=np.int64)
    special = np.isin(ids, list(marks))
    special[len(whole) - 1 - len(ending) :] = True
    return Text(
        ids=ids,
        tokens=tuple(piece[1] for piece in whole),
        spans=np.array([piece[2] for piece in whole], dtype=np.int64),
        special=special,
        cut=len(pieces) > room,
    )


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """A span without the space that byte-level tokens begin with; as it is where it is only space."""
    if start >= end:
        return NOWHERE
    piece = text[start:end]
    if not piece.strip():
        return start, end
    return start + len(piece) - len(piece.lstrip()), end - (len(piece) - len(piece.rstrip()))
