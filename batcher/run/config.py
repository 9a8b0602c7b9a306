"""What rows depend on: recorded in `run.json`, and never mixed within one result."""

import hashlib
import json
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from batcher.backends.choice import BackendName, ComputePrecision
from batcher.backends.onnxruntime import Device
from batcher.options import Options
from batcher.store.atomic import replaced
from batcher.store.errors import StoreError
from batcher.store.files import RUN
from batcher.store.schema import SCHEMA_VERSION
from export.artefact import Artefact

RECORDED: Final = (
    "mmexplain",
    "numpy",
    "onnxruntime-gpu",
    "onnxruntime",
    "openvino",
    "tritonclient",
    "pyarrow",
    "ray",
    "scipy",
    "av",
)


ONCE: Final[Mapping[str, Any]] = {"audio_players": "half-seconds", "text_players": "tokens"}
"""What rows were made with before it could be chosen. It is left out of descriptions, so that those of before hold."""


STARTED: Final = "started_unix"


class ConfigError(Exception):
    """Options that suit no segment, or an output folder that belongs to something else or to other options."""


@dataclass(frozen=True)
class RunConfig:
    """Everything that a row depends on, beside its segment."""

    artefact: str
    """Digest of the artefact."""
    options: Options
    precision: ComputePrecision
    """In which the graphs are computed; of ONNX Runtime the artefact's."""
    backend: BackendName
    device: Device
    threads: int
    """Threads of one worker: a sum's last digits depend on them."""
    regions: str | None = None
    """sha256 of the table of the pictures' regions; None: the players aren't such."""

    def described(self) -> dict[str, Any]:
        """By option, one level deep. One that is None, or as it `ONCE` was, is left out, as before it existed."""
        options = asdict(self.options)
        every = {name: value for name, value in asdict(self).items() if name != "options"} | options
        return {name: value for name, value in every.items() if value is not None and ONCE.get(name) != value}

    @property
    def digest(self) -> str:
        """sha256 of the description."""
        return hashlib.sha256(json.dumps(self.described(), sort_keys=True).encode()).hexdigest()


def file_metadata(config: RunConfig, artefact: Artefact) -> dict[str, Any]:
    """What every Parquet file of the run says about itself."""
    return {
        "schema_version": SCHEMA_VERSION,
        "config": config.described(),
        "config_digest": config.digest,
        "artefact_digest": artefact.digest,
        "labels": list(artefact.labels),
        "head": artefact.head,
        "provenance": artefact.provenance,
        "trained": artefact.trained,
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Versions of what computes the rows."""
    found = {"python": platform.python_version()}
    for package in RECORDED:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def check_folder(out: Path, metadata: dict[str, Any]) -> None:
    """Refuse a folder that isn't this run's.

    Args:
        out: the result folder; it may not exist yet.
        metadata: of `file_metadata`.

    Raises:
        ConfigError: the folder holds a result of another configuration, or something else.
    """
    path = out / RUN
    if path.exists():
        _check_same(path, metadata)
    elif out.exists() and (not out.is_dir() or any(not entry.name.startswith(".") for entry in out.iterdir())):
        raise ConfigError(f"{out} isn't an empty folder and holds no {RUN}; choose another --out")


def record_run(out: Path, described: Mapping[str, Any], writing: Path) -> None:
    """Write `run.json`, with the time of the first start, in seconds since 1970.

    Args:
        out: the result folder.
        described: what it says.
        writing: where the file is made before it is renamed to its place.

    Raises:
        StoreError: it can't be written.
    """
    try:
        with replaced(out / RUN, writing) as partial:
            partial.write_text(json.dumps({**described, STARTED: _started(out / RUN)}, indent=2) + "\n")
    except OSError as error:
        raise StoreError(f"{out / RUN} can't be written: {error}. Mend that, and run the same command again") from error


def _started(path: Path) -> float | None:
    """When a run was first started; None where that was before it was recorded."""
    try:
        started: float | None = json.loads(path.read_text()).get(STARTED)
    except FileNotFoundError:
        return round(time.time(), 3)
    return started


def _check_same(path: Path, metadata: dict[str, Any]) -> None:
    try:
        stored = json.loads(path.read_text())
        config, digest = stored["config"], stored["config_digest"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} can't be read ({error}); choose another --out") from error
    if digest == metadata["config_digest"]:
        return
    config, wanted = {**ONCE, **config}, {**ONCE, **metadata["config"]}
    keys = sorted(key for key in config.keys() | wanted.keys() if config.get(key) != wanted.get(key))
    differing = "; ".join(f"{key} was {config.get(key)!r} and is {wanted.get(key)!r}" for key in keys)
    raise ConfigError(
        f"{path.parent} holds rows of another configuration: {differing}. Rows of both must not mix: "
        "choose another --out, or the same options"
    )
