"""Decides, from values alone, whether a failed request is worth another try and when."""

import random

from openai_usage.errors import APIConnectionError, APIStatusError, RateLimitError

_FIRST_WAIT = 0.5
"""Seconds that the first wait stays below, where the server named none; it doubles from there."""


def wait_before_retry(
    error: BaseException, retry: int, *, max_retries: int, max_wait: float
) -> float | None:
    """Seconds to wait before retry number *retry* (the first is 1), or None to give up.

    A server that names a time is taken at its word, or given up on where that is longer than
    *max_wait*. Otherwise the wait is drawn from the whole span up to a bound that doubles (full
    jitter), so that clients which failed together do not come back together.
    """
    if retry > max_retries or not _is_passing(error):
        return None
    named = error.retry_after if isinstance(error, APIStatusError) else None
    if named is not None and named > max_wait:
        return None
    return named or random.uniform(0, min(max_wait, _FIRST_WAIT * 2.0 ** (retry - 1)))


def hold_after(error: BaseException, wait: float | None, *, max_wait: float) -> float:
    """Seconds for which *error* holds back the whole client.

    After a 429 the others would be refused too, whether this request is tried again, after *wait*,
    or given up. A wait longer than *max_wait* is left to the caller.
    """
    if not isinstance(error, RateLimitError):
        return 0.0
    if wait is not None:
        return wait
    named = error.retry_after or 0.0
    return named if named <= max_wait else 0.0


def _is_passing(error: BaseException) -> bool:
    """Whether the same request can succeed a moment later."""
    if isinstance(error, APIStatusError):
        return error.status_code in (408, 409, 429) or error.status_code >= 500
    return isinstance(error, APIConnectionError)
