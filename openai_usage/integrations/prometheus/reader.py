"""Reader: follow one endpoint of one organization, and keep the buckets that periods need."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from traceback import format_exc

import msgspec
from attrs import define, evolve, field

from openai_usage._pagination.generators import Owned
from openai_usage._text import without_keys
from openai_usage.client import AsyncUsageClient
from openai_usage.errors import APIError, APIStatusError
from openai_usage.integrations.prometheus.periods import count_missing
from openai_usage.integrations.prometheus.samples import Sample
from openai_usage.integrations.prometheus.status import FailureLog, Status
from openai_usage.schema.pages import Bucket
from openai_usage.schema.times import DAY, unix_seconds
from openai_usage.updates import FollowRound, Update

__all__ = ["Read", "Reader"]

_log = logging.getLogger("openai_usage")

_HISTORY = timedelta(weeks=9)
"""The time before today that unusual days need: 8 weeks before each of the last days."""

_SETTLING = timedelta(days=5)
"""The time before today in which the last settled day lies."""


def _first_day(now: int, *, with_history: bool) -> int:
    """Return the start of the first day to read: for usage, of this month or five days."""
    today = datetime.fromtimestamp(now, UTC).date()
    # The history also covers last month, which projections need.
    first = today - _HISTORY if with_history else min(today.replace(day=1), today - _SETTLING)
    return unix_seconds(first, param="start_time")


class _BeginAgain(Exception):  # noqa: N818 - it is not an error
    """A new day has begun, or the clock was set to another one."""


@define(eq=False)
class Read:
    """Everything that is known of an endpoint at a time."""

    now: int
    """The time in Unix seconds."""
    buckets: Sequence[Bucket[object]] = field(repr=False)
    """The buckets in time order."""
    is_fresh: bool
    """True if it was just read. False if reads fail and a new day has begun since the last."""


@define(eq=False)
class Reader:
    """Follows an endpoint, and reads everything again when a new day begins.

    So within a day it notices buckets that were restated after they settled, and a clock that
    was wrong.
    """

    client: AsyncUsageClient = field(repr=False)
    organization: str
    endpoint: str
    group_by: Sequence[str]
    every: float
    """Seconds from one read to the next."""
    log: FailureLog
    on_read: Callable[["Reader", Read], object]
    """A function to call after each read with what is known, and after a failed one on a new day.
    """
    status: Status = field(init=False)
    restated: int = field(default=0, init=False)
    """The number of times that a bucket changed after its end."""
    _settled_until: int = field(default=0, init=False)
    _missing: int | None = field(default=None, init=False)
    """The number of days of the month without a whole bucket. None before the first read."""
    _earliest: int = field(default=0, init=False)
    """The earliest time for which the API answers, as it says itself."""
    _position: int = field(default=0, init=False)
    """The time from which the round reads."""
    _read_at: int = field(default=0, init=False)
    _kept: dict[int, Bucket[object]] = field(factory=dict[int, Bucket[object]], init=False)
    """The buckets by their start."""

    def __attrs_post_init__(self) -> None:
        self.status = Status(self.organization, self.endpoint, self.every, self.log)

    async def run(self) -> None:
        """Read until cancelled. After an error that cannot be over soon, begin again later."""
        while True:
            try:
                async with Owned(self.follow()) as updates:
                    async for update in updates:
                        self._take(update)
            except _BeginAgain:
                continue
            except APIError as error:  # `_end_round` has noted it
                if self._start_later(error):
                    continue
            except Exception as error:  # noqa: BLE001 - it must not stop the other readers
                _log.debug("%s", without_keys(format_exc()))
                self.status.fail(error)
            await asyncio.sleep(self.every)

    def follow(self) -> AsyncGenerator[Update[object], None]:
        """Return the updates from the beginning.

        Raises:
            InvalidQueryError: The client cannot follow.
        """
        first = _first_day(int(time.time()), with_history=self.endpoint == "costs")
        self._position = max(first, self._earliest)
        buckets = self.client.query(
            self.endpoint, start_time=self._position, group_by=self.group_by or None
        )
        return buckets.follow(self.every, revisions=True, on_round=self._end_round)

    def samples(self) -> Iterator[Sample]:
        """Yield the samples about the reads themselves."""
        known = {"organization": self.organization, "endpoint": self.endpoint}
        yield from self.status.samples()
        yield Sample("openai_usage_settled_until_timestamp_seconds", known, self._settled_until)
        yield Sample("openai_usage_restated_buckets_total", known, self.restated)
        if self._missing is not None:
            yield Sample("openai_usage_missing_buckets", known, self._missing)

    def _take(self, update: Update[object]) -> None:
        bucket = update.bucket
        before = self._kept.get(bucket.start_time)
        was_over = bucket.start_time + DAY <= self._read_at
        if was_over and before is not None and evolve(update, before=before).is_changed:
            self.restated += 1
        self._kept[bucket.start_time] = bucket

    def _end_round(self, ended: FollowRound) -> None:
        """Note what the round has read, and what has vanished since the one before."""
        is_new_day = self._read_at and ended.began_at // DAY != self._read_at // DAY
        if ended.error is not None:
            self.status.fail(ended.error)
            if is_new_day:
                known = (_cut(each, self._read_at) for each in self._kept.values())
                self._publish(Read(ended.began_at, [*known], is_fresh=False))
            return
        if is_new_day:
            self._read_at = ended.began_at
            raise _BeginAgain
        first = _first_day(ended.began_at, with_history=self.endpoint == "costs")
        self._kept = {
            start: bucket
            for start, bucket in sorted(self._kept.items())
            if first <= start and (start < self._position or start in ended.bucket_starts)
        }
        self._read_at = ended.began_at
        self._position = self._settled_until = ended.settled_until
        self._publish(Read(ended.began_at, [*self._kept.values()], is_fresh=True))

    def _publish(self, read: Read) -> None:
        self._missing = count_missing(read.buckets, read.now)
        self.on_read(self, read)

    def _start_later(self, error: APIError) -> bool:
        """Start later if the API answers only from a later time on. Return whether it does."""
        earliest = error.earliest_start if isinstance(error, APIStatusError) else None
        if earliest is None or earliest <= self._earliest:
            return False
        self._earliest = earliest
        return True


def _cut(bucket: Bucket[object], moment: int) -> Bucket[object]:
    """Return a *bucket*, ended at *moment* if that is earlier."""
    return msgspec.structs.replace(bucket, end_time=min(bucket.end_time, moment))
