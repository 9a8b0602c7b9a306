"""The words that move each label most, over a whole collection."""

from collections.abc import Iterable, Iterator
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from batcher.store.parts import parts_of
from batcher.store.result import Result
from batcher.store.schema import ATTRIBUTIONS, SEGMENTS
from report.collection.means import half_width
from report.collection.summary import Mean, TokenInfluence

MOST: Final = 10
"""Tokens of each label."""
UNSEEN: Final = 5
"""Occurrences without influence that are added to those of every token, to rank it."""
KEYS: Final = ["label", "token"]
SUMS: Final = ["count", "segments", "phi", "square"]


def influential_tokens(result: Result) -> tuple[TokenInfluence, ...]:
    """Text players by their mean Shapley value for the class that the model predicted.

    They stand in the order of what their mean would be if each had occurred `UNSEEN` more times without influence, so
    that a single odd case doesn't lead.

    Returns:
        At most 10 of each label, by label. Tokens are the same that differ in case and white space alone.
    """
    parts = list(_parts(result))
    if not parts:
        return ()
    sums = [(name, "sum") for name in SUMS]
    totals = pa.concat_tables(parts).group_by(KEYS).aggregate(sums).rename_columns([*KEYS, *SUMS])
    return strongest_of_labels(influence_of(**row) for row in totals.to_pylist())


def _parts(result: Result) -> Iterator[pa.Table]:
    """Sums over one file at a time: a large result has more players than fit in memory."""
    for path in parts_of(result.folder, "attributions"):
        players = pq.read_table(
            path,
            columns=["segment_id", "label", "token", "phi"],
            schema=ATTRIBUTIONS,
            filters=(ds.field("modality") == "text") & ds.field("token").is_valid(),
        )
        predicted = pq.read_table(
            result.folder / "segments" / path.name, columns=["segment_id", "label_predicted"], schema=SEGMENTS
        )
        players = players.set_column(1, "label", players["label"].cast(pa.string()))
        players = players.join(predicted, ["segment_id", "label"], ["segment_id", "label_predicted"], "inner")
        if len(players):
            yield _sums(players)


def _sums(players: pa.Table) -> pa.Table:
    token = pc.utf8_lower(pc.utf8_trim_whitespace(players["token"]))
    players = players.set_column(players.schema.get_field_index("token"), "token", token)
    players = players.append_column("square", pc.multiply(players["phi"], players["phi"]))
    figures = [("phi", "count"), ("segment_id", "count_distinct"), ("phi", "sum"), ("square", "sum")]
    return players.group_by(KEYS).aggregate(figures).rename_columns([*KEYS, *SUMS])


def influence_of(*, label: str, token: str, count: int, segments: int, phi: float, square: float) -> TokenInfluence:
    """What a token adds to a label, from sums over its occurrences of phi and of its square."""
    mean = phi / count
    low = high = None
    if count > 1:
        half = half_width(count, max(0.0, square - count * mean**2) / count**2)
        low, high = mean - half, mean + half
    return TokenInfluence(label, token, count, segments, Mean(count, mean, low, high))


def strongest_of_labels(every: Iterable[TokenInfluence]) -> tuple[TokenInfluence, ...]:
    """The strongest 10 of each label, by label, each as if it had occurred `UNSEEN` more times without influence."""
    ranked = sorted(every, key=_order)
    labels = sorted({one.label for one in ranked})
    return tuple(one for label in labels for one in [one for one in ranked if one.label == label][:MOST])


def _order(token: TokenInfluence) -> tuple[float, str]:
    return -abs(token.phi.mean) * token.count / (token.count + UNSEEN), token.token
