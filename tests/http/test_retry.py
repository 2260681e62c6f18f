"""Whether and when a request is tried again, as a decision about values."""

import pytest

from openai_usage import APIConnectionError, APIError, BadRequestError, RateLimitError
from openai_usage._http.retry import retry_delay


def refused(retry_after: float | None = None) -> RateLimitError:
    return RateLimitError("no", status_code=429, retry_after=retry_after)


@pytest.mark.parametrize(
    ("error", "retry", "throttled", "least", "most"),
    [
        pytest.param(refused(), 1, True, 0.0, 0.0, id="the rate limiter makes it wait"),
        pytest.param(refused(), 2, True, 0.001, 1.0, id="but once"),
        pytest.param(refused(), 1, False, 0.001, 0.5, id="no limit is known"),
        pytest.param(refused(7.0), 1, True, 7.0, 7.0, id="the server names a time"),
        pytest.param(refused(60.0), 1, True, 60.0, 60.0, id="just as long as is allowed"),
        pytest.param(APIConnectionError("no"), 1, True, 0.001, 0.5, id="the limit does not matter"),
        pytest.param(APIConnectionError("no"), 3, False, 0.001, 2.0, id="it doubles"),
        pytest.param(APIConnectionError("no"), 2000, False, 0.001, 60.0, id="not for ever"),
    ],
)
def test_a_wait_is_within_its_bounds(
    error: APIError, retry: int, throttled: bool, least: float, most: float
) -> None:
    waits = [
        retry_delay(error, retry, max_retries=5_000, max_wait=60.0, throttled=throttled)
        for _ in range(200)
    ]
    known = [wait for wait in waits if wait is not None]
    assert len(known) == 200
    assert 0.0 <= min(known) <= max(known) <= most
    assert max(known) >= least


@pytest.mark.parametrize(
    ("error", "retry"),
    [(refused(60.1), 1), (refused(), 6), (BadRequestError("no", status_code=400), 1)],
)
def test_some_errors_are_final(error: APIError, retry: int) -> None:
    assert retry_delay(error, retry, max_retries=5, max_wait=60.0) is None
