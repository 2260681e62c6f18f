"""Print the details of spending: the method, then tables by day, project, line item and others."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from rich.columns import Columns
from rich.console import Console
from rich.text import Text

from openai_usage._number_format import change, share, sparkline
from openai_usage.analysis.spending import Dimension, Part, Spending, sum_of
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.cli.output.layout import ROUNDED, Layout, bar, rounds_apart
from openai_usage.cli.output.spend_text import (
    describe_projection,
    head_of,
    label_parts,
    name_compared_days,
    name_last_month,
    name_this_month,
    owners_of,
    round_money,
    split_at,
)

_WIDE = 100
"""The width of a terminal, in characters, that has room for long bars and shares of days."""

_BARS = ((20,), (8,), (0,))
"""The lengths of a bar, in characters; the first that fits is used."""


def print_details(
    spending: Spending,
    names: KnownNames,
    console: Console,
    *,
    by: Sequence[Dimension],
    top: int,
) -> None:
    """Print how the month is projected, its days, and its parts by each of the dimensions *by*."""
    console.print(Text(f"\n{_trends(spending)}"))
    console.print(Text(describe_projection(spending)))
    days = _print_days(spending, console)
    parts = [_parts(dimension, top, names, spending, console) for dimension in by]
    for each in parts:
        console.print(each.build(), crop=False)
    if any(each.is_rounded for each in (*days, *parts)):
        console.print(Text(ROUNDED))


def _trends(spending: Spending) -> str:
    """Return a line of bars for each of the two months, on the same scale."""
    by_day = spending.by_day
    days = (spending.month - spending.last_month).days
    bars = sparkline(list(by_day.values()), len(by_day))
    line = "".join(
        "?" if day in spending.unknown else bar for day, bar in zip(by_day, bars, strict=False)
    )
    return f"{spending.month:%b} {line[days:]}\n{spending.last_month:%b} {line[:days]}\n"


def _print_days(spending: Spending, console: Console) -> list[Layout]:
    """Print a table for each of the two months, next to each other if their dates stay whole."""

    def days(width: int) -> list[Layout]:
        return [
            _days(spending, month, width, has_shares=console.width >= _WIDE)
            for month in (spending.month, spending.last_month)
        ]

    halves = days((console.width - 1) // 2)
    if all(each.fits for each in halves):
        console.print(Columns([each.build() for each in halves]), crop=False)
        return halves
    wholes = days(console.width)
    for each in wholes:
        console.print(each.build(), crop=False)
    return wholes


def _days(spending: Spending, month: date, width: int, *, has_shares: bool) -> Layout:
    """Return a table of the days of a month. Its dates make no room for bars."""
    days = [day for day in spending.by_day if day.replace(day=1) == month]
    amounts = [None if day in spending.unknown else spending.by_day[day] for day in days]
    total = spending.total.this_month if month == spending.month else spending.total.last_month
    layout = Layout(width)
    layout.add_labels(
        "day",
        [
            f"{day:%b} {day.day:2} {day:%a}{' (in part)' if day in spending.in_part else ''}"
            for day in days
        ],
        "total",
        makes_room=False,
    )
    _add_money(layout, f"{month:%B}", [*amounts, spending.known(total, month)], spending.currency)
    if has_shares:
        _add_shares(layout, amounts, total, month)
    return _with_bars(layout, amounts, max(spending.by_day.values()))


def largest(parts: Sequence[Part], top: int) -> list[Part]:
    """Return the first parts, and one for the sum of all others."""
    first, others = split_at(parts, top)
    return [*first, sum_of(others)] if others else list(first)


def _parts(
    dimension: Dimension, top: int, names: KnownNames, spending: Spending, console: Console
) -> Layout:
    """Return a table of parts: this month, last month, and the change between compared days."""
    all_parts = spending.by(dimension)
    parts = [*largest(all_parts, top), spending.total]
    amounts = [spending.known(part.this_month, spending.month) for part in parts]
    before = [spending.known(part.last_month, spending.last_month) for part in parts]
    layout = Layout(console.width)
    owners = owners_of(spending, dimension)
    labels = label_parts(all_parts, dimension, names, top, owners)
    layout.add_labels(head_of(dimension), labels, "total")
    _add_money(layout, name_this_month(spending), amounts, spending.currency)
    _add_shares(layout, amounts[:-1], spending.total.this_month, spending.month)
    _add_money(layout, name_last_month(spending), before, spending.currency)
    if spending.compared:
        *changes, of_total = (change(part.compared, part.compared_with) for part in parts)
        layout.add_figures("{}\non {}".format(*name_compared_days(spending)), changes, of_total)
    sizes = [each or Decimal(0) for each in amounts[:-1]]
    return _with_bars(layout, sizes, max(sizes, default=Decimal(0)))


def _add_money(layout: Layout, head: str, amounts: Sequence[Decimal | None], currency: str) -> None:
    """Add a column of money, of which the last amount is the total."""
    *cells, foot = (round_money(each, currency) for each in amounts)
    layout.add_figures(head, cells, foot)
    *rows, total = (each or Decimal(0) for each in amounts)
    layout.is_rounded |= rounds_apart(rows, total)


def _add_shares(
    layout: Layout, amounts: Sequence[Decimal | None], total: Decimal, month: date
) -> None:
    shares = ["" if each is None else share(each, total) for each in amounts]
    layout.add_figures(f"% of\n{month:%b}", shares)


def _with_bars(layout: Layout, amounts: Sequence[Decimal | None], largest: Decimal) -> Layout:
    """Add a bar for each amount, relative to the *largest*, if there is room."""
    [length] = layout.choose(_BARS)
    if length:
        bars = [bar(each or Decimal(0), largest, length) for each in amounts]
        layout.add_drawings("", bars, length)
    return layout
