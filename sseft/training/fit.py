"""Fitting the parameters of a module, epoch by epoch; it can be interrupted after each, and goes on as if it hadn't."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sseft.training.schedule import LearningRate, Schedule, adam

Item = TypeVar("Item")
Figures = Mapping[str, float]
Precision = Literal["fp32", "bf16", "fp16"]
DTYPES: Final[Mapping[Precision, torch.dtype]] = {"bf16": torch.bfloat16, "fp16": torch.float16}
LOSS: Final = "loss"
FALLING: Final = frozenset({LOSS, "mean absolute error"})
"""Figures that are better where they are less."""


@dataclass(frozen=True)
class Epoch:
    """One line of the log."""

    stage: str
    epoch: int
    loss: float
    """Mean over the epoch's steps."""
    learning_rate: float
    """Of the first step after it."""
    seconds: float
    validation: Figures = field(default_factory=dict)
    """On clips that aren't trained on, where they are asked."""

    def __str__(self) -> str:
        validation = "".join(f", {name} {value:.4f}" for name, value in self.validation.items())
        held_out = f"; validation{validation[1:]}" if validation else ""
        return f"{self.stage} {self.epoch}: loss {self.loss:.4f}, {self.seconds:.0f} s{held_out}"


OnEpoch = Callable[[Epoch], None]


@dataclass(frozen=True)
class Choice:
    """Which epoch's weights are kept in the end: those with the best figure on the validation clips."""

    metric: str
    patience: int | None = None
    """Epochs without a better figure after which training stops; None: it never stops early."""

    def is_better(self, figures: Figures, than: float | None) -> bool:
        """Whether figures beat the best until now.

        Raises:
            ValueError: there is no such figure.
        """
        if self.metric not in figures:
            raise ValueError(f"there is no figure {self.metric!r}; choose by one of {', '.join(figures)}")
        value = figures[self.metric]
        if than is None:
            return True
        return value < than if self.metric in FALLING else value > than


class Progress(Protocol):
    """Where the state of a training is kept between its epochs."""

    def load(self) -> dict[str, Any] | None:
        """What was saved last; None where nothing was."""

    def save(self, state: Mapping[str, Any]) -> None:
        """Replace what was saved."""


@dataclass(frozen=True)
class Fitting(Generic[Item]):
    """What is fitted, to what, and how."""

    stage: str
    """What the log calls it."""
    module: nn.Module
    """Whose parameters are fitted, in place; it is left in eval mode."""
    items: Sequence[Item]
    loss_of: Callable[[Sequence[Item], np.random.Generator], Tensor]
    """The mean loss of a batch; random choices come from its second argument."""
    schedule: Schedule
    seed: int
    """Of the order and of random choices."""
    draw: Callable[[np.random.Generator], NDArray[np.int64]] | None = None
    """Which items an epoch holds, in their order; None: each once, shuffled."""
    validate: Callable[[], Figures] | None = None
    """Measured after each epoch, in eval mode."""
    choice: Choice | None = None
    """None: the last epoch's weights are kept."""
    precision: Precision = "fp32"
    """Of products, by autocast."""

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next(self.module.parameters()).device


def fit(fitting: Fitting[Item], on_epoch: OnEpoch, progress: Progress | None = None) -> None:
    """Fit a module.

    Args:
        fitting: what, and how.
        on_epoch: told about each epoch; not about those that were done before it was interrupted.
        progress: keeps the state after each epoch, and gives that of an earlier start.
    """
    state = _State(fitting)
    kept = progress.load() if progress else None
    if kept is not None:
        state.restore(kept)
    while not state.is_done:
        on_epoch(state.epoch())
        if progress:
            progress.save(state.kept())
    state.finish()


class _State(Generic[Item]):
    """All that changes while something is fitted."""

    def __init__(self, fitting: Fitting[Item]) -> None:
        self.fitting = fitting
        self.rng = np.random.default_rng(fitting.seed)
        steps = fitting.schedule.steps(len(self._draw(np.random.default_rng(fitting.seed))))
        self.optimizer = adam(list(fitting.module.parameters()), fitting.schedule)
        self.rate = LearningRate(self.optimizer, fitting.schedule, steps)
        scales = fitting.precision == "fp16" and fitting.device.type == "cuda"
        self.scaler = torch.amp.GradScaler(fitting.device.type, enabled=scales)
        self.done = 0
        self.best: float | None = None
        self.best_epoch = 0
        self.best_weights: dict[str, Tensor] | None = None

    @property
    def is_done(self) -> bool:
        """Whether all epochs are over, or the last ones brought nothing."""
        choice = self.fitting.choice
        patient = choice is None or choice.patience is None or self.done - self.best_epoch < choice.patience
        return self.done >= self.fitting.schedule.epochs or not patient

    def epoch(self) -> Epoch:
        """Train once over what an epoch holds."""
        fitting, started = self.fitting, time.perf_counter()
        fitting.module.train()
        losses = [self._step(batches) for batches in self._steps()]
        fitting.module.eval()
        loss = float(np.mean(losses))
        figures = fitting.validate() if fitting.validate else {}
        self.rate.after_epoch(figures.get(LOSS, loss))
        self.done += 1
        if fitting.choice and fitting.choice.is_better(figures, self.best):
            self.best, self.best_epoch = figures[fitting.choice.metric], self.done
            self.best_weights = {name: value.detach().clone() for name, value in fitting.module.state_dict().items()}
        return Epoch(fitting.stage, self.done, loss, self.rate.now, time.perf_counter() - started, figures)

    def finish(self) -> None:
        """Leave the module with the weights that were chosen."""
        if self.best_weights is not None:
            self.fitting.module.load_state_dict(self.best_weights)
        self.fitting.module.eval()

    def kept(self) -> dict[str, Any]:
        """What is needed to go on."""
        cuda = self.fitting.device.type == "cuda"
        return {
            "module": self.fitting.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rate": self.rate.scheduler.state_dict(),
            "scaler": self.scaler.state_dict(),
            "random": self.rng.bit_generator.state,
            "torch_random": torch.get_rng_state(),
            "cuda_random": torch.cuda.get_rng_state(self.fitting.device) if cuda else None,
            "done": self.done,
            "best": self.best,
            "best_epoch": self.best_epoch,
            "best_weights": self.best_weights,
        }

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Go on from there."""
        self.fitting.module.load_state_dict(kept["module"])
        self.optimizer.load_state_dict(kept["optimizer"])
        self.rate.scheduler.load_state_dict(kept["rate"])
        self.scaler.load_state_dict(kept["scaler"])
        self.rng.bit_generator.state = kept["random"]
        torch.set_rng_state(kept["torch_random"].cpu())
        if kept["cuda_random"] is not None:
            torch.cuda.set_rng_state(kept["cuda_random"].cpu(), self.fitting.device)
        self.done, self.best, self.best_epoch = kept["done"], kept["best"], kept["best_epoch"]
        self.best_weights = kept["best_weights"]

    def _draw(self, rng: np.random.Generator) -> NDArray[np.int64]:
        return self.fitting.draw(rng) if self.fitting.draw else rng.permutation(len(self.fitting.items))

    def _steps(self) -> list[list[list[Item]]]:
        """Of an epoch the steps, of each its batches, of each its items."""
        schedule = self.fitting.schedule
        items = [self.fitting.items[i] for i in self._draw(self.rng)]
        batches = [items[first : first + schedule.batch] for first in range(0, len(items), schedule.batch)]
        return [batches[first : first + schedule.accumulate] for first in range(0, len(batches), schedule.accumulate)]

    def _step(self, batches: list[list[Item]]) -> float:
        """One step by the mean loss over all items of its batches."""
        fitting, count, total = self.fitting, sum(map(len, batches)), 0.0
        dtype = DTYPES.get(fitting.precision)
        self.optimizer.zero_grad()
        for batch in batches:
            with torch.autocast(fitting.device.type, dtype, enabled=dtype is not None):
                loss = fitting.loss_of(batch, self.rng) * (len(batch) / count)
            self.scaler.scale(loss).backward()
            total += loss.item()
        if fitting.schedule.clip_norm is not None:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(fitting.module.parameters(), fitting.schedule.clip_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.rate.after_step()
        return total
