from itertools import chain, pairwise

import pytest
import torch
from torch import nn

from sseft.pickles import CheckpointError
from sseft.training.fit import Choice, Epoch, Fitting, fit
from sseft.training.progress import ProgressFile
from sseft.training.schedule import Schedule

VALUES = [1.0, 2.0, 4.0, 8.0, 16.0]


@pytest.fixture
def line():
    """Points [64, 3] and what is measured at each [64]."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(64, 3, generator=generator, dtype=torch.float64)
    noise = torch.randn(64, generator=generator, dtype=torch.float64)
    return x, x @ torch.tensor([1.5, -2.0, 0.5], dtype=torch.float64) + 3 + 0.3 * noise


def module_of(inputs=1):
    """A linear module in float64, always the same."""
    module = nn.Linear(inputs, 1).double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(1.0)
    return module


def regress(module, line, seed=0, epochs=60, on_epoch=lambda _: None, progress=None, **options):
    def loss_of(batch, _):
        x, y = (torch.stack(part) for part in zip(*batch, strict=True))
        return (module(x)[:, 0] - y).square().mean()

    schedule = Schedule(
        epochs, **{"batch": 16, "learning_rate": 0.1, "weight_decay": 0.0} | options.pop("schedule", {})
    )
    fit(Fitting("line", module, list(zip(*line, strict=True)), loss_of, schedule, seed, **options), on_epoch, progress)
    return module


def watch(module, schedule, items=VALUES, seed=0, on_epoch=lambda _: None, **options):
    """The batches of a training whose loss is the sum of each; beside each a random number, and a weight before it."""
    batches = []

    def loss_of(batch, rng):
        assert module.training
        batches.append((batch, rng.random(), next(module.parameters()).item()))
        return sum(p.sum() for p in module.parameters()) * 0 + sum(batch)

    fit(Fitting("watched", module, items, loss_of, schedule, seed, **options), on_epoch)
    return batches


def test_a_linear_regression_comes_to_the_least_squares(line):
    x, y = line
    solved = torch.linalg.lstsq(torch.cat([x, torch.ones(64, 1)], dim=1), y[:, None]).solution[:, 0]
    module = regress(module_of(3), line)
    found = torch.cat([module.weight[0], module.bias]).detach()
    torch.testing.assert_close(found, solved, rtol=0, atol=0.01)


def test_the_same_seed_gives_the_same_weights_and_another_other_ones(line):
    first, second, other = (regress(module_of(3), line, seed, epochs=3) for seed in (0, 0, 1))
    assert torch.equal(first.weight, second.weight)
    assert not torch.equal(first.weight, other.weight)


def test_the_order_and_the_random_choices_are_the_seeds():
    schedule = Schedule(epochs=3, batch=2, learning_rate=0.1)
    first, second, other = (watch(module_of(), schedule, seed=seed) for seed in (0, 0, 1))
    assert first == second
    assert [batch for batch, *_ in first] != [batch for batch, *_ in other]
    assert {drawn for _, drawn, _ in first}.isdisjoint(drawn for _, drawn, _ in other)


def test_every_epoch_takes_each_item_once_in_another_order_the_last_batch_too():
    batches = [batch for batch, *_ in watch(module_of(), Schedule(epochs=3, batch=2, learning_rate=0.1))]
    assert [len(batch) for batch in batches] == [2, 2, 1] * 3
    orders = [tuple(chain(*batches[first : first + 3])) for first in (0, 3, 6)]
    assert all(sorted(order) == VALUES for order in orders)
    assert len(set(orders)) == 3


def test_each_epoch_is_told_with_its_mean_loss_and_what_is_measured(log):
    accuracies = iter([0.25, 0.5])
    schedule = Schedule(epochs=2, batch=2, learning_rate=0.1)
    watch(module_of(), schedule, on_epoch=log, validate=lambda: {"accuracy": next(accuracies)})
    told = [(epoch.stage, epoch.epoch, epoch.loss, epoch.validation["accuracy"]) for epoch in log.epochs]
    # The sums of three batches add up to that of all items, in any order.
    assert told == [("watched", 1, pytest.approx(31 / 3), 0.25), ("watched", 2, pytest.approx(31 / 3), 0.5)]


def test_it_measures_in_eval_mode_and_leaves_the_module_in_it():
    module = nn.Sequential(module_of(), nn.Dropout())
    modes = []

    def accuracy():
        modes.append([part.training for part in module.modules()])
        return {"accuracy": 1.0}

    watch(module, Schedule(epochs=2, batch=5, learning_rate=0.1), validate=accuracy)
    assert modes == [[False] * 3] * 2
    assert not any(part.training for part in module.modules())


@pytest.mark.parametrize(
    ("epochs", "batch", "warmup", "steps", "rising"),
    [(20, 5, 0.25, 20, 5), (20, 5, 0.0, 20, 1), (8, 2, 0.5, 24, 12), (1, 5, 0.1, 1, 1), (4, 5, 1.0, 4, 4)],
)
def test_the_learning_rate_rises_to_its_peak_and_falls_to_nothing(epochs, batch, warmup, steps, rising):
    module = module_of()
    watched = watch(module, Schedule(epochs, batch, learning_rate=0.5, warmup=warmup, weight_decay=0.1))
    weights = [*(weight for *_, weight in watched), module.weight.item()]
    # Without a gradient a step only takes the decay's share of the weight, times the learning rate.
    rates = [(1 - after / before) / 0.1 for before, after in pairwise(weights)]
    up = [0.5 * (step + 1) / rising for step in range(rising)]
    down = [0.5 * left / (steps - rising) for left in range(steps - rising, 0, -1)]
    assert rates == pytest.approx(up + down)


def test_a_gradient_is_at_most_1_long(line):
    x, y = line
    module = regress(module_of(3), (x, 1000 * y), epochs=1)
    assert nn.utils.get_total_norm(p.grad for p in module.parameters()) == pytest.approx(1)


def test_an_epoch_reads_as_a_line_of_the_log():
    assert str(Epoch("text", 3, 0.12345, 0.1, 2.4)) == "text 3: loss 0.1235, 2 s"
    figures = {"accuracy": 0.987, "loss": 0.5}
    told = str(Epoch("fusion", 10, 1.0, 0.1, 12.6, figures))
    assert told == "fusion 10: loss 1.0000, 13 s; validation accuracy 0.9870, loss 0.5000"


def test_a_step_over_several_batches_is_the_step_over_all_their_items(line):
    whole, parts = (
        regress(module_of(3), line, epochs=4, schedule={"batch": batch, "accumulate": accumulate})
        for batch, accumulate in ((24, 1), (8, 3))
    )
    torch.testing.assert_close(parts.weight, whole.weight, rtol=1e-12, atol=1e-12)


class KilledError(Exception):
    """The process died."""


@pytest.mark.parametrize("schedule", [{}, {"decay": "plateau"}], ids=str)
def test_what_was_killed_goes_on_as_if_it_hadnt_been(line, tmp_path, schedule):
    losses = iter([4.0, 3.0, 3.0, 2.0, 5.0, 5.0] * 3)
    options = {
        "epochs": 6,
        "schedule": schedule,
        "choice": Choice("loss"),
        "validate": lambda: {"loss": next(losses)},
    }
    told, again = [], []
    whole = regress(module_of(3), line, on_epoch=told.append, **options | {"schedule": dict(schedule)})
    kept = ProgressFile(tmp_path / "state.pt")

    def dies(epoch):
        again.append(epoch)
        if epoch.epoch == 3:
            raise KilledError

    with pytest.raises(KilledError):
        regress(module_of(3), line, on_epoch=dies, progress=kept, **options | {"schedule": dict(schedule)})
    # Its third epoch wasn't kept: it is trained again.
    losses = iter([3.0, 2.0, 5.0, 5.0])
    other = regress(module_of(3), line, on_epoch=again.append, progress=kept, **options | {"schedule": dict(schedule)})
    assert torch.equal(other.weight, whole.weight)
    assert [epoch.epoch for epoch in again] == [1, 2, 3, 3, 4, 5, 6]
    assert [epoch.loss for epoch in again[3:]] == [epoch.loss for epoch in told[2:]]
    assert [epoch.learning_rate for epoch in again[3:]] == [epoch.learning_rate for epoch in told[2:]]


def test_the_weights_of_the_best_epoch_are_kept_and_patience_ends_it(line):
    figures = iter([0.5, 0.9, 0.6, 0.9, 0.9, 0.9, 0.9])
    weights, module = [], module_of(3)

    def validate():
        weights.append(module.weight.detach().clone())
        return {"accuracy": next(figures)}

    regress(module, line, epochs=7, validate=validate, choice=Choice("accuracy", patience=3))
    assert len(weights) == 5
    assert torch.equal(module.weight, weights[1])
    assert not torch.equal(weights[1], weights[-1])


def test_a_figure_that_isnt_measured_is_named_with_those_that_are(line):
    with pytest.raises(ValueError, match=r"no figure 'f1'; choose by one of loss, accuracy"):
        regress(module_of(3), line, epochs=1, validate=lambda: {"loss": 1.0, "accuracy": 0.5}, choice=Choice("f1"))


def test_a_plateau_divides_the_rate_by_ten(line):
    told = []
    losses = iter([3.0, 2.0, 2.0, 1.0])
    regress(
        module_of(3),
        line,
        epochs=4,
        schedule={"decay": "plateau"},
        validate=lambda: {"loss": next(losses)},
        on_epoch=told.append,
    )
    assert [epoch.learning_rate for epoch in told] == pytest.approx([0.1, 0.1, 0.01, 0.01])


def test_bfloat16_trains_weights_of_full_precision(line):
    module = nn.Linear(3, 1)
    x, y = (part.float() for part in line)
    regress(module, (x, y), precision="bf16")
    assert module.weight.dtype == torch.float32
    assert module.weight[0].tolist() == pytest.approx([1.5, -2.0, 0.5], abs=0.1)


def test_a_damaged_state_is_named_with_what_to_do(tmp_path):
    (tmp_path / "state.pt").write_bytes(b"torn")
    with pytest.raises(CheckpointError, match=r"state\.pt can't be read: .*; remove it"):
        ProgressFile(tmp_path / "state.pt").load()
