"""Words and cues to utterances as the model was trained on: cut at speaking pauses, and no longer than it hears."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar

from media.utterance import Utterance, Word

MOST_MS: Final = 9375.0
"""150,000 samples at 16 kHz: more of an utterance isn't heard by the model."""
PAUSE_MS: Final = 500.0
"""A silence that ends an utterance; stops of plosives and hesitations are shorter."""
SENTENCE_PAUSE_MS: Final = 200.0
"""One that does after a sentence's end: a breath."""
ENDS: Final = (".", "?", "!", "…", "。", "？", "！")  # noqa: RUF001  # what Chinese and Japanese sentences end with
CLOSING: Final = "\"'»”’)]"  # noqa: RUF001  # what may follow a sentence's end

W = TypeVar("W", bound=Word)


def group_words(words: Iterable[W]) -> Iterator[tuple[W, ...]]:
    """Words of each utterance.

    Args:
        words: in their order, however many: those from one pause to the next are held at a time.

    Yields:
        Groups without a pause inside, of at most `MOST_MS`, or of a single word that lasts longer.
    """
    for run in cut_at_pauses(words):
        yield from split_long(run)


def cut_at_pauses(words: Iterable[W]) -> Iterator[tuple[W, ...]]:
    """Words between two pauses each."""
    run: list[W] = []
    for word in words:
        if run and _is_pause(run[-1], word):
            yield tuple(run)
            run = []
        run.append(word)
    if run:
        yield tuple(run)


def split_long(words: Sequence[W]) -> Iterator[tuple[W, ...]]:
    """Split what is longer than `MOST_MS` at its longest pause, and each part again.

    Of pauses that are equally long, a sentence's end wins, then the one that is nearest to the middle.
    """
    waiting = [tuple(words)]  # no recursion: speech without a pause may be thousands of words
    while waiting:
        part = waiting.pop()
        if len(part) <= 1 or _length_ms(part) <= MOST_MS:
            yield part
            continue
        middle_ms = (part[0].start_ms + part[-1].end_ms) / 2
        at = max(range(1, len(part)), key=lambda i: _merit(part[i - 1], part[i], middle_ms))  # called here
        waiting += [part[at:], part[:at]]


def segment_cues(cues: Iterable[Utterance]) -> Iterator[Utterance]:
    """Cut each cue of a transcript at its pauses; cues aren't joined.

    A cue that is too long and whose words have no times is split by times interpolated between its ends, in
    proportion to characters. They are a guess: the parts have their own start and end, but no words.
    """
    for cue in cues:
        groups = list(group_words(cue.words or _interpolated(cue)))
        if len(groups) <= 1 and (not cue.words or cue.end_ms - cue.start_ms <= MOST_MS):
            yield cue
            continue
        for text, group in zip(_texts(cue.text, groups), groups, strict=True):
            end_ms = max(word.end_ms for word in group)
            yield Utterance(group[0].start_ms, end_ms, text, group if cue.words else ())


def ends_sentence(word: Word) -> bool:
    """Whether a word is followed by a full stop or the like."""
    return word.word.rstrip(CLOSING).endswith(ENDS)


def _is_pause(before: Word, after: Word) -> bool:
    least_ms = SENTENCE_PAUSE_MS if ends_sentence(before) else PAUSE_MS
    return after.start_ms - before.end_ms >= least_ms


def _length_ms(words: Sequence[Word]) -> float:
    return max(word.end_ms for word in words) - words[0].start_ms


def _merit(before: Word, after: Word, middle_ms: float) -> tuple[float, bool, float]:
    pause_ms = max(after.start_ms - before.end_ms, 0.0)
    return pause_ms, ends_sentence(before), -abs(before.end_ms - middle_ms)


def _interpolated(cue: Utterance) -> tuple[Word, ...]:
    """Words of a cue that nobody timed, without a pause between: each lasts as long as it and a space are wide."""
    words = cue.text.split()
    ends = [0]
    for word in words:
        ends.append(ends[-1] + len(word) + 1)
    times = [cue.start_ms + (cue.end_ms - cue.start_ms) * end / ends[-1] for end in ends] if words else []
    return tuple(Word(*span) for span in zip(words, times, times[1:], strict=False))


def _texts(text: str, groups: Sequence[Sequence[Word]]) -> list[str]:
    """The part of a cue's text that belongs to each group; its words with spaces where the text holds others."""
    starts: list[int] = []
    at = 0
    for group in groups:
        for number, word in enumerate(group):
            found = text.find(word.word, at)
            if found < 0:
                return [" ".join(word.word for word in group) for group in groups]
            if number == 0:
                starts.append(found)
            at = found + len(word.word)
    starts[0] = 0
    return [text[start:end].strip() for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
