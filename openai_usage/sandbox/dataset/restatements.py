"""Restate usage after its bucket is over: add late events, and correct or remove counted ones.

A restatement depends only on the seed, the day and the server's clock, and never on the range of a
query. So reading a range in parts gives what reading the whole gives, and all bucket widths and
groupings agree.
"""

from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache
from hashlib import blake2b

from attrs import frozen

from openai_usage.endpoints import Endpoint
from openai_usage.sandbox.dataset.arrivals import FOUNDED
from openai_usage.schema.settling import settles_after
from openai_usage.schema.times import DAY

_HOUR = 3600

_KINDS = {"late": (0, 1), "corrected": (2, 1), "removed": (1, 0)}
"""The times that an event counts at first, and once it is restated, by the kind of restatement."""

_OF_ENDPOINT = ("late", "removed", *["none"] * 10)
"""The kinds from which one is picked for everything that an endpoint reports of a day."""

_OF_WORKLOAD = ("late", "corrected", "removed", *["none"] * 5)
"""The kinds from which one is picked for a workload on a day."""


@frozen
class Counted:
    """A part of a span of time, with the times that each event in it counts."""

    start: int
    """Unix seconds, inclusive."""
    end: int
    """Unix seconds, exclusive."""
    times: int
    """0 for events that are not reported."""


@frozen
class Restatements:
    """The restatements of one endpoint."""

    seed: str
    """The seed of the sandbox, and the name of the endpoint."""
    longest: int
    """The most hours from the end of an event's hour to its restatement."""

    @classmethod
    def of(cls, endpoint: Endpoint[..., object], seed: int) -> "Restatements":
        """Return the restatements of *endpoint*, which are over when its buckets are settled."""
        # Two hours before: the hour of the event can end an hour after a bucket of a minute.
        longest = settles_after(endpoint.result) - timedelta(hours=2)
        return cls(f"{seed}/{endpoint.name}", int(longest.total_seconds()) // _HOUR)

    def counted(self, workload: int, start: int, end: int, now: int) -> Iterator[Counted]:
        """Yield the parts of a span of a *workload* as of *now*, in time order."""
        while start < end:
            day = (start - FOUNDED) // DAY
            until = min(FOUNDED + (day + 1) * DAY, end)
            first, final, delay = self._of_day(workload, day)
            # Events are restated by the hour in which they happened.
            restated = (now - delay) // _HOUR * _HOUR
            between = min(max(start, restated), until)
            yield Counted(start, between, final)
            yield Counted(between, until, first)
            start = until

    def _of_day(self, workload: int, day: int) -> tuple[int, int, int]:
        """Return the times that events count at first and in the end, and the delay in seconds."""
        for seed, kinds in (
            (f"{self.seed}/{day}", _OF_ENDPOINT),
            (f"{self.seed}/{day}/{workload}", _OF_WORKLOAD),
        ):
            kind, number = _pick(seed, kinds)
            if kind != "none":
                return *_KINDS[kind], (1 + number % self.longest) * _HOUR
        return 1, 1, 0


@lru_cache(maxsize=100_000)
def _pick(seed: str, kinds: tuple[str, ...]) -> tuple[str, int]:
    """Return a kind by chance, and a number for further choices."""
    chance = int.from_bytes(blake2b(seed.encode(), digest_size=8).digest(), "big")
    number, place = divmod(chance, len(kinds))
    return kinds[place], number
