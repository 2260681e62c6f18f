"""Find the days, and the hours of today so far, for which buckets say everything."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, Self, TypeAlias

from attrs import frozen

from openai_usage.analysis.periods import period_label
from openai_usage.schema.pages import Span
from openai_usage.schema.times import DAY

__all__ = ["KnownDay", "KnownDays"]

_HOUR, _WEEK = 3600, 7 * DAY

_Part: TypeAlias = Literal["day", "hour"]


@frozen
class KnownDay:
    """A day that is known completely, or today so far, with the days to compare it with."""

    start: int
    """The midnight in Unix seconds."""
    offsets: Sequence[int]
    """The starts of its known parts, in seconds since midnight."""
    end: int
    """The end of its known parts in Unix seconds."""
    age: int
    """The seconds from that end until now."""
    before: Sequence[int]
    """The starts of the same weekdays before of which the same parts are known."""

    @property
    def is_whole(self) -> bool:
        """Return whether all of the day is known. Otherwise it is today so far."""
        return self.end - self.start == DAY


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

    def days(self, weeks: int) -> list[KnownDay]:
        """Return the known days, each with the same weekdays of at most so many *weeks* before.

        Today so far are its hours up to now, if they are known without a gap.
        """
        width = _HOUR if self.part == "hour" else DAY
        every, today = range(0, DAY, width), self.now // DAY * DAY
        found: list[KnownDay] = []
        for day in sorted({start // DAY * DAY for start in self.whole}):
            offsets = [offset for offset in every if day + offset in self.whole]
            if offsets == list(every[: len(offsets)] if day == today else every):
                before = [
                    each
                    for each in range(day - _WEEK, day - (weeks + 1) * _WEEK, -_WEEK)
                    if all(each + offset in self.whole for offset in offsets)
                ]
                end = day + len(offsets) * width
                found.append(KnownDay(day, offsets, end, self.now - end, before))
        return found
