"""Status: the success of reads, and a reader of names and limits."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from attrs import define, field

from openai_usage._text import without_keys
from openai_usage.integrations.prometheus.samples import Sample
from openai_usage.schema.unread import Unread

__all__ = ["FailureLog", "Poller", "Status"]

_log = logging.getLogger("openai_usage")


@define(eq=False)
class FailureLog:
    """Logs what cannot be read of an organization, once for all endpoints with the same reason."""

    organization: str
    _failing: dict[str, object] = field(factory=dict[str, object], init=False)
    """The reason for each endpoint whose last read failed."""

    def succeed(self, endpoint: str) -> None:
        """Note that an endpoint can be read."""
        if self._failing.pop(endpoint, None) is not None and not self._failing:
            _log.warning("everything of %s can be read again.", self.organization)

    def fail(self, endpoint: str, error: object) -> None:
        """Note that an endpoint cannot be read."""
        reason = type(error), getattr(error, "status_code", None)
        if reason not in self._failing.values():
            shown = without_keys(str(error))  # whatever kind of error it is
            _log.warning("%s of %s could not be read: %s", endpoint, self.organization, shown)
        self._failing[endpoint] = reason


@define(eq=False)
class Status:
    """The success of the reads of one endpoint."""

    organization: str
    endpoint: str
    """The name of the endpoint, or `limits` or `names`."""
    every: float
    """Seconds from one read to the next."""
    log: FailureLog
    is_up: bool = field(default=False, init=False)
    """True if the last read succeeded."""
    read_at: int = field(default=0, init=False)
    """The Unix time of the last read that succeeded. 0 before the first."""
    failed: int = field(default=0, init=False)
    """The number of reads that failed."""

    def succeed(self, read_at: int) -> None:
        """Note that everything was read."""
        self.log.succeed(self.endpoint)
        self.is_up, self.read_at = True, read_at

    def fail(self, error: object) -> None:
        """Note that a read failed."""
        self.log.fail(self.endpoint, error)
        self.is_up = False
        self.failed += 1

    def samples(self) -> Iterator[Sample]:
        """Yield the samples about the reads themselves."""
        known = {"organization": self.organization, "endpoint": self.endpoint}
        yield Sample("openai_usage_up", known, self.is_up)
        yield Sample("openai_usage_last_read_timestamp_seconds", known, self.read_at)
        yield Sample("openai_usage_read_interval_seconds", known, self.every)
        yield Sample("openai_usage_reads_failed_total", known, self.failed)


class _Listed(Protocol):
    """Names or limits, which say what could not be read."""

    @property
    def unread(self) -> Sequence[Unread]: ...


T = TypeVar("T", bound=_Listed)


@define(eq=False)
class Poller(Generic[T]):
    """Reads names or limits, round by round. A failure keeps what was read before."""

    status: Status
    read: Callable[[], Awaitable[T]]
    on_read: Callable[[], object]
    """A function to call after each read."""
    latest: T | None = field(default=None, init=False)
    """The last complete result. Until there is one, the first result, and None before that."""

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            await self._read_once(int(time.time()))
            await asyncio.sleep(self.status.every)

    async def _read_once(self, began_at: int) -> None:
        try:
            found = await self.read()
            if self.latest is None or not found.unread:
                self.latest = found
            self.on_read()
        except Exception as error:  # noqa: BLE001 - it must not stop the readers
            self.status.fail(error)
            return
        if found.unread:
            self.status.fail("; ".join(map(str, found.unread)))
        else:
            self.status.succeed(began_at)
