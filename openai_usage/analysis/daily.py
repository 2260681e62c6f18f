"""Days, and figures that are added up by day without losing a digit."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Self

from attrs import define, field, frozen

from openai_usage._decimals import exact_sum
from openai_usage.errors import InvalidQueryError
from openai_usage.schema.results import Span

__all__ = [
    "DAY",
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

DAY = 86_400
Key = tuple[str | None, ...]
"""What figures belong to: a project and a line item, say."""

Values = tuple[Decimal | None, ...]
"""A figure for each day, or whatever else they are told by; None where nothing is known."""

Rows = Mapping[Key, Values]
"""Figures by what they belong to, one for each day."""


@frozen
class Day:
    """A day in UTC, or what of it lies in the range."""

    start: int
    """Unix seconds, inclusive."""
    end: int
    """Unix seconds, exclusive."""

    @property
    def whole(self) -> bool:
        """Whether nothing of it is missing: neither cut off, nor yet to come."""
        return self.end - self.start == DAY

    @property
    def midnight(self) -> int:
        """Where the day itself begins, in Unix seconds."""
        return self.start // DAY * DAY

    @property
    def date(self) -> str:
        """As `2026-09-10`."""
        return f"{datetime.fromtimestamp(self.start, UTC):%Y-%m-%d}"


@frozen
class Period:
    """A range of time, day by day."""

    start: int
    end: int

    @property
    def text(self) -> str:
        """As `1 September 2026 to 10 September 2026, in UTC`."""
        first, last = (
            f"{day.day} {day:%B %Y}"
            for day in (datetime.fromtimestamp(each, UTC) for each in (self.start, self.end - 1))
        )
        return f"{first}, in UTC" if first == last else f"{first} to {last}, in UTC"

    @cached_property
    def days(self) -> tuple[Day, ...]:
        """Every day in UTC that it has something of."""
        midnights = range(self.start // DAY * DAY, self.end, DAY)
        return tuple(
            Day(max(midnight, self.start), min(midnight + DAY, self.end)) for midnight in midnights
        )

    @classmethod
    def until_now(cls, start: int, end: int, now: int) -> Self:
        """The range without what is yet to come.

        Raises:
            InvalidQueryError: All of it is.
        """
        if start >= now:
            raise InvalidQueryError(
                f"start_time={start} has not come yet: there is nothing to report",
                param="start_time",
            )
        return cls(start, min(end, now))

    @property
    def whole_days(self) -> slice:
        """Where in `days` the whole ones are: all, but for a first and a last one that are cut."""
        first = 0 if self.days[0].whole else 1
        last = len(self.days) if self.days[-1].whole else len(self.days) - 1
        return slice(first, max(first, last))

    def before(self) -> "Period | None":
        """As many whole days as are in this one, just before the first of them, if there are."""
        whole = self.days[self.whole_days]
        start = whole[0].start - len(whole) * DAY if whole else -1
        return Period(start, whole[0].start) if start >= 0 else None

    def place(self, moment: int) -> int:
        """Which of the `days` *moment* is in."""
        return moment // DAY - self.start // DAY

    def places(self, spans: Iterable[Span]) -> frozenset[int]:
        """Return which of the `days` have a part in one of *spans*."""
        return frozenset(
            place
            for span in spans
            for place in range(self.place(span.start_time), self.place(span.end_time - 1) + 1)
            if 0 <= place < len(self.days)
        )

    def places_within(self, spans: Iterable[Span]) -> frozenset[int]:
        """Return which of the `days` lie in *spans*, which do not overlap, from start to end."""
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
    """Adds up, exactly."""

    days: int
    rows: dict[Key, list[list[Decimal]]] = field(factory=dict)

    def add(self, key: Key, day: int, amount: Decimal) -> None:
        """Add *amount* to what *key* has on the day with that number."""
        if key not in self.rows:
            self.rows[key] = [[] for _ in range(self.days)]
        self.rows[key][day].append(amount)

    def done(self, missing: Collection[int] = ()) -> Rows:
        """What it came to; what days that are *missing* came to is not known."""
        return {
            key: tuple(
                None if day in missing and not amounts else exact_sum(amounts)
                for day, amounts in enumerate(row)
            )
            for key, row in self.rows.items()
        }


def total(*rows: Values) -> Decimal:
    """All of it that is known, exactly."""
    return exact_sum(each for row in rows for each in row if each is not None)


def subtotal(values: Values) -> Decimal | None:
    """Return the sum, exactly; None if a part is unknown and all that is known is nothing."""
    return None if None in values and not any(values) else total(values)


def sums(rows: Iterable[Values]) -> Values:
    """The rows added up to one."""
    return tuple(map(subtotal, zip(*rows, strict=True)))


def by(place: int, rows: Rows) -> Mapping[str | None, Values]:
    """The rows added up by one part of their keys."""
    grouped: dict[str | None, list[Values]] = {}
    for key, row in rows.items():
        grouped.setdefault(key[place], []).append(row)
    return {label: sums(group) for label, group in grouped.items()}
