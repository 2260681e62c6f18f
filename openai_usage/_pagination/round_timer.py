"""RoundTimer: schedule rounds of reading, sooner after a failure."""

import asyncio

from attrs import define, field

from openai_usage._http.retry import is_retryable
from openai_usage.errors import APIError, APIStatusError, OrganizationsError, UsageError

_FIRST_DELAY = 60
"""Seconds after the first failed round. They double with each further failure, up to `every`."""

_MOST_DOUBLINGS = 20
"""Enough for two years, so that the number does not grow without end."""


def _now() -> float:
    return asyncio.get_running_loop().time()


@define(eq=False)
class RoundTimer:
    """The times of rounds. A round that takes longer than `every` delays the next one."""

    every: float
    """Seconds between the beginnings of two rounds."""
    failures: int = field(default=0, init=False)
    """The number of failed rounds in a row."""
    _due: float = field(default=0.0, init=False)
    """The time of the loop at which the next round begins."""

    def begin(self) -> None:
        """Note that a round begins."""
        self._due = _now() + self.every

    def succeed(self) -> None:
        """Note that the round did not fail."""
        self.failures = 0

    def fail(self, error: APIError) -> float:
        """Note that the round failed, and return the seconds until the next one.

        The delay is short at first, so that a short outage does not cost a whole day if `every` is
        a day. It is at least what the API asks for.

        Raises:
            APIError: The *error*, if it is not retryable.
        """
        reasons = _reasons(error)
        if not all(map(is_retryable, reasons)):
            raise error
        growing: int = _FIRST_DELAY * 2 ** min(self.failures, _MOST_DOUBLINGS)
        self.failures += 1
        answered = (each for each in reasons if isinstance(each, APIStatusError))
        requested = max((each.retry_after or 0.0 for each in answered), default=0.0)
        delay = max(min(self.every, growing), requested)
        self._due = _now() + delay
        return delay

    async def wait(self) -> None:
        """Wait for the next round."""
        await asyncio.sleep(self._due - _now())


def _reasons(error: APIError) -> list[UsageError]:
    """Return the errors of all organizations that could not be read, or the only one."""
    return list(error.errors.values()) if isinstance(error, OrganizationsError) else [error]
