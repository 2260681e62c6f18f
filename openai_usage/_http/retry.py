"""Decide whether and when to retry a failed request."""

import random

from openai_usage.errors import APIConnectionError, APIStatusError, RateLimitError

_FIRST_WAIT = 0.5
"""The upper bound in seconds of the first random delay; it doubles with each retry."""

OUT_OF_CREDIT = "insufficient_quota"
"""The code of a 429 that stays until somebody pays."""

HOST_NOT_FOUND = "Check base_url and the network."
"""The hint for a host without an address, which the client never reached. It is a typing error, or
the network is down, so further attempts would only delay the message."""


def retry_delay(
    error: BaseException, retry: int, *, max_retries: int, max_wait: float, throttled: bool = False
) -> float | None:
    """Return the delay in seconds before retry number *retry* (the first is 1), None to give up.

    A delay from the server is used as it is, also 0 seconds. If it is longer than *max_wait*, give
    up. Otherwise the delay is random, up to a bound that doubles (full jitter). So clients that
    failed at the same time do not retry at the same time. If the rate limiter already delays
    requests (*throttled*), the first retry after a 429 is sent without a further delay.
    """
    if retry > max_retries or not is_retryable(error):
        return None
    requested = error.retry_after if isinstance(error, APIStatusError) else None
    if requested is not None:
        return requested if requested <= max_wait else None
    if throttled and retry == 1 and isinstance(error, RateLimitError):
        return 0.0
    return random_delay(retry, max_wait)


def random_delay(retry: int, max_wait: float) -> float:
    """Return a random delay in seconds before retry number *retry*, of at most *max_wait*."""
    return random.uniform(0, min(max_wait, _FIRST_WAIT * 2.0 ** min(retry - 1, 60)))


def is_retryable(error: BaseException) -> bool:
    """Return whether the same request can succeed a moment later."""
    if isinstance(error, APIStatusError):
        if OUT_OF_CREDIT in (error.code, error.type):
            return False
        return is_temporary(error.status_code)
    return isinstance(error, APIConnectionError) and error.hint != HOST_NOT_FOUND


def is_temporary(status: int) -> bool:
    """Return whether an HTTP status can be another one a moment later."""
    return status in (408, 409, 429) or status >= 500
