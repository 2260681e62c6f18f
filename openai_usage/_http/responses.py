"""Turn a response whose status is not 200 into an error with advice.

Only this module maps statuses to errors and reads headers. It takes plain values, so that it does
not depend on an HTTP library.
"""

import json
import re
import time
from collections.abc import Mapping
from datetime import date
from email.utils import parsedate_to_datetime
from math import inf

from openai_usage import errors
from openai_usage._http.retry import OUT_OF_CREDIT
from openai_usage._http.secret import Secret
from openai_usage._text import with_full_stop
from openai_usage._time_format import short_time
from openai_usage.schema.times import unix_seconds

_ERRORS: Mapping[int, type[errors.APIStatusError]] = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    422: errors.UnprocessableEntityError,
    429: errors.RateLimitError,
}

NOT_FOUND = (
    "Check base_url: OpenAI's own ends in /v1. If other endpoints answer, base_url is right and "
    "this endpoint is not available to your organization."
)
_NOT_FOLLOWED = "Redirects are not followed, so that the key is sent to no other host."
REDIRECTED = f"{_NOT_FOLLOWED} Set base_url to the final address of the API."

_ADVICE: Mapping[int, str] = {404: NOT_FOUND, 3: REDIRECTED}
"""Advice by status, or by the first digit of a status."""

_AMONG_OTHERS: Mapping[str, str] = {
    NOT_FOUND: "Other endpoints answer, so this endpoint is not available to your organization.",
    REDIRECTED: _NOT_FOLLOWED,
}
"""Other advice in place of advice on `base_url`, if other endpoints answer: then it is right."""

_OTHER_ORGANIZATION = (
    "The request names an organization that this key does not belong to. Correct or unset the "
    "organization (OPENAI_ORG_ID): without one, the key's own is used."
)

_TOO_LONG_AGO = "reporting_lookback_exceeded"
"""The code of an error for a range that begins before the times of which the API has data."""

START_LATER = "The API does not report on times that long ago. Use a later start_time."

_ADVICE_ON_CODES: Mapping[str, str] = {
    _TOO_LONG_AGO: START_LATER,
    "invalid_organization": _OTHER_ORGANIZATION,
    "mismatched_organization": _OTHER_ORGANIZATION,
}
"""Advice by error code, for any status."""

_EARLIEST = re.compile(
    r"(?ai)\bon or after (?P<seconds>\d{9,10})\b|\bstart date: (?P<date>\d{4}-\d\d-\d\d)\b"
)
"""The earliest start in the message of an error."""

_EXCERPT = 2_000
"""The number of characters of a body that an error keeps."""

_LONGEST_NAME = 200
"""The number of characters that are kept of an organization's name."""


def excerpt(body: bytes | bytearray, secret: Secret) -> str:
    """Return the beginning of *body* as text, without *secret*."""
    length = len(secret.reveal())
    beginning = body[: 4 * _EXCERPT + length]  # a character has up to four bytes
    text = secret.redacted(beginning.decode(errors="replace"))
    if len(body) > len(beginning):
        text = text[: 1 - length]  # the cut may be inside a secret
    return text[:_EXCERPT]


def status_error(
    status: int,
    headers: Mapping[str, str],
    body: bytes | bytearray,
    *,
    secret: Secret,
    key_advice: str,
) -> errors.APIStatusError:
    """Return the error for a response whose status is not 200, without *secret*."""
    text = excerpt(body, secret)
    details = _details(body, secret)
    message = details.get("message", "").strip() or " ".join(text.split())[:80] or "nothing"
    code = details.get("code")
    wait = retry_after(headers)
    known = {401: key_advice, 403: key_advice, **_ADVICE}
    advice_on_waiting = "" if wait is None else f"It asks to wait for {wait:g} s."
    if OUT_OF_CREDIT in (details.get("code"), details.get("type")):
        advice_on_waiting = "Waiting does not help: check the organization's plan and billing."
    start = _earliest_start(details)
    advice = (
        ("" if start is None else f"Use a start_time from {start} ({short_time(start)}) on.")
        or _ADVICE_ON_CODES.get(code or "")
        or known.get(status)
        or known.get(status // 100)
        or advice_on_waiting
    )
    default = errors.InternalServerError if status >= 500 else errors.APIStatusError
    return _ERRORS.get(status, default)(
        f"the API answered {status}: {with_full_stop(message)}",
        status_code=status,
        code=code,
        param=details.get("param"),
        type=details.get("type"),
        request_id=request_id(headers, secret),
        retry_after=wait,
        earliest_start=start,
        body=text,
        hint=advice,
    )


def _earliest_start(details: Mapping[str, str]) -> int | None:
    """Return the earliest start that the API accepts, if *details* refuse an earlier one.

    Only the English message has it: as Unix seconds for costs by API key, and as a date for usage.
    """
    is_refused = details.get("param") == "start_time" or details.get("code") == _TOO_LONG_AGO
    found = _EARLIEST.search(details.get("message", "")) if is_refused else None
    if found is None:
        return None
    if found["seconds"]:
        return int(found["seconds"])
    try:
        return unix_seconds(date.fromisoformat(found["date"]), param="start_time")
    except ValueError:
        return None


def among_others(hint: str) -> str:
    """Return the *hint* of an error, corrected for a client whose other endpoints answer."""
    return _AMONG_OTHERS.get(hint, hint)


def organization(headers: Mapping[str, str], secret: Secret) -> str | None:
    """Return the organization of the key, if the response names it."""
    name = headers.get("openai-organization", "")
    return secret.redacted(name)[:_LONGEST_NAME] or None


def request_id(headers: Mapping[str, str], secret: Secret) -> str | None:
    """Return the id of the request, which OpenAI's support asks for."""
    return secret.redacted(headers["x-request-id"]) if "x-request-id" in headers else None


def _details(body: bytes | bytearray, secret: Secret) -> dict[str, str]:
    """Return the fields of `{"error": {…}}`, or nothing if the body is something else."""
    try:
        error = json.loads(body)["error"]
        known = {name: value for name, value in error.items() if value is not None}
        return {name: secret.redacted(str(value))[:_EXCERPT] for name, value in known.items()}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait before the next request, if the server gave them.

    `retry-after-ms`, whole or fractional seconds and HTTP dates are all in use across the API.
    A date is compared with the server's own clock if the response has it.
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
    except (ValueError, OverflowError):
        return None
