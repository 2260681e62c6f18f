"""The checks of `openai-usage doctor`. Each says what failed and what to do."""

import asyncio
import os
import socket
import ssl
from collections.abc import Mapping
from typing import Literal, cast

from attrs import frozen
from yarl import URL

from openai_usage import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    Names,
    PermissionDeniedError,
)
from openai_usage._http.environment import CREATE_ADMIN_KEY, KEYS_OF_PROJECTS, key_advice
from openai_usage._http.secret import Secret
from openai_usage.cli.wording import as_typed, reason

USAGE, MANAGEMENT = "api.usage.read", "api.management.read"
"""The scope for usage and costs, and the one for the lists of names."""

RESPONSE_TIMEOUT = 10.0
"""Seconds to wait for a response."""

_CONNECT_TIMEOUT = 4.0
"""Seconds to resolve a host and connect to it, and again for the TLS handshake."""

_ADMIN = "sk-admin-"

_OTHER_KINDS: Mapping[str, str] = {
    **KEYS_OF_PROJECTS,
    "sk-": "the key of a user",
    "sess-": "the session of a browser",
}
"""Descriptions of keys that cannot read usage, by prefix."""

_LONG = 24
"""The fewest random characters for which it is safe to show the last four."""


@frozen
class Check:
    """The result of one check."""

    name: str
    """The part that was checked: the key, the connection, an endpoint, …"""
    state: Literal["ok", "failed", "skipped"]
    """`skipped` if it could not be checked or if no figure depends on it."""
    message: str
    detail: str = ""
    """The original error, whose wording may vary between checks with the same cause."""


def check_key(key: Secret, place: str = "OPENAI_ADMIN_KEY") -> Check:
    """Check by its prefix whether a key, which is set in a *place*, can read usage."""
    if not key.reveal():
        return Check("key", "failed", f"OPENAI_ADMIN_KEY is not set. {key_advice()}")
    masked = mask_key(key)
    if key.reveal().startswith(_ADMIN):
        return Check("key", "ok", f"{masked} is an admin key")
    for prefix, kind in _OTHER_KINDS.items():
        if key.reveal().startswith(prefix):
            fact = f"{masked} is {kind}, and cannot read usage."
            advice = f"Set {place} to an organization's admin key. {CREATE_ADMIN_KEY}"
            return Check("key", "failed", f"{fact} {advice}")
    return Check("key", "skipped", f"{masked} does not begin like an admin key: {_ADMIN}…")


def mask_key(key: Secret) -> str:
    """Return the prefix of a key and, if it is long enough, its last four characters."""
    prefix = next((each for each in (_ADMIN, *_OTHER_KINDS) if key.reveal().startswith(each)), "")
    is_long = len(key.reveal()) - len(prefix) >= _LONG
    return f"{prefix}…{key.reveal()[-4:] if is_long else ''}"


class _PausedProtocol(asyncio.Protocol):
    """Protocol that reads nothing, so that every byte is left for the TLS handshake."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).pause_reading()


async def check_connection(base_url: str) -> Check:
    """Connect to the server, with TLS if the address is https, without sending a request."""
    url, loop = URL(base_url), asyncio.get_running_loop()
    host, port = str(url.host), int(str(url.port))
    address = f"{host}:{port}"
    try:
        connecting = loop.create_connection(_PausedProtocol, host, port)
        transport, protocol = await asyncio.wait_for(connecting, _CONNECT_TIMEOUT)
    except OSError as error:  # includes TimeoutError
        return Check("connection", "failed", _describe_tcp_error(error, address))
    try:
        if url.scheme == "https":
            context = ssl.create_default_context()
            handshake = loop.start_tls(transport, protocol, context, server_hostname=host)
            transport = cast(
                "asyncio.Transport", await asyncio.wait_for(handshake, _CONNECT_TIMEOUT)
            )
    except OSError as error:
        return Check("connection", "failed", _describe_tls_error(error, address))
    finally:
        transport.abort()
    tls = transport.get_extra_info("ssl_object")
    protection = "without TLS" if tls is None else f"over {tls.version()}"
    return Check("connection", "ok", f"{address} can be reached, {protection}")


def _describe_tcp_error(error: OSError, address: str) -> str:
    """Return why there is no connection to *address*, and what to do."""
    match error:
        case socket.gaierror():
            return f"DNS: no address for {address} ({error.strerror}): check OPENAI_BASE_URL"
        case TimeoutError() if error.errno is None:  # of wait_for, not of the system
            return (
                f"TCP: no connection to {address} within {_CONNECT_TIMEOUT:g} s: check "
                "OPENAI_BASE_URL, and whether a firewall blocks it or the name cannot be resolved"
            )
        case _:
            return f"TCP: no connection to {address} ({_reason(error)}): check OPENAI_BASE_URL"


def _describe_tls_error(error: OSError, address: str) -> str:
    """Return why the TLS handshake with *address* failed, and what to do."""
    match error:
        case ssl.SSLCertVerificationError():
            return (
                f"TLS: the certificate of {address} is not trusted ({error.verify_message}): if a "
                "private authority issued it, set SSL_CERT_FILE to the certificate of that "
                "authority"
            )
        case ssl.SSLError():
            return f"TLS: the handshake with {address} failed ({error.reason}): is it https?"
        case TimeoutError(errno=None):
            return (
                f"TLS: {address} accepted the connection, but sent nothing for "
                f"{_CONNECT_TIMEOUT:g} s: is it https?"
            )
        case _:
            return f"TLS: {address} closed the connection ({_reason(error)}): is it https?"


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)


def check_endpoint(name: str, error: APIError | None, *, others_answer: bool) -> Check:
    """Check whether an endpoint answered, or with which likely cause it failed.

    If *others_answer*, the address is right, and the message does not question it.
    """
    if error is None:
        return Check(name, "ok", "answers")
    text = as_typed(error, others_answer=others_answer)
    match error:
        case APITimeoutError():
            cause = "does not answer in time, or not completely"
        case APIConnectionError():
            cause = "the connection was lost before the answer was complete"
        case APIStatusError() | APIResponseValidationError() if _is_html(error.body):
            cause = "answers with a web page"
        case PermissionDeniedError() if USAGE not in text:
            return Check(name, "failed", f"{text} The scope for it is {USAGE}.")
        case _:
            return Check(name, "failed", text)
    address = ": is OPENAI_BASE_URL the address of the API, or is a proxy in between?"
    return Check(
        name,
        "failed",
        f"{cause}{', while other endpoints answer' if others_answer else address}",
        detail=text,
    )


def _is_html(body: str) -> bool:
    return body.lstrip().startswith("<")


def check_names(names: Names, *, others_answer: bool) -> Check:
    """Check whether the names of ids could be read; no figure depends on them."""
    if not names.unread:
        return Check("names", "ok", f"{len(names.known)} projects and API keys have names")
    first = names.unread[0]
    message = reason(first, others_answer=others_answer)
    if first.status_code == 403:
        message += f" The scope for names is {MANAGEMENT}; no figure depends on it."
    state: Literal["failed", "skipped"] = (
        "failed" if any(each.passing for each in names.unread) else "skipped"
    )
    return Check("names", state, message)
