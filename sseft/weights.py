"""Weights by another project's names, put into this project's modules.

Each parameter of a module is looked for by rules, from its own name to the file's: so what is missing or has
another shape is told by the file's key.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from torch import Tensor, nn

from sseft.pickles import CheckpointError

Take = Callable[[Tensor], Tensor]


def whole(weight: Tensor) -> Tensor:
    """All of it."""
    return weight


def third(index: int) -> Take:
    """One of queries, keys and values, which are projected by one matrix."""
    return lambda weight: weight.chunk(3)[index]


@dataclass(frozen=True)
class Rule:
    """Where the parameters whose name matches are found."""

    ours: str
    """A regular expression for the whole name."""
    theirs: str
    """The file's key, by the expression's groups."""
    take: Take = field(default=whole)
    """The part of the file's tensor that the parameter is."""


SAME: Final = (Rule("(.*)", r"\1"),)


@dataclass(frozen=True)
class Weights:
    """The tensors of a file whose keys begin with a prefix, by the rest of their keys."""

    path: Path
    tensors: Mapping[str, Tensor]
    prefix: str = ""

    def __getitem__(self, key: str) -> Tensor:
        """One tensor.

        Raises:
            CheckpointError: the file lacks it.
        """
        tensor = self.tensors.get(self.prefix + key)
        if not isinstance(tensor, Tensor):
            raise CheckpointError(f"{self.path} lacks the weight '{self.prefix}{key}'")
        return tensor

    def __contains__(self, key: object) -> bool:
        return f"{self.prefix}{key}" in self.tensors

    def __iter__(self) -> Iterator[str]:
        return (key[len(self.prefix) :] for key in self.tensors if key.startswith(self.prefix))

    def below(self, prefix: str) -> "Weights":
        """Those whose keys go on with another prefix."""
        return Weights(self.path, self.tensors, self.prefix + prefix)

    def shape(self, key: str, axes: int) -> tuple[int, ...]:
        """The shape of a tensor of so many axes.

        Raises:
            CheckpointError: the file lacks it, or it has more or fewer.
        """
        shape = tuple(self[key].shape)
        if len(shape) != axes:
            raise CheckpointError(f"{self.path} has the weight '{self.prefix}{key}' in the shape {shape}, not {axes}-D")
        return shape

    def count(self, prefix: str) -> int:
        """How many different names follow a prefix: the layers of a stack."""
        return len({key.removeprefix(prefix).split(".")[0] for key in self if key.startswith(prefix)})


def fill(module: nn.Module, weights: Weights, rules: Sequence[Rule] = SAME) -> None:
    """Put weights into a module, in place. What no parameter needs is left.

    A batch norm's count of batches keeps its value where a file from before there was one lacks it.

    Args:
        module: whose parameters and buffers are filled.
        weights: the file's.
        rules: where each of them is found; of several that match, the first whose key the file has.

    Raises:
        CheckpointError: one is missing or has another shape; the message names the file's key.
    """
    module.load_state_dict({name: _find(name, value, weights, rules) for name, value in module.state_dict().items()})


def _find(name: str, parameter: Tensor, weights: Weights, rules: Sequence[Rule]) -> Tensor:
    """The tensor of one parameter."""
    matches = [(rule, match) for rule in rules if (match := re.fullmatch(rule.ours, name))]
    found = [(match.expand(rule.theirs), rule.take) for rule, match in matches]
    if name.endswith("num_batches_tracked") and not any(key in weights for key, _ in found):
        return parameter
    key, take = next((one for one in found if one[0] in weights), found[0])
    weight = weights[key]
    try:
        part = take(weight)
    except (IndexError, RuntimeError):  # of too few rows or axes
        part = weight
    if part.shape != parameter.shape:
        raise CheckpointError(
            f"{weights.path} has the weight '{weights.prefix}{key}' in the shape {tuple(weight.shape)}, which gives "
            f"'{name}' the shape {tuple(part.shape)}; it needs {tuple(parameter.shape)}"
        )
    return part
