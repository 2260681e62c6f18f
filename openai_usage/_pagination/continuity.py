"""Continuity: check that buckets come in order, once and without a gap. Pure: no I/O, no clock."""

from collections.abc import Iterable, Sequence

from attrs import define, field

from openai_usage._time_format import typed_time
from openai_usage.errors import PaginationError
from openai_usage.schema.pages import Span
from openai_usage.schema.times import YEAR_10000
from openai_usage.schema.windows import Window

LATE = 6 * 3600
"""Seconds after which a day in progress counts as missing if its bucket is missing.

The API returns the bucket in progress, and empty buckets too. But a bucket can be late: recorded
programs leave 15 minutes for the latest usage, costs come later and are revised for three days, and
clocks differ. Six hours is our choice. Until then, at most a quarter of a day is missing.
"""


@define
class Continuity:
    """The place up to which buckets came, and the gaps before it.

    Args:
        position: Where the range begins. None if iteration starts from a cursor: the start time
            is unknown then, so a gap before the first bucket cannot be detected.
        end_time: Where the range ends, if it has an end.
        width: Seconds in a bucket.
    """

    position: int | None
    """Where the last bucket ended, or where the range begins; Unix seconds."""
    end_time: int | None
    width: int
    """Seconds in a bucket, whose bounds lie at multiples of it."""
    _began: bool = False
    """True once a bucket was checked."""
    _gaps: list[Window] = field(factory=list[Window])

    def check_page(self, buckets: Sequence[Span]) -> None:
        """Move on to the end of the last of *buckets*.

        Where a range begins within a bucket, the first bucket may begin before the range: costs
        have been recorded to answer with the whole day, where usage clips it to the start.

        Raises:
            PaginationError: A bucket is out of order, was yielded before, or is outside the range.
        """
        position, began, width = self.position, self._began, self.width
        beyond = YEAR_10000 if self.end_time is None else self.end_time
        gaps = []
        for bucket in buckets:
            start, end = bucket.start_time, bucket.end_time
            if not (0 <= start < end < YEAR_10000 and start < beyond):
                raise _out_of_order(bucket, position)
            if start != position and position is not None:
                earliest = position if began else position // width * width
                if start < earliest or end <= position:
                    raise _out_of_order(bucket, position)
                if start > position:
                    gaps.append(Window(position, start))
            bound = start - start % width + width
            if end > bound:  # it takes the place of others, which are then unknown
                gaps.append(Window(bound, end))
            position, began = end, True
        self.position, self._began = position, began
        self._gaps += gaps  # only after the whole page is in order

    def check_end(self, due: float) -> None:
        """Note a gap at the end of the range if buckets are missing that were complete at *due*."""
        if self.position is None or self.end_time is None:
            return
        if self.position < min(self.end_time, due):
            self._gaps.append(Window(self.position, self.end_time))

    def add_gaps(self, gaps: Iterable[Window]) -> None:
        """Note gaps that were found elsewhere. Each is noted once."""
        self._gaps += [each for each in gaps if each not in self._gaps]

    def take_gaps(self) -> list[Window]:
        """Return the gaps found since the last call."""
        gaps, self._gaps = self._gaps, []
        return gaps


def find_gaps(buckets: Iterable[Span], start_time: int, end_time: int, width: int) -> list[Window]:
    """Return the parts of a range that *buckets*, which are in order, do not cover."""
    continuity = Continuity(start_time, end_time, width)
    continuity.check_page(list(buckets))
    continuity.check_end(end_time)
    return continuity.take_gaps()


def _out_of_order(bucket: Span, position: int | None) -> PaginationError:
    span = f"{typed_time(bucket.start_time)} to {typed_time(bucket.end_time)}"
    place = "" if position is None else f", but the iteration is at {typed_time(position)}"
    return PaginationError(
        f"the API returned a bucket from {span}{place}: it is out of order, was returned before, "
        "or is out of range."
    )
