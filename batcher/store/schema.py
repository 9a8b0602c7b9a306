"""The tables of a result: explicit Arrow schemas, with units and meanings in the field metadata."""

from collections.abc import Mapping
from typing import Final

import pyarrow as pa

from batcher.outcome import EXPLAINED, FAILED, UNAVAILABLE
from media.modality import MODALITIES

SCHEMA_VERSION: Final = 1
METADATA_KEY: Final = b"mmexplain"

VALUE: Final = "a probability, of a binary head P(yes) of the class alone; of a score head the score, without bounds"
"""What the head of a file's model, which its metadata name, makes of the logits."""
UNIT: Final = "probability or score"


def _field(name: str, kind: pa.DataType, description: str, unit: str = "", *, nullable: bool = True) -> pa.Field:
    metadata = {"description": description} | ({"unit": unit} if unit else {})
    return pa.field(name, kind, nullable=nullable, metadata=metadata)


SEGMENT_ID: Final = _field("segment_id", pa.string(), "the segment, as the manifest names it", nullable=False)
LABEL: Final = _field("label", pa.dictionary(pa.int32(), pa.string()), "the class explained", nullable=False)
CLASSES: Final = pa.list_(pa.float64())

SEGMENTS: Final = pa.schema(
    [
        SEGMENT_ID,
        _field("media", pa.string(), "the media file, as the manifest writes it", nullable=False),
        _field("start_ms", pa.float64(), "start of the segment in the media file's time", "ms", nullable=False),
        _field("end_ms", pa.float64(), "its end; null where it couldn't be found out", "ms"),
        _field("text", pa.string(), "its words"),
        _field("language", pa.string(), "its language, from the manifest"),
        _field("program_id", pa.string(), "its programme, from the manifest"),
        _field("carrier_id", pa.string(), "its carrier, from the manifest"),
        _field("label_true", pa.string(), "its label, from the manifest"),
        _field("label_predicted", pa.string(), "the class with the largest value of p_all"),
        _field("probability", pa.float64(), f"value of label_predicted: {VALUE}", UNIT),
        _field("p_none", CLASSES, f"value of every class, in the artefact's order, all players masked: {VALUE}", UNIT),
        _field("p_all", CLASSES, f"value of every class, in the artefact's order, nothing masked: {VALUE}", UNIT),
        *(_field(f"players_{m}", pa.int32(), f"{m} players; 0 where the modality is absent") for m in MODALITIES),
        *(_field(f"masks_{m}", pa.int32(), f"sub-masks of {m}; 0 where it is absent") for m in MODALITIES),
        _field("encoder_passes", pa.int32(), "passes of the three encoders together"),
        _field("frames_encoded", pa.int32(), "pictures that went through the frame encoder"),
        _field("grid_points", pa.int64(), "points of the grid, coalitions, whose values were evaluated"),
        _field("estimator", pa.string(), "how phi was estimated"),
        _field("se_max", pa.float64(), "largest standard error of phi; null where the estimator gives none"),
        _field(
            "converged",
            pa.bool_(),
            "whether the masks sufficed to determine every player's value, and to reach the tolerance if one was set",
        ),
        _field(
            "reliable",
            pa.bool_(),
            "whether they sufficed to trust standard errors and intervals: all, or 3 for each of a modality's players; "
            "null where the estimator gives none",
        ),
        _field("cut", pa.bool_(), "whether the model saw only a part of the segment"),
        _field("trained", pa.bool_(), "false: the model's weights are random, and its explanations mean nothing"),
        _field("status", pa.string(), f"{EXPLAINED}, {FAILED} or {UNAVAILABLE}", nullable=False),
        _field("error_stage", pa.string(), "where it failed: decode, explain or worker"),
        _field("error", pa.string(), "why it failed"),
        _field("extra", pa.map_(pa.string(), pa.string()), "the manifest's other columns"),
    ]
)


def _per_modality(name: str, description: str, unit: str = "") -> list[pa.Field]:
    return [_field(name.format(m), pa.float64(), description.format(m), unit) for m in MODALITIES]


CONTRIBUTIONS: Final = pa.schema(
    [
        SEGMENT_ID,
        LABEL,
        _field("v_none", pa.float64(), f"base value, with every player masked: {VALUE}", UNIT, nullable=False),
        _field("v_all", pa.float64(), f"value with nothing masked: {VALUE}", UNIT, nullable=False),
        *_per_modality("phi_{}", "sum of the {} players' Shapley values; null where absent", UNIT),
        *_per_modality("se_{}", "standard error of phi_{}; null where the estimator gives none", UNIT),
        *_per_modality("share_{}", "share of {}, the bias of noise taken off; null without standard errors", "share"),
        *_per_modality("share_{}_low", "lower end of its 95 % interval", "share"),
        *_per_modality("share_{}_high", "upper end of its 95 % interval", "share"),
        *_per_modality("share_{}_plain", "sum |phi| of {} over sum |phi|; null where absent or 0/0", "share"),
    ]
)

ATTRIBUTIONS: Final = pa.schema(
    [
        SEGMENT_ID,
        LABEL,
        _field("modality", pa.dictionary(pa.int32(), pa.string()), "text, audio or video", nullable=False),
        _field("player", pa.int32(), "index within the modality", nullable=False),
        _field("token", pa.string(), "text of a text player, word of a sound player, name of a picture player"),
        _field("char_start", pa.int32(), "its first character in the segment's text", "code points"),
        _field("char_end", pa.int32(), "the one after its last", "code points"),
        _field("start_ms", pa.float64(), "start of an audio or video player in the media file's time", "ms"),
        _field("end_ms", pa.float64(), "its end", "ms"),
        _field("row", pa.int32(), "grid row of a video player, from the top", "cells"),
        _field("column", pa.int32(), "grid column of a video player, from the left", "cells"),
        _field("frame_group", pa.int32(), "frame group of a video player in time"),
        _field(
            "cells", pa.list_(pa.int32()), "cells of a region that isn't a single one: row * 4 + column, in any frame"
        ),
        _field("phi", pa.float64(), "Shapley value", UNIT, nullable=False),
        _field("se", pa.float64(), "its standard error; null where the estimator gives none", UNIT),
    ]
)

TIMINGS: Final = pa.schema(
    [
        SEGMENT_ID,
        _field("decode_s", pa.float64(), "decoding sound and picture", "s"),
        _field("encode_s", pa.float64(), "the encoders", "s"),
        _field("grid_s", pa.float64(), "pairs and head", "s"),
        _field("estimate_s", pa.float64(), "values and estimator", "s"),
        _field("write_s", pa.float64(), "writing the unit's phi; shared out over its segments", "s"),
        _field("attempts", pa.int32(), "times that the segment's unit was started", nullable=False),
        _field("host", pa.string(), "where it ran", nullable=False),
    ]
)

TABLES: Final = {
    "contributions": CONTRIBUTIONS,
    "attributions": ATTRIBUTIONS,
    "timings": TIMINGS,
    "segments": SEGMENTS,
}
"""By folder, in the order in which a unit writes them: `segments` last, which commits it."""

LATER: Final[Mapping[str, frozenset[str]]] = {"attributions": frozenset({"cells"})}
"""Columns, by table, that older files lack; there they are read as null."""
