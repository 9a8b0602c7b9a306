"""The clips of one split: a collection whose segments have labels."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tokenizers import Tokenizer

from batcher.collection import CollectionError, Segment, read_collection
from batcher.collection.census import Census, take_census
from batcher.collection.times import odd_times
from media import Text, from_ids, tokenize
from media.planted.trigger import Trigger
from sseft.config import ModelConfig
from sseft.heads import label_at
from sseft.metrics.emotions import NONE, SEPARATOR
from sseft.training.planted.examples import PlantedSource
from sseft.training.source import Label, Source

TRIGGER = "trigger"
"""The column of planted clips that says what carries their label."""


@dataclass(frozen=True)
class Split:
    """What is trained on, or asked about."""

    collection: Path
    segments: tuple[Segment, ...]
    """All of them."""
    census: Census
    sources: tuple[Source, ...] = ()
    """Those that are used."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Why the others aren't, by their id."""

    @property
    def texts(self) -> list[str]:
        """What is said in them."""
        return [segment.text for segment in self.segments if segment.text]


def read_split(collection: Path, *, needs_media: bool = True) -> Split:
    """Read a collection.

    Args:
        collection: as `explain` takes it.
        needs_media: whether its media must be there.

    Raises:
        CollectionError: it can't be read, or is empty.
    """
    segments = tuple(read_collection(collection, needs_media=needs_media))
    if not segments:
        raise CollectionError(f"{collection} has no segments; there is nothing to train on or to ask about")
    return Split(collection, segments, take_census(segments))


def with_sources(split: Split, config: ModelConfig, tokenizer: Tokenizer | None, *, learnt_from: bool) -> Split:
    """The same split with its clips.

    Segments with impossible times are left out of what is learnt from, since other words than theirs are heard in
    them; they stay in what is asked about, so that figures are of the same segments as everybody's.

    Raises:
        CollectionError: a segment has no label of the model's, or texts and no tokenizer.
        CorpusError: a trigger isn't what `mmexplain corpus` writes.
        MediaError: a token id isn't in the vocabulary.
    """
    odd = {segment.segment_id: reason for segment in split.segments if (reason := odd_times(segment))}
    left_out = odd if learnt_from else {}
    used = (segment for segment in split.segments if segment.segment_id not in left_out)
    sources = tuple(source_of(segment, config, tokenizer) for segment in used)
    return Split(split.collection, split.segments, split.census, sources, left_out)


def source_of(segment: Segment, config: ModelConfig, tokenizer: Tokenizer | None) -> Source:
    """One clip; a planted one where it says what carries its label.

    Raises:
        CollectionError: it has no label of the model's, or a text and there is no tokenizer.
        CorpusError: its trigger isn't what `mmexplain corpus` writes.
        MediaError: a token id isn't in the vocabulary.
    """
    label = label_of(segment, config)
    given = (segment.segment_id, segment.path, segment.start_ms, segment.end_ms, _text(segment, config, tokenizer))
    if TRIGGER in segment.extra and isinstance(label, int):
        return PlantedSource(*given, label, Trigger.from_json(segment.extra[TRIGGER]))
    return Source(*given, label)


def label_of(segment: Segment, config: ModelConfig) -> Label:
    """What a model with such a head is to say of a segment.

    Raises:
        CollectionError: the segment has no such label.
    """
    if segment.label is None:
        raise CollectionError(f"segment {segment.segment_id!r} has no label; leave it out, or give it one")
    labels = config.labels
    label = label_at(segment.label, labels, config.head)
    if config.head == "score":
        return _score(segment.segment_id, label)
    names = {label} if config.head == "softmax" else set(filter(None, label.split(SEPARATOR))) - {NONE}
    strangers = sorted(names - {*labels})
    if strangers:
        raise CollectionError(
            f"segment {segment.segment_id!r} has the label {', '.join(map(repr, strangers))}, which is none of "
            f"{', '.join(labels)}; name all labels by --labels, or leave the segment out"
        )
    return labels.index(label) if config.head == "softmax" else tuple(name in names for name in labels)


def label_name(label: Label, config: ModelConfig) -> str:
    """A label as a manifest has it."""
    if isinstance(label, tuple):
        there = [name for name, has in zip(config.labels, label, strict=True) if has]
        return SEPARATOR.join(there) or NONE
    return config.labels[label] if isinstance(label, int) else str(label)


def planted(sources: Iterable[Source], remedy: str) -> list[PlantedSource]:
    """The same clips, all of them planted.

    Raises:
        CollectionError: one isn't, or has no text.
    """
    found = []
    for source in sources:
        if not isinstance(source, PlantedSource):
            raise CollectionError(
                f"segment {source.segment_id!r} has no column {TRIGGER}, which says what carries its label; {remedy}"
            )
        if source.text is None:
            raise CollectionError(f"segment {source.segment_id!r} has no text; leave it out")
        found.append(source)
    return found


def _score(segment_id: str, label: str) -> float:
    try:
        return float(label)
    except ValueError as error:
        raise CollectionError(
            f"segment {segment_id!r} has the label {label!r}, and the head gives a score; give numbers, or "
            "another --head"
        ) from error


def _text(segment: Segment, config: ModelConfig, tokenizer: Tokenizer | None) -> Text | None:
    if "text" not in config.modalities:
        return None
    if segment.token_ids is not None:
        return from_ids(segment.token_ids, config.tokens, config.text.max_tokens)
    if not segment.text:
        return None
    if tokenizer is None:
        raise CollectionError(
            f"segment {segment.segment_id!r} has a text and the model no tokenizer; name it by --tokenizer, or bring "
            "token_ids"
        )
    return tokenize(tokenizer, segment.text, config.tokens, config.text.max_tokens)
