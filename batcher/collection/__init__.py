"""A collection: the segments of a media archive that are explained together."""

from batcher.collection.manifest import SUFFIXES, read_collection
from batcher.collection.regions import Regions, read_regions
from batcher.collection.rows import row_of
from batcher.collection.segment import KNOWN, CollectionError, Segment

__all__ = ["KNOWN", "SUFFIXES", "CollectionError", "Regions", "Segment", "read_collection", "read_regions", "row_of"]
