"""Fitting the parameters of a module: epochs of shuffled batches, Adam, warm-up and decay."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

Item = TypeVar("Item")


@dataclass(frozen=True)
class Schedule:
    """How long, and how fast."""

    epochs: int
    batch: int
    """Items per step."""
    learning_rate: float
    """Its peak."""
    warmup: float = 0.1
    """Share of the steps in which it rises; then it falls to 0, linearly."""
    weight_decay: float = 0.01


@dataclass(frozen=True)
class Epoch:
    """One line of the log."""

    stage: str
    epoch: int
    loss: float
    """Mean over the epoch's batches."""
    accuracy: float | None
    """On clips that aren't trained on, where it is measured."""
    seconds: float

    def __str__(self) -> str:
        accuracy = "" if self.accuracy is None else f", accuracy {self.accuracy:.1%}"
        return f"{self.stage} {self.epoch}: loss {self.loss:.4f}{accuracy}, {self.seconds:.0f} s"


OnEpoch = Callable[[Epoch], None]


def fit(
    stage: str,
    module: nn.Module,
    items: Sequence[Item],
    loss_of: Callable[[Sequence[Item], np.random.Generator], Tensor],
    schedule: Schedule,
    *,
    seed: int,
    on_epoch: OnEpoch,
    accuracy_of: Callable[[], float] | None = None,
) -> None:
    """Train a module in place; it is left in eval mode.

    Args:
        stage: what the log calls it.
        module: whose parameters are fitted.
        items: what batches are drawn from.
        loss_of: the loss of a batch; random choices come from its second argument.
        schedule: epochs, batches, learning rate.
        seed: of the order and of random choices.
        on_epoch: told about each epoch.
        accuracy_of: measured after each epoch, in eval mode.
    """
    rng = np.random.default_rng(seed)
    steps = schedule.epochs * -(-len(items) // schedule.batch)
    optimizer = torch.optim.AdamW(
        module.parameters(), schedule.learning_rate, betas=(0.9, 0.98), eps=1e-6, weight_decay=schedule.weight_decay
    )
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, _warm_up_and_decay(steps, schedule.warmup))
    for epoch in range(schedule.epochs):
        started = time.perf_counter()
        losses = []
        module.train()
        for batch in _batches(items, schedule.batch, rng):
            loss = loss_of(batch, rng)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimizer.step()
            rate.step()
            losses.append(loss.item())
        module.eval()
        accuracy = accuracy_of() if accuracy_of else None
        on_epoch(Epoch(stage, epoch + 1, float(np.mean(losses)), accuracy, time.perf_counter() - started))


def _warm_up_and_decay(steps: int, warmup: float) -> Callable[[int], float]:
    rising = max(1, round(steps * warmup))

    def factor(step: int) -> float:
        return (step + 1) / rising if step < rising else (steps - step) / max(1, steps - rising)

    return factor


def _batches(items: Sequence[Item], size: int, rng: np.random.Generator) -> list[list[Item]]:
    order = rng.permutation(len(items))
    return [[items[i] for i in order[first : first + size]] for first in range(0, len(items), size)]
