"""Print spending: an overview of the month, then tables by day, by project and by line item."""

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
from openai_usage._gap_text import join
from openai_usage._number_format import change, money, share, sparkline
from openai_usage._text import label, labels_of, unique_labels
from openai_usage.analysis.budgets import Verdict
from openai_usage.analysis.spending import Part, Spending
from openai_usage.cli.output.known_names import KnownNames

_SHOWN = 10
"""The number of projects or line items with a line of their own."""

_WIDE = 100
"""The width of a terminal, in characters, that has room for long bars and shares of days."""

_LONG, _SHORT = 20, 8
"""The lengths of a bar, in characters."""

REVISED = "The API still revises the last three days or so, mostly upward."


@frozen
class _Column:
    """A column of figures in a table."""

    head: str
    cells: Sequence[str]
    foot: str = ""


def print_spending(
    spending: Spending, verdict: Verdict | None, names: KnownNames, console: Console
) -> None:
    """Print all tables of the spending in one currency."""
    console.print(Text(f"Spending in {spending.currency}, by days in UTC\n", style="bold"))
    for sentence in _unknown(spending):
        console.print(Text(f"{sentence}\n"))
    console.print(_overview(spending), crop=False)
    console.print()
    console.print(Text(_trends(spending)))
    if verdict is not None:
        console.print(Text(f"{str(verdict).capitalize()}."))
    console.print(Text(f"{_how_projected(spending)} {REVISED}"))
    # Two tables, next to each other if they fit.
    console.print(Columns(_days(spending, console.width)), crop=False)
    for title, parts, to_text in (
        ("project", spending.by("project_id"), partial(names.labelled, "project_id")),
        ("line item", spending.by("line_item"), str),
    ):
        labels = _labels(parts, to_text)
        console.print(_parts(title, labels, parts, spending, console.width), crop=False)


def _overview(spending: Spending) -> Table:
    """Return the totals of this month and last month, and the projection."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column()
    grid.add_column(justify="right")
    grid.add_column()
    total, last_month = spending.total, _last_month(spending)
    days, days_before = _compared(spending)
    total_before = spending.known(total.last_month, spending.last_month)
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
            total_before if _is_last_month_complete(spending) else None,
        ),
        (last_month, total_before, "", None),
    ]
    if spending.compared:
        rows += [
            (days, total.compared, days_before, total.compared_with),
            (days_before, total.compared_with, "", None),
        ]
    for name, amount, compared_with, before in rows:
        percent = "" if before is None or amount is None else change(amount, before)
        note = f"{percent} on {compared_with}" if percent else ""
        grid.add_row(Text(name), _cell(amount, spending.currency), note)
    if not spending.compared:
        known = " that is known in both months" if spending.not_whole else ""
        grid.add_row(f"{spending.month:%B} has no complete day{known} to compare yet")
    return grid


def _how_projected(spending: Spending) -> str:
    projection = spending.projection
    if not projection.is_known:
        return "There is no projection, because no day is known on which to base it."
    per_day = money(spending.currency).rounded(projection.per_day)
    return f"Projected at {per_day} a day: {projection.method}."


def _trends(spending: Spending) -> str:
    """Return a line of bars for each of the two months, on the same scale."""
    by_day = spending.by_day
    days = (spending.month - spending.last_month).days
    bars = sparkline(list(by_day.values()), len(by_day))
    line = "".join(
        "?" if day in spending.unknown else bar for day, bar in zip(by_day, bars, strict=False)
    )
    return f"{spending.month:%b} {line[days:]}\n{spending.last_month:%b} {line[:days]}\n"


def _unknown(spending: Spending) -> Iterator[str]:
    """Yield sentences on the days that are unknown or known in part."""
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
    return join([_span(month, (day.day for day in group)) for month, group in months])


def _so_far(spending: Spending) -> str:
    """Return the days of this month that are known at least in part."""
    return _covered(spending, spending.month)


def _last_month(spending: Spending) -> str:
    """Return the name of last month, or its known days if others are missing."""
    if _is_last_month_complete(spending):
        return f"{spending.last_month:%B}"
    return _covered(spending, spending.last_month)


def _is_last_month_complete(spending: Spending) -> bool:
    return all(day >= spending.month for day in spending.not_whole)


def _covered(spending: Spending, month: date) -> str:
    days = [day for day in spending.by_day if day.replace(day=1) == month]
    known = _span(month, (day.day for day in days if day not in spending.unknown))
    parts = [str(day.day) for day in days if day in spending.in_part]
    return f"{known} ({join(parts)} in part)" if parts else known


def _compared(spending: Spending) -> tuple[str, str]:
    """Return the compared days of this month and of last month as text."""
    days = spending.compared_days
    return _span(spending.month, days), _span(spending.last_month, days)


def _span(month: date, days: Iterable[int]) -> str:
    """Return days of a month as text, with consecutive days as one range."""
    runs: list[list[int]] = []
    for day in days:
        if not runs or runs[-1][-1] != day - 1:
            runs.append([])
        runs[-1].append(day)
    ranges = (f"{run[0]}–{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
    return f"{month:%b} {', '.join(ranges)}".rstrip()


def _days(spending: Spending, width: int) -> Iterator[Table]:
    """Yield a table of the days of this month, and one of those of last month."""
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


def _labels(parts: Sequence[Part], to_text: Callable[[str], str]) -> list[str]:
    """Return a unique label for each line of `_largest`."""
    labels = labels_of(
        (part.of for part in parts), lambda of: "-" if of is None else label(to_text(of))
    )
    shown = [labels[part.of] for part in parts[:_SHOWN]]
    others = parts[_SHOWN:]
    return unique_labels([*shown, f"other ({len(others)})"] if others else shown)


def _largest(parts: Sequence[Part]) -> Iterator[Part]:
    """Yield the first parts, and one for the sum of all others."""
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
    """Return a table of parts: this month, last month, and the change between compared days."""
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
        changes = [change(part.compared, part.compared_with) for part in [*parts, total]]
        columns.append(_Column("{}\non {}".format(*_compared(spending)), changes[:-1], changes[-1]))
    return _table(title, labels, columns, _bars(amounts[:-1], width))


def _money(
    head: str, amounts: Sequence[Decimal | None], total: Decimal | None, currency: str
) -> _Column:
    return _Column(head, [_cell(each, currency) for each in amounts], _cell(total, currency))


def _cell(amount: Decimal | None, currency: str) -> str:
    return "unknown" if amount is None else money(currency).rounded(amount)


def _shares(amounts: Sequence[Decimal | None], total: Decimal) -> _Column:
    return _Column("share", ["" if each is None else share(each, total) for each in amounts])


def _bars(amounts: Sequence[Decimal | None], width: int) -> Sequence[RenderableType]:
    """Return a bar for each amount, relative to the largest one."""
    length = _LONG if width >= _WIDE else _SHORT
    sizes = [each or Decimal(0) for each in amounts]
    largest = max(sizes, default=Decimal(0))
    return [
        Bar(1, 0, float(each / largest), width=length, color="cyan") if each > 0 else " " * length
        for each in sizes
    ]


def _table(
    title: str, labels: Sequence[str], columns: Sequence[_Column], bars: Sequence[RenderableType]
) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_footer=True, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(title, "total", overflow="fold")
    for column in columns:
        texts = [*column.head.splitlines(), *column.cells, column.foot]
        width = max(map(len, texts))  # never wrap a figure
        table.add_column(column.head, column.foot, justify="right", min_width=width)
    table.add_column("")
    cells = zip(*(column.cells for column in columns), strict=True)
    for text, figures, bar in zip(labels, cells, bars, strict=True):
        table.add_row(Text(text), *figures, bar)
    return table
