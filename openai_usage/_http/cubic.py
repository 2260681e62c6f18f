"""Compute the rate at which to send after rejections, without I/O and without a clock.

Only the server knows the limit of requests, and others share it. So it is estimated: rejections
show how many requests a second were too many. From there the rate follows a cubic curve, like TCP's
CUBIC (RFC 9438): it starts below the limit, levels off at it, then grows faster and faster until
requests are rejected again or the limit is forgotten.
"""

from collections import deque

from attrs import define, field

_REJECTIONS_NEEDED = 3
_REQUESTS_NEEDED = 10
"""The rejections that a limit is estimated from: in a row, or among at least 10 requests."""

_MIN_LIMIT_OF_FEW = 5.0
"""Requests a second: the lowest limit that is estimated from fewer than 10 requests."""

_BELOW = 0.05
"""The share below the limit at which the curve starts, or stays if a rejection causes a pause."""

_GROWTH = 16.0
"""The steepness of the curve above the limit: 17 times the limit after one growth period."""

_FORGET_AT = 129.0
"""The multiple of the limit at which it is forgotten."""

_REQUESTS_TO_LEVEL = 60
"""Requests until the curve is back at the limit, where one or two rejections are likely."""

_SECONDS_TO_LEVEL = (2.5, 12.0)
"""The minimum, so that pending responses matter little, and the maximum, to recover soon."""

_PAUSES_TO_LEVEL = 16
_MAX_SECONDS_TO_LEVEL = 60.0
"""After pauses, the curve is back at the limit after 16 of them, or 60 seconds if sooner."""

_MIN_SHARE_LEFT = 0.7
"""The smallest share of the limit that remains after one rejection."""

_MIN_RATE = 0.1
"""Requests a second: the lowest estimate. Retries handle a lower limit."""

_PERIOD = 1.0
"""Seconds: the period over which the server is assumed to count requests."""

_MEMORY_SECONDS = 10.0
"""Seconds for which requests are remembered: most responses arrive in that time."""


@define(eq=False)
class CubicRate:
    """An estimate of the rate at which to send, from the requests sent and rejected."""

    _sent: deque[float] = field(factory=deque[float])
    """The times at which requests were sent, without those that were rejected."""
    _rejected: deque[float] = field(factory=deque[float])
    """The times at which rejections arrived."""
    rejected_in_a_row: int = 0
    """The number of requests rejected since the last one was answered."""
    _limit: float | None = None
    """The estimated limit, in requests a second."""
    _limited_at: float = float("-inf")
    """The time at which the limit was estimated, or last confirmed by a rejection."""
    _counted_to: float | None = None
    """The end of the period whose requests were counted, if the limit is a first estimate."""
    _pause: float = 0.0
    """The pause in seconds that the last rejection asked for."""

    @property
    def is_limited(self) -> bool:
        """True if a limit is known."""
        return self._limit is not None

    def on_sent(self, now: float) -> float:
        """Record a request; return the seconds until the next, 0 if no limit is known."""
        _forget(self._sent, now)
        self._sent.append(now)
        rate = self._rate(now)
        return 1 / rate if rate else 0.0

    def on_answered(self) -> None:
        """Record that a request was answered."""
        self.rejected_in_a_row = 0

    def withdraw(self, sent: float) -> None:
        """Forget the request sent at *sent*, because its outcome says nothing about a limit."""
        if sent in self._sent:
            self._sent.remove(sent)

    def on_rejected(self, sent: float, now: float, pause: float = 0.0) -> float:
        """Record that the request sent at *sent* was rejected; return when to send again.

        *pause* is the number of seconds that the server asked to pause.
        """
        self.withdraw(sent)
        _forget(self._rejected, now)
        self._rejected.append(now)
        self.rejected_in_a_row += 1
        if sent <= self._limited_at:
            self._count_out(sent)
            return now
        if now < self._limited_at + _PERIOD:
            # The same period is still full. Waiting as long again soon reaches its end.
            return 2 * now - self._limited_at
        counted = [moment for moment in self._sent if sent - _PERIOD < moment <= sent]
        limit = self._estimate(len(counted), now)
        if limit is None:
            return now
        self._counted_to = None if self.is_limited else sent
        self._limit, self._limited_at, self._pause = limit, now, pause
        # There is room again as soon as the first request of the period is outside of it.
        return max(now, counted[0] + _PERIOD) if counted else now

    def _count_out(self, sent: float) -> None:
        """Correct the limit if it counted the request sent at *sent*, which was rejected later."""
        end = self._counted_to
        if self._limit and end is not None and end - _PERIOD < sent <= end:
            self._limit = max(self._limit - 1, _MIN_RATE)

    def _estimate(self, counted: int, now: float) -> float | None:
        """Return the limit that follows from a rejection after *counted* requests, if any."""
        rate = self._rate(now)
        if self._limit is None or rate is None:
            few = len(self._sent) + len(self._rejected) < _REQUESTS_NEEDED
            needed = self.rejected_in_a_row if few else len(self._rejected)
            if not counted or needed < _REJECTIONS_NEEDED:
                return None
            return max(counted, _MIN_LIMIT_OF_FEW) if few else float(counted)
        is_first_estimate = self._counted_to is not None and counted
        least = 0.0 if is_first_estimate else _MIN_SHARE_LEFT * min(rate, self._limit)
        return max(min(counted, rate), least, _MIN_RATE)

    def _rate(self, now: float) -> float | None:
        if self._limit is None:
            return None
        least, most = _SECONDS_TO_LEVEL
        if self._counted_to is not None:  # a first estimate, perhaps from few requests
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
