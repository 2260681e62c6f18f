"""Reader: follow one endpoint of one organization, and keep the samples of what was read last."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from attrs import define, evolve, field

from openai_usage._pagination.generators import Owned
from openai_usage.analysis.months import start_of_last_month
from openai_usage.client import AsyncUsageClient
from openai_usage.errors import APIError
from openai_usage.integrations.prometheus.periods import count_missing
from openai_usage.integrations.prometheus.samples import Sample
from openai_usage.integrations.prometheus.status import Status
from openai_usage.schema.pages import Bucket
from openai_usage.schema.times import DAY, unix_seconds
from openai_usage.updates import FollowRound, Update

__all__ = ["Reader"]

_HISTORY = timedelta(weeks=9)
"""The time before now that shows whether a day is unusual: 8 weeks before each of the last days."""


def _start_of_history(now: int) -> int:
    """Return the first day to read: for a projection, last month; for unusual days, 9 weeks."""
    today = datetime.fromtimestamp(now, UTC).date()
    return unix_seconds(min(start_of_last_month(today), today - _HISTORY), param="start_time")


@define(eq=False)
class Reader:
    """Follows an endpoint. A read that fails keeps what was read before."""

    client: AsyncUsageClient = field(repr=False)
    organization: str
    endpoint: str
    group_by: Sequence[str]
    every: float
    """Seconds from one read to the next."""
    on_read: Callable[["Reader"], object]
    """A function to call after each read that succeeded."""
    status: Status = field(init=False)
    settled_until: int = field(default=0, init=False)
    """The Unix time up to which the API no longer revises. 0 before the first read."""
    restated: int = field(default=0, init=False)
    """The number of times that a bucket changed after its end."""
    missing: int = field(default=0, init=False)
    """The days of the month for which the API returned nothing."""
    _kept: dict[int, Bucket[object]] = field(factory=dict[int, Bucket[object]], init=False)
    """The buckets by their start."""

    def __attrs_post_init__(self) -> None:
        self.status = Status(self.organization, self.endpoint, self.every)

    @property
    def buckets(self) -> list[Bucket[object]]:
        """The buckets in time order."""
        return [each for _, each in sorted(self._kept.items())]

    async def run(self) -> None:
        """Read until cancelled. After an error that cannot be over soon, begin again later."""
        while True:
            try:
                async with Owned(self.follow()) as updates:
                    async for update in updates:
                        self._take(update)
            except APIError:  # which was noted after the round
                await asyncio.sleep(self.every)

    def follow(self) -> AsyncGenerator[Update[object], None]:
        """Return the updates from where reading goes on.

        Raises:
            InvalidQueryError: The client cannot follow.
        """
        buckets = self.client.query(
            self.endpoint,
            start_time=self.settled_until or _start_of_history(int(time.time())),
            group_by=self.group_by or None,
        )
        return buckets.follow(self.every, revisions=True, on_round=self._end_round)

    def samples(self) -> Iterator[Sample]:
        """Yield the samples about the reads themselves."""
        known = {"organization": self.organization, "endpoint": self.endpoint}
        yield from self.status.samples()
        yield Sample("openai_usage_settled_until_timestamp_seconds", known, self.settled_until)
        yield Sample("openai_usage_restated_buckets_total", known, self.restated)
        if self.status.read_at:
            yield Sample("openai_usage_missing_buckets", known, self.missing)

    def _take(self, update: Update[object]) -> None:
        bucket = update.bucket
        before = self._kept.get(bucket.start_time)
        was_over = bucket.start_time + DAY <= self.status.read_at
        if was_over and before is not None and evolve(update, before=before).is_changed:
            self.restated += 1
        self._kept[bucket.start_time] = bucket

    def _end_round(self, ended: FollowRound) -> None:
        if ended.error is not None:
            self.status.fail(ended.error)
            return
        self.settled_until = ended.settled_until
        self.status.succeed(ended.began_at)
        first = _start_of_history(ended.began_at)
        for start in [each for each in self._kept if each < first]:
            del self._kept[start]
        self.missing = count_missing(self.buckets, ended.began_at)
        self.on_read(self)
