"""Client-wide rate limiter. Every request acquires it before sending and reports its outcome.

The limit of requests belongs to the organization, and an endpoint can have one of its own. So
requests pass two lanes: that of their endpoint, and that of all endpoints together.
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
"""How many windows are fetched at once to begin with, where it is left to the client."""

_MOST_WINDOWS = 16.0

_WIDENING = 0.25
"""By how many windows a prompt response widens them: by one in four responses."""

_NARROWING = 0.9
"""What a response that is late, or none, leaves of them."""

_SLOW = 2.0
"""A response is slow that takes as many times as long as responses usually do."""

_USUALLY = 50
"""Responses over which the usual time is averaged."""

_RECENT = 30.0
"""Seconds for which a response or a rejection tells whose limit was met."""


def _now() -> float:
    return asyncio.get_running_loop().time()


@define(eq=False)
class _Lane:
    """Requests that pass one after the other, at a rate: those of an endpoint, or all."""

    rate: CubicRate = field(factory=CubicRate)
    turn: asyncio.Lock = field(factory=asyncio.Lock)
    newcomers: asyncio.Lock = field(factory=asyncio.Lock)
    opens_at: float = 0.0
    answered_at: float = float("-inf")
    usual: float | None = None
    """Seconds that a response usually takes."""

    async def opened(self) -> None:
        """Wait until it is open; it can be paused for longer meanwhile."""
        while (wait := self.opens_at - _now()) > 0:  # noqa: ASYNC110 - no event says when
            await asyncio.sleep(wait)

    def send(self, now: float) -> None:
        """Take note of a request that is sent now, which makes the next one wait."""
        interval = self.rate.on_sent(now)
        # Schedule from the due time, so that timer lateness does not accumulate.
        self.pause_until(max(self.opens_at, now - interval) + interval)

    def pause_until(self, moment: float) -> None:
        self.opens_at = max(self.opens_at, moment)


@frozen
class Attempt:
    """A request that acquired the limiter."""

    endpoint: str
    sent: float
    """When, by the clock of the event loop."""
    is_retry: bool


@define(eq=False)
class RateLimiter:
    """Keeps the requests of a client to the limits that their rejections tell of."""

    _max_pause: float
    """Seconds; a server that asks for a longer pause is left to the caller."""
    _slots: asyncio.Semaphore = field(converter=asyncio.Semaphore)
    """As many requests as may be on their way at once."""
    _all: _Lane = field(factory=_Lane)
    _lanes: defaultdict[str, _Lane] = field(factory=lambda: defaultdict(_Lane))
    """By endpoint."""
    _rejected: tuple[_Lane | None, float] = (None, float("-inf"))
    """The lane that was rejected last, of those that are answered at other times, and when."""
    _windows: float = _WINDOWS

    @property
    def windows(self) -> int:
        """How many windows to fetch at once: more while all goes well, fewer when slow."""
        return int(self._windows)

    def is_throttled(self, endpoint: str) -> bool:
        """Whether a limit is known for *endpoint*, so that its requests pass at a rate."""
        return self._all.rate.is_limited or self._lanes[endpoint].rate.is_limited

    @asynccontextmanager
    async def acquire(self, endpoint: str, *, is_retry: bool = False) -> AsyncIterator[Attempt]:
        """Enter once it is this request's turn, at once if nothing is in the way.

        First come, first served, but retries go first: others may be waiting for their results.
        """
        lane = self._lanes[endpoint]
        async with AsyncExitStack() as stack:
            async with nullcontext() if is_retry else lane.newcomers, lane.turn:
                now = await self._pass(lane)
                stack.callback(self._slots.release)
            yield Attempt(endpoint, now, is_retry)

    async def _pass(self, lane: _Lane) -> float:
        """Wait for a slot, for *lane* and for that of all, and return when; the slot is kept.

        The server can ask for a pause of *lane* during each wait. Others have the slot meanwhile.
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
                    self._all.send(now)
                    lane.send(now)
                    stack.pop_all()
                    return now

    def record(self, attempt: Attempt, failure: APIError | None) -> None:
        """Take note of the outcome of *attempt*."""
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
        asked = error.retry_after or 0.0
        passes = is_retryable(error)
        pause = asked if passes and asked <= self._max_pause else 0.0
        blamed = self._blame(lane, attempt, now) if passes else None
        for each in (lane, self._all):
            if each is blamed:
                each.pause_until(each.rate.on_rejected(attempt.sent, now, pause))
                each.pause_until(now + pause)
            else:
                each.rate.withdraw(attempt.sent)
        lane.pause_until(now + pause)  # what the server asked of an endpoint holds in any case

    def _blame(self, lane: _Lane, attempt: Attempt, now: float) -> _Lane | None:
        """Return the lane whose limit a rejection met, or None where it says nothing of a limit.

        A limit that endpoints share rejects one after the other. So it is theirs where the
        rejection before this one was of another endpoint, not long ago; otherwise it is the
        endpoint's own, as it is where the endpoint is never answered. A retry that is rejected
        although others were answered since is a matter of that one request.
        """
        in_a_row = lane.rate.rejected_in_a_row or self._all.rate.rejected_in_a_row
        if attempt.is_retry and not in_a_row:
            return None
        if lane.answered_at <= now - _RECENT:
            return lane
        (other, when), self._rejected = self._rejected, (lane, now)
        return lane if other in (None, lane) or when <= now - _RECENT else self._all

    def pause(self, endpoint: str, seconds: float) -> None:
        """Pause for as long as a rejected request waits, if others were rejected like it."""
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
