"""The bar charts of a report, in a few colours that everyone can tell apart."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby, repeat

from attrs import evolve, field, frozen

from openai_usage._gap_text import join
from openai_usage._number_format import Unit
from openai_usage._text import unique_labels
from openai_usage.analysis.daily import Day, Period, Values, subtotal, sums, total
from openai_usage.report.data import Figures, Missing

IN_COLOUR = 6
"""The number of series with a colour of their own. Not everyone could tell more of them apart."""

OTHERS = 0
"""The number of the colour that all other series share."""

_LONGEST_BY_DAY = 124
"""The most days that get one bar each. Longer periods get one bar for each month."""

_DAY, _MONTH = len("2026-09-10"), len("2026-09")
"""The length of the part of an ISO date that names a day or a month."""


@frozen
class Bar:
    """The day, month or model that a bar stands for."""

    label: str
    """The text below the bar."""
    days: slice = slice(None)
    """The days of the period that the bar covers."""
    whole: bool = True
    """True if the bar covers all of its day or month."""

    @property
    def text(self) -> str:
        """Return the label, with a note if the bar covers only a part of its day or month."""
        return self.label if self.whole else f"{self.label} (in part)"


@frozen
class Series:
    """A series of values in one colour."""

    label: str
    """The name of the series in the legend."""
    colour: int
    """The number of the colour, from 1, or `OTHERS`."""
    values: Values
    """One value for each bar."""

    @property
    def total(self) -> Decimal:
        """Return the sum of the known values."""
        return total(self.values)


@frozen(kw_only=True)
class Panel:
    """The data of one chart and of the table that belongs to it."""

    title: str
    """The heading."""
    unit: Unit
    """The unit of all values."""
    bars: tuple[Bar, ...] = ()
    """The bars, from left to right or from top to bottom. `by_day` adds those of days."""
    series: tuple[Series, ...]
    """The stacked parts of the bars."""
    adds_up: bool = True
    """True if the values of the bars can be summed."""
    horizontal: bool = False
    """True if the bars are horizontal, with their names above them, as for models."""
    compact: bool = False
    """True if the chart is small enough that two fit in one row."""
    note: str = ""
    """A sentence below the chart."""
    without: tuple[str, ...] = ()
    """The endpoints, or days of them, that are missing from the figures."""
    marks: Mapping[str, str] = field(factory=dict)
    """The unusual days, by date."""
    in_full: "Panel | None" = None
    """The same figures by day and without grouping, for a table. None if the chart shows them."""

    @property
    def is_daily(self) -> bool:
        """Return whether each bar is a day."""
        return len(self.bars[0].label) == _DAY and not self.horizontal

    @property
    def text(self) -> str:
        """Return a description of the chart for screen readers."""
        begin = f"{self.title} from {self.bars[0].label} to {self.bars[-1].label}"
        begin += f" ({self.omission}): " if self.without else ": "
        if self.adds_up:
            parts = (f"{one.label} {self.unit.rounded(one.total)}" for one in self.series)
            return f"{begin}{', '.join(parts)}."
        known = [each for each in self.sums if each is not None]
        least, most = (self.unit.exact(find(known)) for find in (min, max))
        return f"{begin}at least {least} and at most {most} a day."

    @property
    def omission(self) -> str:
        """Return the missing parts as `without completions`, or "" if nothing is missing."""
        return f"without {join(self.without)}" if self.without else ""

    @property
    def unknown(self) -> tuple[Bar, ...]:
        """Return the bars whose value is unknown. They must not be drawn as zero."""
        return tuple(bar for bar, each in zip(self.bars, self.sums, strict=True) if each is None)

    @property
    def sums(self) -> Values:
        """Return the sum of each bar, or None for an unknown one."""
        return sums(one.values for one in self.series)

    @property
    def total(self) -> Decimal:
        """Return the sum of all known values."""
        return total(self.sums)


def slugs(titles: Iterable[str]) -> list[str]:
    """Return a unique slug for each title, for file names and anchors: `spend-by-project`."""
    made = (re.sub("[^a-z0-9]+", "-", title.lower()).strip("-") for title in titles)
    return unique_labels([each or "untitled" for each in made], "{}-{}")


def named(panels: Sequence[Panel]) -> Mapping[str, Panel]:
    """Return the panels by the names of their files and anchors."""
    return dict(zip(slugs(panel.title for panel in panels), panels, strict=True))


def bars(period: Period, *, adds_up: bool = True, missing: Collection[int] = ()) -> tuple[Bar, ...]:
    """Return one bar for each day, or for each month if the period is long and days can be summed.

    Bars with *missing* days are not whole.
    """
    length = _MONTH if adds_up and len(period.days) > _LONGEST_BY_DAY else _DAY
    return tuple(_bars(period, length, missing))


def monthly_bars(period: Period, missing: Collection[int] = ()) -> tuple[Bar, ...]:
    """Return one bar for each month. Months with *missing* days are not whole."""
    return tuple(_bars(period, _MONTH, missing))


def _bars(period: Period, length: int, missing: Collection[int]) -> Iterator[Bar]:
    first = 0
    for label, group in groupby(period.days, key=lambda day: day.date[:length]):
        days = list(group)
        places = range(first, first + len(days))
        # A month is whole only from its first day to its last.
        around = (Day(days[0].start - 1, 0), Day(days[-1].end, 0))
        whole = (
            all(each.whole for each in days)
            and all(each.date[:length] != label for each in around)
            and not any(place in missing for place in places)
        )
        yield Bar(label, slice(places.start, places.stop), whole)
        first = places.stop


def top_series(rows: Sequence[tuple[str, Values]]) -> tuple[Series, ...]:
    """Return the first rows as series with their own colours, and the rest as one series.

    The rows must be sorted, the largest first.
    """
    used = [(label, days) for label, days in rows if any(days)]
    kept, others = used[:IN_COLOUR], used[IN_COLOUR:]
    if len(others) > 1:
        others = [(f"Other ({len(others)})", sums(days for _, days in others))]
    return _series([*kept, *others], [*range(1, IN_COLOUR + 1), OTHERS])


def _series(rows: Sequence[tuple[str, Values]], colours: Iterable[int]) -> tuple[Series, ...]:
    """Return the rows as series in the first of *colours*, with labels that differ."""
    labels = unique_labels(label for label, _ in rows)
    return tuple(
        Series(label, colour, values)
        for label, colour, (_, values) in zip(labels, colours, rows, strict=False)
    )


def by_day(
    figures: Figures,
    panel: Panel,
    rows: Sequence[tuple[str, Values]],
    missing: tuple[Missing, ...],
    period: Period | None = None,
) -> Panel:
    """Return *panel*, whose series have a value for each day, with a bar for each day or month.

    If months or the series group any *rows*, it has a table of these by day.
    """
    lost = figures.missing_days(missing)
    days, shown = (
        bars(period or figures.period, adds_up=sum_up, missing=lost)
        for sum_up in (False, panel.adds_up)
    )
    used = [(label, values) for label, values in rows if any(values)]
    is_grouped = (len(shown), len(panel.series)) != (len(days), len(used))
    without = figures.without(missing)
    in_full = evolve(panel, bars=days, series=_series(used, repeat(OTHERS)), without=without)
    series = (
        evolve(each, values=tuple(subtotal(each.values[bar.days]) for bar in shown))
        for each in panel.series
    )
    in_bars = evolve(in_full, bars=shown, series=tuple(series))
    return evolve(in_bars, in_full=in_full) if is_grouped else in_bars
