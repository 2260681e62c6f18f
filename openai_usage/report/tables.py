"""The tables of figures by day or month, and what all tables of a report are made of."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Self

from attrs import frozen

from openai_usage._number_format import NOTHING, Unit, counted
from openai_usage.analysis.daily import Values, sums, total
from openai_usage.report.panels import OTHERS, Panel, Series

COLUMNS = 12
"""The most columns of figures in a table by day. The last one has all others."""


class Cell(str):
    """The text of a cell, which can be rounded, and can have a second line."""

    __slots__ = ("below", "exact")
    below: str
    """The second line: a share, for example."""
    exact: str
    """The text with every digit, for the pointer. Empty if the first line has them."""

    def __new__(cls, text: str, exact: str = "", below: str = "") -> Self:
        """Return a cell, whose exact value is left out if the text already has it."""
        made = super().__new__(cls, text)
        made.exact = "" if exact == text else exact
        made.below = "" if below == NOTHING else below
        return made


def amount_cell(unit: Unit, value: Decimal | None, below: str = "") -> Cell:
    """Return a cell with a figure: to the cent for money, with every digit in `exact`."""
    return Cell(NOTHING) if value is None else Cell(unit.rounded(value), unit.exact(value), below)


@frozen(kw_only=True)
class Table:
    """A table of text cells."""

    title: str
    """The heading."""
    caption: str
    """A sentence above the rows."""
    heads: tuple[str, ...]
    """The heads of the columns."""
    rows: tuple[tuple[Cell, ...], ...]
    """The cells by row. The first cell names the row."""
    foot: tuple[Cell, ...] = ()
    """The totals, with a dash in columns that cannot be summed. Empty for a table without any."""
    panels: tuple[Panel, ...] = ()
    """The charts that show these figures."""
    by_day: bool = False
    """True if rows are days or months, whose names are short."""
    rest: "Table | None" = None
    """The rows that are listed only when they are unfolded."""

    @property
    def size(self) -> str:
        """Return the size in words: `90 rows, 55 columns`."""
        return f"{counted(len(self.rows), 'row')}, {counted(len(self.heads), 'column')}"


def tables_of_panels(panels: Sequence[Panel]) -> list[Table]:
    """Return a table for each chart, and one for all compact charts that have the same bars.

    If the bars of a chart group days or models, there is a table of these, too.
    """
    tables = []
    small = []
    for panel in panels:
        if panel.compact and not panel.horizontal and len(panel.series) == 1:
            small.append(panel)
            continue
        full = panel.in_full or panel
        if len(full.bars) > len(panel.bars):
            tables += [_of_panel(panel, panel), _of_panel(panel, full, ", in full")]
        else:
            tables.append(_of_panel(panel, full))
    small.sort(key=lambda each: len(each.bars))
    tables += [_of_small(tuple(group)) for _, group in groupby(small, key=_labels)]
    in_full = tuple(panel.in_full for panel in small if panel.in_full is not None)
    return [*tables, _of_small(in_full, ", in full")] if in_full else tables


def _labels(panel: Panel) -> list[str]:
    return [bar.label for bar in panel.bars]


def _of_panel(panel: Panel, full: Panel, suffix: str = "") -> Table:
    series = full.series
    if len(series) > COLUMNS:
        others = series[COLUMNS - 1 :]
        rest = Series(f"{len(others):,} more", OTHERS, sums(each.values for each in others))
        series = (*series[: COLUMNS - 1], rest)
    columns = [_column(each.label, full.unit, each.values) for each in series]
    columns.append(_column("Total", full.unit, full.sums))
    caption = f"{panel.title}{f' ({panel.omission})' if panel.omission else ''}, in UTC."
    return _table((full,), columns, caption, suffix, () if suffix else (panel,))


def _of_small(panels: tuple[Panel, ...], suffix: str = "") -> Table:
    columns = [_column(each.title, each.unit, each.sums, adds_up=each.adds_up) for each in panels]
    notes = " ".join(filter(None, (each.note for each in panels)))
    return _table(panels, columns, notes, suffix, () if suffix else panels)


def _column(head: str, unit: Unit, values: Values, *, adds_up: bool = True) -> list[Cell]:
    foot = total(values) if adds_up else None
    return [Cell(head), *(amount_cell(unit, value) for value in (*values, foot))]


def _table(
    panels: tuple[Panel, ...],
    columns: Sequence[Sequence[Cell]],
    caption: str,
    suffix: str,
    drawn_by: tuple[Panel, ...],
) -> Table:
    """Return a table with a row for each bar of *panels*, which have the same bars."""
    by_day = not panels[0].horizontal
    names = [Cell(name) for name in ("In UTC" if by_day else "Model", *_heads(panels), "Total")]
    heads, *rows, foot = zip(names, *columns, strict=True)
    return Table(
        title=f"{' · '.join(each.title for each in panels)}{suffix}",
        caption=caption,
        heads=heads,
        rows=tuple(rows),
        foot=foot,
        panels=drawn_by,
        by_day=by_day,
    )


def _heads(panels: Sequence[Panel]) -> Iterator[str]:
    """Yield the heads of the rows of panels with the same bars, marking incomplete ones."""
    sums = zip(*(each.sums for each in panels), strict=True)
    for bars, known in zip(zip(*(each.bars for each in panels), strict=True), sums, strict=True):
        if set(known) == {None}:
            yield f"{bars[0].label} (unknown)"
        else:
            yield next((bar for bar in bars if not bar.whole), bars[0]).text
