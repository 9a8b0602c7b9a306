"""Which segments of a collection a run explains."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from batcher.collection import KNOWN, CollectionError, Segment


@dataclass(frozen=True)
class Selection:
    """A filter on columns, then a limit."""

    where: tuple[str, ...] = ()
    """Conditions COLUMN=VALUE, all of which must hold."""
    limit: int | None = None
    """At most so many segments, the first of the manifest that fit."""

    def of(self, segments: Iterable[Segment]) -> Iterator[Segment]:
        """The segments that are selected.

        Raises:
            CollectionError: a condition isn't COLUMN=VALUE.
        """
        conditions = [_condition(text) for text in self.where]
        fitting = (s for s in segments if all(_column(s, name) == value for name, value in conditions))
        return islice(fitting, self.limit)


def _condition(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise CollectionError(f"the condition {text!r} isn't COLUMN=VALUE")
    return name.strip(), value.strip()


def _column(segment: Segment, name: str) -> str | None:
    """A segment's value of a column of its manifest."""
    value = getattr(segment, name) if name in KNOWN else segment.extra.get(name)
    return None if value is None else str(value)
