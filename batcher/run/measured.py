"""What a run measures before it begins, once: later starts go by the same figures."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from batcher.agreement import Agreement, measure_agreement
from batcher.backends import BackendError, UnavailableError
from batcher.backends.choice import BackendChoice, open_backend
from batcher.backends.onnxruntime import DEVICE_SLICES
from batcher.collection import Segment
from batcher.grid.calls import Slices
from batcher.options import Options
from batcher.run.config import ConfigError
from batcher.slices import measure_slices
from batcher.store.files import RUN

Kind = TypeVar("Kind", Slices, Agreement)


@dataclass(frozen=True)
class Measured:
    """Recorded in `run.json`."""

    slices: Slices
    """On which the last digits of rows depend."""
    agreement: Agreement | None
    """Of OpenVINO with ONNX Runtime; None for others (servers are tried at every start), and until there is a clip."""

    def described(self) -> dict[str, Any]:
        """By name."""
        return {name: found for name, found in asdict(self).items() if found is not None}


def measure_once(
    out: Path, artefact: Path, choice: BackendChoice, segments: Iterable[Segment], options: Options
) -> Measured:
    """Find in a result folder what an earlier start measured, and measure what it lacks.

    Args:
        out: the folder, of which `check_folder` thought well.
        artefact: the model's folder.
        choice: a resolved one.
        segments: the collection's.
        options: of every explanation.

    Raises:
        BackendError: the backend can't run here, or differs too much from ONNX Runtime.
        ConfigError: `run.json` holds something else than what is measured.
    """
    agreement = None
    if choice.name == "openvino":
        agreement = _recorded(out, "agreement", Agreement) or measure_agreement(artefact, choice, segments, options)
    if agreement:
        agreement.check(choice)
    return Measured(_recorded(out, "slices", Slices) or _slices(artefact, choice), agreement)


def _slices(artefact: Path, choice: BackendChoice) -> Slices:
    """Of a device the largest that it holds: there calls are launched, and the fewer the better."""
    if choice.device != "cpu":
        return DEVICE_SLICES
    backend = open_backend(artefact, choice)
    try:
        return measure_slices(backend)
    except UnavailableError as error:
        raise BackendError(f"calls can't be measured: {error}") from error
    finally:
        backend.rest()


def _recorded(out: Path, key: str, kind: type[Kind]) -> Kind | None:
    path = out / RUN
    stored = json.loads(path.read_text()).get(key) if path.exists() else None
    try:
        return None if stored is None else kind(**stored)
    except TypeError as error:
        raise ConfigError(f"{path} holds {key} that can't be read ({error}); choose another --out") from error
