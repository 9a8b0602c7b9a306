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
            CollectionError: a condition isn't COLUMN=VALUE, or no row has the column.
        """
        return islice(self._fitting(segments), self.limit)

    def _fitting(self, segments: Iterable[Segment]) -> Iterator[Segment]:
        conditions = [_condition(text) for text in self.where]
        unseen = {name for name, _ in conditions}
        for segment in segments:
            values = {name: _column(segment, name) for name, _ in conditions}
            unseen -= {name for name, value in values.items() if value is not None}
            if all(values[name] == value for name, value in conditions):
                yield segment
        if unseen:
            raise CollectionError(f"no row of the collection has a value of {', '.join(sorted(unseen))}")


def _condition(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise CollectionError(f"the condition {text!r} isn't COLUMN=VALUE")
    return name.strip(), value.strip()


def _column(segment: Segment, name: str) -> str | None:
    """A segment's value of a column of its manifest."""
    value = getattr(segment, name) if name in KNOWN else segment.extra.get(name)
    return None if value is None else str(value)
