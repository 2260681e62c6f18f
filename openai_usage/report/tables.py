"""The tables of a report: every figure with every digit, as text in rows and columns."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby

from attrs import frozen

from openai_usage._gap_text import join
from openai_usage._number_format import NOTHING, Unit, counted, precise_change, precise_share
from openai_usage._text import label, unique_labels
from openai_usage.analysis.daily import Values, total
from openai_usage.report.panels import Panel
from openai_usage.report.spend import RankedItem, Ranking


@frozen(kw_only=True)
class Table:
    """A table of text cells."""

    title: str
    """The heading."""
    caption: str
    """A sentence above the rows."""
    heads: tuple[str, ...]
    """The heads of the columns."""
    rows: tuple[tuple[str, ...], ...]
    """The cells by row. The first cell names the row."""
    foot: tuple[str, ...]
    """The totals, with a dash in columns that cannot be summed."""
    panels: tuple[Panel, ...] = ()
    """The charts that show these figures."""
    by_day: bool = False
    """True if rows are days or months, whose names are short."""
    folded: bool = False
    """True if the table is large and stays collapsed until the reader opens it."""

    @property
    def size(self) -> str:
        """Return the size in words: `90 rows, 55 columns`."""
        return f"{counted(len(self.rows), 'row')}, {counted(len(self.heads), 'column')}"

    @property
    def fits_on_paper(self) -> bool:
        """Return whether the table is printed: it is short enough, and no column is cut off."""
        columns = zip(*(row[1:] for row in (*self.rows, self.foot)), strict=True)
        width = sum(max(map(len, column)) + 2 for column in columns)
        long = self.by_day and len(self.rows) > _DAYS_ON_PAPER
        return not (self.folded or long or width > _LETTERS_ON_PAPER)


_DAYS_ON_PAPER = 124
"""The most days in a printed table."""

_LETTERS_ON_PAPER = 140
"""The width of a landscape page, in characters."""

_COMPARED = ("Complete days", "Before", "Change", "Relative change")


def tables_of_rankings(ranked: Sequence[Ranking], compared: str) -> list[Table]:
    """Return a table of the costs of every project, and one of every line item, by currency."""
    return [
        Table(
            title=f"Every {each.what}{each.suffix}",
            caption=f"Costs, largest first{_omission(each)}. {compared}".strip(),
            heads=(each.what.capitalize(), "Total", "Share")
            + (() if each.everything.before is None else _COMPARED),
            rows=tuple(_ranked(each)),
            foot=_costs(each, "Total", each.everything),
        )
        for each in ranked
    ]


def _omission(ranking: Ranking) -> str:
    return f"; no data for {join(ranking.without)}" if ranking.without else ""


def _ranked(ranking: Ranking) -> Iterator[tuple[str, ...]]:
    labels = unique_labels(map(_with_id, ranking.items))
    for name, each in zip(labels, ranking.items, strict=True):
        yield _costs(ranking, name, each)


def _with_id(item: RankedItem) -> str:
    id_ = "" if item.id is None else label(item.id)
    return item.label if id_ in item.label else f"{item.label} · {id_}"


def _costs(ranking: Ranking, name: str, each: RankedItem) -> tuple[str, ...]:
    exact = ranking.unit.exact
    billed, all_ = each.billed, ranking.everything.total
    share = NOTHING if billed is None else precise_share(billed, all_)
    costs = (name, _exact(ranking.unit, billed), share)
    if each.before is None:
        return costs
    changed = precise_change(each.compared, each.before)
    return (*costs, exact(each.compared), exact(each.before), exact(each.change), changed)


def tables_of_panels(panels: Sequence[Panel]) -> list[Table]:
    """Return a table for each large chart, and one for all compact charts that have the same bars.

    Add folded tables of the figures that the charts group.
    """
    tables = []
    for panel in panels:
        if not panel.compact:
            tables.append(_of_panel(panel))
            if panel.in_full is not None:
                tables.append(_of_panel(panel.in_full, folded=True))
    small = [panel for panel in panels if panel.compact]
    in_full = tuple(panel.in_full for panel in small if panel.in_full is not None)
    small.sort(key=lambda each: len(each.bars))
    tables += [_of_small(tuple(group)) for _, group in groupby(small, key=_labels)]
    return [*tables, _of_small(in_full, folded=True)] if in_full else tables


def _labels(panel: Panel) -> list[str]:
    return [bar.label for bar in panel.bars]


def _of_panel(panel: Panel, *, folded: bool = False) -> Table:
    columns = [_column(each.label, panel.unit, each.values) for each in panel.series]
    columns.append(_column("Total", panel.unit, panel.sums))
    # A large table has its totals in the foot only.
    return _table((panel,), columns, f"{panel.title}." if folded else panel.text, folded=folded)


def _of_small(panels: tuple[Panel, ...], *, folded: bool = False) -> Table:
    columns = [_column(each.title, each.unit, each.sums, adds_up=each.adds_up) for each in panels]
    notes = " ".join(filter(None, (each.note for each in panels)))
    return _table(panels, columns, notes, folded=folded)


def _column(head: str, unit: Unit, values: Values, *, adds_up: bool = True) -> list[str]:
    foot = total(values) if adds_up else None
    return [head, *(_exact(unit, value) for value in (*values, foot))]


def _table(
    panels: tuple[Panel, ...], columns: Sequence[Sequence[str]], caption: str, *, folded: bool
) -> Table:
    """Return a table with a row for each bar of *panels*, which have the same bars."""
    by_day = not panels[0].horizontal
    names = ["In UTC" if by_day else "Model", *_heads(panels), "Total"]
    heads, *rows, foot = zip(names, *columns, strict=True)
    return Table(
        title=f"{' · '.join(each.title for each in panels)}{', in full' if folded else ''}",
        caption=caption,
        heads=heads,
        rows=tuple(rows),
        foot=foot,
        panels=() if folded else panels,
        by_day=by_day,
        folded=folded,
    )


def _heads(panels: Sequence[Panel]) -> Iterator[str]:
    """Yield the heads of the rows of panels with the same bars, marking incomplete ones."""
    sums = zip(*(each.sums for each in panels), strict=True)
    for bars, known in zip(zip(*(each.bars for each in panels), strict=True), sums, strict=True):
        if set(known) == {None}:
            yield f"{bars[0].label} (unknown)"
        else:
            yield next((bar for bar in bars if not bar.whole), bars[0]).text


def _exact(unit: Unit, value: Decimal | None) -> str:
    return NOTHING if value is None else unit.exact(value)
