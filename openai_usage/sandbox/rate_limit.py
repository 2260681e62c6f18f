"""How many requests the sandbox answers in a second; what is over is refused."""

from collections import deque

from attrs import define, field


@define
class RateLimit:
    """So many requests in any one second, or any number."""

    requests_per_second: int | None = None
    """Set it to let the limit change; None: there is none."""
    _passed: deque[float] = field(factory=deque[float], init=False)

    def allows(self, now: float) -> bool:
        """Whether one more request may pass at *now*, in seconds by any clock; it counts if so."""
        while self._passed and self._passed[0] <= now - 1.0:
            self._passed.popleft()
        if self.requests_per_second is not None and len(self._passed) >= self.requests_per_second:
            return False
        self._passed.append(now)
        return True
