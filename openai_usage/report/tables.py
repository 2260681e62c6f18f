"""What a report lists: every figure, with every digit, as text in rows and columns."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby

from attrs import frozen

from openai_usage._gap_text import join
from openai_usage._text import label, unique_labels
from openai_usage.report.panels import Panel
from openai_usage.report.spend import RankedItem, Ranking
from openai_usage.report.units import NOTHING, Unit, change_in_percent, percent

__all__ = ["Table", "tables_of_panels", "tables_of_rankings"]


@frozen(kw_only=True)
class Table:
    """A table, all of it text."""

    title: str
    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    foot: tuple[str, ...]
    """The totals; empty cells where nothing may be added up."""
    panels: tuple[Panel, ...] = ()
    """Those that are drawn of just these figures."""
    by_day: bool = False
    """Whether rows are named by days or months, which are short."""
    folded: bool = False
    """Whether it is so large that it is shown to those alone who open it."""

    @property
    def size(self) -> str:
        """As `90 rows, 55 columns`."""
        rows, columns = len(self.rows), len(self.heads)
        return f"{rows:,} row{'' if rows == 1 else 's'}, {columns:,} columns"

    @property
    def fits_on_paper(self) -> bool:
        """Whether it is printed: no day after day of a year, and no figure cut in two."""
        columns = zip(*(row[1:] for row in (*self.rows, self.foot)), strict=True)
        width = sum(max(map(len, column)) + 2 for column in columns)
        long = self.by_day and len(self.rows) > _DAYS_ON_PAPER
        return not (self.folded or long or width > _LETTERS_ON_PAPER)


_DAYS_ON_PAPER = 124
_LETTERS_ON_PAPER = 140
"""How wide a sheet is that lies, in digits of figures and the room between them."""

_COMPARED = ("Whole days", "Before", "Change", "Relative change")


def tables_of_rankings(ranked: Sequence[Ranking], compared: str) -> list[Table]:
    """Every project and every line item, with what it cost, and cost before."""
    return [
        Table(
            title=f"Every {each.what}{each.suffix}",
            caption=f"What was billed, largest first{_lacks(each)}. {compared}".strip(),
            heads=(each.what.capitalize(), "Total", "Share")
            + (() if each.everything.before is None else _COMPARED),
            rows=tuple(_ranked(each)),
            foot=_costs(each, "Total", each.everything),
        )
        for each in ranked
    ]


def _lacks(ranking: Ranking) -> str:
    return f"; no data for {join(ranking.without)}" if ranking.without else ""


def _ranked(ranking: Ranking) -> Iterator[tuple[str, ...]]:
    labels = unique_labels(map(_with_id, ranking.standings))
    for called, each in zip(labels, ranking.standings, strict=True):
        yield _costs(ranking, called, each)


def _with_id(standing: RankedItem) -> str:
    id_ = "" if standing.id is None else label(standing.id)
    return standing.label if id_ in standing.label else f"{standing.label} · {id_}"


def _costs(ranking: Ranking, called: str, each: RankedItem) -> tuple[str, ...]:
    exact = ranking.unit.exact
    billed, all_ = each.billed, ranking.everything.total
    share = NOTHING if billed is None else percent(billed, all_)
    costs = (called, _exact(ranking.unit, billed), share)
    if each.before is None:
        return costs
    changed = change_in_percent(each.compared, each.before)
    return (*costs, exact(each.compared), exact(each.before), exact(each.change), changed)


def tables_of_panels(panels: Sequence[Panel]) -> list[Table]:
    """A table for each large panel, and one for all small ones that have the same bars.

    Folded ones follow, of all that the panels put together.
    """
    made = []
    for panel in panels:
        if not panel.compact:
            made.append(_of_panel(panel))
            if panel.in_full is not None:
                made.append(_of_panel(panel.in_full, folded=True))
    small = [panel for panel in panels if panel.compact]
    in_full = tuple(panel.in_full for panel in small if panel.in_full is not None)
    small.sort(key=lambda each: len(each.bars))
    made += [_of_small(tuple(group)) for _, group in groupby(small, key=_labels)]
    return [*made, _of_small(in_full, folded=True)] if in_full else made


def _labels(panel: Panel) -> list[str]:
    return [bar.label for bar in panel.bars]


def _heads(panels: Sequence[Panel]) -> Iterator[str]:
    """The heads of the rows of panels with the same labels, and whether all is known of each."""
    sums = zip(*(each.sums for each in panels), strict=True)
    for bars, known in zip(zip(*(each.bars for each in panels), strict=True), sums, strict=True):
        if set(known) == {None}:
            yield f"{bars[0].label} (unknown)"
        else:
            yield next((bar for bar in bars if not bar.whole), bars[0]).text


def _exact(unit: Unit, value: Decimal | None) -> str:
    return NOTHING if value is None else unit.exact(value)


def _of_panel(panel: Panel, *, folded: bool = False) -> Table:
    exact = panel.unit.exact
    columns = [*(each.values for each in panel.series), panel.sums]
    return Table(
        title=_titled((panel,), folded=folded),
        # What a large table comes to is said at its foot.
        caption=f"{panel.title}." if folded else panel.text,
        heads=(
            "Model" if panel.horizontal else "In UTC",
            *(each.label for each in panel.series),
            "Total",
        ),
        rows=tuple(
            (head, *(_exact(panel.unit, value) for value in values))
            for head, *values in zip(_heads([panel]), *columns, strict=True)
        ),
        foot=("Total", *(exact(each.total) for each in panel.series), exact(panel.total)),
        panels=() if folded else (panel,),
        by_day=not panel.horizontal,
        folded=folded,
    )


def _of_small(panels: tuple[Panel, ...], *, folded: bool = False) -> Table:
    totals = (each.unit.exact(each.total) if each.adds_up else NOTHING for each in panels)
    return Table(
        title=_titled(panels, folded=folded),
        caption=" ".join(filter(None, (each.note for each in panels))),
        heads=("In UTC", *(each.title for each in panels)),
        rows=tuple(
            (head, *(_exact(each.unit, value) for each, value in zip(panels, values, strict=True)))
            for head, *values in zip(_heads(panels), *(each.sums for each in panels), strict=True)
        ),
        foot=("Total", *totals),
        panels=() if folded else panels,
        by_day=True,
        folded=folded,
    )


def _titled(panels: tuple[Panel, ...], *, folded: bool) -> str:
    return f"{' · '.join(each.title for each in panels)}{', in full' if folded else ''}"
