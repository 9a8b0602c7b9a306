"""How long and how fast something is fitted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, ReduceLROnPlateau

Decay = Literal["polynomial", "plateau"]
BETAS: Final = (0.9, 0.98)
EPSILON: Final = 1e-6
PLATEAU_FACTOR: Final = 0.1
PLATEAU_THRESHOLD: Final = 1e-4
"""Relative improvement below which an epoch is none."""


@dataclass(frozen=True)
class Schedule:
    """Epochs of shuffled batches, Adam with decoupled weight decay (fairseq's Adam), warm-up and decay."""

    epochs: int
    batch: int
    """Items per forward pass."""
    learning_rate: float
    """Its peak."""
    warmup: float = 0.1
    """Share of the steps in which it rises, linearly; only where it then falls by a polynomial."""
    weight_decay: float = 0.01
    clip_norm: float | None = 1.0
    """Largest norm of a step's gradient; None: any."""
    accumulate: int = 1
    """Batches per step."""
    decay: Decay = "polynomial"
    """Down to 0 at the last step; or by a factor of 10 after each epoch that doesn't lower the validation loss."""
    power: float = 1.0
    """Of the polynomial."""

    def steps(self, items: int) -> int:
        """Optimiser steps over so many items an epoch."""
        return self.epochs * -(-items // (self.batch * self.accumulate))


def adam(parameters: list[torch.nn.Parameter], schedule: Schedule) -> torch.optim.AdamW:
    """The optimiser of a schedule."""
    return torch.optim.AdamW(
        parameters, schedule.learning_rate, betas=BETAS, eps=EPSILON, weight_decay=schedule.weight_decay
    )


class LearningRate:
    """The learning rate of an optimiser, step by step or epoch by epoch."""

    def __init__(self, optimizer: torch.optim.Optimizer, schedule: Schedule, steps: int) -> None:
        self.optimizer = optimizer
        self.scheduler: LRScheduler
        if schedule.decay == "plateau":
            self.scheduler = ReduceLROnPlateau(
                optimizer, factor=PLATEAU_FACTOR, patience=0, threshold=PLATEAU_THRESHOLD
            )
        else:
            self.scheduler = LambdaLR(optimizer, _warm_up_and_decay(steps, schedule.warmup, schedule.power))

    @property
    def now(self) -> float:
        """Of the next step."""
        rate: float = self.optimizer.param_groups[0]["lr"]
        return rate

    def after_step(self) -> None:
        """A step was taken."""
        if not isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step()

    def after_epoch(self, loss: float) -> None:
        """An epoch was ended.

        Args:
            loss: on what isn't trained on, or where that isn't measured, on what is.
        """
        if isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step(loss)


def _warm_up_and_decay(steps: int, warmup: float, power: float) -> Callable[[int], float]:
    rising = max(1, round(steps * warmup))

    def factor(step: int) -> float:
        left: float = ((steps - step) / max(1, steps - rising)) ** power
        return (step + 1) / rising if step < rising else left

    return factor
