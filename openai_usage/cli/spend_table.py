"""Draws what was spent: the month in a few lines, then by day, by project and by line item."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

from attrs import frozen
from rich import box
from rich.bar import Bar
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from openai_usage import Names
from openai_usage.cli.budget import Budget
from openai_usage.cli.figures import change, money, share, sparkline
from openai_usage.cli.naming import labelled
from openai_usage.cli.spending import Part, Spending, added

_SHOWN = 10
"""Projects or line items that have a line of their own."""

_WIDE = 100
"""Characters from which on a terminal has room for long bars."""

_LONG, _SHORT = 20, 8
"""Characters of a bar."""

REVISED = "The API still revises the last three days or so, mostly upward."


@frozen
class _Row:
    label: str
    amount: Decimal
    before: Decimal | None
    """Last month; None where it has no such day."""


def print_spending(
    spending: Spending, budget: Budget, names: Names | None, console: Console
) -> None:
    """Print all tables of what was spent in one currency."""
    room = _LONG if console.width >= _WIDE else _SHORT
    console.print(Text(f"Spending in {spending.currency}, by days in UTC\n", style="bold"))
    console.print(_overview(spending), crop=False)
    console.print()
    console.print(Text(_trends(spending)))
    if (verdict := budget.verdict(spending)) is not None:
        console.print(Text(f"{str(verdict).capitalize()}."))
    per_day = money(spending.projection.per_day, spending.currency)
    console.print(Text(f"Projected: {spending.projection.method}: {per_day} a day. {REVISED}"))
    for title, rows in (
        ("day", _days(spending)),
        ("project", _largest(_projects(spending, names))),
        ("line item", _largest(_line_items(spending))),
    ):
        console.print(_table(title, list(rows), spending, room), crop=False)


def _overview(spending: Spending) -> Table:
    """This month beside last month, and where it is going."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column()
    grid.add_column(justify="right")
    grid.add_column()
    this_month, by_then = _spans(spending)
    last_month = f"{spending.last_month:%B}"
    total, projected = spending.total, spending.projection.total
    for name, amount, beside, before in (
        (this_month, total.this_month, by_then, total.by_then),
        (f"{spending.month:%B}, projected", projected, last_month, total.last_month),
        (by_then, total.by_then, "", None),
        (last_month, total.last_month, "", None),
    ):
        changed = change(before, amount)
        note = f"{changed} on {beside}" if changed else ""
        grid.add_row(Text(name), money(amount, spending.currency), note)
    return grid


def _trends(spending: Spending) -> str:
    """How the days of both months went, by one measure."""
    by_day = spending.by_day
    days = (spending.month - spending.last_month).days
    line = sparkline(list(by_day.values()), len(by_day))
    return f"{spending.month:%b} {line[days:]}\n{spending.last_month:%b} {line[:days]}\n"


def _spans(spending: Spending) -> tuple[str, str]:
    """What of the two months is compared."""
    return (
        f"{spending.month:%b} 1–{spending.today.day}",
        f"{spending.last_month:%b} 1–{spending.same_day.day}",
    )


def _days(spending: Spending) -> Iterator[_Row]:
    """Each day of this month beside the day of last month that has the same number."""
    by_day = spending.by_day
    for day, amount in by_day.items():
        if day >= spending.month:
            then = spending.last_month + timedelta(days=day.day - 1)
            yield _Row(f"{day} {day:%a}", amount, by_day[then] if then < spending.month else None)


def _projects(spending: Spending, names: Names | None) -> Iterator[_Row]:
    for part in spending.by("project_id"):
        yield _row(part, part.of and labelled(names, "project_id", part.of))


def _line_items(spending: Spending) -> Iterator[_Row]:
    for part in spending.by("line_item"):
        yield _row(part, part.of)


def _row(part: Part, label: str | None) -> _Row:
    return _Row("-" if label is None else label, part.this_month, part.by_then)


def _largest(rows: Iterable[_Row]) -> Iterator[_Row]:
    """The first rows, and one for all others together."""
    first, others = (all_ := list(rows))[:_SHOWN], all_[_SHOWN:]
    yield from first
    if others:
        yield _Row(
            f"other ({len(others)})",
            added(row.amount for row in others),
            added(row.before or Decimal(0) for row in others),
        )


def _table(title: str, rows: Sequence[_Row], spending: Spending, room: int) -> Table:
    """What parts of the bill came to: this month, last month, and how large each of them is."""
    table = Table(box=box.SIMPLE_HEAD, show_footer=True, padding=(0, 1, 0, 0), pad_edge=False)
    total, (this_month, by_then) = spending.total, _spans(spending)
    table.add_column(title, "total", overflow="fold")
    for head, sum_, amounts in (
        (this_month, total.this_month, [row.amount for row in rows]),
        (by_then, total.by_then, [row.before for row in rows if row.before is not None]),
    ):
        shown = [money(amount, spending.currency) for amount in [sum_, *amounts]]
        width = max(map(len, [head, *shown]))  # a figure is never broken
        table.add_column(head, shown[0], justify="right", min_width=width)
    changed = change(total.by_then, total.this_month)
    table.add_column("change", changed, justify="right", min_width=6)
    table.add_column("share", justify="right", min_width=5)
    table.add_column("", width=room)
    most = max((row.amount for row in rows), default=Decimal(0))
    for row in rows:
        table.add_row(
            Text(row.label),
            money(row.amount, spending.currency),
            "" if row.before is None else money(row.before, spending.currency),
            change(row.before, row.amount),
            share(row.amount, total.this_month),
            _bar(row.amount, most, room),
        )
    return table


def _bar(amount: Decimal, most: Decimal, room: int) -> RenderableType:
    return Bar(1, 0, float(amount / most), width=room, color="cyan") if amount > 0 else ""
