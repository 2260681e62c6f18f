"""What `openai-usage doctor` checks: a function each, which says what is wrong and what to do."""

import asyncio
import os
import socket
import ssl
from collections.abc import Mapping
from typing import Literal

from attrs import frozen
from yarl import URL

from openai_usage import (
    APIError,
    AsyncUsageClient,
    Endpoint,
    PermissionDeniedError,
    days_ago,
)
from openai_usage._secret import Secret

USAGE, MANAGEMENT = "api.usage.read", "api.management.read"
"""The scopes that usage and costs need, and the lists of names."""

PATIENCE = 10.0
"""Seconds for any one thing: who asks a doctor does not want to wait."""

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


def check_key(key: Secret) -> Check:
    """Whether a key is of the kind that can read usage, going by how it begins."""
    if not key.reveal():
        return Check("key", "wrong", "OPENAI_ADMIN_KEY is not set")
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


async def check_connection(base_url: str) -> Check:
    """How far it is possible to get to the server; nothing is sent to it."""
    url = URL(base_url)
    try:
        context = ssl.create_default_context() if url.scheme == "https" else None
        connecting = asyncio.open_connection(url.host, url.port, ssl=context)
        _, writer = await asyncio.wait_for(connecting, PATIENCE)
    except OSError as error:  # a TimeoutError is one
        return Check("connection", "wrong", _in_the_way(error, f"{url.host}:{url.port}"))
    tls = writer.get_extra_info("ssl_object")
    writer.transport.abort()
    over = "without TLS" if tls is None else f"over {tls.version()}"
    return Check("connection", "well", f"{url.host}:{url.port} can be reached, {over}")


def _in_the_way(error: OSError, place: str) -> str:
    """What keeps us from *place*, and what to do about it."""
    match error:
        case socket.gaierror():
            return f"DNS: no address for {place} ({error.strerror}): check OPENAI_BASE_URL"
        case ssl.SSLCertVerificationError():
            return (
                f"TLS: the certificate of {place} is not trusted ({error.verify_message}): if a "
                "private authority stands behind it, name its file in SSL_CERT_FILE"
            )
        case ssl.SSLError():
            return f"TLS: {place} does not speak it as it should ({error.reason}): is it https?"
        case TimeoutError():
            return f"TCP: {place} keeps silent for {PATIENCE:g} s: is a firewall in the way?"
        case _:
            reason = os.strerror(error.errno) if error.errno else str(error)
            return f"TCP: no connection to {place} ({reason}): check OPENAI_BASE_URL"


async def check_endpoint(client: AsyncUsageClient, endpoint: Endpoint[..., object]) -> Check:
    """Whether an endpoint answers, asked for yesterday."""
    ask = getattr(client, endpoint.name)
    try:
        await ask(start_time=days_ago(1), end_time=days_ago(0), limit=1)
    except APIError as error:
        says = str(error)
        if isinstance(error, PermissionDeniedError) and USAGE not in says:
            says += f" The scope for it is {USAGE}."
        return Check(endpoint.name, "wrong", says)
    return Check(endpoint.name, "well", "answers")


async def check_names(client: AsyncUsageClient) -> Check:
    """Whether ids have names; no figure depends on it."""
    names = await client.names()
    if not names.unread:
        return Check("names", "well", f"{len(names.known)} projects and API keys have names")
    return Check(
        "names",
        "wrong" if any(each.passing for each in names.unread) else "open",
        f"ids stay without names, whose scope is {MANAGEMENT}. {names.unread[0]}",
    )
