"""Find the days, and the hours of today so far, for which buckets say everything."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Literal, Self, TypeAlias

from attrs import frozen

from openai_usage.analysis.periods import period_label
from openai_usage.schema.results import Span
from openai_usage.schema.times import DAY

__all__ = ["KnownDays", "Offsets"]

_HOUR = 3600

_Part: TypeAlias = Literal["day", "hour"]

Offsets: TypeAlias = Sequence[int]
"""The starts of parts of a day, in seconds since midnight."""


@frozen
class KnownDays:
    """The days that buckets cover, by hour if no bucket is longer than that."""

    part: _Part
    """The smallest known part of a day, which is a period of `totals()`."""
    now: int
    """The current time in Unix seconds."""
    starts: Mapping[str, int]
    """The start of each part in Unix seconds, by its label in `totals()`."""
    whole: frozenset[int]
    """The starts of the parts that are over and covered completely."""

    @classmethod
    def of(cls, buckets: Sequence[Span], now: int, *, by_hour: bool) -> Self:
        """Return the days that *buckets* cover.

        Args:
            buckets: Buckets that do not overlap.
            now: The current time in Unix seconds.
            by_hour: True if the amounts of several hours can be added.
        """
        hourly = by_hour and all(
            each.start_time // _HOUR == (each.end_time - 1) // _HOUR for each in buckets
        )
        part: _Part = "hour" if hourly else "day"
        width = _HOUR if hourly else DAY
        starts: dict[str, int] = {}
        covered = Counter[int]()
        for each in buckets:
            start = each.start_time // width * width
            starts[period_label(part, each)] = start
            covered[start] += each.end_time - each.start_time
        whole = (
            start for start, seconds in covered.items() if seconds == width and start + width <= now
        )
        return cls(part, now, starts, frozenset(whole))

    @property
    def today(self) -> int:
        """The start of today in UTC."""
        return self.now // DAY * DAY

    @property
    def width(self) -> int:
        """The seconds of a part."""
        return _HOUR if self.part == "hour" else DAY

    @cached_property
    def days(self) -> Sequence[tuple[int, Offsets]]:
        """The days that are known completely, and today so far, with their known parts.

        Today so far are its hours up to now, if they are known without a gap.
        """
        every = range(0, DAY, self.width)
        found: list[tuple[int, Offsets]] = []
        for day in sorted({start // DAY * DAY for start in self.whole}):
            offsets = [offset for offset in every if day + offset in self.whole]
            if offsets == list(every[: len(offsets)] if day == self.today else every):
                found.append((day, offsets))
        return found

    def has(self, day: int, offsets: Offsets) -> bool:
        """Return whether these parts of a day are known."""
        return all(day + offset in self.whole for offset in offsets)
