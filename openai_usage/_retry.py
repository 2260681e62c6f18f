"""Decides, from values alone, whether a failed request is worth another try and when."""

import random

from openai_usage.errors import APIConnectionError, APIStatusError, RateLimitError

_FIRST_WAIT = 0.5
"""Seconds that the first wait stays below, where the server named none; it doubles from there."""


def wait_before_retry(
    error: BaseException, retry: int, *, max_retries: int, max_wait: float, paced: bool = False
) -> float | None:
    """Seconds to wait before retry number *retry* (the first is 1), or None to give up.

    A server that names a time is taken at its word, or given up on where that is longer than
    *max_wait*. Otherwise the wait is drawn from the whole span up to a bound that doubles (full
    jitter), so that clients which failed together do not come back together; but the first time
    after a 429 that is left to the gate, where it has found out the pace (*paced*).
    """
    if retry > max_retries or not is_passing(error):
        return None
    named = error.retry_after if isinstance(error, APIStatusError) else None
    if named is not None and named > max_wait:
        return None
    if paced and retry == 1 and isinstance(error, RateLimitError) and named is None:
        return 0.0
    return named or random.uniform(0, min(max_wait, _FIRST_WAIT * 2.0 ** min(retry - 1, 60)))


def is_passing(error: BaseException) -> bool:
    """Whether the same request can succeed a moment later."""
    if isinstance(error, APIStatusError):
        return error.status_code in (408, 409, 429) or error.status_code >= 500
    return isinstance(error, APIConnectionError)
