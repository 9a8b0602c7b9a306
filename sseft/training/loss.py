"""What training makes small: a loss for each kind of head, and what of it helps where classes are rare."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from sseft.heads import HeadKind
from sseft.training.source import Label


@dataclass(frozen=True)
class Loss:
    """The mean loss of a batch, as the original has it: cross entropy, or the absolute error of a score."""

    head: HeadKind
    class_weights: tuple[float, ...] | None = None
    """[C], of a softmax head: how much the clips of each class count. None: all the same."""
    focus: float = 0.0
    """Of a softmax or a binary head: the gamma of the focal loss (Lin et al. 2017, equation 4), which counts a clip by
    (1 - p)^gamma, p the probability of what is true. 0: cross entropy."""

    def __call__(self, logits: Tensor, labels: Sequence[Label]) -> Tensor:
        """The mean loss.

        Args:
            logits: float [B, logits].
            labels: [B].

        Returns:
            A scalar. With class weights the sum of weighted losses over the sum of weights, as in PyTorch.
        """
        if self.head == "score":
            return functional.l1_loss(logits[:, 0].float(), torch.tensor(labels, device=logits.device).float())
        if self.head == "binary":
            # (no, yes) for each class: as many choices between two.
            logits = logits.reshape(-1, 2)
        targets = torch.tensor(np.array(labels, dtype=np.int64).ravel(), device=logits.device)
        logits = logits.float()
        if not self.focus:
            return functional.cross_entropy(logits, targets, self._weights(logits))
        return self._focal(logits, targets)

    def _focal(self, logits: Tensor, targets: Tensor) -> Tensor:
        log_p = torch.log_softmax(logits, -1).gather(1, targets[:, None])[:, 0]
        losses = -((1 - log_p.exp()) ** self.focus) * log_p
        weights = self._weights(logits)
        counted = torch.ones_like(losses) if weights is None else weights[targets]
        return (counted * losses).sum() / counted.sum()

    def _weights(self, logits: Tensor) -> Tensor | None:
        return (
            None
            if self.class_weights is None
            else torch.tensor(self.class_weights, dtype=logits.dtype, device=logits.device)
        )


def balanced_weights(labels: Sequence[int], classes: int) -> tuple[float, ...]:
    """S / (C S_c) for each class: all count the same together (King and Zeng 2001; scikit-learn's "balanced").

    Args:
        labels: [S], class indices.
        classes: C; one without clips has the weight 0.
    """
    counts = np.bincount(labels, minlength=classes)
    present = int(np.count_nonzero(counts))
    return tuple(len(labels) / (present * count) if count else 0.0 for count in counts.tolist())
