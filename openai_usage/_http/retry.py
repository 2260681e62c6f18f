"""Decides, from values alone, whether a failed request is worth another try and when."""

import random

from openai_usage.errors import APIConnectionError, APIStatusError, RateLimitError

_FIRST_WAIT = 0.5
"""Seconds that the first wait stays below, where the server named none; it doubles from there."""

OUT_OF_CREDIT = "insufficient_quota"
"""The code of a 429 that does not pass until somebody pays."""


def retry_delay(
    error: BaseException, retry: int, *, max_retries: int, max_wait: float, throttled: bool = False
) -> float | None:
    """Return the seconds to wait before retry number *retry* (the first is 1), None to give up.

    A time that the server names is kept to, 0 seconds too, unless it is longer than *max_wait*:
    then the request is given up. Otherwise the wait is random, up to a bound that doubles (full
    jitter), so that clients that failed together do not return together. Only the first retry after
    a 429 does not wait where the rate limiter knows the limit (*throttled*) and makes it wait.
    """
    if retry > max_retries or not is_retryable(error):
        return None
    named = error.retry_after if isinstance(error, APIStatusError) else None
    if named is not None:
        return named if named <= max_wait else None
    if throttled and retry == 1 and isinstance(error, RateLimitError):
        return 0.0
    return random.uniform(0, min(max_wait, _FIRST_WAIT * 2.0 ** min(retry - 1, 60)))


def is_retryable(error: BaseException) -> bool:
    """Return whether the same request can succeed a moment later."""
    if isinstance(error, APIStatusError):
        if OUT_OF_CREDIT in (error.code, error.type):
            return False
        return error.status_code in (408, 409, 429) or error.status_code >= 500
    return isinstance(error, APIConnectionError)
