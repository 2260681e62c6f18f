"""Client-wide rate limiter. Every request acquires it before sending and reports its outcome.

The limit of requests belongs to the organization, and an endpoint can have its own limit. So every
request goes through two lanes: one for its endpoint, and one for all endpoints together.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext

from attrs import define, field, frozen

from openai_usage._http.cubic import CubicRate
from openai_usage._http.retry import is_retryable
from openai_usage.errors import APIError, APITimeoutError, InternalServerError, RateLimitError

_WINDOWS = 4.0
"""The initial number of windows fetched at once, if the client chooses it."""

_MOST_WINDOWS = 16.0

_WIDENING = 0.25
"""Windows that a prompt response adds: one more after four responses."""

_NARROWING = 0.9
"""The share of the windows that remains after a slow or missing response."""

_SLOW = 2.0
"""A response is slow if it takes this many times the usual time."""

_USUALLY = 50
"""The number of responses over which the usual time is averaged."""

_LATENESS = 0.05
"""Seconds that a timer is late at most. Who sends later than that was not waiting."""

_RECENT = 30.0
"""Seconds for which a response or a rejection shows which limit was reached."""


def _now() -> float:
    return asyncio.get_running_loop().time()


@define(eq=False)
class _Lane:
    """The requests of one endpoint, or of all, which are sent one after the other at a rate."""

    rate: CubicRate = field(factory=CubicRate)
    turn: asyncio.Lock = field(factory=asyncio.Lock)
    newcomers: asyncio.Lock = field(factory=asyncio.Lock)
    opens_at: float = 0.0
    answered_at: float = float("-inf")
    usual: float | None = None
    """The usual time of a response, in seconds."""

    async def opened(self) -> None:
        """Wait until the lane is open, also if it is paused for longer meanwhile."""
        while (wait := self.opens_at - _now()) > 0:  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(wait)

    def send(self, now: float, least: float = 0.0) -> None:
        """Record a request that is sent now, and delay the next one by *least* seconds or more."""
        interval = max(self.rate.on_sent(now), least)
        # Schedule from the due time, so that timer lateness does not accumulate. After a pause, the
        # time is not made up for, which would send two requests at once.
        due = max(self.opens_at, now - interval)
        self.pause_until(now + least if least and due < now - _LATENESS else due + interval)

    def pause_until(self, moment: float) -> None:
        self.opens_at = max(self.opens_at, moment)


@frozen
class Attempt:
    """A request that acquired the limiter."""

    endpoint: str
    sent: float
    """The time of sending, by the clock of the event loop."""
    is_retry: bool


@define(eq=False)
class RateLimiter:
    """Delays the requests of a client so that they stay below the estimated limits."""

    _max_pause: float
    """Seconds; a request that would have to pause for longer fails instead."""
    _slots: asyncio.Semaphore = field(converter=asyncio.Semaphore)
    """One slot for each request that may be sent at the same time."""
    _interval: float = 0.0
    """The least seconds between two requests."""
    _all: _Lane = field(factory=_Lane)
    _lanes: defaultdict[str, _Lane] = field(factory=lambda: defaultdict(_Lane))
    """The lanes by endpoint."""
    _rejected: tuple[_Lane | None, float] = (None, float("-inf"))
    """The last lane with a rejection, of those answered recently, and the time of the rejection."""
    _windows: float = _WINDOWS

    @property
    def windows(self) -> int:
        """The number of windows to fetch at once: fewer if responses are slow or missing."""
        return int(self._windows)

    def is_throttled(self, endpoint: str) -> bool:
        """Return whether a limit is known for *endpoint*, so that its requests are delayed."""
        return self._all.rate.is_limited or self._lanes[endpoint].rate.is_limited

    @asynccontextmanager
    async def acquire(self, endpoint: str, *, is_retry: bool = False) -> AsyncIterator[Attempt]:
        """Enter when it is the turn of this request, at once if nothing delays it.

        First come, first served, except that retries go first: others may wait for their results.
        """
        lane = self._lanes[endpoint]
        async with AsyncExitStack() as stack:
            async with nullcontext() if is_retry else lane.newcomers, lane.turn:
                now = await self._pass(lane)
                stack.callback(self._slots.release)
            yield Attempt(endpoint, now, is_retry)

    async def _pass(self, lane: _Lane) -> float:
        """Wait for a slot, for *lane* and for the shared lane; keep the slot and return the time.

        If *lane* is paused while this waits, release the slot, so that others can use it.
        """
        while True:
            await lane.opened()
            async with AsyncExitStack() as stack:
                await self._slots.acquire()
                stack.callback(self._slots.release)
                if lane.opens_at > _now():
                    continue
                async with self._all.turn:
                    await self._all.opened()
                    if lane.opens_at > (now := _now()):
                        continue
                    self._all.send(now, self._interval)
                    lane.send(now)
                    stack.pop_all()
                    return now

    def record(self, attempt: Attempt, failure: APIError | None) -> None:
        """Record the outcome of *attempt*."""
        lane, now = self._lanes[attempt.endpoint], _now()
        match failure:
            case None:
                lane.answered_at = now
                lane.rate.on_answered()
                self._all.rate.on_answered()
                self._adapt_windows(lane, now - attempt.sent)
            case RateLimitError():
                self._reject(lane, attempt, failure, now)
            case InternalServerError() | APITimeoutError():
                self._narrow_windows()
            case _:
                pass

    def _reject(self, lane: _Lane, attempt: Attempt, error: RateLimitError, now: float) -> None:
        requested = error.retry_after or 0.0
        can_retry = is_retryable(error)
        pause = requested if can_retry and requested <= self._max_pause else 0.0
        blamed = self._blame(lane, attempt, now) if can_retry else None
        for candidate in (lane, self._all):
            if candidate is blamed:
                candidate.pause_until(candidate.rate.on_rejected(attempt.sent, now, pause))
                candidate.pause_until(now + pause)
            else:
                candidate.rate.withdraw(attempt.sent)
        lane.pause_until(now + pause)  # the server asked for it, whichever limit it was

    def _blame(self, lane: _Lane, attempt: Attempt, now: float) -> _Lane | None:
        """Return the lane whose limit was reached, or None if the rejection is not about a limit.

        A limit that endpoints share rejects several of them in turn. So it is the shared limit if
        the previous rejection was recent and of another endpoint. Otherwise, or if the endpoint was
        not answered recently, it is the endpoint's own limit. If a retry is rejected while others
        are answered, the reason is that one request and not a limit.
        """
        in_a_row = lane.rate.rejected_in_a_row or self._all.rate.rejected_in_a_row
        if attempt.is_retry and not in_a_row:
            return None
        if lane.answered_at <= now - _RECENT:
            return lane
        (other, when), self._rejected = self._rejected, (lane, now)
        return lane if other in (None, lane) or when <= now - _RECENT else self._all

    def pause(self, endpoint: str, seconds: float) -> None:
        """Pause for the delay of a rejected request, if other requests were rejected too."""
        for lane in (self._lanes[endpoint], self._all):
            if lane.rate.rejected_in_a_row > 1:
                lane.pause_until(_now() + seconds)

    def _adapt_windows(self, lane: _Lane, seconds: float) -> None:
        usual = seconds if lane.usual is None else lane.usual
        lane.usual = usual + (seconds - usual) / _USUALLY
        if seconds > _SLOW * usual:
            self._narrow_windows()
        else:
            self._windows = min(_MOST_WINDOWS, self._windows + _WIDENING)

    def _narrow_windows(self) -> None:
        self._windows = max(1.0, self._windows * _NARROWING)
