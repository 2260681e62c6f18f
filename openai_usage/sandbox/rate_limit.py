"""The sandbox's limit on requests per second. Requests over the limit are rejected."""

from collections import deque

from attrs import define, field


@define
class RateLimit:
    """A limit on the requests in any one second."""

    requests_per_second: int | None = None
    """The limit, or None for no limit. It can be changed at any time."""
    _accepted: deque[float] = field(factory=deque[float], init=False)

    def allows(self, now: float) -> bool:
        """Return whether a request at *now*, in seconds of any clock, is allowed, and count it."""
        while self._accepted and self._accepted[0] <= now - 1.0:
            self._accepted.popleft()
        if self.requests_per_second is not None and len(self._accepted) >= self.requests_per_second:
            return False
        self._accepted.append(now)
        return True
