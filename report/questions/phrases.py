"""What several words together add to a label: n-grams, and negations with the words after them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from report.collection.summary import TokenInfluence
from report.collection.tokens import influence_of, strongest_of_labels

SIZES: Final = (2, 3)
"""Words of an n-gram."""
FEWEST: Final = 2
"""Occurrences of a phrase that is named."""
_ENGLISH: Final = "no not never none nobody nothing nowhere neither nor cannot without"
_DUTCH: Final = "niet geen nooit niets niks niemand nergens noch zonder"
NEGATIONS: Final = frozenset(f"{_ENGLISH} {_DUTCH}".split())
"""English and Dutch; words that end in n't, too."""
SCOPE: Final = 3
"""Words of a negation and what it negates: itself and the two after it."""
_EDGES: Final = ".,!?;:\"'()[]-\u2026\u2013\u2014\u201c\u201d"
"""Marks at the ends of words, among them an ellipsis, dashes and curved quotation marks."""


@dataclass
class _Sums:
    """Over the occurrences of a phrase."""

    count: int = 0
    phi: float = 0.0
    square: float = 0.0
    segments: set[int] = field(default_factory=set)

    def add(self, phi: float, segment: int) -> None:
        self.count += 1
        self.phi += phi
        self.square += phi**2
        self.segments.add(segment)


@dataclass(frozen=True)
class Said:
    """The n words of a segment."""

    label: str
    """Predicted."""
    words: tuple[str, ...]
    phi: NDArray[np.float64]
    """[n], for that label."""


@dataclass(frozen=True)
class Negation:
    """What a negation adds to a label, alone and with what it negates."""

    word: TokenInfluence
    scope: TokenInfluence
    """Of the negation and the two words after it, as many as there are."""


@dataclass(frozen=True)
class Phrases:
    """What several words together add."""

    grams: tuple[TokenInfluence, ...]
    """The strongest of each label, of those that occur twice or more."""
    negations: tuple[Negation, ...]
    """By label, the most frequent first."""


def find_phrases(segments: Iterable[Said]) -> Phrases:
    """Sum Shapley values over phrases; words are the same that differ in case and marks at their ends alone."""
    grams: dict[tuple[str, str], _Sums] = defaultdict(_Sums)
    alone: dict[tuple[str, str], _Sums] = defaultdict(_Sums)
    scopes: dict[tuple[str, str], _Sums] = defaultdict(_Sums)
    for index, said in enumerate(segments):
        words = tuple(map(plain_word, said.words))
        for first, gram in _grams(words):
            grams[said.label, " ".join(gram)].add(float(said.phi[first : first + len(gram)].sum()), index)
        for place, word in enumerate(words):
            if is_negation(word):
                alone[said.label, word].add(float(said.phi[place]), index)
                scopes[said.label, word].add(float(said.phi[place : place + SCOPE].sum()), index)
    frequent = (_influence(key, sums) for key, sums in grams.items() if sums.count >= FEWEST)
    order = sorted(alone, key=lambda key: (key[0], -alone[key].count, key[1]))
    negations = (Negation(_influence(key, alone[key]), _influence(key, scopes[key])) for key in order)
    return Phrases(strongest_of_labels(frequent), tuple(negations))


def plain_word(word: str) -> str:
    """A word in small letters, without marks at its ends."""
    return word.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").strip().strip(_EDGES)


def is_negation(word: str) -> bool:
    """Whether a plain word negates."""
    return word in NEGATIONS or word.endswith("n't")


def _grams(words: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """Each n-gram with the place of its first word; a mark alone is no word, and ends it."""
    for size in SIZES:
        for first in range(len(words) - size + 1):
            gram = words[first : first + size]
            if all(gram):
                yield first, gram


def _influence(key: tuple[str, str], sums: _Sums) -> TokenInfluence:
    label, phrase = key
    return influence_of(
        label=label, token=phrase, count=sums.count, segments=len(sums.segments), phi=sums.phi, square=sums.square
    )
