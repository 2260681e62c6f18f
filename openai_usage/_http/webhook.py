"""Post a small JSON to a webhook, whose URL is a secret: whoever has it can post."""

import json
import os
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

import aiohttp
from yarl import URL

from openai_usage._http.config import is_loopback
from openai_usage._http.responses import retry_after
from openai_usage._http.retry import is_temporary, random_delay
from openai_usage._http.secret import Secret
from openai_usage._http.transport import USER_AGENT
from openai_usage._text import contains_key
from openai_usage.errors import InvalidOptionError, NotificationError

_ADDRESS = re.compile(r"https?://[!-~]+")

_GONE = "The webhook does not exist any more, or is switched off. Make a new one and use its URL."
_OTHER_JSON = (
    'It takes other JSON. Use a webhook that takes {"text": "…"}, as those of Slack and Mattermost '
    "do."
)
_LATER = "Try again later."

_ADVICE: Mapping[int, str] = {
    400: _OTHER_JSON,
    401: _GONE,
    403: _GONE,
    404: _GONE,
    410: _GONE,
    422: _OTHER_JSON,
    429: "It receives too many notifications. Send fewer.",
    3: "Redirects are not followed, so that nothing is sent to another host. Use the final URL.",
    5: _LATER,
}
"""Advice by status, or by the first digit of a status."""

_CHECK = "Check its URL and the network."

_REASON = re.compile("[a-z_]{1,40}")
"""A reason that may be quoted, such as Slack's `channel_is_archived`. All other answers may quote
the URL."""


class WebhookUrl(Secret):
    """The URL of a webhook, which no repr, traceback or error shows.

    Raises:
        InvalidOptionError: The URL is not valid, or not encrypted to another machine.
    """

    __slots__ = ()

    mask: ClassVar[str] = "[the URL of the webhook]"

    def __init__(self, text: str) -> None:
        is_allowed = _is_allowed(text.strip())
        super().__init__(text.strip())
        del text  # tracebacks can show locals
        if not is_allowed:
            raise InvalidOptionError(
                option="notify",
                expected="the https address of a webhook, or an http address of this machine, in "
                "plain ASCII",
                hint="Copy the whole address again. It is a secret, so it is not shown here.",
            )


def _is_allowed(text: str) -> bool:
    """Return whether *text* is an address to which a notification may be sent."""
    try:
        url = URL(text if _ADDRESS.fullmatch(text) else "", encoded=True)
        host = url.host or ""
        host.encode("idna")  # a DNS lookup encodes it too
        is_port = url.port != 0
    except ValueError:
        return False
    is_safe = url.scheme == "https" or is_loopback(host)
    return bool(host) and is_port and is_safe and not contains_key(text)


async def post_json(
    url: WebhookUrl,
    payload: Mapping[str, object],
    *,
    timeout: float = 10.0,  # noqa: ASYNC109 - of each attempt
    max_retries: int = 2,
    max_retry_wait: float = 10.0,
) -> None:
    """Post *payload* to a webhook, and retry if the failure is temporary.

    A notification can arrive twice: if only the answer to the first was lost.

    Args:
        url: The URL. It is sent as it is, and redirects are not followed.
        payload: What `json.dumps` takes.
        timeout: The seconds until each attempt fails.
        max_retries: The number of attempts after the first.
        max_retry_wait: The longest delay before a retry in seconds. If the webhook asks for a
            longer one, this gives up.

    Raises:
        NotificationError: No attempt was successful; this is the error of the last one.
    """
    import stamina  # noqa: PLC0415 - keeps imports fast

    body = json.dumps(payload).encode()
    retries = 0

    def wait_before_next(error: Exception) -> bool | float:
        nonlocal retries
        retries += 1
        if not isinstance(error, NotificationError):
            return False
        if error.status_code is not None and not is_temporary(error.status_code):
            return False
        if error.retry_after is None:
            return random_delay(retries, max_retry_wait)
        return error.retry_after if error.retry_after <= max_retry_wait else False

    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=timeout)
    ) as session:

        async def once() -> None:
            try:
                failure = await _post(session, url, body)
            except BaseException as error:  # noqa: BLE001 - raised again
                # Frames of aiohttp hold the URL, and tracebacks can show locals.
                raise error.with_traceback(None) from None
            if failure is not None:
                raise failure

        attempts = stamina.AsyncRetryingCaller(attempts=max_retries + 1, timeout=None)
        await attempts.on(wait_before_next)(once)


async def _post(
    session: aiohttp.ClientSession, url: WebhookUrl, body: bytes
) -> NotificationError | None:
    """Send one request, and return the error if it failed."""
    try:
        async with session.post(
            URL(url.reveal(), encoded=True),
            data=body,
            headers={"Content-Type": "application/json", "User-Agent": USER_AGENT},
            allow_redirects=False,
        ) as response:
            status, wait = response.status, retry_after(response.headers)
            answer = (await response.content.read(200)).decode(errors="replace").strip()
    except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
        return NotificationError(
            f"no complete answer from the webhook: {_cause(error)}.", hint=_CHECK
        )
    if 200 <= status < 300:
        return None
    is_reason = _REASON.fullmatch(answer) and answer not in url.reveal()
    reason = f"{status} ({answer})" if is_reason else _status(status)
    return NotificationError(
        f"the webhook answered {reason}.",
        status_code=status,
        retry_after=wait,
        hint=_ADVICE.get(status) or _ADVICE.get(status // 100) or _CHECK,
    )


def _status(status: int) -> str:
    """Return an HTTP status with its usual name: `404 Not Found`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _cause(error: Exception) -> str:
    """Return the cause of a failure. The texts of the errors name the host, so they are not used.

    A host can be a secret, too.
    """
    match error:
        case TimeoutError():
            return "it took too long"
        case aiohttp.ClientConnectorDNSError():
            return "its host was not found"
        case aiohttp.ClientConnectorCertificateError():
            return "its certificate is not valid"
        case aiohttp.ServerDisconnectedError():
            return "it closed the connection"
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number)
        case _:
            return type(error).__name__
