"""Answers to the thesis's questions as tables: on the terminal, and as plain rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rich.markup import escape
from rich.table import Table

from media.modality import MODALITIES, Modality
from report.collection.summary import Mean, TokenInfluence
from report.collection.table import KINDS
from report.questions.agreement import Agreement, Compared
from report.questions.ask import Answers

Cell = str | int | float | Mean | None
LETTERS: Final[Mapping[Modality, str]] = {"text": "T", "audio": "A", "video": "V"}
GROUPS: Final = ("all", "label", "label_true", "correct", "strongest")
"""The kinds that are asked about, in their order."""
MOST: Final = 40
"""Rows of a table on the terminal."""


@dataclass(frozen=True)
class Answer:
    """One table."""

    name: str
    """Of its file."""
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    means: frozenset[str] = frozenset()
    """Columns of means, which have intervals."""
    per_segment: bool = False
    """Whether it is too long to be printed."""

    def flat(self) -> Iterator[tuple[str | int | float | None, ...]]:
        """The header and the rows, a mean as three columns: itself, and where its interval begins and ends."""
        yield tuple(
            each
            for name in self.columns
            for each in ((name, f"{name} from", f"{name} to") if name in self.means else (name,))
        )
        for row in self.rows:
            yield tuple(each for name, cell in zip(self.columns, row, strict=True) for each in self._flat(name, cell))

    def _flat(self, name: str, cell: Cell) -> tuple[str | int | float | None, ...]:
        if isinstance(cell, Mean):
            return cell.mean, cell.low, cell.high
        return (None, None, None) if name in self.means else (cell,)


def answer_tables(answers: Answers) -> tuple[Answer, ...]:
    """All tables that have a row."""
    tables = (
        _shares(answers),
        _base_values(answers),
        _words("tokens", "what each token adds to a label", answers.summary.tokens),
        _words("phrases", "what two or three words together add to a label", answers.phrases.grams),
        _negations(answers),
        _agreement(answers.agreement),
        _agreement_of_shares(answers.agreement),
        _compared(answers.compared),
    )
    return tuple(table for table in tables if table.rows)


def printed(answer: Answer) -> Table:
    """A table for the terminal."""
    more = len(answer.rows) - MOST
    caption = f"{more} more rows are in the files of --csv" if more > 0 else None
    table = Table(title=answer.title, title_justify="left", caption=caption, caption_justify="left")
    for column in answer.columns:
        table.add_column(escape(column), justify="left" if column == answer.columns[0] else "right", overflow="fold")
    for row in answer.rows[:MOST]:
        table.add_row(*(escape(_said(cell)) for cell in row))
    return table


def _said(cell: Cell) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, Mean):
        known = cell.low is not None and cell.high is not None
        return f"{cell.mean:.3f} ({cell.low:.3f} to {cell.high:.3f})" if known else f"{cell.mean:.3f}"
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)


def _shares(answers: Answers) -> Answer:
    shares = tuple(f"{LETTERS[modality]}-SHAP" for modality in MODALITIES)
    rows = tuple(
        (f"{KINDS[kind]} {group.name}".strip(), group.segments, *(group.shares.get(m) for m in MODALITIES))
        for kind in GROUPS
        for group in answers.summary.groups
        if group.kind == kind
    )
    title = "shares of what the model decides by"
    return Answer("shares", title, ("segments of", "number", *shares), rows, frozenset(shares))


def _base_values(answers: Answers) -> Answer:
    title = "base values: what the model says of each label when everything is masked"
    rows = tuple(answers.summary.base_values.items())
    return Answer("base_values", title, ("label", "value"), rows, frozenset({"value"}))


def _words(name: str, title: str, words: Sequence[TokenInfluence]) -> Answer:
    rows = tuple((one.label, one.token, one.count, one.segments, one.phi) for one in words)
    columns = ("label", name.removesuffix("s"), "occurs", "segments", "phi")
    return Answer(name, title, columns, rows, frozenset({"phi"}))


def _negations(answers: Answers) -> Answer:
    phi, scope = "phi", "with the next two words"
    rows = tuple(
        (one.word.label, one.word.token, one.word.count, one.word.phi, one.scope.phi)
        for one in answers.phrases.negations
    )
    columns = ("label", "negation", "occurs", phi, scope)
    return Answer("negations", "what negations add to a label", columns, rows, frozenset({phi, scope}))


def _agreement(agreements: Sequence[Agreement]) -> Answer:
    means = ("same strongest", "distance", "order of tokens")
    rows = tuple((_name(one), one.segments, one.same_strongest, one.distance, one.token_order) for one in agreements)
    columns = ("segments of", "number", *means)
    return Answer("agreement", "attention beside MM-SHAP", columns, rows, frozenset(means))


def _agreement_of_shares(agreements: Sequence[Agreement]) -> Answer:
    rows = tuple(
        (_name(one), modality, one.shap.get(modality), one.attention.get(modality), order)
        for one in agreements
        for modality, order in one.segment_order.items()
    )
    columns = ("segments of", "modality", "MM-SHAP", "attention", "order of segments")
    title = "each modality's share by both"
    return Answer("agreement_of_shares", title, columns, rows, frozenset({"MM-SHAP", "attention"}))


def _name(agreement: Agreement) -> str:
    return f"{KINDS[agreement.kind]} {agreement.name}".strip()


def _compared(compared: Sequence[Compared]) -> Answer:
    shares = tuple(f"{LETTERS[m]}{by}" for m in MODALITIES for by in ("-SHAP", " by attention"))
    rows = tuple(
        (one.segment_id, one.label, int(one.same_strongest), one.distance, one.token_order, *_both(one))
        for one in compared
    )
    columns = ("segment", "label", "same strongest", "distance", "order of tokens", *shares)
    return Answer("agreement_of_segments", "each segment by both", columns, rows, per_segment=True)


def _both(compared: Compared) -> Iterator[Cell]:
    for modality in MODALITIES:
        yield compared.shap.get(modality)
        yield compared.attention.get(modality)
