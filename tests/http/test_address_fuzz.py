"""Where requests go and what goes with them: exactly there and exactly that, or nowhere."""

import re
from urllib.parse import urlsplit

from hypothesis import example, given, settings
from hypothesis import strategies as st

from openai_usage import AsyncUsageClient, InvalidOptionError, MissingAdminKeyError
from tests.support.raw_server import EMPTY_PAGE, raw_server

PIECES = st.sampled_from(
    [
        *("/", "//", "..", ".", "v1", "%2e%2e", "%2F", "%", "%00", "\\", "@", "me:pw@", ":", ":80"),
        *(
            ":0",
            ":65536",
            ":+1",
            "?",
            "#",
            "?a=b",
            "#a",
            ";",
            "&",
            "\r\n",
            "\n",
            "\0",
            "\t",
            " ",
            "é",
        ),
        *(
            "a.example",
            "A.EXAMPLE",
            "a\u3002example",
            "\uff41",
            "℀",
            "ß",
            "\u00ad",
            "\u200b",
            "\u0661",
            "xn--a",
        ),
        *(
            "127.0.0.1",
            "[::1]",
            "[fe80::1%25eth0]",
            "[fe80::1%eth0]",
            "[",
            "]",
            "localhost",
            "0x7f.1",
        ),
        *("http://", "https://", "evil.example", "\ud800", "X-Evil: 1", "_", "-", "~", "$", ","),
    ]
)
SUFFIXES = st.lists(PIECES | st.characters(), max_size=6).map("".join)


def client_at(address: str) -> AsyncUsageClient | None:
    """A client of an *address*, or None if that is refused."""
    try:
        return AsyncUsageClient("sk-admin-1", base_url=address, max_retries=0)
    except InvalidOptionError as error:
        assert error.option == "base_url"  # noqa: PT017 - not only that it is raised
        return None


@settings(max_examples=300)
@given(st.sampled_from(["https://a.example", "https://", "", "https://[::1]"]), SUFFIXES)
@example("https://a.example", "")
@example("https://a.example", ":8443/v1/")
@example("https://[::1]", ":8443/v1")
@example("https://a.example", "//evil.example/v1")
@example("https://", "@a.example")
@example("https://", "me@a.example")
@example("https://a.example", "\\@evil.example")
@example("https://", "a\u3002example")
@example("https://", "\u212a.example")  # a sign for Kelvin, which is a k where case is ignored
@example("http\u017f://", "a.example")  # likewise, a long s
@example("https://", "[fe80::1%25eth0]")
@example("https://a.example", "\r\n.evil.example")
def test_an_address_means_what_it_says_or_is_refused(start: str, rest: str) -> None:
    client = client_at(start + rest)
    text = (start + rest).strip() or "https://api.openai.com/v1"
    if client is None:
        return
    said = re.fullmatch(
        r"(https?)://(\[[0-9A-Fa-f:.]+\]|[-\w.]+)(?::(\d{1,5}))?((?:/[^/]+)*)/?",
        text,
        re.ASCII | re.IGNORECASE,
    )
    assert said is not None
    scheme, host, port, path = said.groups()
    assert not {".", ".."} & {*path.split("/")}
    assert not re.search(r"[^!-~]|[%?#\\@\[\]]", path)
    url = client._transport.options.url / "organization/costs"
    assert url.scheme == scheme.lower()
    assert url.raw_host == urlsplit(text).hostname == host.lower().strip("[]")
    assert url.port == int(port or {"http": 80, "https": 443}[url.scheme])
    assert url.raw_path_qs == f"{path}/organization/costs"


@given(SUFFIXES.map("/{}".format))
@example("/openai/v1/")
@example("//v1")
@example("/../v1")
@example("/%2e%2e/v1")
@example("/v1\r\nX-Evil: 1")
@example("@evil.example/v1")
async def test_what_follows_a_host_is_the_path_that_arrives(suffix: str) -> None:
    heard: list[bytes] = []
    async with raw_server(EMPTY_PAGE, heard=heard) as address:
        client = client_at(address + suffix)
        if client is None:
            return
        async with client:
            await client.costs(start_time=1)
    prefix = suffix.strip().removesuffix("/")
    [head] = heard
    assert head.startswith(f"GET {prefix}/organization/costs?start_time=1&".encode())
    assert head.count(b"\r\n") == 7
    assert b"Evil" not in head or "Evil" in prefix


@given(st.text(), st.text() | st.none())
@example("sk\r\nX-Evil: 1", None)
@example("sk-admin-1", "org\r\nX-Evil: 1")
@example(" sk-admin-1\n", " org-1\n")
@example("sk-\u2013admin", None)
@example("0", "0")
async def test_headers_are_what_was_passed_or_it_is_refused(
    key: str, organization: str | None
) -> None:
    heard: list[bytes] = []
    async with raw_server(EMPTY_PAGE, heard=heard) as address:
        try:
            client = AsyncUsageClient(key, organization=organization, base_url=address)
        except MissingAdminKeyError:
            assert not key.strip()
            return
        except InvalidOptionError as error:
            wrong = key if error.option == "admin_api_key" else organization or ""
            is_key_again = error.option != "admin_api_key" and wrong.strip() == key.strip()
            assert is_key_again or not re.fullmatch(r"[!-~]+", wrong.strip())
            return
        async with client:
            await client.costs(start_time=1)
    [head] = heard
    lines = head.decode("ascii").removesuffix("\r\n\r\n").split("\r\n")
    assert f"Authorization: Bearer {key.strip()}" in lines
    organization = (organization or "").strip()
    assert len(lines) == 6 + bool(organization)
    assert not organization or f"OpenAI-Organization: {organization}" in lines
