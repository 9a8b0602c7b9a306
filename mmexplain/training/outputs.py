"""The files that a training leaves in its folder."""

import csv
import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from mmexplain.training.options import TrainingError

MODEL: Final = "model.pt"
FIGURES: Final = "figures.json"
STATE: Final = "state.pt"
"""Between epochs."""
CONFIGURATION: Final = "training.json"
PREDICTIONS: Final = "predictions.csv"


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file as a whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
    unfinished.replace(path)


def write_figures(path: Path, figures: Mapping[str, Any], *, seconds: float) -> None:
    """What came of a training, and on what it ran."""
    machine = {"processors": os.cpu_count(), "machine": platform.machine(), "torch": torch.__version__}
    write_json(path, {**figures, "seconds": round(seconds), **machine})


def write_predictions(
    path: Path, rows: Sequence[tuple[str, str, str]], values: NDArray[np.float64], labels: Sequence[str]
) -> None:
    """A table as `mmexplain evaluate` reads it.

    Args:
        path: of the table.
        rows: [S], segment, true label, predicted label.
        values: [S, C], of every class.
        labels: [C].
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["segment_id", "label_true", "label_predicted", *labels])
        writer.writerows([*row, *of_classes] for row, of_classes in zip(rows, values.tolist(), strict=True))


def claim(out: Path, described: dict[str, Any]) -> bool:
    """Take a folder for a training.

    Returns:
        Whether it was begun there before.

    Raises:
        TrainingError: the folder holds another one.
    """
    file = out / CONFIGURATION
    asked = json.loads(json.dumps(described, default=str))
    if not file.exists():
        write_json(file, asked)
        return False
    found = json.loads(file.read_text(encoding="utf-8"))
    other = sorted(name for name in {*asked, *found} if asked.get(name) != found.get(name))
    if other:
        raise TrainingError(
            f"{out} holds a training with another {', '.join(other)}: {found.get(other[0])!r} there, "
            f"{asked.get(other[0])!r} here; give another --out, or the same options to go on"
        )
    return True


def is_trained(out: Path, described: dict[str, Any]) -> bool:
    """Whether a folder holds this very training, finished.

    Raises:
        TrainingError: it holds another one.
    """
    return (out / FIGURES).exists() and claim(out, described)
