"""What `openai-usage doctor` checks: a function each, which says what is wrong and what to do."""

import asyncio
import os
import socket
import ssl
from collections.abc import Mapping
from typing import Literal, cast

from attrs import evolve, frozen
from yarl import URL

from openai_usage import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AsyncUsageClient,
    Endpoint,
    PermissionDeniedError,
    days_ago,
)
from openai_usage._http.environment import key_advice
from openai_usage._http.responses import among_others
from openai_usage._http.secret import Secret
from openai_usage.cli.wording import for_terminal

USAGE, MANAGEMENT = "api.usage.read", "api.management.read"
"""The scopes that usage and costs need, and the lists of names."""

ANSWERING = 10.0
"""Seconds for an answer."""

_CONNECTING = 4.0
"""Seconds to find a host and connect to it, and as many to agree on TLS."""

_ADMIN = "sk-admin-"

_OTHERS: Mapping[str, str] = {
    "sk-proj-": "the key of a project",
    "sk-svcacct-": "the key of a service account, which belongs to a project",
    "sk-": "the key of a user",
    "sess-": "the session of a browser",
}
"""Kinds of keys that cannot read usage, by how they begin."""

_LONG = 24
"""Characters of chance from which on the last four give nothing away."""


@frozen
class Check:
    """How one thing is."""

    about: str
    state: Literal["well", "wrong", "open"]
    """`open` is what could not be checked, and what nothing depends on."""
    says: str
    detail: str = ""
    """What was met, word for word, which can be another each time."""


def check_key(key: Secret) -> Check:
    """Whether a key is of the kind that can read usage, going by how it begins."""
    if not key.reveal():
        return Check("key", "wrong", f"OPENAI_ADMIN_KEY is not set. {key_advice()}")
    shown = masked(key)
    if key.reveal().startswith(_ADMIN):
        return Check("key", "well", f"{shown} is an admin key")
    for start, kind in _OTHERS.items():
        if key.reveal().startswith(start):
            advice = "set OPENAI_ADMIN_KEY to an admin key, sk-admin-…"
            return Check("key", "wrong", f"{shown} is {kind}, and cannot read usage: {advice}")
    return Check("key", "open", f"{shown} does not begin as an admin key does: {_ADMIN}…")


def masked(key: Secret) -> str:
    """How all keys of its kind begin, and the last four characters, to tell it by."""
    kind = next((each for each in (_ADMIN, *_OTHERS) if key.reveal().startswith(each)), "")
    is_long = len(key.reveal()) - len(kind) >= _LONG
    return f"{kind}…{key.reveal()[-4:] if is_long else ''}"


class _Silent(asyncio.Protocol):
    """Reads nothing of a connection, so that all of it is there for TLS."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).pause_reading()


async def check_connection(base_url: str) -> Check:
    """How far it is possible to get to the server; nothing is sent to it."""
    url, loop = URL(base_url), asyncio.get_running_loop()
    host, port = str(url.host), int(str(url.port))
    place = f"{host}:{port}"
    try:
        connected = loop.create_connection(_Silent, host, port)
        transport, protocol = await asyncio.wait_for(connected, _CONNECTING)
    except OSError as error:  # a TimeoutError is one
        return Check("connection", "wrong", _without_connection(error, place))
    try:
        if url.scheme == "https":
            trusted = ssl.create_default_context()
            shaken = loop.start_tls(transport, protocol, trusted, server_hostname=host)
            transport = cast("asyncio.Transport", await asyncio.wait_for(shaken, _CONNECTING))
    except OSError as error:
        return Check("connection", "wrong", _without_tls(error, place))
    finally:
        transport.abort()
    tls = transport.get_extra_info("ssl_object")
    over = "without TLS" if tls is None else f"over {tls.version()}"
    return Check("connection", "well", f"{place} can be reached, {over}")


def _without_connection(error: OSError, place: str) -> str:
    """What keeps us from *place*, and what to do about it."""
    match error:
        case socket.gaierror():
            return f"DNS: no address for {place} ({error.strerror}): check OPENAI_BASE_URL"
        case TimeoutError() if error.errno is None:  # ours, and not the system's
            return (
                f"TCP: no connection to {place} within {_CONNECTING:g} s: is a firewall in the "
                "way, or does nobody know the name?"
            )
        case _:
            return f"TCP: no connection to {place} ({_reason(error)}): check OPENAI_BASE_URL"


def _without_tls(error: OSError, place: str) -> str:
    """What keeps us from being alone with *place*, to which there is a connection."""
    match error:
        case ssl.SSLCertVerificationError():
            return (
                f"TLS: the certificate of {place} is not trusted ({error.verify_message}): if a "
                "private authority stands behind it, name its file in SSL_CERT_FILE"
            )
        case ssl.SSLError():
            return f"TLS: {place} does not speak it as it should ({error.reason}): is it https?"
        case TimeoutError(errno=None):
            return (
                f"TLS: {place} takes the connection, and then keeps silent for {_CONNECTING:g} s: "
                "is it https?"
            )
        case _:
            return f"TLS: {place} ends the connection ({_reason(error)}): is it https?"


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)


async def check_endpoint(client: AsyncUsageClient, endpoint: Endpoint[..., object]) -> Check:
    """Whether an endpoint answers, asked for yesterday."""
    ask = getattr(client, endpoint.name)
    try:
        await ask(start_time=days_ago(1), end_time=days_ago(0), limit=1)
    except APIError as error:
        says, detail = _about(error)
        return Check(endpoint.name, "wrong", says, detail)
    return Check(endpoint.name, "well", "answers")


_WHOSE = "is OPENAI_BASE_URL the API's, or is a proxy in between?"


def _about(error: APIError) -> tuple[str, str]:
    """What an error comes to, and the error itself where that is not all."""
    met = str(error)
    match error:
        case APITimeoutError():
            return f"keeps silent, or does not come to an end: {_WHOSE}", met
        case APIConnectionError():
            return f"the connection was lost before the answer was complete: {_WHOSE}", met
        case APIStatusError() | APIResponseValidationError() if _is_html(error.body):
            return f"answers with a web page: {_WHOSE}", met
        case PermissionDeniedError() if USAGE not in met:
            return f"{met} The scope for it is {USAGE}.", ""
        case _:
            return met, ""


def _is_html(body: str) -> bool:
    return body.lstrip().startswith("<")


def worded(check: Check, *, some_answer: bool) -> Check:
    """Return *check* in the words of a terminal.

    The address is right where *some_answer* of the endpoints: then it does not ask about that.
    """

    def said(text: str) -> str:
        if some_answer:
            text = among_others(text).replace(f": {_WHOSE}", ", while other endpoints answer")
        return for_terminal(text)

    return evolve(check, says=said(check.says), detail=said(check.detail))


async def check_names(client: AsyncUsageClient) -> Check:
    """Whether ids have names; no figure depends on it."""
    names = await client.names()
    if not names.unread:
        return Check("names", "well", f"{len(names.known)} projects and API keys have names")
    first = names.unread[0]
    says = first.why
    if first.status_code == 403:
        says += f" The scope for names is {MANAGEMENT}; no figure depends on it."
    state: Literal["wrong", "open"] = (
        "wrong" if any(each.passing for each in names.unread) else "open"
    )
    return Check("names", state, says)
