"""An artefact: a folder of ONNX graphs, and `artefact.json`, which says all that explaining needs to know.

Reading one needs no torch. The graphs' inputs and outputs are described in `docs/artefact.md`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np

from export.names import graph_names
from export.work import Work
from media import Preprocessing, TextTokens
from media.modality import MODALITIES, Modality
from sseft.heads import HeadKind, check_head, logit_count
from sseft.terms import pairs_of

SCHEMA_VERSION: Final = 2
DESCRIPTION: Final = "artefact.json"
ABSENT: Final = "absent.npz"
TOKENIZER: Final = "tokenizer.json"

Precision = Literal["fp32", "fp16"]
PRECISIONS: Final[tuple[Precision, ...]] = get_args(Precision)


class ArtefactError(Exception):
    """A folder that is no artefact, or one that was changed after its parity gate."""


@dataclass(frozen=True)
class Artefact:
    """What `artefact.json` says."""

    modalities: tuple[Modality, ...]
    """The modalities of the model, in order; one or two in uni- and dual-modal variants."""
    dims: Mapping[Modality, int]
    """Features of each modality's encoding."""
    labels: tuple[str, ...]
    """Names of the classes, in the order of the values."""
    provenance: str
    """Where the weights came from."""
    trained: bool
    """False for random weights, whose explanations mean nothing; every output says so."""
    preprocessing: Preprocessing
    tokens: TextTokens
    baselines: Mapping[Modality, str]
    """What a masked player is replaced by."""
    precision: Precision
    """What the graphs' products take and return; softmax and norms are float32 in fp16 too."""
    parity: float
    """Largest absolute difference from PyTorch in float32, over the cases of the parity gate: of a logit in fp32,
    of a value of the head in fp16."""
    work: Work
    """Floating-point operations of the graphs."""
    files: Mapping[str, str]
    """sha256 of every other file of the folder."""
    schema_version: int = SCHEMA_VERSION
    head: HeadKind = "softmax"
    """How logits become values; artefacts of before there was another kind don't say."""

    @property
    def pairs(self) -> tuple[tuple[Modality, Modality], ...]:
        """The pairs of modalities between which the model attends."""
        return pairs_of(self.modalities)

    @property
    def logits(self) -> int:
        """Of a point of the grid."""
        return logit_count(self.head, len(self.labels))

    @property
    def digest(self) -> str:
        """A digest of the description, hence of every file."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def write(self, folder: Path) -> None:
        """Write the description beside the files that it names."""
        (folder / DESCRIPTION).write_text(json.dumps(asdict(self), indent=2) + "\n")


def load_artefact(folder: Path) -> Artefact:
    """Read and check an artefact.

    Args:
        folder: the folder that `mmexplain export` wrote.

    Raises:
        ArtefactError: its description can't be read, or a file is missing or isn't the one that passed the parity gate.
    """
    artefact = read_artefact(folder)
    for name, digest in artefact.files.items():
        _check_file(folder / name, digest)
    return artefact


def read_artefact(folder: Path) -> Artefact:
    """Read what an artefact says of itself.

    Args:
        folder: the folder that `mmexplain export` wrote; its files aren't looked at.

    Raises:
        ArtefactError: there is no description, it has another schema version, or it lacks a field.
    """
    path = folder / DESCRIPTION
    try:
        described = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise ArtefactError(f"{path} doesn't exist; make an artefact by `mmexplain export`") from error
    except (OSError, ValueError) as error:
        raise ArtefactError(f"{path} can't be read: {error}") from error
    if not isinstance(described, dict):
        raise ArtefactError(f"{path} doesn't describe an artefact; export it again")
    if described.get("schema_version") != SCHEMA_VERSION:
        raise ArtefactError(
            f"{path} has schema version {described.get('schema_version')}, this is {SCHEMA_VERSION}; export it again"
        )
    try:
        artefact = Artefact(
            **described
            | {
                "modalities": tuple(m for m in MODALITIES if m in described["modalities"]),
                "labels": tuple(described["labels"]),
                "preprocessing": Preprocessing(**described["preprocessing"]),
                "tokens": TextTokens(**described["tokens"]),
                "work": Work(**described["work"]),
            }
        )
        check_head(artefact.head, artefact.labels)
    except (KeyError, TypeError, ValueError) as error:
        raise ArtefactError(f"{path} doesn't describe an artefact: {error}; export it again") from error
    for name in (*(f"{graph}.onnx" for graph in graph_names(artefact.modalities)), ABSENT):
        if name not in artefact.files:
            raise ArtefactError(f"{path} names no {name}; export it again")
    return artefact


def file_digest(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_file(path: Path, digest: str) -> None:
    if not path.is_file():
        raise ArtefactError(f"{path} is missing; export the artefact again")
    if file_digest(path) != digest:
        raise ArtefactError(f"{path} isn't the file that passed the parity gate; export the artefact again")


def absent_encodings(folder: Path) -> dict[Modality, np.ndarray[Any, np.dtype[np.float32]]]:
    """The encoding that stands in for each modality that a clip lacks.

    Returns:
        float32 [1, 2, d] for text (`<s> </s>`), [1, 1, d] for sound and picture (their CLS).
    """
    with np.load(folder / ABSENT) as stored:
        return {modality: stored[modality] for modality in MODALITIES if modality in stored}
