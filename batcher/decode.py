"""Decoding segments, with their failures as values."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from tokenizers import Tokenizer

from batcher.collection import Segment
from batcher.outcome import Failure
from export.artefact import TOKENIZER, Artefact, ArtefactError
from media import Clip, ClipReader, MediaError, Text, from_ids, load_tokenizer, tokenize


@dataclass(frozen=True)
class Decoded:
    """A clip, or why there is none."""

    clip: Clip | Failure
    seconds: float


def decode(segment: Segment, artefact: Artefact, artefact_folder: Path) -> Decoded:
    """Turn a segment into what the model sees. Whatever breaks of it becomes a failure.

    Raises:
        ArtefactError: the model's tokenizer can't be read, which is no segment's fault.
    """
    (decoded,) = decode_all([segment], artefact, artefact_folder)
    return decoded


def decode_all(segments: Sequence[Segment], artefact: Artefact, artefact_folder: Path) -> Iterator[Decoded]:
    """Turn segments into what the model sees, one after the other.

    Args:
        segments: where neighbours are of one file, what their pictures share is decoded once.
        artefact: the model's description.
        artefact_folder: where its tokenizer is.

    Yields:
        Their clips or failures, in their order: what `decode` gives for each alone.

    Raises:
        ArtefactError: as `decode`.
    """
    for path, some in groupby(segments, key=lambda segment: segment.path):
        with closing(_reader(path, artefact)) as reader:
            for segment in some:
                yield _decoded(reader, segment, artefact, artefact_folder)


def _decoded(reader: ClipReader, segment: Segment, artefact: Artefact, artefact_folder: Path) -> Decoded:
    started = time.perf_counter()
    try:
        clip: Clip | Failure = _clip(reader, segment, artefact, artefact_folder)
    except ArtefactError:
        raise
    except MediaError as error:
        clip = Failure("decode", str(error))
    except Exception as error:  # noqa: BLE001  # one hostile file must not stop a night's run
        clip = Failure("decode", f"{type(error).__name__}: {error}")
    return Decoded(clip, time.perf_counter() - started)


def clip_of(segment: Segment, artefact: Artefact, artefact_folder: Path) -> Clip:
    """The words, the sound and the picture of a segment.

    Raises:
        ArtefactError: the model's tokenizer can't be read.
        MediaError: the media can't be read, or the text can't be turned into the model's tokens.
    """
    with closing(_reader(segment.path, artefact)) as reader:
        return _clip(reader, segment, artefact, artefact_folder)


def _reader(path: Path, artefact: Artefact) -> ClipReader:
    return ClipReader(path, modalities=artefact.modalities, preprocessing=artefact.preprocessing)


def _clip(reader: ClipReader, segment: Segment, artefact: Artefact, artefact_folder: Path) -> Clip:
    text = _text(segment, artefact, artefact_folder)
    clip = reader.clip(text=text, start_ms=segment.start_ms, end_ms=segment.end_ms)
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
    try:
        return load_tokenizer(path)
    except MediaError as error:
        raise ArtefactError(
            f"{path} can't be read any more ({error}). Put the model's folder back as it was, and run the same command "
            "again"
        ) from error
