"""Print a summary as a table."""

import time
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from rich import box
from rich.bar import Bar
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from openai_usage import RangeQuery
from openai_usage._gap_text import billed_or_used, describe_span, describe_spans
from openai_usage._number_format import COUNT, SHORT, Number, money, share, sparkline
from openai_usage.cli.output.console import console_on
from openai_usage.cli.output.messages import say
from openai_usage.cli.output.rows import ResultRows
from openai_usage.cli.output.summary import Line, Measure, Summary, summarize
from openai_usage.schema.windows import Window

_MIN_LABEL_WIDTH = 10
"""The smallest width of a label column, in characters, even if the terminal is too narrow."""

_GAP = 2
"""Characters between columns."""

_BAR_AND_TREND = ((20, 20), (8, 8), (8, 0), (0, 0))
"""Widths of the bar and of the trend, in characters; the first pair that fits is used."""


async def write_table(rows: ResultRows, file: BinaryIO) -> None:
    """Summarize the results and print them as a table that fits the terminal, if it is one."""
    now = int(time.time())
    summary = await summarize(rows)
    if not summary.lines and not rows.gaps:  # the command itself describes gaps
        say(f"nothing was {billed_or_used([rows.source.endpoint.name])} in this range.")
    with console_on(file) as console:
        covered = _covered(rows.source.query, summary.starts, now)
        endpoint = rows.source.endpoint.name.replace("_", " ")
        title = f"{endpoint}, {describe_span(covered)}, in UTC"
        if covered.start_time < rows.source.query.start_time:
            title += "\nfrom midnight on: the API returns whole days"
        if rows.gaps:
            title += f"\nno data for {describe_spans(rows.gaps)}"
        # Not as the title of the table, which rich wraps at the width of the table.
        console.print(Text(title, style="italic"), soft_wrap=True)
        console.print(build_table(summary, width=console.width, exact=rows.exact), crop=False)


def _covered(query: RangeQuery, starts: Sequence[int], now: int) -> Window:
    """Return the range that figures cover, from the *starts* of their buckets.

    The first bucket of costs can begin before the range, and a cursor can skip buckets. The future
    is not covered.
    """
    first = starts[0] if starts else query.start_time
    start = min(first, query.start_time) if query.page is None else first
    end = now if query.end_time is None or start < now < query.end_time else query.end_time
    return Window(start, max(end, start + 1))


def build_table(summary: Summary, *, width: int, exact: bool = False) -> Table:
    """Return the table of a summary: labels, figures, and the share, bar and trend of each line."""
    table = Table(
        box=box.SIMPLE_HEAD,
        show_footer=any(measure.adds_up for measure in summary.measures) and bool(summary.lines),
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    for index, head in enumerate(summary.heads):
        longest = max((len(line.labels[index]) for line in summary.lines), default=0)
        table.add_column(
            head.replace("_", " "),
            Text("" if index else "total"),
            overflow="fold",
            min_width=min(longest, _MIN_LABEL_WIDTH),
        )
    for measure in summary.measures:
        words = measure.name.split("_")
        totals = list(_totals(summary, measure, exact=exact))
        figures = [_figure(measure, line, exact=exact) for line in summary.lines]
        table.add_column(
            "\n".join(words),
            Text("\n".join(totals)),
            justify="right",
            no_wrap=True,
            min_width=max(map(len, [*words, *totals, *figures])),  # never wrap a figure
        )
    table.add_column(
        "share" if summary.main.adds_up else "", justify="right", no_wrap=True, min_width=5
    )
    taken = sum((column.min_width or 0) + _GAP for column in table.columns)
    bar, trend = next(
        each for each in _BAR_AND_TREND if taken + sum(each) + 2 * _GAP <= width or not any(each)
    )
    if bar:
        table.add_column("", width=bar)
    if trend and summary.grouped:
        table.add_column("trend", sparkline(summary.trend, trend), width=trend)
    for line in summary.lines:
        table.add_row(*_cells(summary, line, bar, trend, exact=exact))
    return table


def _cells(
    summary: Summary, line: Line, bar: int, trend: int, *, exact: bool
) -> Iterator[RenderableType]:
    yield from map(Text, line.labels)  # not str, in which rich reads markup
    for measure in summary.measures:
        yield _figure(measure, line, exact=exact)
    size = line.figures[summary.main.name]
    total = summary.totals[line.currency][summary.main.name]
    largest = summary.largest[line.currency]
    yield share(size, total) if summary.main.adds_up else ""
    if bar:
        # Credits are negative, and have no meaningful bar.
        is_positive = largest > 0 and size > 0
        # Divide first, because money can overflow a float.
        yield Bar(1, 0, float(size / largest), width=bar, color="cyan") if is_positive else ""
    if trend and summary.grouped:
        yield sparkline([line.trend.get(start, 0) for start in summary.starts], trend)


def _figure(measure: Measure, line: Line, *, exact: bool) -> str:
    return _format(measure, line.figures[measure.name], line.currency, exact=exact)


def _totals(summary: Summary, measure: Measure, *, exact: bool) -> Iterator[str]:
    """Yield the sum of a measure for each currency; nothing if it cannot be added."""
    if measure.adds_up:
        for currency, totals in summary.totals.items():
            yield _format(measure, totals[measure.name], currency, exact=exact)


def _format(measure: Measure, figure: Number, currency: str | None, *, exact: bool) -> str:
    if currency is not None:
        unit = money(currency)
        return unit.exact(figure) if exact else unit.rounded(figure)
    return COUNT.exact(figure) if exact else SHORT[measure.unit](figure)
