"""Asks a result the thesis's questions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from batcher.store.result import Result
from report.collection.groups import by_strongest
from report.collection.segments import SegmentColumns
from report.collection.summarise import summarise
from report.collection.summary import CollectionSummary
from report.explained import explained_segments
from report.questions.agreement import Agreement, Compared, agreements
from report.questions.phrases import Phrases, Said, find_phrases
from report.words import written_words


@dataclass(frozen=True)
class Answers:
    """What a result says to the thesis's questions."""

    summary: CollectionSummary
    """Shares over all, per label, right against wrong and by strongest modality; base values; tokens."""
    phrases: Phrases
    agreement: tuple[Agreement, ...] = ()
    """Of attention and MM-SHAP; empty where attention wasn't asked."""
    compared: tuple[Compared, ...] = ()
    """Per segment."""


def ask(result: Result, compared: Sequence[Compared] = ()) -> Answers:
    """Ask all of them.

    Args:
        result: an open result.
        compared: its segments by attention (`report.questions.attended`).
    """
    summary = summarise(result)
    summary = replace(summary, groups=(*summary.groups, *by_strongest(SegmentColumns.of(result))))
    words = (Said(explained.label, *written_words(explained)) for explained in explained_segments(result))
    return Answers(summary, find_phrases(words), agreements(compared), tuple(compared))
