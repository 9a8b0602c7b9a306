"""What of a collection is left to explain, and how much the model sees of it: by its rows and the media's headers."""

import random
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from tokenizers import Tokenizer

from batcher.collection import CollectionError, Segment
from batcher.outcome import FAILED, UNAVAILABLE
from batcher.plan.size import MARKS, Size, cut_size
from batcher.run.job import Job, Run
from batcher.store.files import Store
from export.artefact import TOKENIZER, Artefact
from media import MediaError, Text, from_ids, load_tokenizer, tokenize
from media.container import check_span
from media.modality import Modality
from media.probe import Probe, probe

MOST: Final = 4000
"""Segments that are looked at. Of larger collections so many are drawn at random: their mean is off by a hundredth or
two, and a headers' look at each file of a million would take an hour."""
ROUNDING_MS: Final = 1e-3


@dataclass(frozen=True)
class Survey:
    """Of the segments that a run would explain."""

    selected: int
    done: int
    """Of these, that the result holds already."""
    looked_at: tuple[Segment, ...]
    """Of the others; all, or `MOST` of them, in their order."""
    readable: tuple[Segment, ...]
    """Of these, that are media and have something for the model."""
    sizes: tuple[Size, ...]
    """Of the readable ones."""
    unreadable: tuple[tuple[str, str], ...]
    """Segment ids and why."""

    @property
    def left(self) -> int:
        """Segments to be explained."""
        return self.selected - self.done

    @property
    def scale(self) -> float:
        """How many segments each that was looked at stands for."""
        return self.left / max(1, len(self.looked_at))


def survey(job: Job, *, seed: int = 0) -> Survey:
    """Look at a collection.

    Args:
        job: whose collection it is; what its result folder holds is done.
        seed: of the draw from a large collection.

    Raises:
        CollectionError: the manifest can't be read.
        MediaError: the artefact's tokenizer can't be read.
    """
    run = job.run
    done = _done(run)
    selected = 0
    drawn: list[tuple[int, Segment]] = []
    rng = random.Random(seed)
    left = 0
    for segment in job.source.segments():
        selected += 1
        if segment.segment_id in done:
            continue
        place = left if left < MOST else rng.randrange(left + 1)
        if place == len(drawn):
            drawn.append((left, segment))
        elif place < MOST:
            drawn[place] = (left, segment)
        left += 1
    if not selected:
        raise CollectionError(f"{run.manifest} has no segment to plan for; give one with rows, or other --where")
    looked_at = tuple(segment for _, segment in sorted(drawn, key=lambda one: one[0]))
    return _sized(looked_at, selected, selected - left, job.artefact, run.artefact)


def _done(run: Run) -> AbstractSet[str]:
    """Ids of the segments that the next start wouldn't touch."""
    again = {UNAVAILABLE, FAILED} if run.retry_errors else {UNAVAILABLE}
    return {name for name, found in Store(run.out, {}).committed().items() if found.status not in again}


def _sized(segments: Iterable[Segment], selected: int, done: int, artefact: Artefact, model: Path) -> Survey:
    tokenizer = load_tokenizer(model / TOKENIZER) if TOKENIZER in artefact.files else None
    probed = cache(_probed)
    looked_at, readable, sizes, unreadable = [], [], [], []
    for segment in segments:
        looked_at.append(segment)
        try:
            size = size_of(segment, probed(segment.path), artefact, tokenizer)
        except MediaError as error:
            unreadable.append((segment.segment_id, str(error)))
        else:
            readable.append(segment)
            sizes.append(size)
    return Survey(selected, done, tuple(looked_at), tuple(readable), tuple(sizes), tuple(unreadable))


def _probed(path: Path) -> Probe | MediaError:
    """A file's headers, or why there are none: a hostile file is asked once, not for each of its segments."""
    try:
        return probe(path)
    except MediaError as error:
        return error


def size_of(segment: Segment, found: Probe | MediaError, artefact: Artefact, tokenizer: Tokenizer | None) -> Size:
    """What the model sees of a segment, where its media holds what its headers say.

    Args:
        segment: of a collection.
        found: its media's headers.
        artefact: of the model.
        tokenizer: the artefact's, if it has one.

    Raises:
        MediaError: there is nothing to see.
    """
    if isinstance(found, MediaError):
        raise found
    check_span(segment.start_ms, segment.end_ms)
    limits, seen = artefact.preprocessing, artefact.modalities
    text = _text(segment, artefact, tokenizer) if "text" in seen else None
    ends_ms = [end for end in (segment.end_ms, found.duration_ms) if end is not None]
    # Media that don't say how long they are may fill the model's limits.
    end_ms = min(ends_ms, default=segment.start_ms + 1000 * limits.max_samples / limits.sample_rate_hz)
    samples = (end_ms - segment.start_ms) / 1000 * limits.sample_rate_hz if found.sound and "audio" in seen else 0
    size = cut_size(
        tokens=0 if text is None else len(text.ids),
        samples=max(0, samples),
        frames=_frames(segment.start_ms, end_ms, found) if "video" in seen else 0,
        limits=limits,
        marks=MARKS if text is None else int(text.special.sum()),
    )
    if end_ms <= segment.start_ms or not (size.tokens or size.samples or size.frames):
        raise MediaError(f"'{segment.path}' has nothing for the model from {segment.start_ms} ms on")
    shortened: tuple[Modality, ...] = ("text",) if text is not None and text.cut else ()
    return replace(size, cut=(*shortened, *size.cut), text=text, segment=segment)


def _text(segment: Segment, artefact: Artefact, tokenizer: Tokenizer | None) -> Text | None:
    limit = artefact.preprocessing.max_tokens
    if segment.token_ids is not None:
        return from_ids(segment.token_ids, artefact.tokens, limit)
    if segment.text is None:
        return None
    if tokenizer is None:
        raise MediaError("the segment has a text, the manifest no token_ids and the artefact no tokenizer.json")
    return tokenize(tokenizer, segment.text, artefact.tokens, limit)


def _frames(start_ms: float, end_ms: float, found: Probe) -> int:
    """Frames that start within the span, where they come at an even rate from 0 on."""
    if found.frame_rate_hz is None:
        return 0
    rate = found.frame_rate_hz / 1000
    first, end = (-int(-(time_ms - ROUNDING_MS) * rate // 1) for time_ms in (start_ms, end_ms))
    return max(0, end - first)
