"""The gate that every request of a client asks before it is sent, and tells how it went."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext

from attrs import define, field

from openai_usage._pace import Pace
from openai_usage.errors import APIError, APITimeoutError, InternalServerError, RateLimitError

_WINDOWS = 4.0
"""How many windows a walk fetches at once to begin with, where it is left to the client."""

_MOST_WINDOWS = 16.0

_WIDENING = 0.25
"""By how many windows an answer in good time widens a walk: by one in four answers."""

_NARROWING = 0.9
"""What an answer that is late, or none, leaves of them."""

_SLOW = 2.0
"""An answer is slow that takes as many times as long as answers usually do."""

_USUALLY = 50
"""Answers over which it is found out what is usual."""


def _now() -> float:
    return asyncio.get_running_loop().time()


@define(eq=False)
class Gate:
    """Holds all requests of a client back together.

    The limit belongs to the organization: where one request is refused for it, the others would
    be too, and each of them would make it worse.
    """

    _longest_hold: float
    """Seconds; a server that asks to wait longer is left to the caller."""
    _slots: asyncio.Semaphore = field(converter=asyncio.Semaphore)
    """As many requests as may be on their way at once."""
    _pace: Pace = field(factory=Pace)
    _turn: asyncio.Lock = field(factory=asyncio.Lock)
    _newcomers: asyncio.Lock = field(factory=asyncio.Lock)
    _opens_at: float = 0.0
    _windows: float = _WINDOWS
    _usual: dict[str, float] = field(factory=dict[str, float])
    """Seconds that an answer usually takes, by endpoint."""

    @property
    def windows(self) -> int:
        """How many windows of a walk to have at once: more while all goes well, less when slow."""
        return int(self._windows)

    @property
    def paces(self) -> bool:
        """Whether a limit of requests is known, so that requests pass at a pace."""
        return self._pace.is_limited

    @asynccontextmanager
    async def passed(self, *, first: bool = True) -> AsyncIterator[float]:
        """Enter once it is this request's turn, at once if nothing is in the way; gives when.

        First come, first served, but whoever was refused goes before those who come for the *first*
        time: others may be waiting for what it is to bring.
        """
        async with AsyncExitStack() as stack:
            async with self._newcomers if first else nullcontext():
                await stack.enter_async_context(self._slots)
                sent = await self._pass()
            yield sent

    async def _pass(self) -> float:
        async with self._turn:
            while (wait := self._opens_at - _now()) > 0:  # noqa: ASYNC110 - it may be shut longer
                await asyncio.sleep(wait)
            now = _now()
            interval = self._pace.sent(now)
            # Reckoned from when it was due: what a timer is late would add up.
            self._opens_at = max(self._opens_at, now - interval) + interval
            return now

    def saw(self, endpoint: str, sent: float, failure: APIError | None) -> None:
        """Take note of how a request to *endpoint* went that passed at *sent*."""
        match failure:
            case None:
                self._took(endpoint, _now() - sent)
            case RateLimitError(retry_after=named):
                hold = named if named is not None and named <= self._longest_hold else 0.0
                self._shut_until(self._pace.refused(sent, _now(), hold))
                self.hold(hold)
            case InternalServerError() | APITimeoutError():
                self._strained()
            case _:
                pass

    def hold(self, seconds: float) -> None:
        """Let nothing pass for that long."""
        self._shut_until(_now() + seconds)

    def _shut_until(self, moment: float) -> None:
        self._opens_at = max(self._opens_at, moment)

    def _took(self, endpoint: str, seconds: float) -> None:
        usual = self._usual.get(endpoint, seconds)
        self._usual[endpoint] = usual + (seconds - usual) / _USUALLY
        if seconds > _SLOW * usual:
            self._strained()
        else:
            self._windows = min(_MOST_WINDOWS, self._windows + _WIDENING)

    def _strained(self) -> None:
        self._windows = max(1.0, self._windows * _NARROWING)
