"""Pages of time buckets, as the API returns them, as frozen values."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Generic, TypeVar

import attrs

from openai_usage._html import ROWS, html_table
from openai_usage._number_format import COUNT, counted
from openai_usage._text import short_repr
from openai_usage._time_format import short_span, short_time
from openai_usage.schema.amount import Amount
from openai_usage.schema.model import Model
from openai_usage.schema.settling import COSTS_SETTLE_AFTER, settles_after
from openai_usage.schema.times import SECONDS, BucketWidth, Timestamp, unix_seconds

__all__ = ["Bucket", "Page", "Span"]

R_co = TypeVar("R_co", covariant=True)


class Span:
    """A span of time, in UTC."""

    __slots__ = ()

    start_time: int
    """Unix seconds, inclusive."""
    end_time: int
    """Unix seconds, exclusive."""

    @property
    def start(self) -> datetime:
        """`start_time` as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.start_time, UTC)

    @property
    def end(self) -> datetime:
        """`end_time` as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.end_time, UTC)


class Bucket(Model, Span, Generic[R_co]):
    """The usage of one span of time."""

    start_time: int
    """Unix seconds, inclusive. If a range begins within a bucket, the first bucket of usage begins
    at the start of the range; the first bucket of costs is the whole day [observed]."""
    end_time: int
    """Unix seconds, exclusive."""
    results: tuple[R_co, ...]
    """One result for each group; empty without usage."""
    object: str = "bucket"

    def is_partial(self, now: Timestamp | None = None, *, bucket_width: BucketWidth = "1m") -> bool:
        """Return whether the bucket is in progress or was cut, so that it lacks results.

        The API can end the bucket in progress at the time of the request [observed]. So a bucket is
        partial, too, if it does not end at a bound of its width.

        Args:
            now: The current time. Default: that of the local clock.
            bucket_width: The width of the query. With the default, a bucket of an hour or a day
                that was cut at a whole minute looks as if it were complete.

        Raises:
            InvalidQueryError: *now* is not a time.
        """
        return self.end_time > _seconds(now) or self.end_time % SECONDS[bucket_width] != 0

    def is_settled(
        self,
        after: timedelta | None = None,
        now: Timestamp | None = None,
        *,
        bucket_width: BucketWidth = "1m",
    ) -> bool:
        """Return whether the bucket has been over for so long that the API no longer revises it.

        That is practice, and not a promise of OpenAI. See `openai_usage.schema.settling`.

        Args:
            after: The time after the end of the bucket for which it is revised. Default: 24 hours
                for usage and 72 hours for costs. An empty bucket gets 72 hours.
            now: The current time. Default: that of the local clock.
            bucket_width: The width of the query, as in `is_partial`.

        Raises:
            InvalidQueryError: *now* is not a time.
        """
        if after is None:
            after = settles_after(type(self.results[0])) if self.results else COSTS_SETTLE_AFTER
        moment = _seconds(now)
        is_partial = self.is_partial(moment, bucket_width=bucket_width)
        return not is_partial and self.end_time + after.total_seconds() <= moment

    def __repr__(self) -> str:
        return f"{type(self).__name__}({_describe([self])})"

    def _repr_html_(self) -> str:
        return _as_html(repr(self), [self])


class Page(Model, Generic[R_co]):
    """One page of the API: buckets, and the cursor of the next page."""

    data: tuple[Bucket[R_co], ...]
    """The buckets, in time order."""
    has_more: bool
    """False on the last page, whatever `next_page` says. An empty page can have more."""
    next_page: str | None = None
    """The opaque cursor: `page` of the next query, with all other parameters unchanged."""
    object: str = "page"

    def __repr__(self) -> str:
        parts = [counted(len(self.data), "bucket"), f"has_more={self.has_more}"]
        if self.data:
            parts.insert(1, _describe(self.data))
        return f"{type(self).__name__}({', '.join(parts)})"

    def _repr_html_(self) -> str:
        return _as_html(repr(self), self.data)


def _seconds(now: Timestamp | None) -> int:
    return int(time.time()) if now is None else unix_seconds(now, param="now")


def _describe(buckets: Sequence[Bucket[object]]) -> str:
    """Return the time of at least one bucket, and the number of results."""
    results = sum(len(bucket.results) for bucket in buckets)
    span = short_span(buckets[0].start_time, buckets[-1].end_time)
    return f"{span}, {counted(results, 'result')}"


def _as_html(title: str, buckets: Sequence[Bucket[object]]) -> str:
    """Return a table of the first results, without the columns that are empty there."""
    results = ((bucket, result) for bucket in buckets for result in bucket.results)
    rows = [
        {"start": short_time(bucket.start_time), **_cells(result)}
        for bucket, result in islice(results, ROWS)
    ]
    columns = dict.fromkeys(name for row in rows for name, cell in row.items() if cell)
    return html_table(
        title,
        columns,
        [[row.get(name, "") for name in columns] for row in rows],
        total=sum(len(bucket.results) for bucket in buckets),
    )


def _cells(result: object) -> Mapping[str, str]:
    """Return the text of each field of a result, and of what is derived from the fields."""
    if attrs.has(kind := type(result)):
        names = [each.name for each in attrs.fields(kind) if each.name != "object"]
        names += getattr(result, "derived", ())
        return {name: _cell(getattr(result, name)) for name in names}
    return {"result": short_repr(result)}


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() | Decimal():
            return COUNT.exact(value)
        case Amount():
            return f"{value:,}"
    return str(value)
