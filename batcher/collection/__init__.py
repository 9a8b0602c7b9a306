"""A collection: the segments of a media archive that are explained together."""

from batcher.collection.bad_row import BAD_ROWS, BadRow, BadRows, OnBadRow, refuse, skip
from batcher.collection.read import read_collection
from batcher.collection.regions import Regions, read_regions
from batcher.collection.rows import row_of
from batcher.collection.segment import KNOWN, CollectionError, Segment
from batcher.collection.tables import SUFFIXES

__all__ = [
    "BAD_ROWS",
    "KNOWN",
    "SUFFIXES",
    "BadRow",
    "BadRows",
    "CollectionError",
    "OnBadRow",
    "Regions",
    "Segment",
    "read_collection",
    "read_regions",
    "refuse",
    "row_of",
    "skip",
]
