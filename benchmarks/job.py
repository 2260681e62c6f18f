"""A job: the range that every contender iterations, and what it is to come to."""

import json
from typing import Literal, Self

from attrs import asdict, evolve, frozen

SECONDS = {"1m": 60, "1d": 86_400}
START = 1_735_689_600  # 2025-01-01 00:00:00 UTC
KEY = "sk-admin-benchmark"


@frozen(kw_only=True)
class Job:
    """An iteration over so many pages of so many buckets of so many results."""

    endpoint: str = "completions"
    width: Literal["1m", "1d"] = "1d"
    pages: int = 1
    buckets: int = 1
    """On a page."""
    groups: int = 1
    """Results in a bucket."""
    latency: float = 0.0
    """Seconds that the server waits before it answers."""
    rates: tuple[tuple[int, int], ...] = ()
    """Requests a second that the server answers, and how many: `((20, 600), (40, 1200))`."""
    retry_after: int = 0
    """Seconds that a request which is over the rate is asked to wait; 0: nothing is said of it."""
    repeated_for: float = 0.5
    """Seconds for which a short iteration is repeated, to find its least time."""
    server: str = ""

    @property
    def results(self) -> int:
        return self.pages * self.buckets * self.groups

    @property
    def end(self) -> int:
        return START + self.pages * self.buckets * SECONDS[self.width]

    @property
    def base_url(self) -> str:
        """Where the server answers this job: what it is to do is in the path."""
        rates = ",".join(f"{rate}x{answers}" for rate, answers in self.rates)
        limit = f"{rates or 'any'}/{self.retry_after}"
        return f"{self.server}/{self.groups}/{self.latency}/{limit}/v1"

    @property
    def path(self) -> str:
        return f"organization/{'' if self.endpoint == 'costs' else 'usage/'}{self.endpoint}"

    @property
    def query(self) -> dict[str, str | int]:
        """What is asked, as the API names it."""
        return {
            "start_time": START,
            "end_time": self.end,
            "bucket_width": self.width,
            "limit": self.buckets,
        }

    def at(self, server: str) -> Self:
        return evolve(self, server=server)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))
