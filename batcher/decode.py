"""Decoding one segment, with its failures as values."""

import time
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from tokenizers import Tokenizer

from batcher.collection import Segment
from batcher.outcome import Failure
from export.artefact import TOKENIZER, Artefact
from media import Clip, MediaError, Text, decode_clip, from_ids, load_tokenizer, tokenize


@dataclass(frozen=True)
class Decoded:
    """A clip, or why there is none."""

    clip: Clip | Failure
    seconds: float


def decode(segment: Segment, artefact: Artefact, artefact_folder: Path) -> Decoded:
    """Turn a segment into what the model sees. Never raises: whatever breaks becomes a failure."""
    started = time.perf_counter()
    try:
        clip: Clip | Failure = clip_of(segment, artefact, artefact_folder)
    except MediaError as error:
        clip = Failure("decode", str(error))
    except Exception as error:  # noqa: BLE001  # one hostile file must not stop a night's run
        clip = Failure("decode", f"{type(error).__name__}: {error}")
    return Decoded(clip, time.perf_counter() - started)


def clip_of(segment: Segment, artefact: Artefact, artefact_folder: Path) -> Clip:
    """The words, the sound and the picture of a segment.

    Raises:
        MediaError: the media can't be read, or the text can't be turned into the model's tokens.
    """
    clip = decode_clip(
        segment.path,
        text=_text(segment, artefact, artefact_folder),
        start_ms=segment.start_ms,
        end_ms=segment.end_ms,
        modalities=artefact.modalities,
        preprocessing=artefact.preprocessing,
    )
    return replace(clip, words=segment.words, regions=segment.regions)


def _text(segment: Segment, artefact: Artefact, artefact_folder: Path) -> Text | None:
    if "text" not in artefact.modalities:
        return None
    limit = artefact.preprocessing.max_tokens
    if segment.token_ids is not None:
        return from_ids(segment.token_ids, artefact.tokens, limit)
    if segment.text is None:
        return None
    if TOKENIZER not in artefact.files:
        raise MediaError(
            "the segment has a text, the manifest no token_ids and the artefact no tokenizer.json; "
            "export it again with --tokenizer, or add token_ids to the manifest"
        )
    return tokenize(_tokenizer(artefact_folder / TOKENIZER), segment.text, artefact.tokens, limit)


@lru_cache(maxsize=1)
def _tokenizer(path: Path) -> Tokenizer:
    return load_tokenizer(path)
