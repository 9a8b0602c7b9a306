"""How fusion and head were trained, by the names of those who did."""

from dataclasses import dataclass
from typing import Final

from sseft.config import FusionConfig
from sseft.training.fit import Choice
from sseft.training.schedule import Schedule


@dataclass(frozen=True)
class Recipe:
    """Sizes of fusion, and how it is trained."""

    fusion: FusionConfig
    schedule: Schedule
    choice: Choice | None
    """Which epoch's weights are kept; None: the last one's."""


THESIS: Final = Recipe(
    FusionConfig(ffn_dim=1024, heads=2, self_layers=1, cross_layers=1),
    Schedule(epochs=20, batch=32, learning_rate=3e-4, weight_decay=0.1, clip_norm=None),
    Choice("accuracy"),
)
"""Of the thesis, on MELD; the share of warm-up and the choice by accuracy are the original's usual ones."""
MOSEI: Final = Recipe(
    FusionConfig(ffn_dim=1024, heads=4, self_layers=2, cross_layers=2, attention_dropout=0.1),
    Schedule(epochs=32, batch=4, accumulate=2, learning_rate=1e-3, weight_decay=0.1, clip_norm=None, decay="plateau"),
    Choice("loss"),
)
"""Of the paper, on MOSEI (Siriwardhana et al. 2020; the original's `hyperparam.txt`)."""
PLANTED: Final = Recipe(
    FusionConfig(ffn_dim=64, heads=4, self_layers=2, cross_layers=2),
    Schedule(epochs=16, batch=64, learning_rate=2e-3),
    None,
)
"""Of the shipped model, on planted clips."""
RECIPES: Final = {"thesis": THESIS, "mosei": MOSEI, "planted": PLANTED}
