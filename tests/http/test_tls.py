"""The key goes only to whom an authority that is trusted vouches for, over TLS 1.2 at least."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import trustme

from openai_usage import APIConnectionError, AsyncUsageClient, InvalidOptionError
from tests.support.certificates import AUTHORITY, server_context

PAGE = b'{"object":"page","data":[],"has_more":false,"next_page":null}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(PAGE), PAGE)
KEY = "sk-admin-over-tls"


def trusting(authority: trustme.CA = AUTHORITY) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@asynccontextmanager
async def tls_server(context: ssl.SSLContext) -> AsyncIterator[tuple[str, list[bytes]]]:
    """The address of a server that speaks TLS as *context* says, and what came to it."""
    came: list[bytes] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(ANSWER)
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}/v1", came


def self_signed() -> ssl.SSLContext:
    context, nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), trustme.CA()
    with nobody.cert_pem.tempfile() as certificate, nobody.private_key_pem.tempfile() as key:
        context.load_cert_chain(certificate, key)
    return context


async def ask(base_url: str, context: ssl.SSLContext | None) -> None:
    async with AsyncUsageClient(KEY, base_url=base_url, max_retries=0, ssl=context) as client:
        await client.costs(start_time=0)


async def test_a_private_authority_can_be_trusted() -> None:
    async with tls_server(server_context("localhost")) as (base_url, came):
        await ask(base_url, trusting())
    assert f"Authorization: Bearer {KEY}".encode() in came[0]


@pytest.mark.parametrize(
    ("server", "trusted", "says"),
    [
        pytest.param(server_context("localhost"), None, "local issuer", id="no authority"),
        pytest.param(
            server_context("localhost", authority=trustme.CA()),
            trusting(),
            "local issuer",
            id="another authority",
        ),
        pytest.param(self_signed(), trusting(), "self-signed certificate", id="self-signed"),
        pytest.param(server_context("api.example"), trusting(), "Hostname mismatch", id="host"),
        pytest.param(
            server_context("localhost", not_after=datetime(2020, 1, 1, tzinfo=UTC)),
            trusting(),
            "expired",
            id="expired",
        ),
    ],
)
async def test_whoever_cannot_be_trusted_gets_nothing(
    server: ssl.SSLContext, trusted: ssl.SSLContext | None, says: str
) -> None:
    async with tls_server(server) as (base_url, came):
        with pytest.raises(APIConnectionError, match=says):
            await ask(base_url, trusted)
    assert came == []


def speaking_the_oldest(context: ssl.SSLContext) -> ssl.SSLContext:
    context.set_ciphers("ALL:@SECLEVEL=0")  # without which nobody speaks it any more
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


@pytest.mark.filterwarnings("ignore:.*TLSv1_1:DeprecationWarning")
async def test_old_versions_of_tls_are_not_spoken() -> None:
    async with tls_server(speaking_the_oldest(server_context("localhost"))) as (base_url, came):
        with pytest.raises(APIConnectionError):
            await ask(base_url, trusting())
        assert came == []
        # Whoever does speak it is heard.
        port = int(base_url.split(":")[2].removesuffix("/v1"))
        reader, writer = await asyncio.open_connection(
            "localhost", port, ssl=speaking_the_oldest(trusting())
        )
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await reader.readexactly(len(ANSWER)) == ANSWER
        writer.close()
        await writer.wait_closed()


async def test_a_client_can_show_a_certificate_of_its_own() -> None:
    server = server_context("localhost")
    server.verify_mode = ssl.CERT_REQUIRED
    AUTHORITY.configure_trust(server)
    shown = trusting()
    AUTHORITY.issue_cert("finance").configure_cert(shown)
    async with tls_server(server) as (base_url, came):
        await ask(base_url, shown)
        with pytest.raises(APIConnectionError):
            await ask(base_url, trusting())
    assert len(came) == 1


def context_without(**settings: object) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for name, value in settings.items():
        setattr(context, name, value)
    return context


@pytest.mark.filterwarnings("ignore:.*TLSv1:DeprecationWarning")
@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"check_hostname": False}, "does not verify the server"),
        ({"check_hostname": False, "verify_mode": ssl.CERT_NONE}, "does not verify the server"),
        ({"check_hostname": False, "verify_mode": ssl.CERT_OPTIONAL}, "does not verify"),
        ({"minimum_version": ssl.TLSVersion.TLSv1}, "versions of TLS before 1.2"),
    ],
)
def test_a_context_that_lets_anyone_answer_is_refused(
    settings: dict[str, object], says: str
) -> None:
    with pytest.raises(InvalidOptionError, match=says):
        AsyncUsageClient(KEY, ssl=context_without(**settings))


def without_a_minimum(*, level: int, forbidden: int = 0) -> ssl.SSLContext:
    """A context like those of Debian's Pythons, which leave the minimum version to OpenSSL."""
    context = trusting()
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers(f"ALL:@SECLEVEL={level}")
    context.options |= forbidden
    return context


async def test_the_context_that_we_recommend_is_accepted_on_every_python() -> None:
    for context in (trusting(), without_a_minimum(level=2)):
        async with tls_server(server_context("localhost")) as (base_url, came):
            await ask(base_url, context)
        assert len(came) == 1


@pytest.mark.filterwarnings("ignore:.*OP_NO_.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*TLSv1_1:DeprecationWarning")
@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize(
    "forbidden", [0, ssl.OP_NO_TLSv1_1, ssl.OP_NO_TLSv1, ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1]
)
async def test_a_context_without_a_minimum_is_refused_if_it_really_speaks_old_versions(
    level: int, forbidden: int
) -> None:
    context = without_a_minimum(level=level, forbidden=forbidden)
    server = server_context("localhost")
    server.set_ciphers("ALL:@SECLEVEL=0")
    server.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    server.maximum_version = ssl.TLSVersion.TLSv1_1
    async with tls_server(server) as (base_url, _):
        port = int(base_url.split(":")[2].removesuffix("/v1"))
        try:
            reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
        except (ssl.SSLError, ConnectionError):
            AsyncUsageClient(KEY, ssl=context)
            return
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await reader.readexactly(len(ANSWER)) == ANSWER
        writer.close()
        await writer.wait_closed()
        with pytest.raises(InvalidOptionError, match=r"TLS before 1\.2.*TLSVersion\.TLSv1_2"):
            AsyncUsageClient(KEY, ssl=context)


@pytest.mark.parametrize("context", [False, True, "ca.pem"])
def test_verification_cannot_be_switched_off(context: Any) -> None:
    with pytest.raises(InvalidOptionError, match=r"takes an ssl\.SSLContext"):
        AsyncUsageClient(KEY, ssl=context)
