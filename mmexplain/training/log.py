"""The log of a training: a table, and the same for TensorBoard."""

import csv
from pathlib import Path
from typing import Any, Final

from torch.utils.tensorboard.writer import SummaryWriter

from sseft.training.fit import Epoch

FILE: Final = "log.csv"
CURVES: Final = "tensorboard"


class Log:
    """`log.csv` and `tensorboard/` in a folder; each epoch is in them as soon as it ends.

    Args:
        folder: made with the first epoch.
        goes_on: keep what an interrupted training wrote, up to the epoch that comes next.
    """

    def __init__(self, folder: Path, *, goes_on: bool) -> None:
        self.file, self.curves = folder / FILE, folder / CURVES
        self._rows = _read(self.file) if goes_on else []
        self._writer: SummaryWriter | None = None

    def append(self, epoch: Epoch) -> None:
        """Write one line. One that is there was interrupted before its state was kept: it is replaced."""
        kept = [row for row in self._rows if row["stage"] != epoch.stage or int(row["epoch"]) < epoch.epoch]
        self._rows = [*kept, _row(epoch)]
        names = list(dict.fromkeys(name for row in self._rows for name in row))
        self.file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.file.with_name(f".{FILE}.unfinished")
        with unfinished.open("w", newline="") as file:
            writer = csv.DictWriter(file, names, lineterminator="\n", restval="")
            writer.writeheader()
            writer.writerows(self._rows)
        unfinished.replace(self.file)
        self._draw(epoch)

    def _draw(self, epoch: Epoch) -> None:
        """Add a point to each curve; of what was drawn before, what comes later is purged."""
        if self._writer is None:
            self._writer = SummaryWriter(str(self.curves), purge_step=epoch.epoch)
        figures = {"loss": epoch.loss, "learning rate": epoch.learning_rate, **_named(epoch)}
        for name, value in figures.items():
            self._writer.add_scalar(f"{epoch.stage}/{name}", value, epoch.epoch)
        self._writer.flush()


def _row(epoch: Epoch) -> dict[str, Any]:
    return {
        "stage": epoch.stage,
        "epoch": epoch.epoch,
        "loss": epoch.loss,
        "learning_rate": epoch.learning_rate,
        "seconds": round(epoch.seconds, 3),
        **_named(epoch),
    }


def _named(epoch: Epoch) -> dict[str, float]:
    return {f"validation {name}": value for name, value in epoch.validation.items()}


def _read(file: Path) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))
