"""Tables of a comparison of methods: a mean over clips for each, with its interval."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Annotated, Final, Literal, get_args

from bench.comparison import Method, Outcome
from bench.hits import PLAYERS
from bench.intervals import Interval, bootstrap, rate
from bench.output import Column, Section
from media.modality import MODALITIES, Modality

Metric = Literal["hit", "precision", "share", "deletion", "insertion"]
METRICS: Final[tuple[Metric, ...]] = get_args(Metric)

FORM: Final = ".3f"
TABLES: Final[Mapping[Metric, str]] = {
    "hit": "top-player hits",
    "precision": "average precision",
    "share": "positive scores on the trigger",
    "deletion": "area under the deletion curve",
    "insertion": "area under the insertion curve",
}
NOTES: Final[Mapping[Metric, str]] = {
    "hit": "the share of clips whose first player touches the trigger; intervals of methods are Wilson's.",
    "precision": "of all players of the modality; chance: the mean over their orders, which is above their prevalence.",
    "share": "their share of the modality's positive scores: what noise and indifferent attention spread elsewhere.",
    "deletion": "mean value of the class as players are masked, first ones first: less is better. Other modalities are "
    "whole; where they carry the emotion too, it falls little.",
    "insertion": "mean value of the class as players come back, first ones first: more is better.",
}


@dataclass(frozen=True)
class MethodRow:
    """One metric of all methods, on the same clips."""

    modality: Annotated[Modality, Column("modality")]
    players: Annotated[str, Column("players")]
    clips: Annotated[int, Column("clips")]
    ours: Annotated[Interval, Column("ours", FORM)]
    permutation: Annotated[Interval, Column("permutation", FORM)]
    self_attention: Annotated[Interval | None, Column("self-attention", FORM)]
    inter_modality: Annotated[Interval | None, Column("inter-modality\nattention", FORM)]
    chance: Annotated[float, Column("chance", FORM)]
    difference: Annotated[Interval, Column("ours - permutation,\nclip by clip", f"+{FORM}")]


def method_sections(outcomes: Sequence[Outcome], *, attention: bool) -> Iterator[Section]:
    """The tables of what was measured.

    Args:
        outcomes: of all methods on the same clips.
        attention: whether a checkpoint was there to read it from.
    """
    tables = {metric: rows for metric in METRICS if (rows := list(method_rows(outcomes, metric)))}
    for metric, rows in tables.items():
        last = metric == list(tables)[-1]
        yield Section(TABLES[metric], rows, (NOTES[metric], *(_methods(attention=attention) if last else ())))


def _methods(*, attention: bool) -> tuple[str, ...]:
    """What stands under the last table and holds for all."""
    return (
        "clips: predicted right, with the emotion in the modality. Means over them (95 %, by the bootstrap).",
        "permutation: MM-SHAP's setting, one antithetic permutation of all p players, 2 p + 1 evaluations.",
        "attention: of the PyTorch model's last blocks, summed per player; cells of the picture have none."
        if attention
        else "attention: left out; it needs the --checkpoint that the artefact was exported from.",
    )


def method_rows(outcomes: Sequence[Outcome], metric: Metric) -> Iterator[MethodRow]:
    """A row of a metric for the players of each modality, in the order of the modalities."""
    interval = rate if metric == "hit" else bootstrap
    for (modality, kind), mine in _grouped(outcomes).items():
        values = {method: _measured(found, metric) for method, found in mine.items()}
        if values["ours"]:
            yield _row(modality, PLAYERS.get(modality, kind), values, interval)


def _row(
    modality: Modality,
    players: str,
    values: Mapping[Method, Sequence[float]],
    interval: Callable[[Sequence[float]], Interval],
) -> MethodRow:
    ours, theirs = values["ours"], values["permutation"]
    return MethodRow(
        modality=modality,
        players=players,
        clips=len(ours),
        ours=interval(ours),
        permutation=interval(theirs),
        self_attention=_of_all(values, "self-attention", interval),
        inter_modality=_of_all(values, "inter-modality attention", interval),
        chance=fmean(values["chance"]),
        difference=bootstrap([a - b for a, b in zip(ours, theirs, strict=True)]),
    )


def _of_all(
    values: Mapping[Method, Sequence[float]], method: Method, interval: Callable[[Sequence[float]], Interval]
) -> Interval | None:
    """The interval of a method; None where it has no scores on some clips: the others' would be of other clips."""
    mine = values.get(method, ())
    return interval(mine) if len(mine) == len(values["ours"]) else None


def _grouped(outcomes: Sequence[Outcome]) -> dict[tuple[Modality, str], dict[Method, list[Outcome]]]:
    groups: dict[tuple[Modality, str], dict[Method, list[Outcome]]] = {}
    for outcome in sorted(outcomes, key=lambda outcome: MODALITIES.index(outcome.modality)):
        group = groups.setdefault((outcome.modality, outcome.players), {})
        group.setdefault(outcome.method, []).append(outcome)
    return groups


def _measured(outcomes: Sequence[Outcome], metric: Metric) -> list[float]:
    """A metric of clips; nothing where it wasn't measured."""
    return [value for outcome in outcomes if (value := getattr(outcome, metric)) is not None]
