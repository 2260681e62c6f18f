"""The pace at which a client sends once it was refused, from values alone.

A limit of requests is known to nobody but the server, and shared with whoever else asks for the
same organization. So it is found out: the first 429 tells how many a second were too many. From
there the pace follows a cubic curve, as TCP's CUBIC does (RFC 9438): from below what was met, level
around it, then faster and faster until it is met again or forgotten.
"""

from collections import deque

from attrs import define, field

_BEHIND = 0.1
"""How far below the limit that was met the curve begins, as a share of it."""

_AHEAD = 16.0
"""How steep it is beyond: at 17 times the limit when it has gone on for as long again."""

_FORGOTTEN = 2.0
"""Where the limit is forgotten, in times it took to level: at 129 times the limit."""

_REQUESTS_TO_LEVEL = 60
"""How many requests the curve takes to come back to the limit: looking for it costs a 429
or two in about that many."""

_SECONDS_TO_LEVEL = (2.5, 12.0)
"""No less, so that answers on their way do not count for much, and no more, to recover soon."""

_HOLDS_TO_LEVEL = 12
"""Where a refusal costs a hold of all requests, the limit is looked for as much more rarely."""

_LEFT_AT_LEAST = 0.7
"""A pace that is refused is not cut to less than this share of it at once."""

_SLOWEST = 0.1
"""Requests a second; slower than this is a matter for `max_retries`."""

_KEPT = 10.0
"""Seconds for which it is known what was sent: most answers are there by then."""


@define(eq=False)
class Pace:
    """How fast to send, learnt from what was sent and what of it was refused."""

    _sent: deque[float] = field(factory=deque[float])
    """When requests were sent, but for those that were refused."""
    _limit: float | None = None
    """Requests a second at the last refusal."""
    _refused_at: float = float("-inf")
    _met_again: bool = False
    """Whether it was met more than once: a single refusal can be somebody else's doing."""
    _held: float = 0.0
    """Seconds that the last refusal asked to hold all requests."""

    @property
    def is_limited(self) -> bool:
        """Whether a limit is known."""
        return self._limit is not None

    def sent(self, now: float) -> float:
        """Take note of a request; seconds from one to the next, 0 where no limit is in sight."""
        while self._sent and self._sent[0] < now - _KEPT:
            self._sent.popleft()
        self._sent.append(now)
        rate = self._rate(now)
        return 1 / rate if rate else 0.0

    def refused(self, sent: float, now: float, hold: float = 0.0) -> float:
        """Take note that the request of the moment *sent* was refused; until when to send none.

        *hold* is for how many seconds the server asked to send none.

        What was sent before an earlier refusal was known says no more than that one did, and where
        nothing else was sent in the same second there is nothing to learn.
        """
        if sent in self._sent:
            self._sent.remove(sent)
        if sent <= self._refused_at:
            return now
        rate = self._rate(now)
        self._met_again = rate is not None
        passed = [each for each in self._sent if sent - 1.0 < each <= sent]
        met = float(len(passed))
        if rate is not None:  # one more would have fit, by the clock of the server
            met = max(min(met + 1, rate), _LEFT_AT_LEAST * rate)
        self._limit = max(met, _SLOWEST) if met else None
        self._refused_at, self._held = now, hold
        # A limit over a second has room again when the first request of that second is past.
        return max(now, passed[0] + 1.0) if passed else now

    def _rate(self, now: float) -> float | None:
        if self._limit is None:
            return None
        least, most = _SECONDS_TO_LEVEL
        wanted = max(_REQUESTS_TO_LEVEL / self._limit, _HOLDS_TO_LEVEL * self._held)
        to_level = max(least, min(most, wanted)) if self._met_again else least
        t = (now - self._refused_at) / to_level - 1
        if t > _FORGOTTEN:
            self._limit = None
            return None
        return self._limit * (1 + (_BEHIND if t < 0 else _AHEAD) * t**3)
