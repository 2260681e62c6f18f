"""Periods of days, and exact totals by day."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property, reduce
from itertools import chain
from operator import add
from typing import Self

from attrs import define, field, frozen

from openai_usage._decimals import exact_sum, exactly
from openai_usage._time_format import date_and_time, iso_date, written_date
from openai_usage.analysis.groups import group_by
from openai_usage.analysis.months import months_before
from openai_usage.errors import InvalidQueryError
from openai_usage.schema.pages import Span
from openai_usage.schema.times import DAY

__all__ = [
    "DailyTotals",
    "Day",
    "Key",
    "Period",
    "Rows",
    "Values",
    "by",
    "subtotal",
    "sums",
    "total",
]

Key = tuple[str | None, ...]
"""The labels that a row of figures belongs to: a project and a line item, for example."""

Values = tuple[Decimal | None, ...]
"""One figure for each day (or bar of a chart), with None for an unknown one."""

Rows = Mapping[Key, Values]
"""The figures of each day, by their labels."""

_ZERO = Decimal(0)


@frozen
class Day:
    """A day in UTC, or the part of it that lies in the range."""

    start: int
    """Unix seconds, inclusive."""
    end: int
    """Unix seconds, exclusive."""

    @property
    def whole(self) -> bool:
        """Return whether the day is complete: neither cut off by the range nor still running."""
        return self.end - self.start == DAY

    @property
    def midnight(self) -> int:
        """Return the start of the full day in Unix seconds."""
        return self.start // DAY * DAY

    @property
    def date(self) -> str:
        """Return the date as `2026-09-10`."""
        return iso_date(self.start)


@frozen
class Period:
    """A range of time, day by day."""

    start: int
    """Unix seconds, inclusive."""
    end: int
    """Unix seconds, exclusive."""

    @property
    def text(self) -> str:
        """Return the range as `1 September 2026 to 10 September 2026, in UTC`.

        Whole months are `September 2026, in UTC`.
        """
        return f"{self.name}, in UTC"

    @property
    def name(self) -> str:
        """Return the range as `text`, without the time zone."""
        first, last = (written_date(each) for each in (self.start, self.end - 1))
        if self.months:
            first, last = (each.partition(" ")[2] for each in (first, last))
        return first if first == last else f"{first} to {last}"

    @property
    def months(self) -> int:
        """Return the number of months if these are whole months of the calendar, or else 0."""
        first, end = (datetime.fromtimestamp(each, UTC) for each in (self.start, self.end))
        if self.start % DAY or self.end % DAY or first.day != 1 or end.day != 1:
            return 0
        return 12 * (end.year - first.year) + end.month - first.month

    @cached_property
    def days(self) -> tuple[Day, ...]:
        """Return every day in UTC that overlaps the range."""
        midnights = range(self.start // DAY * DAY, self.end, DAY)
        return tuple(
            Day(max(midnight, self.start), min(midnight + DAY, self.end)) for midnight in midnights
        )

    @classmethod
    def until_now(cls, start: int, end: int, now: int) -> Self:
        """Return the range, cut to *now* if it ends later.

        Raises:
            InvalidQueryError: The range has not begun yet.
        """
        if start >= now:
            raise InvalidQueryError(
                param="start_time",
                value=f"{date_and_time(start)} UTC",
                expected="a time before now",
                hint="Choose an earlier start.",
            )
        return cls(start, min(end, now))

    @property
    def whole_days(self) -> slice:
        """Return the slice of `days` without a first or last day that is cut."""
        first = 0 if self.days[0].whole else 1
        last = len(self.days) if self.days[-1].whole else len(self.days) - 1
        return slice(first, max(first, last))

    def before(self) -> "Period | None":
        """Return the period of as many whole days before the first whole day of this one.

        Before whole months of the calendar, it is as many months.
        Return None if this period is shorter than a whole day, or the result begins before 1970.
        """
        whole = self.days[self.whole_days]
        if not whole:
            return None
        end = whole[0].start
        first = datetime.fromtimestamp(end, UTC).date()
        days = (first - months_before(first, self.months)).days if self.months else len(whole)
        start = end - days * DAY
        return Period(start, end) if start >= 0 else None

    def place(self, moment: int) -> int:
        """Return the index of the day in `days` that contains *moment*."""
        return moment // DAY - self.start // DAY

    def places(self, spans: Iterable[Span]) -> frozenset[int]:
        """Return the indexes of the `days` that overlap any of *spans*."""
        return frozenset(
            place
            for span in spans
            for place in range(self.place(span.start_time), self.place(span.end_time - 1) + 1)
            if 0 <= place < len(self.days)
        )

    def places_within(self, spans: Iterable[Span]) -> frozenset[int]:
        """Return the indexes of the `days` that *spans* cover completely. Spans do not overlap."""
        listed = list(spans)

        def covered(day: Day) -> int:
            overlaps = (
                min(span.end_time, day.end) - max(span.start_time, day.start) for span in listed
            )
            return sum(max(0, seconds) for seconds in overlaps)

        return frozenset(
            place for place, day in enumerate(self.days) if covered(day) == day.end - day.start
        )


@define
class DailyTotals:
    """Exact sums by label and day."""

    days: int
    """The number of days."""
    rows: dict[Key, list[list[Decimal]]] = field(factory=dict)
    """The amounts of each day, by key."""

    def add(self, key: Key, day: int, amount: Decimal) -> None:
        """Add *amount* to the figures of *key* on the day with index *day*."""
        if key not in self.rows:
            self.rows[key] = [[] for _ in range(self.days)]
        self.rows[key][day].append(amount)

    def done(self, missing: Collection[int] = ()) -> Rows:
        """Return the sums, with None for *missing* days that have no amount."""
        return {
            key: tuple(
                None if day in missing and not amounts else exact_sum(amounts)
                for day, amounts in enumerate(row)
            )
            for key, row in self.rows.items()
        }


def total(*rows: Iterable[Decimal | None]) -> Decimal:
    """Return the exact sum of all known values."""
    with exactly():
        return sum(filter(None, chain.from_iterable(rows)), _ZERO)


def subtotal(values: Values) -> Decimal | None:
    """Return the exact sum, or None if a value is unknown and all known values are zero."""
    with exactly():
        return _subtotal(values)


def sums(rows: Iterable[Values]) -> Values:
    """Return the sum of the rows, day by day."""
    table = list(rows)
    with exactly():  # once for all days: there can be thousands of rows
        try:
            return reduce(_added, table)
        except TypeError:
            return tuple(map(_subtotal, zip(*table, strict=True)))


def _added(row: Values, other: Values) -> Values:
    """Return the sum of two rows. Raise a `TypeError` if one has unknown values."""
    return tuple(map(add, row, other))  # pyright: ignore[reportArgumentType] - adding None raises


def _subtotal(values: Values) -> Decimal | None:
    amounts = [each for each in values if each]
    if amounts:
        return sum(amounts, _ZERO)
    return None if None in values else _ZERO


def by(place: int, rows: Rows) -> Mapping[str | None, Values]:
    """Return the rows summed by the part of their keys at index *place*."""
    groups = group_by(rows, lambda key: key[place])
    return {label: sums(rows[key] for key in keys) for label, keys in groups.items()}
