"""The state of a training in a file, from which it goes on after it was killed."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from sseft.pickles import CheckpointError


class ProgressFile:
    """One file, replaced as a whole: whenever a process dies, the last state or the one before it is there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> dict[str, Any] | None:
        """What was saved last; None where nothing was.

        Raises:
            CheckpointError: the file is damaged.
        """
        if not self.path.exists():
            return None
        try:
            kept: dict[str, Any] = torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception as error:  # damaged bytes make torch raise anything
            raise CheckpointError(
                f"{self.path} can't be read: {error}; remove it, and the training starts anew"
            ) from error
        return kept

    def save(self, state: Mapping[str, Any]) -> None:
        """Replace what was saved."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_name(f".{self.path.name}.unfinished")
        with unfinished.open("wb") as file:
            torch.save(dict(state), file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.path)
