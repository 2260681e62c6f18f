"""Draws what was spent: the month in a few lines, then by day, by project and by line item."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import groupby

from attrs import frozen
from rich import box
from rich.bar import Bar
from rich.columns import Columns
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from openai_usage._decimals import exact_sum
from openai_usage._formatting import change, money, share, sparkline
from openai_usage._gap_text import join
from openai_usage._text import label, labels_of, unique_labels
from openai_usage.analysis.budgets import Verdict
from openai_usage.analysis.spending import Part, Spending
from openai_usage.cli.output.known_names import KnownNames

_SHOWN = 10
"""Projects or line items that have a line of their own."""

_WIDE = 100
"""Characters from which on a terminal has room for long bars, and for shares of days."""

_LONG, _SHORT = 20, 8
"""Characters of a bar."""

REVISED = "The API still revises the last three days or so, mostly upward."


@frozen
class _Column:
    """Figures of a table: what stands above them, for each of its lines, and below."""

    head: str
    cells: Sequence[str]
    foot: str = ""


def print_spending(
    spending: Spending, verdict: Verdict | None, names: KnownNames, console: Console
) -> None:
    """Print all tables of what was spent in one currency."""
    console.print(Text(f"Spending in {spending.currency}, by days in UTC\n", style="bold"))
    for sentence in _unknown(spending):
        console.print(Text(f"{sentence}\n"))
    console.print(_overview(spending), crop=False)
    console.print()
    console.print(Text(_trends(spending)))
    if verdict is not None:
        console.print(Text(f"{str(verdict).capitalize()}."))
    console.print(Text(f"{_how_projected(spending)} {REVISED}"))
    # Beside each other, where there is room for that.
    console.print(Columns(_days(spending, console.width)), crop=False)
    for title, parts, written in (
        ("project", spending.by("project_id"), partial(names.labelled, "project_id")),
        ("line item", spending.by("line_item"), str),
    ):
        labels = _labels(parts, written)
        console.print(_parts(title, labels, parts, spending, console.width), crop=False)


def _overview(spending: Spending) -> Table:
    """This month beside last month, and where it is going."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column()
    grid.add_column(justify="right")
    grid.add_column()
    total, last_month = spending.total, _last_month(spending)
    these, those = _compared(spending)
    before_this = spending.known(total.last_month, spending.last_month)
    rows: list[tuple[str, Decimal | None, str, Decimal | None]] = [
        (
            f"{_so_far(spending)}, so far",
            spending.known(total.this_month, spending.month),
            "",
            None,
        ),
        (
            f"{spending.month:%B}, projected",
            spending.projection.total if spending.projection.is_known else None,
            last_month,
            before_this if _is_last_month_whole(spending) else None,
        ),
        (last_month, before_this, "", None),
    ]
    if spending.compared:
        rows += [
            (these, total.compared, those, total.compared_with),
            (those, total.compared_with, "", None),
        ]
    for name, amount, beside, before in rows:
        changed = "" if before is None or amount is None else change(before, amount)
        note = f"{changed} on {beside}" if changed else ""
        grid.add_row(Text(name), _cell(amount, spending.currency), note)
    if not spending.compared:
        known = " that is known in both months" if spending.not_whole else ""
        grid.add_row(f"{spending.month:%B} has no whole day yet{known}, to be compared")
    return grid


def _how_projected(spending: Spending) -> str:
    projection = spending.projection
    if not projection.is_known:
        return "Nothing is projected, because no day is known to go by."
    per_day = money(projection.per_day, spending.currency)
    return f"Projected at {per_day} a day: {projection.method}."


def _trends(spending: Spending) -> str:
    """How the days of both months went, by one measure."""
    by_day = spending.by_day
    days = (spending.month - spending.last_month).days
    drawn = sparkline(list(by_day.values()), len(by_day))
    line = "".join(
        "?" if day in spending.unknown else bar for day, bar in zip(by_day, drawn, strict=False)
    )
    return f"{spending.month:%b} {line[days:]}\n{spending.last_month:%b} {line[:days]}\n"


def _unknown(spending: Spending) -> Iterator[str]:
    """Which days are unknown or in part, and what that means."""
    if spending.missing:
        yield (
            f"The API returned nothing for {_dates(spending.missing)}: what was billed then is "
            "unknown, and no sum includes it."
        )
    if spending.in_part:
        yield (
            f"The API returned only a part of {_dates(spending.in_part)}: the sums include that "
            "part, and what was billed in the rest is unknown."
        )
    if not spending.has_today:
        yield (
            f"Today, {_dates([spending.today])}, is not in these figures yet: the API has returned "
            "nothing for it."
        )


def _dates(days: Iterable[date]) -> str:
    months = groupby(sorted(days), key=lambda day: day.replace(day=1))
    return join([_span(month, (day.day for day in those)) for month, those in months])


def _so_far(spending: Spending) -> str:
    """Which days of this month there is something of."""
    return _covered(spending, spending.month)


def _last_month(spending: Spending) -> str:
    """Return the name of last month, or its known days if others are missing."""
    if _is_last_month_whole(spending):
        return f"{spending.last_month:%B}"
    return _covered(spending, spending.last_month)


def _is_last_month_whole(spending: Spending) -> bool:
    return all(day >= spending.month for day in spending.not_whole)


def _covered(spending: Spending, month: date) -> str:
    days = [day for day in spending.by_day if day.replace(day=1) == month]
    known = _span(month, (day.day for day in days if day not in spending.unknown))
    parts = [str(day.day) for day in days if day in spending.in_part]
    return f"{known} ({join(parts)} in part)" if parts else known


def _compared(spending: Spending) -> tuple[str, str]:
    """Which days of the two months are compared."""
    days = spending.compared_days
    return _span(spending.month, days), _span(spending.last_month, days)


def _span(month: date, days: Iterable[int]) -> str:
    """Days of a month, those that follow each other as one span."""
    runs: list[list[int]] = []
    for day in days:
        if not runs or runs[-1][-1] != day - 1:
            runs.append([])
        runs[-1].append(day)
    shown = (f"{run[0]}–{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
    return f"{month:%b} {', '.join(shown)}".rstrip()


def _days(spending: Spending, width: int) -> Iterator[Table]:
    """The days of this month, and those of last month."""
    this_month, last_month = dict[date, Decimal](), dict[date, Decimal]()
    for day, amount in spending.by_day.items():
        (this_month if day >= spending.month else last_month)[day] = amount
    for days, total in (
        (this_month, spending.total.this_month),
        (last_month, spending.total.last_month),
    ):
        amounts = [None if day in spending.unknown else each for day, each in days.items()]
        foot = spending.known(total, min(days))
        columns = [_money(f"{min(days):%B}", amounts, foot, spending.currency)]
        if width >= _WIDE:
            columns.append(_shares(amounts, total))
        labels = [
            f"{day:%b} {day.day:2} {day:%a}{' (in part)' if day in spending.in_part else ''}"
            for day in days
        ]
        yield _table("day", labels, columns, _bars(amounts, width))


def _labels(parts: Sequence[Part], written: Callable[[str], str]) -> list[str]:
    """Return what stands before the lines of *parts*, no two alike: see `_largest`."""
    labels = labels_of(
        (part.of for part in parts), lambda of: "-" if of is None else label(written(of))
    )
    shown = [labels[part.of] for part in parts[:_SHOWN]]
    others = parts[_SHOWN:]
    return unique_labels([*shown, f"other ({len(others)})"] if others else shown)


def _largest(parts: Sequence[Part]) -> Iterator[Part]:
    """The first parts, and one for all others together."""
    first, others = parts[:_SHOWN], parts[_SHOWN:]
    yield from first
    if others:
        yield Part(
            of=None,
            this_month=exact_sum(part.this_month for part in others),
            last_month=exact_sum(part.last_month for part in others),
            compared=exact_sum(part.compared for part in others),
            compared_with=exact_sum(part.compared_with for part in others),
        )


def _parts(
    title: str, labels: Sequence[str], all_parts: Sequence[Part], spending: Spending, width: int
) -> Table:
    """What parts of the bill came to: this month, last month, and how their whole days compare."""
    parts = list(_largest(all_parts))
    total, currency = spending.total, spending.currency
    amounts, before = (
        [spending.known(amount, month) for amount in figures]
        for month, figures in (
            (spending.month, [part.this_month for part in [*parts, total]]),
            (spending.last_month, [part.last_month for part in [*parts, total]]),
        )
    )
    columns = [
        _money(_so_far(spending), amounts[:-1], amounts[-1], currency),
        _shares(amounts[:-1], total.this_month),
        _money(_last_month(spending), before[:-1], before[-1], currency),
    ]
    if spending.compared:
        changes = [change(part.compared_with, part.compared) for part in [*parts, total]]
        columns.append(_Column("{}\non {}".format(*_compared(spending)), changes[:-1], changes[-1]))
    return _table(title, labels, columns, _bars(amounts[:-1], width))


def _money(
    head: str, amounts: Sequence[Decimal | None], total: Decimal | None, currency: str
) -> _Column:
    return _Column(head, [_cell(each, currency) for each in amounts], _cell(total, currency))


def _cell(amount: Decimal | None, currency: str) -> str:
    return "unknown" if amount is None else money(amount, currency)


def _shares(amounts: Sequence[Decimal | None], total: Decimal) -> _Column:
    return _Column("share", ["" if each is None else share(each, total) for each in amounts])


def _bars(amounts: Sequence[Decimal | None], width: int) -> Sequence[RenderableType]:
    """How large each amount is beside the largest one."""
    room = _LONG if width >= _WIDE else _SHORT
    sizes = [each or Decimal(0) for each in amounts]
    most = max(sizes, default=Decimal(0))
    return [
        Bar(1, 0, float(each / most), width=room, color="cyan") if each > 0 else " " * room
        for each in sizes
    ]


def _table(
    title: str, labels: Sequence[str], columns: Sequence[_Column], bars: Sequence[RenderableType]
) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_footer=True, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(title, "total", overflow="fold")
    for column in columns:
        shown = [*column.head.splitlines(), *column.cells, column.foot]
        width = max(map(len, shown))  # a figure is never broken
        table.add_column(column.head, column.foot, justify="right", min_width=width)
    table.add_column("")
    cells = zip(*(column.cells for column in columns), strict=True)
    for called, figures, bar in zip(labels, cells, bars, strict=True):
        table.add_row(Text(called), *figures, bar)
    return table
