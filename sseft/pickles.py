"""Files that `torch.save` wrote, read without executing anything that they pickle."""

import argparse
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch


class CheckpointError(Exception):
    """A file of weights that is missing, or not one that this project can read."""


class _Meter:
    """Stands in for fairseq's training meters, which are pickled into every checkpoint."""

    def __setstate__(self, state: object) -> None:
        """Forget what the meter measured."""


TRUSTED: Final[list[Any]] = [
    argparse.Namespace,
    *((_Meter, f"fairseq.meters.{name}") for name in ("AverageMeter", "TimeMeter", "StopwatchMeter")),
]
"""What may be in a file beside tensors and containers."""


def read_pickle(path: Path, what: str) -> Any:
    """Read a file in torch's zip or its older serialisation.

    Args:
        path: the file.
        what: what it is expected to be, for the error.

    Raises:
        CheckpointError: it can't be read, or holds anything but tensors, containers, an argparse.Namespace and
            fairseq's meters.
    """
    try:
        with torch.serialization.safe_globals(TRUSTED):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged bytes make the unpickler raise anything: KeyError, UnicodeDecodeError, ...
        raise CheckpointError(f"{path} can't be read as {what}: {reason(error)}") from error


def refuse_others(path: Path, given: object, built: Mapping[str, object]) -> None:
    """Look for arguments of a model that this project doesn't build.

    Args:
        path: of the file, for the error.
        given: has the file's arguments as attributes; one that is missing or None is as built.
        built: what is built, by their names.

    Raises:
        CheckpointError: an argument is another.
    """
    other = {name: getattr(given, name, None) for name in built}
    other = {name: value for name, value in other.items() if value is not None and value != built[name]}
    if other:
        expected = {name: built[name] for name in other}
        raise CheckpointError(f"{path} is of a model with {other}; what is built here has {expected}")


def reason(error: Exception) -> str:
    """Why torch couldn't read a file. Its own words advise to load what it refuses without protection."""
    if isinstance(error, OSError | RuntimeError):
        return str(error).split("In PyTorch 2.6")[0].strip()
    refused = re.search(r"GLOBAL (\S+)", str(error))
    return f"it pickles {refused[1]}, which none holds; don't trust it" if refused else "it is none, or it is damaged"
