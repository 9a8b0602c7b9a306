"""The explained segments of a result as columns: what every question to a collection starts from."""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from numpy.typing import NDArray

from batcher.outcome import EXPLAINED
from batcher.store.result import Result
from media.modality import MODALITIES, Modality

IDENTITY: Final = ["segment_id", "media", "start_ms", "program_id", "label_true", "label_predicted", "reliable"]
BASE: Final = "p_none"
SHARES: Final = [f"share_{modality}{kind}" for modality in MODALITIES for kind in ("", "_plain")]
PREDICTED: Final = ["segment_id", "label_predicted"]

Names = NDArray[np.object_]


@dataclass(frozen=True)
class SegmentColumns:
    """S explained segments, of the class that the model predicts."""

    segment_id: Names
    """[S]"""
    label: Names
    """[S], predicted."""
    label_true: Names
    """[S], None where it isn't known."""
    programme: Names
    """[S], the programme, or the media file where none is named."""
    start_ms: NDArray[np.float64]
    """[S], in the media file's time."""
    shares: dict[Modality, NDArray[np.float64]]
    """[S] each, NaN where a segment lacks the modality: the corrected shares, plain ones where there are no others."""
    base: NDArray[np.float64]
    """[S, C], value of every class with all players masked."""
    unreliable: int
    """How many have standard errors that aren't to be trusted."""

    def __len__(self) -> int:
        """S."""
        return len(self.segment_id)

    @property
    def modalities(self) -> NDArray[np.int64]:
        """[S], how many each has."""
        there: NDArray[np.int64] = np.sum([~np.isnan(share) for share in self.shares.values()], axis=0)
        return there

    @classmethod
    def of(cls, result: Result) -> Self:
        """Read them."""
        segments = result.table("segments", [*IDENTITY, BASE], where=ds.field("status") == EXPLAINED)
        contributions = result.table("contributions", ["segment_id", "label", *SHARES])
        contributions = contributions.set_column(1, "label", contributions["label"].cast(pa.string()))
        base = _numbers(segments[BASE].combine_chunks().flatten()).reshape(len(segments), len(result.run["labels"]))
        places = segments.drop_columns([BASE]).append_column("place", pa.array(np.arange(len(segments))))
        both = places.join(contributions, PREDICTED, ["segment_id", "label"], "inner").sort_by("segment_id")
        return cls(
            segment_id=_names(both["segment_id"]),
            label=_names(both["label_predicted"]),
            label_true=_names(both["label_true"]),
            programme=_names(pc.coalesce(both["program_id"], both["media"])),
            start_ms=_numbers(both["start_ms"]),
            shares={modality: _share(both, modality) for modality in MODALITIES},
            base=base[both["place"].to_numpy()],
            unreliable=pc.sum(pc.invert(both["reliable"])).as_py() or 0,
        )


def _share(table: pa.Table, modality: Modality) -> NDArray[np.float64]:
    return _numbers(pc.coalesce(table[f"share_{modality}"], table[f"share_{modality}_plain"]))


def _names(column: Any) -> Names:
    found: Names = column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy()
    return found.astype(object)


def _numbers(column: Any) -> NDArray[np.float64]:
    found: NDArray[np.float64] = pc.fill_null(column.cast(pa.float64()), np.nan).to_numpy()
    return found
