"""Reads an answer of the API, given as plain values: the body of a 200, or the error it is.

The mapping of statuses and the meaning of headers are here and nowhere else, free of any HTTP
library.
"""

import json
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from math import inf

from openai_usage import errors
from openai_usage._codec import EXCERPT

_ERRORS: Mapping[int, type[errors.APIStatusError]] = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    422: errors.UnprocessableEntityError,
    429: errors.RateLimitError,
}

_REDIRECTED = (
    "Redirects are not followed, so that the key stays with the host it is meant for: "
    "set base_url to where the API is."
)
_NOT_FOUND = "Is base_url where the API is? OpenAI's own ends in /v1."


def status_error(
    status: int, headers: Mapping[str, str], body: bytes, *, key_advice: str
) -> errors.APIStatusError:
    """The error that an answer with another status than 200 stands for."""
    text = body[: 4 * EXCERPT].decode(errors="replace")[:EXCERPT]
    details = _details(body)
    said = details.get("message") or " ".join(text.split())[:80] or "nothing"
    wait = retry_after(headers)
    match status:
        case 401 | 403:
            advice = key_advice
        case 404:
            advice = _NOT_FOUND
        case _ if 300 <= status < 400:
            advice = _REDIRECTED
        case _:
            advice = "" if wait is None else f"It asks to wait for {wait:g} s."
    default = errors.InternalServerError if status >= 500 else errors.APIStatusError
    return _ERRORS.get(status, default)(
        f"the API answered {status}: {said} {advice}".rstrip(),
        status_code=status,
        code=details.get("code"),
        param=details.get("param"),
        type=details.get("type"),
        request_id=headers.get("x-request-id"),
        retry_after=wait,
        body=text,
    )


def _details(body: bytes) -> dict[str, str]:
    """What an `{"error": {…}}` says; nothing where the body is something else."""
    try:
        error = json.loads(body)["error"]
        return {name: str(value) for name, value in error.items() if value is not None}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait before the next request, where the server said so.

    `retry-after-ms`, whole or fractional seconds and HTTP dates are all in use across the API.
    A date is read against the server's own clock, where it sent that.
    """
    milliseconds = _seconds(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _seconds(value)
    if seconds is not None:
        return seconds
    until = _moment(value)
    if until is None:
        return None
    return max(0.0, until - (_moment(headers.get("date")) or time.time()))


def _seconds(text: str | None) -> float | None:
    try:
        seconds = float(text or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < inf else None


def _moment(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text or "").timestamp()
    except ValueError:
        return None
