"""An ablation as a table."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from media.modality import MODALITIES
from mmexplain.training.ablation import Ablation, name_of


def ablation_table(ablation: Ablation) -> Table:
    """A row for each subset of the modalities; below, what the full model decides by."""
    shares = ", ".join(f"{m} {_mean(ablation.shares[m])}" for m in MODALITIES if m in ablation.shares)
    table = Table(
        title=f"{ablation.split} split",
        title_justify="left",
        caption=f"shares of the full model by MM-SHAP, over {ablation.explained:,} segments: {shares}",
    )
    table.add_column("modalities")
    names = list(ablation.variants[-1].figures)
    for name in names:
        table.add_column(name, justify="right")
    for variant in ablation.variants:
        table.add_row(name_of(variant.modalities), *(_figure(variant.figures.get(name)) for name in names))
    return table


def _figure(figure: Mapping[str, float] | float | None) -> str:
    if figure is None:
        return ""
    if isinstance(figure, Mapping):
        return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"
    return f"{figure:.3f}"


def _mean(mean: Any) -> str:
    interval = "" if mean.low is None else f" ({mean.low:.0%} to {mean.high:.0%})"
    return f"{mean.mean:.0%}{interval}"
