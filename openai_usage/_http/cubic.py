"""The rate at which to send once requests are rejected, from values alone.

Only the server knows the limit of requests, and others share it. So it is estimated: rejections
tell how many requests a second were too many. From there the rate follows a cubic curve, as TCP's
CUBIC does (RFC 9438): it starts below the limit, levels off at it, then grows faster and faster
until requests are rejected again or the limit is forgotten.
"""

from collections import deque

from attrs import define, field

_REJECTIONS_NEEDED = 3
_REQUESTS_NEEDED = 10
"""A limit is concluded from so many rejections in a row, or among at least so many requests."""

_MIN_LIMIT_OF_FEW = 5.0
"""Requests a second; no lower limit is concluded from fewer requests."""

_BELOW = 0.05
"""How far below the limit the curve starts, or stays where a rejection costs a pause; a share."""

_GROWTH = 16.0
"""How steep the curve is above the limit: at 17 times the limit after as long again."""

_FORGET_AT = 129.0
"""The multiple of the limit at which it is forgotten."""

_REQUESTS_TO_LEVEL = 60
"""Requests until the curve is back at the limit: each time costs a rejection or two."""

_SECONDS_TO_LEVEL = (2.5, 12.0)
"""At least, so that responses on their way matter little; at most, so that it recovers soon."""

_PAUSES_TO_LEVEL = 16
_MAX_SECONDS_TO_LEVEL = 60.0
"""Where a rejection costs a pause, the next is risked after as many pauses, or this time."""

_MIN_SHARE_LEFT = 0.7
"""One rejection does not reduce the limit to less than this share of it."""

_MIN_RATE = 0.1
"""Requests a second; a lower limit is a matter for `max_retries`."""

_PERIOD = 1.0
"""Seconds over which a limit is assumed to count."""

_MEMORY_SECONDS = 10.0
"""How long requests are remembered: most responses have come by then."""


@define(eq=False)
class CubicRate:
    """How fast to send, estimated from requests that were sent and those that were rejected."""

    _sent: deque[float] = field(factory=deque[float])
    """When requests were sent that were not rejected."""
    _rejected: deque[float] = field(factory=deque[float])
    """When rejections became known."""
    rejected_in_a_row: int = 0
    """How many requests were rejected since one was answered."""
    _limit: float | None = None
    """Requests a second."""
    _limited_at: float = float("-inf")
    """When the limit was concluded, or last confirmed by a rejection."""
    _counted_to: float | None = None
    """Of a limit that was just concluded: the end of the period whose requests were counted."""
    _pause: float = 0.0
    """Seconds that the last rejection asked to pause."""

    @property
    def is_limited(self) -> bool:
        """Whether a limit is known."""
        return self._limit is not None

    def on_sent(self, now: float) -> float:
        """Record a request; return the seconds until the next, 0 where no limit is known."""
        _forget(self._sent, now)
        self._sent.append(now)
        rate = self._rate(now)
        return 1 / rate if rate else 0.0

    def on_answered(self) -> None:
        """Record that a request was answered."""
        self.rejected_in_a_row = 0

    def withdraw(self, sent: float) -> None:
        """Forget the request of the moment *sent*: its outcome says nothing about a limit."""
        if sent in self._sent:
            self._sent.remove(sent)

    def on_rejected(self, sent: float, now: float, pause: float = 0.0) -> float:
        """Record that the request of the moment *sent* was rejected; return when to send again.

        *pause* is how many seconds the server asked to pause.
        """
        self.withdraw(sent)
        _forget(self._rejected, now)
        self._rejected.append(now)
        self.rejected_in_a_row += 1
        if sent <= self._limited_at:
            self._count_out(sent)
            return now
        if now < self._limited_at + _PERIOD:
            # The same period is still full. To wait as long again soon finds its end.
            return 2 * now - self._limited_at
        counted = [each for each in self._sent if sent - _PERIOD < each <= sent]
        limit = self._estimate(len(counted), now)
        if limit is None:
            return now
        self._counted_to = None if self.is_limited else sent
        self._limit, self._limited_at, self._pause = limit, now, pause
        # There is room again when the first request of the period has left it.
        return max(now, counted[0] + _PERIOD) if counted else now

    def _count_out(self, sent: float) -> None:
        """Correct a limit for which *sent* was counted as answered, before it was rejected too."""
        end = self._counted_to
        if self._limit and end is not None and end - _PERIOD < sent <= end:
            self._limit = max(self._limit - 1, _MIN_RATE)

    def _estimate(self, counted: int, now: float) -> float | None:
        """Return the limit that a rejection after *counted* requests in a period tells, if any."""
        rate = self._rate(now)
        if self._limit is None or rate is None:
            few = len(self._sent) + len(self._rejected) < _REQUESTS_NEEDED
            needed = self.rejected_in_a_row if few else len(self._rejected)
            if not counted or needed < _REJECTIONS_NEEDED:
                return None
            return max(counted, _MIN_LIMIT_OF_FEW) if few else float(counted)
        just_concluded = self._counted_to is not None and counted
        least = 0.0 if just_concluded else _MIN_SHARE_LEFT * min(rate, self._limit)
        return max(min(counted, rate), least, _MIN_RATE)

    def _rate(self, now: float) -> float | None:
        if self._limit is None:
            return None
        least, most = _SECONDS_TO_LEVEL
        if self._counted_to is not None:  # just concluded, perhaps from few requests
            growing, level = least, least + self._pause
        else:
            growing = max(least, min(most, _REQUESTS_TO_LEVEL / self._limit))
            level = max(growing, min(_MAX_SECONDS_TO_LEVEL, _PAUSES_TO_LEVEL * self._pause))
        t = now - self._limited_at - level
        if t < 0:
            return self._limit * (1 - _BELOW * (1.0 if self._pause else (-t / level) ** 3))
        factor = 1 + _GROWTH * (t / growing) ** 3
        if factor > _FORGET_AT:
            self._limit = None
            return None
        return self._limit * factor


def _forget(moments: deque[float], now: float) -> None:
    while moments and moments[0] < now - _MEMORY_SECONDS:
        moments.popleft()
