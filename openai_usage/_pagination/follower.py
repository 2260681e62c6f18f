"""Follower: read a range round by round, and yield what is settled or has changed."""

import math
import time
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from typing import Generic, TypeVar

from attrs import define, field

from openai_usage._pagination.continuity import Continuity
from openai_usage._pagination.generators import Owned
from openai_usage._pagination.resume_point import ResumePoint
from openai_usage._pagination.round_timer import RoundTimer
from openai_usage.errors import APIError
from openai_usage.retries import Retry
from openai_usage.schema.pages import Bucket
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.times import SECONDS
from openai_usage.schema.validation import reject
from openai_usage.updates import FollowRound, Update

R = TypeVar("R")


def seconds_between_rounds(every: timedelta | float) -> float:
    """Return *every* in seconds.

    Raises:
        InvalidQueryError: It is not a positive time.
    """
    seconds = every.total_seconds() if isinstance(every, timedelta) else every
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        reject("every", every, "a timedelta or a number of seconds")
    if not 0 < seconds < math.inf:
        reject("every", every, "a positive time")
    return seconds


@define(eq=False)
class Follower(Generic[R]):
    """Follows one range. What is not settled is kept, to be compared with what is read next."""

    query: RangeQuery
    end_time: int | None
    """The time at which the range ends, if it does. A bucket that is cut by it is never whole, and
    does not belong to the range."""
    path: str
    """The path of the endpoint, for retries."""
    read: Callable[[int, int], AsyncGenerator[Bucket[R], None]]
    """A function that reads the buckets of a range."""
    announce: Callable[[Retry], None]
    """A function to call before a round that comes after a failed one."""
    on_round: Callable[[FollowRound], object] | None
    """A function to call after each round."""
    every: float
    """Seconds between the beginnings of two rounds."""
    margin: timedelta
    """The time after its end at which a bucket is settled."""
    revisions: bool
    """True to yield what is not settled, too, each time it changes."""
    _position: int = field(init=False)
    """The time up to which every bucket was yielded as settled."""
    _starts: set[int] = field(factory=set[int], init=False)
    """The starts of the buckets of the round."""
    _seen: dict[int, Bucket[R]] = field(factory=dict[int, Bucket[R]], init=False)
    """The latest of each bucket that is not settled, by its start."""

    def __attrs_post_init__(self) -> None:
        self._position = self.query.start_time

    async def updates(self) -> AsyncGenerator[Update[R], None]:
        """Yield updates, round by round, until every bucket of the range is settled.

        Rounds follow each other, and never overlap. A round that takes longer than `every`
        delays the next one. After a failure that can be over by then, the next round goes on.
        """
        timer = RoundTimer(self.every)
        with ResumePoint() as yielded:
            while not self._is_over:
                timer.begin()
                began_at = int(time.time())
                try:
                    async with Owned(self._round(began_at)) as updates:
                        async for update in updates:
                            yielded.end_time = update.resume_from
                            yield update
                except APIError as error:
                    self._tell(began_at, error)
                    delay, number = timer.fail(error), timer.failures
                    self.announce(Retry(path=self.path, number=number, wait=delay, error=error))
                else:
                    self._tell(began_at)
                    timer.succeed()
                if not self._is_over:
                    await timer.wait()

    def _tell(self, began_at: int, error: APIError | None = None) -> None:
        if self.on_round is not None:
            ended = FollowRound(
                began_at=began_at,
                settled_until=self._position,
                bucket_starts=frozenset(self._starts),
                error=error,
            )
            self.on_round(ended)

    async def _round(self, now: int) -> AsyncGenerator[Update[R], None]:
        """Read once what is not settled, and yield what is settled as of *now* or has changed.

        A missing bucket is not settled. It can still come, so the position stays before it.
        """
        self._starts.clear()
        end = math.inf if self._end is None else self._end
        settled_until = self._bound(min(now - self.margin.total_seconds(), end))
        until = int(min(now, end)) if self.revisions else settled_until
        if until <= self._position:
            return
        continuity, is_whole = Continuity(self._position, until, self._width), True
        async with Owned(self.read(self._position, until)) as buckets:
            async for bucket in buckets:
                continuity.check_page([bucket])
                self._starts.add(bucket.start_time)
                if continuity.take_gaps():  # which were reported on reading
                    is_whole = False
                is_settled = is_whole and bucket.end_time <= settled_until
                if not is_settled and not self.revisions:
                    return
                update = self._update(bucket, is_settled=is_settled)
                if is_settled or update.is_changed:
                    yield update

    def _update(self, bucket: Bucket[R], *, is_settled: bool) -> Update[R]:
        """Return the update to *bucket*, and remember what comes next."""
        before = self._seen.pop(bucket.start_time, None)
        if is_settled:
            self._position = bucket.end_time
        else:
            self._seen[bucket.start_time] = bucket
        return Update(
            bucket=bucket, before=before, is_settled=is_settled, resume_from=self._position
        )

    @property
    def _width(self) -> int:
        return SECONDS[self.query.bucket_width]

    @property
    def _end(self) -> int | None:
        return None if self.end_time is None else self._bound(self.end_time)

    @property
    def _is_over(self) -> bool:
        return self._end is not None and self._position >= self._end

    def _bound(self, moment: float) -> int:
        """Return the last bound of buckets that is not after *moment*."""
        return int(moment // self._width) * self._width
