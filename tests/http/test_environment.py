"""The environment: what it says counts where the program says nothing, however it was written."""

import os
from pathlib import Path

import aiohttp
import pytest

from openai_usage import (
    APIConnectionError,
    AsyncUsageClient,
    InvalidOptionError,
    MissingAdminKeyError,
)
from openai_usage.sandbox import Sandbox
from tests.conftest import TODAY, client_of
from tests.support.raw_server import raw_server

WAYS = ["{}", "'{}'", '"{}"', " {}\n", '"{}"\n', "' {} '", "{}\r\n"]
NOTHING = ["", "  ", "\n", "''", '""', '" "']
REFUSES = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
CONNECTS = b"HTTP/1.1 200 Connection established\r\n\r\nthis is no TLS"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in os.environ if each.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize("written", WAYS)
async def test_a_variable_means_the_same_however_it_is_written(
    written: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", written.format(sandbox.admin_api_key))
    monkeypatch.setenv("OPENAI_BASE_URL", written.format(sandbox.base_url))
    monkeypatch.setenv("OPENAI_ORG_ID", written.format("org-7"))
    async with AsyncUsageClient() as client:
        await client.costs(start_time=TODAY)
    [request] = sandbox.requests
    assert request.path == "/v1/organization/costs"
    assert request.headers["Authorization"] == f"Bearer {sandbox.admin_api_key}"
    assert request.headers["OpenAI-Organization"] == "org-7"


@pytest.mark.parametrize("written", NOTHING)
def test_a_blank_variable_says_nothing(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_ADMIN_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "HTTPS_PROXY"):
        monkeypatch.setenv(name, written)
    with pytest.raises(MissingAdminKeyError):
        AsyncUsageClient()
    transport = AsyncUsageClient("sk-admin-1", trust_env=True)._transport
    options = transport.options
    assert options.base_url == "https://api.openai.com/v1"
    assert options.organization is None
    assert transport._proxy is None


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("OPENAI_ADMIN_KEY", "sk-admin-1\r\nX-Evil: 1"),
        ("OPENAI_BASE_URL", "https://a.example\r\n.evil.example"),
        ("OPENAI_ORG_ID", "org-1\r\nX-Evil: 1"),
    ],
)
def test_what_cannot_be_sent_is_refused_from_there_too(
    name: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-1")
    monkeypatch.setenv(name, says)
    with pytest.raises(InvalidOptionError):
        AsyncUsageClient()


@pytest.mark.parametrize("address", ["proxy.example:3128", "socks5://a.example", "http://[::1"])
def test_a_proxy_that_is_none_is_refused_where_it_is_trusted(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    assert AsyncUsageClient("sk-admin-1")
    with pytest.raises(InvalidOptionError, match="ALL_PROXY\\) is not an address") as caught:
        AsyncUsageClient("sk-admin-1", trust_env=True)
    assert caught.value.option == "trust_env"


async def heard_by_a_proxy(
    answer: bytes,
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    trust_env: bool,
    base_url: str = "https://usage.invalid/v1",
) -> list[bytes]:
    """What a proxy hears of a request, where the variables name it as {}."""
    heard: list[bytes] = []
    async with raw_server(answer, stay=True, heard=heard) as address:
        for name, value in variables.items():
            monkeypatch.setenv(name, value.format(address))
        async with AsyncUsageClient(
            "sk-admin-1", base_url=base_url, trust_env=trust_env, max_retries=0
        ) as client:
            with pytest.raises(APIConnectionError):
                await client.costs(start_time=1)
    return heard


@pytest.mark.parametrize("answer", [REFUSES, CONNECTS])
@pytest.mark.parametrize("written", WAYS)
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
async def test_a_trusted_proxy_is_asked_for_a_tunnel_and_told_no_key(
    answer: bytes, written: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    [heard] = await heard_by_a_proxy(
        answer, {name: written.format("{}")}, monkeypatch, trust_env=True
    )
    head, _, rest = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"CONNECT usage.invalid:443 HTTP/1.1\r\n")
    assert b"authorization" not in head.lower()
    assert b"sk-admin" not in heard
    assert rest[:1] == (b"\x16" if answer == CONNECTS else b"")  # a TLS handshake, or nothing


@pytest.mark.parametrize(
    ("variables", "trust_env", "base_url"),
    [
        ({"HTTPS_PROXY": "{}", "ALL_PROXY": "{}"}, False, "https://usage.invalid/v1"),
        ({"HTTPS_PROXY": "{}", "NO_PROXY": "usage.invalid"}, True, "https://usage.invalid/v1"),
        ({"HTTPS_PROXY": "{}", "NO_PROXY": "a, .invalid"}, True, "https://usage.invalid/v1"),
        ({"ALL_PROXY": "{}", "NO_PROXY": "*"}, True, "https://usage.invalid/v1"),
        ({"HTTP_PROXY": "{}"}, True, "https://usage.invalid/v1"),
        ({"HTTP_PROXY": "{}", "ALL_PROXY": "{}"}, True, "http://127.0.0.1:1/v1"),
    ],
)
async def test_nothing_reaches_a_proxy_that_is_not_meant(
    variables: dict[str, str], trust_env: bool, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = await heard_by_a_proxy(
        REFUSES, variables, monkeypatch, trust_env=trust_env, base_url=base_url
    )
    assert heard == []


async def test_netrc_is_never_read(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("netrc.netrc.__init__", None)  # not to be called
    for trust_env in (False, True):
        async with client_of(sandbox, trust_env=trust_env) as client:
            await client.costs(start_time=TODAY)
    assert {each.headers["Authorization"] for each in sandbox.requests} == {
        f"Bearer {sandbox.admin_api_key}"
    }
    [heard] = await heard_by_a_proxy(REFUSES, {"HTTPS_PROXY": "{}"}, monkeypatch, trust_env=True)
    assert b"Proxy-Authorization" not in heard


async def test_a_session_that_would_read_netrc_is_not_taken(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession(trust_env=True) as session:
        with pytest.raises(InvalidOptionError, match="netrc") as caught:
            client_of(sandbox, session=session)
    assert caught.value.option == "session"
