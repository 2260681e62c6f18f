"""Print a summary as a table."""

import time
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from rich.table import Table
from rich.text import Text

from openai_usage import RangeQuery
from openai_usage._gap_text import describe_span, describe_spans
from openai_usage._number_format import COUNT, SHORT, Number, money, share, sparkline
from openai_usage._text import listed
from openai_usage.analysis.groups import Group, Totals
from openai_usage.analysis.measures import Measure
from openai_usage.cli.output.console import console_on
from openai_usage.cli.output.layout import ROUNDED, Layout, bar, rounds_apart
from openai_usage.cli.output.rows import ResultRows
from openai_usage.cli.output.summary import PARTS, Summary, summarize
from openai_usage.cli.output.unread import no_data_of
from openai_usage.schema.windows import Window

_BAR_AND_TREND = ((20, 20), (8, 8), (8, 0), (0, 0))
"""Widths of the bar and of the trend, in characters; the first pair that fits is used."""


async def write_table(rows: ResultRows, file: BinaryIO) -> None:
    """Summarize the results and print them as a table that fits the terminal, if it is one."""
    now = int(time.time())
    summary = await summarize(rows, now)
    with console_on(file) as console:
        covered = _covered(rows.source.query, summary.starts, now)
        # Not as the title of the table, which rich wraps at the width of the table.
        title = "\n".join(_title(rows, summary, covered))
        console.print(Text(title, style="italic"), soft_wrap=True)
        console.print(build_table(summary, width=console.width, exact=rows.exact), crop=False)
        if not rows.exact and _is_rounded(summary.totals):
            console.print(Text(ROUNDED))


def _title(rows: ResultRows, summary: Summary, covered: Window) -> Iterator[str]:
    """Yield the lines of the title: what is summed, for which range, and what is partial."""
    endpoint = rows.source.endpoint.name.replace("_", " ").capitalize()
    heads = [name.replace("_", " ").removesuffix(" id") for name in rows.grouping.by]
    by = f" by {listed(heads, 'and')}" if heads else ""
    currencies = [each for each in summary.totals.by_currency if each is not None]
    money = f", in {listed(currencies, 'and')}" if currencies else ""
    yield f"{endpoint}{by}, {describe_span(covered)} UTC{money}"
    if covered.start_time < rows.source.query.start_time:
        yield "from midnight on: the API returns whole days"
    of_one = [gap for each in rows.unread for gap in each.gaps]
    if gaps := [gap for gap in rows.gaps if gap not in of_one]:
        yield f"no data for {describe_spans(gaps)}"
    yield from map(no_data_of, rows.unread)
    if summary.in_progress is not None:
        yield f"{describe_span(summary.in_progress)} is not over yet: its figures are those so far"


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
    """Return the table of totals: labels, figures, and the share, bar and trend of each line."""
    totals = summary.totals
    main, groups = totals.main, totals.groups
    has_footer = any(measure.adds_up for measure in totals.measures) and bool(groups)
    layout = Layout(width, show_footer=has_footer)
    for index, head in enumerate(totals.by):
        labels = [str(group.labels[head]) for group in groups]
        layout.add_labels(head, labels, "" if index else "total")
    for measure in totals.measures:
        if measure.name in PARTS:
            continue
        layout.add_figures(
            measure.name.replace("_", "\n"),
            [_figure(measure, group, exact=exact) for group in groups],
            "\n".join(_sums(totals, measure, exact=exact)),
        )
    sizes = [(group.figures[main.name], group.currency) for group in groups]
    if main.adds_up:
        layout.add_figures(
            "% of\n{}".format(main.name.replace("_", "\n")),
            [share(size, totals.sums[currency][main.name]) for size, currency in sizes],
            if_fits=True,
        )
    for part, whole in PARTS.items():
        if any(part in group.figures for group in groups):
            layout.add_figures(
                "{}\n% of\n{}".format(part.split("_")[1], whole.replace("_", "\n")),
                [_share_of(group, part, whole) for group in groups],
                if_fits=True,
            )
    pairs = [(bar_width, trend * bool(summary.trends)) for bar_width, trend in _BAR_AND_TREND]
    bar_width, trend = layout.choose(pairs)
    if bar_width:
        # All others together have no bar, which would be the longest and draw the eye.
        bars = [
            "" if group.is_rest else bar(size, totals.largest[currency], bar_width)
            for group, (size, currency) in zip(groups, sizes, strict=True)
        ]
        layout.add_drawings("", bars, bar_width)
    if trend:
        lines = [sparkline(sizes, trend) for sizes in summary.trends]
        layout.add_drawings("trend", lines, trend, sparkline(summary.trend, trend))
    return layout.build()


def _share_of(group: Group, part: str, whole: str) -> str:
    return share(group.figures[part], group.figures[whole]) if part in group.figures else ""


def _figure(measure: Measure, group: Group, *, exact: bool) -> str:
    return _format(measure, group.figures[measure.name], group.currency, exact=exact)


def _sums(totals: Totals, measure: Measure, *, exact: bool) -> Iterator[str]:
    """Yield the sum of a measure for each currency; nothing if it cannot be added."""
    if measure.adds_up:
        for currency, sums in totals.sums.items():
            yield _format(measure, sums[measure.name], currency, exact=exact)


def _format(measure: Measure, figure: Number, currency: str | None, *, exact: bool) -> str:
    if currency is not None:
        unit = money(currency)
        return unit.exact(figure) if exact else unit.rounded(figure)
    return COUNT.exact(figure) if exact else SHORT[measure.unit](figure)


def _is_rounded(totals: Totals) -> bool:
    """Return whether the rounded amounts of a currency do not add up to their rounded total."""
    return any(
        rounds_apart((group.figures[name] for group in groups), total)
        for currency, groups in totals.by_currency.items()
        for name, total in totals.sums[currency].items()
        if currency is not None
    )
