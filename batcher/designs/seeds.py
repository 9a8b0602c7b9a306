"""Seeds that depend on what is explained, never on the order of the work."""

import hashlib
import json


def modality_seed(seed: int, segment_id: str, modality: str) -> int:
    """The seed of one modality's design in one segment.

    It depends on the three arguments only, so an estimate never depends on the order of segments, and is the
    same in every process and version. It fits a signed 64-bit integer.
    """
    key = json.dumps([int(seed), segment_id, modality]).encode("ascii")
    digest = hashlib.blake2b(key, digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
