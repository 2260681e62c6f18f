"""Requests: what is sent and to whom, what is tried again and when, and what never happens."""

import asyncio
import logging
import warnings
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import aiohttp
import pytest

from openai_usage import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AsyncUsageClient,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    InvalidOptionError,
    MissingAdminKeyError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    Retry,
    UnprocessableEntityError,
    __version__,
)
from openai_usage._http.rate_limiter import RateLimiter
from openai_usage._http.retry import retry_delay
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY, client_of
from tests.support.clock import loop_time
from tests.support.raw_server import raw_server

# ------------------------------------------------------------------ what is sent


async def test_a_request_says_who_asks_and_for_what(sandbox: Sandbox) -> None:
    async with client_of(sandbox, organization="org-42") as client:
        await client.completions(
            start_time=TODAY - DAY,
            end_time=TODAY,
            bucket_width="1h",
            models=["gpt-4.1", "o3, the one"],
            batch=False,
            group_by=["model", "batch"],
            extra_query={"flavour": "a", "shades[]": ["b", "c"], "depth": 3, "all": True},
        )
    [request] = sandbox.requests
    assert (request.method, request.path) == ("GET", "/v1/organization/usage/completions")
    assert sorted(request.query) == sorted(
        [
            ("start_time", str(TODAY - DAY)),
            ("end_time", str(TODAY)),
            ("bucket_width", "1h"),
            ("models[]", "gpt-4.1"),
            ("models[]", "o3, the one"),
            ("batch", "false"),
            ("group_by[]", "model"),
            ("group_by[]", "batch"),
            ("flavour", "a"),
            ("shades[]", "b"),
            ("shades[]", "c"),
            ("depth", "3"),
            ("all", "true"),
        ]
    )
    assert request.headers["Authorization"] == f"Bearer {sandbox.admin_api_key}"
    assert request.headers["OpenAI-Organization"] == "org-42"
    assert request.headers["User-Agent"].startswith(f"openai-usage-client/{__version__} ")
    assert request.headers["Accept"] == "application/json"


async def test_options_come_from_the_environment(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", f" {sandbox.admin_api_key}\n")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{sandbox.base_url}/")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-7")
    async with AsyncUsageClient() as client:
        await client.costs(start_time=TODAY)
    assert sandbox.requests[0].path == "/v1/organization/costs"
    assert sandbox.requests[0].headers["OpenAI-Organization"] == "org-7"


async def test_without_an_organization_none_is_named(
    client: AsyncUsageClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", " ")
    await client.costs(start_time=TODAY)
    assert "OpenAI-Organization" not in sandbox.requests[0].headers


# --------------------------------------------------------------------- options


@pytest.mark.parametrize("key", [None, "", "  "])
def test_without_a_key_it_is_said_which_and_where(
    key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MissingAdminKeyError, match=r"settings/organization/admin-keys") as caught:
        AsyncUsageClient(key)
    assert "OPENAI_API_KEY" not in str(caught.value)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-proj-1")
    with pytest.raises(
        MissingAdminKeyError, match="OPENAI_API_KEY holds a project's key"
    ) as caught:
        AsyncUsageClient(key)
    assert "sk-proj-1" not in str(caught.value)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-admin-2")
    with pytest.raises(MissingAdminKeyError, match="OPENAI_API_KEY is not read") as caught:
        AsyncUsageClient(key)
    assert "sk-admin-2" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "  "])
def test_a_blank_key_is_not_the_environments(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-of-somebody-else")
    with pytest.raises(MissingAdminKeyError):
        AsyncUsageClient(key)


@pytest.mark.parametrize("key", ["sk-admin-1\r\nHost: evil", "sk-admin 1", "sk-admin-é", "a\x00b"])
def test_a_key_that_fits_no_header_is_refused_unseen(key: str) -> None:
    with pytest.raises(InvalidOptionError, match="admin_api_key takes printable ASCII") as caught:
        AsyncUsageClient(key)
    assert caught.value.option == "admin_api_key"
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"base_url": "http://api.openai.com/v1"}, "unencrypted"),
        ({"base_url": "http://10.0.0.1/v1"}, "unencrypted"),
        ({"base_url": "http://127.0.0.1.evil.example/v1"}, "unencrypted"),
        ({"base_url": "ftp://api.openai.com"}, "takes an address"),
        ({"base_url": "api.openai.com/v1"}, "takes an address"),
        ({"base_url": "https://me:secret@api.openai.com/v1"}, "takes an address"),
        ({"base_url": "https://:secret@api.openai.com/v1"}, "takes an address"),
        ({"base_url": "http://:secret@gateway/v1"}, "takes an address"),
        ({"base_url": "https://api.openai.com/v1?a=b"}, "takes an address"),
        ({"base_url": "https://[::1/v1"}, "takes an address"),
        ({"base_url": "https://api.openai.com/v1#part"}, "takes an address"),
        ({"base_url": "https://a..b/v1"}, "takes an address"),
        ({"base_url": f"https://{'a' * 64}.example/v1"}, "takes an address"),
        ({"base_url": 5}, "base_url takes text, not int"),
        ({"admin_api_key": b"sk-admin-1"}, "admin_api_key takes text, not bytes"),
        ({"organization": "org 42"}, "organization takes printable ASCII"),
        ({"timeout": 0}, "timeout takes seconds above 0"),
        ({"timeout": float("nan")}, "timeout takes"),
        ({"timeout": float("inf")}, "timeout takes"),
        ({"timeout": True}, "timeout takes"),
        ({"timeout": "60"}, "timeout takes"),
        ({"max_retries": -1}, "max_retries takes a whole number"),
        ({"max_retries": 1.5}, "max_retries takes a whole number"),
        ({"max_retry_wait": -1}, "max_retry_wait takes seconds"),
        ({"timeout": 10**400}, "timeout takes seconds above 0"),
        ({"max_retries": -(10**5000)}, "max_retries takes a whole number .* a value of type int"),
        ({"max_connections": 0}, "max_connections takes a whole number from 1"),
        ({"max_response_bytes": 0}, "max_response_bytes takes a number of bytes from 1"),
        ({"trust_env": "0"}, "trust_env takes True or False, not '0'"),
        ({"allow_insecure_http": "false"}, "allow_insecure_http takes True or False"),
        ({"session": "x"}, r"session takes an open aiohttp\.ClientSession"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidOptionError, match=says) as caught:
        AsyncUsageClient(**{"admin_api_key": "sk-admin-1", **options})
    assert caught.value.option == next(iter(options))
    assert "secret" not in str(caught.value)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "http://localhost:8080/v1"},
        {"base_url": "http://127.1.2.3/v1"},
        {"base_url": "http://[::1]:8080/v1"},
        {"base_url": "http://gateway.internal/v1", "allow_insecure_http": True},
        {"base_url": "https://gateway.internal/openai/v1"},
        {"timeout": 5, "max_retries": 0, "max_retry_wait": 0},
    ],
)
def test_options_that_can_work_are_taken(options: dict[str, Any]) -> None:
    client = AsyncUsageClient("sk-admin-1", **options)
    assert "sk-admin-1" not in repr(client)
    assert "sk-admin-1" not in repr(client._transport.options)


# ---------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, APIStatusError),
        (204, APIStatusError),
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (418, APIStatusError),
        (422, UnprocessableEntityError),
        (429, RateLimitError),
        (500, InternalServerError),
        (503, InternalServerError),
        (599, InternalServerError),
    ],
)
async def test_every_status_has_its_error(
    status: int, error: type[APIStatusError], sandbox: Sandbox
) -> None:
    sandbox.faults.status(status, headers={"x-request-id": "req_9", "Location": "/elsewhere"})
    async with client_of(sandbox, max_retries=0) as client:
        with pytest.raises(error) as caught:
            await client.costs(start_time=TODAY)
    assert type(caught.value) is error
    assert caught.value.status_code == status
    assert caught.value.request_id == "req_9"
    assert caught.value.__cause__ is None
    assert len(sandbox.requests) == 1


async def test_an_error_tells_all_the_envelope_says(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    with pytest.raises(BadRequestError, match="Try a start_time on or after 1764979200") as caught:
        await client.costs(start_time=1_764_979_199, group_by=["api_key_id"])
    error = caught.value
    assert (error.param, error.code, error.type) == (
        "start_time",
        "invalid_request_error",
        "invalid_request_error",
    )
    assert error.request_id is None
    assert error.retry_after is None
    assert '"param":"start_time"' in error.body


@pytest.mark.parametrize(
    "body",
    [
        b"<html>502 Bad Gateway</html>",
        b"",
        b'{"error":"no"}',
        b'{"error":{"message":null}}',
        b"[]",
        b"\xff",
        b"[" * 100_000,
    ],
)
async def test_an_error_without_an_envelope_is_still_the_right_one(
    body: bytes, sandbox: Sandbox
) -> None:
    sandbox.faults.status(502, body=body)
    async with client_of(sandbox, max_retries=0) as client:
        with pytest.raises(InternalServerError, match="502") as caught:
            await client.costs(start_time=TODAY)
    assert (caught.value.code, caught.value.param, caught.value.type) == (None, None, None)
    assert caught.value.body == body.decode(errors="replace")[:2000]


async def test_an_error_is_no_longer_than_can_be_read(sandbox: Sandbox) -> None:
    sandbox.faults.status(400, body=f'{{"error":{{"message":"{"no " * 10**6}","code":7}}}}')
    async with client_of(sandbox) as client:
        with pytest.raises(BadRequestError) as caught:
            await client.costs(start_time=TODAY)
    assert len(str(caught.value)) < 2_100
    assert caught.value.code == "7"


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_says_which_is_needed(
    status: int, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = sandbox.project_api_key if status == 403 else "sk-admin-nobodys-key"
    async with AsyncUsageClient(key, base_url=sandbox.base_url) as client:
        with pytest.raises(APIStatusError, match=r"admin key .*settings/organization/admin-keys"):
            await client.costs(start_time=TODAY)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-proj-2")
        with pytest.raises(APIStatusError, match="OPENAI_API_KEY holds a project's key") as caught:
            await client.costs(start_time=TODAY)
    assert caught.value.status_code == status
    assert key not in str(caught.value) + repr(caught.value) + str(vars(caught.value))
    assert len(sandbox.requests) == 2


async def test_a_key_without_the_scope_may_be_a_401(sandbox: Sandbox) -> None:
    said = "You have insufficient permissions for this operation. Missing scopes: api.usage.read."
    sandbox.faults.status(401, body=f'{{"error":{{"message":"{said}"}}}}')
    async with client_of(sandbox) as client:
        with pytest.raises(AuthenticationError, match=r"Missing scopes: api.usage.read. Usage and"):
            await client.costs(start_time=TODAY)


async def test_a_server_that_quotes_the_key_is_not_repeated(sandbox: Sandbox) -> None:
    sandbox.faults.status(400, body=f'{{"error":{{"message":"{sandbox.admin_api_key}?"}}}}')
    async with client_of(sandbox) as client:
        with pytest.raises(BadRequestError, match=r"\[the admin key\]\?") as caught:
            await client.costs(start_time=TODAY)
    assert sandbox.admin_api_key not in str(vars(caught.value))


async def test_no_answer_makes_an_error_hold_the_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    key = "sk-admin-" + "k" * 40
    long = f"{'x' * 1980}{key}".ljust(9999)
    answers = [
        f"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{key:99}",
        f"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{long}",
        f"HTTP/1.1 {key}\r\n\r\n",
        f"HTTP/1.1 200 OK\r\n{key} no: header\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nX-A: {'x' * 60}{key}{'y' * 90_000}\r\n\r\n",
        f"HTTP/1.1 200 {'x' * 60}{key}{'y' * 90_000}\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nX-A: {key[:25]}\x00{key[25:]}\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + key + "\r\n",
        f"HTTP/1.1 400 no\r\nx-request-id: {key}\r\nContent-Length: 0\r\n\r\n",
    ]
    for answer in answers:
        async with (
            raw_server(answer.encode()) as address,
            AsyncUsageClient(key, base_url=address, max_retries=1) as client,
        ):
            with pytest.raises(APIError) as caught:
                await client.costs(start_time=TODAY)
        assert key[:20] not in f"{caught.value!r} {vars(caught.value)}"
    assert key[:20] not in caplog.text + str([vars(record) for record in caplog.records])


async def test_a_200_that_quotes_the_key_is_not_repeated(sandbox: Sandbox) -> None:
    sandbox.faults.status(200, body=f'{{"you sent": "{sandbox.admin_api_key}"}}')
    async with client_of(sandbox) as client:
        with pytest.raises(APIResponseValidationError, match="the admin key") as caught:
            await client.costs(start_time=TODAY)
    assert sandbox.admin_api_key not in str(vars(caught.value)) + str(caught.value)


async def test_redirects_are_not_followed(sandbox: Sandbox) -> None:
    async with Sandbox() as elsewhere, client_of(sandbox) as client:
        sandbox.faults.status(307, headers={"Location": f"{elsewhere.base_url}/organization/costs"})
        with pytest.raises(APIStatusError, match="Redirects are not followed"):
            await client.costs(start_time=TODAY)
        assert elsewhere.requests == []


async def test_a_path_that_is_not_there(sandbox: Sandbox) -> None:
    async with AsyncUsageClient(
        sandbox.admin_api_key, base_url=sandbox.base_url.replace("/v1", "/v2")
    ) as client:
        with pytest.raises(NotFoundError, match="Invalid URL"):
            await client.costs(start_time=TODAY)


# --------------------------------------------------------------------- retries


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
async def test_passing_trouble_is_tried_again(
    status: int, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    undisturbed = await client.costs(start_time=TODAY - DAY)
    sandbox.faults.status(status, times=5)
    assert await client.costs(start_time=TODAY - DAY) == undisturbed
    assert len(sandbox.requests) == 1 + 6


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 422])
async def test_lasting_trouble_is_not(
    status: int, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.status(status)
    with pytest.raises(APIStatusError):
        await client.costs(start_time=TODAY)
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize("fault", ["dropped_connection", "cut_body"])
async def test_lost_answers_are_asked_for_again(
    fault: str, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    getattr(sandbox.faults, fault)(times=3)
    page = await client.costs(start_time=TODAY - DAY)
    assert len(page.data) == 2


@pytest.mark.parametrize("fault", ["dropped_connection", "cut_body"])
async def test_lost_answers_are_an_error_in_the_end(fault: str, sandbox: Sandbox) -> None:
    getattr(sandbox.faults, fault)(times=100)
    async with client_of(sandbox, max_retries=2) as client:
        with pytest.raises(APIConnectionError, match="no complete answer") as caught:
            await client.costs(start_time=TODAY)
    assert len(sandbox.requests) >= 3  # aiohttp asks once more by itself on a kept connection
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


async def test_nobody_listening_is_an_error(sandbox: Sandbox) -> None:
    async with Sandbox() as gone:
        address = gone.base_url
    async with AsyncUsageClient("sk-admin-1", base_url=address, max_retries=1) as client:
        with pytest.raises(APIConnectionError, match=r"127\.0\.0\.1"):
            await client.costs(start_time=TODAY)


async def test_a_stall_is_a_timeout_and_tried_again(sandbox: Sandbox) -> None:
    sandbox.faults.stall(1000.0, times=2)
    began = loop_time()
    async with client_of(sandbox, timeout=10) as client:
        page = await client.costs(start_time=TODAY)
    assert len(page.data) == 1
    assert 20 <= loop_time() - began < 22


async def test_a_stall_in_the_body_is_a_timeout_too() -> None:
    began = loop_time()
    async with (
        raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", stay=True) as address,
        AsyncUsageClient("sk-admin-1", base_url=address, timeout=7, max_retries=0) as client,
    ):
        with pytest.raises(APITimeoutError, match="within 7 s"):
            await client.costs(start_time=TODAY)
    assert loop_time() - began == pytest.approx(7, abs=0.1)


@pytest.mark.parametrize(
    "answer", [b"", b"220 mail.example ESMTP\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Len"]
)
async def test_a_server_that_speaks_something_else(answer: bytes) -> None:
    async with (
        raw_server(answer) as address,
        AsyncUsageClient("sk-admin-1", base_url=address, max_retries=0) as client,
    ):
        with pytest.raises(APIConnectionError) as caught:
            await client.costs(start_time=TODAY)
    assert "sk-admin-1" not in repr(caught.value)
    assert caught.value.__context__ is None


async def test_after_all_retries_the_last_error_is_raised(sandbox: Sandbox) -> None:
    sandbox.faults.status(500, times=2)
    sandbox.faults.status(503)
    async with client_of(sandbox, max_retries=2) as client:
        with pytest.raises(InternalServerError) as caught:
            await client.costs(start_time=TODAY)
    assert caught.value.status_code == 503
    assert len(sandbox.requests) == 3


@pytest.mark.parametrize(
    ("retry", "bound"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 7.0), (60, 7.0)]
)
def test_waits_are_full_jitter_below_a_bound_that_doubles(retry: int, bound: float) -> None:
    error = APIConnectionError("lost")
    waits = [retry_delay(error, retry, max_retries=60, max_wait=7.0) or 0.0 for _ in range(400)]
    assert 0 < min(waits) < 0.1 * bound  # from the bottom
    assert 0.9 * bound < max(waits) <= bound  # to the top
    assert retry_delay(error, 61, max_retries=60, max_wait=7.0) is None


async def test_by_default_there_are_five_retries_and_a_minute(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.status(500, times=6)
    with pytest.raises(InternalServerError):
        await client.costs(start_time=TODAY)
    assert len(sandbox.requests) == 6
    assert client._transport.options.timeout == 60
    assert client._transport.options.max_retry_wait == 60


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "1.5"}, 1.5),
        ({"retry-after-ms": "2500"}, 2.5),
        ({"retry-after-ms": "2500", "Retry-After": "9"}, 2.5),
        ({"retry-after-ms": "soon", "Retry-After": "9"}, 9),
    ],
)
async def test_the_server_names_the_wait(
    headers: dict[str, str], seconds: float, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.status(429, headers=headers)
    began = loop_time()
    await client.costs(start_time=TODAY)
    assert loop_time() - began == pytest.approx(seconds, abs=0.05)


async def test_a_date_to_wait_for_is_read_against_the_servers_clock(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    skewed = datetime(2001, 1, 1, 12, tzinfo=UTC)
    sandbox.faults.status(
        503,
        headers={
            "Date": format_datetime(skewed, usegmt=True),
            "Retry-After": format_datetime(skewed.replace(second=30), usegmt=True),
        },
    )
    began = loop_time()
    await client.costs(start_time=TODAY)
    assert loop_time() - began == pytest.approx(30, abs=0.05)


async def test_a_date_to_wait_for_without_the_servers_clock(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    for seconds in (40, -40):
        moment = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
        sandbox.faults.status(503, headers={"Retry-After": moment, "Date": "?"})
        began = loop_time()
        await client.costs(start_time=TODAY)
        assert loop_time() - began == pytest.approx(max(0, seconds), abs=5)


@pytest.mark.parametrize(
    "value",
    [
        *("-5", "nan", "inf", "0", "Thu, 32 Foo", "soon", ""),
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 2026 00:00:00 +9999999999",
    ],
)
async def test_a_wait_that_makes_no_sense_is_our_own(
    value: str, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.status(429, headers={"Retry-After": value})
    began = loop_time()
    await client.costs(start_time=TODAY)
    assert loop_time() - began <= 0.55


async def test_a_wait_too_long_is_an_error_at_once(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.status(429, headers={"Retry-After": "61"})
    began = loop_time()
    with pytest.raises(RateLimitError) as caught:
        await client.costs(start_time=TODAY)
    assert caught.value.retry_after == 61
    assert loop_time() - began < 0.1
    assert len(sandbox.requests) == 1


async def test_one_429_holds_back_the_whole_client(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.status(429, headers={"Retry-After": "20"})
    began = loop_time()
    refused = asyncio.create_task(_ask(client))
    while not sandbox.requests:
        await asyncio.sleep(0)
    await asyncio.sleep(1)
    others = [asyncio.create_task(_ask(client)) for _ in range(5)]
    await asyncio.sleep(18)
    assert len(sandbox.requests) == 1
    await asyncio.gather(refused, *others)
    assert loop_time() - began == pytest.approx(20, abs=0.1)
    assert len(sandbox.requests) == 1 + 6


async def test_the_longest_wait_holds(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    sandbox.faults.status(429, headers={"Retry-After": "30"})
    sandbox.faults.status(429, headers={"Retry-After": "5"})
    began = loop_time()
    refused = [asyncio.create_task(_ask(client)) for _ in range(2)]
    await asyncio.sleep(1)
    await _ask(client)
    assert loop_time() - began == pytest.approx(30, abs=0.1)
    await asyncio.gather(*refused)
    assert loop_time() - began == pytest.approx(30, abs=1)  # one after the other, at a pace


async def test_a_429_that_is_raised_holds_back_the_others_too(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.faults.status(429, headers={"Retry-After": "30"})
    began = loop_time()
    async with client_of(sandbox, max_retries=0) as client:
        with pytest.raises(RateLimitError):
            await _ask(client)
        assert loop_time() - began < 0.1
        await _ask(client)
        assert loop_time() - began == pytest.approx(30, abs=0.1)
        # Not where the wait is one that nobody would wait for.
        sandbox.faults.status(429, headers={"Retry-After": "3000"})
        with pytest.raises(RateLimitError):
            await _ask(client)
        await _ask(client)
        assert loop_time() - began < 32
    assert caplog.records == []  # there was no retry to warn of


async def test_a_pause_may_become_longer_while_requests_wait_for_its_end() -> None:
    limiter = RateLimiter(60.0, 100)

    async def send() -> None:
        async with limiter.acquire("costs"):
            pass

    limiter._all.pause_until(10)
    waiting = asyncio.create_task(send())
    await asyncio.sleep(1)
    limiter._all.pause_until(20)
    await waiting
    assert loop_time() == pytest.approx(20, abs=0.01)


async def test_other_trouble_holds_back_one_request_only(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.status(503, headers={"Retry-After": "20"})
    refused = asyncio.create_task(_ask(client))
    while not sandbox.requests:
        await asyncio.sleep(0)
    await asyncio.sleep(1)
    began = loop_time()
    await _ask(client)
    assert loop_time() - began < 0.1
    await refused


async def _ask(client: AsyncUsageClient) -> None:
    await client.costs(start_time=TODAY)


# ------------------------------------------------------------------ the caller


async def test_the_callers_timeout_passes_through(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.stall(50)
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(5):
            await client.costs(start_time=TODAY)
    assert not isinstance(caught.value, APITimeoutError)
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize("moment", ["answer", "retry", "gate"])
async def test_the_callers_cancellation_passes_through(
    moment: str, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    if moment == "answer":
        sandbox.faults.stall(50)
    else:
        sandbox.faults.status(429, headers={"Retry-After": "50"})
    tasks = [asyncio.create_task(_ask(client))]
    await asyncio.sleep(1)
    if moment == "gate":
        tasks.append(asyncio.create_task(_ask(client)))
        await asyncio.sleep(1)
    for task in tasks:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()
    assert len(sandbox.requests) == 1


# --------------------------------------------------------------------- session


async def test_a_lent_session_stays_as_it_was(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession(headers={"X-Team": "finance"}) as session:
        async with client_of(sandbox, session=session) as client:
            await client.costs(start_time=TODAY)
        assert not session.closed
        assert dict(session.headers) == {"X-Team": "finance"}
        async with session.get(sandbox.base_url):
            pass
    ours, theirs = sandbox.requests
    assert ours.headers["X-Team"] == "finance"
    assert ours.headers["Authorization"] == f"Bearer {sandbox.admin_api_key}"
    assert "Authorization" not in theirs.headers


async def test_a_lent_session_that_raises_by_itself(sandbox: Sandbox) -> None:
    sandbox.faults.status(429, headers={"Retry-After": "1"})
    async with (
        aiohttp.ClientSession(raise_for_status=True) as session,
        client_of(sandbox, session=session) as client,
    ):
        began = loop_time()
        await client.costs(start_time=TODAY)
        assert loop_time() - began == pytest.approx(1, abs=0.05)  # the server's word was read
        sandbox.faults.status(404)
        with pytest.raises(NotFoundError):
            await client.costs(start_time=TODAY)
    assert len(sandbox.requests) == 3


async def test_sessions_that_cannot_be_lent(sandbox: Sandbox) -> None:
    with warnings.catch_warnings(action="ignore"):  # the newest aiohttp warns of such sessions too
        session = aiohttp.ClientSession(auth=aiohttp.BasicAuth("me", "pass"))
    async with session:
        with pytest.raises(InvalidOptionError, match="user and a password") as caught:
            client_of(sandbox, session=session)
    assert caught.value.option == "session"
    async with aiohttp.ClientSession() as session, client_of(sandbox, session=session) as client:
        await session.close()
        with pytest.raises(RuntimeError, match="passed to this client is closed"):
            await client.costs(start_time=TODAY)


@pytest.mark.real_clock  # a name is looked up in a thread; an address would get no cookie anyway
async def test_no_cookie_is_kept(sandbox: Sandbox) -> None:
    sandbox.faults.status(404, headers={"Set-Cookie": "track=1; Path=/"})
    named = sandbox.base_url.replace("127.0.0.1", "localhost")
    async with AsyncUsageClient(sandbox.admin_api_key, base_url=named) as client:
        with pytest.raises(NotFoundError):
            await client.costs(start_time=TODAY)
        await client.costs(start_time=TODAY)
    assert [request.headers.get("Cookie") for request in sandbox.requests] == [None, None]


async def test_one_session_serves_the_clients_life(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    await client.costs(start_time=TODAY)
    session = client._transport.sessions._opened
    assert session is not None
    await client.costs(start_time=TODAY)
    assert client._transport.sessions._opened is session
    await client.close()
    assert session.closed
    await client.close()
    with pytest.raises(RuntimeError, match="make a new one"):
        await client.costs(start_time=TODAY)


async def test_a_client_that_sent_nothing_opened_nothing(sandbox: Sandbox) -> None:
    async with client_of(sandbox) as client:
        client.costs(start_time=TODAY)
        assert client._transport.sessions._opened is None
    assert sandbox.requests == []


# ------------------------------------------------------------------------ logs


async def test_each_request_and_each_retry_is_logged_without_the_key(
    client: AsyncUsageClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sandbox.faults.status(429, headers={"Retry-After": "2", "x-request-id": "req_1"})
    await client.costs(start_time=TODAY)
    ours = [record for record in caplog.records if record.name == "openai_usage"]
    path = "organization/costs"
    said = "the API answered 429: A fault with status 429. It asks to wait for 2 s."
    assert [(record.levelname, record.getMessage()) for record in ours] == [
        ("DEBUG", f"GET {path}: 429"),
        (
            "WARNING",
            f"GET {path} failed, retry 1 in 2.00 s: {said}",
        ),
        ("DEBUG", f"GET {path}: 200"),
    ]
    refused, retried, answered = (vars(record) for record in ours)
    assert (refused["endpoint"], refused["status"]) == ("organization/costs", 429)
    assert refused["request_id"] == "req_1"
    assert (retried["retry"], retried["wait"]) == (1, 2.0)
    assert answered["bytes"] > 0
    assert answered["seconds"] >= 0
    assert sandbox.admin_api_key not in caplog.text + str([vars(r) for r in caplog.records])


async def test_a_retry_is_given_to_a_function_instead_of_the_log(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.faults.status(429, headers={"Retry-After": "2"})
    sandbox.faults.status(503, headers={"Retry-After": "1"})
    seen: list[Retry] = []
    async with client_of(sandbox, on_retry=seen.append) as client:
        await client.costs(start_time=TODAY)
    assert [(each.path, each.number, each.wait, type(each.error)) for each in seen] == [
        ("organization/costs", 1, 2.0, RateLimitError),
        ("organization/costs", 2, 1.0, InternalServerError),
    ]
    assert str(seen[0]).startswith("GET organization/costs failed, retry 1 in 2.00 s: the API")
    assert not [each for each in caplog.records if each.name == "openai_usage"]


async def test_an_error_of_that_function_ends_the_request(sandbox: Sandbox) -> None:
    def stop(retry: Retry) -> None:
        raise LookupError(retry.path)

    sandbox.faults.status(503)
    async with client_of(sandbox, on_retry=stop) as client:
        with pytest.raises(LookupError, match="organization/costs"):
            await client.costs(start_time=TODAY)
        await client.costs(start_time=TODAY)  # it is not held up by that
    assert len(sandbox.requests) == 2


def test_only_a_function_is_called() -> None:
    with pytest.raises(InvalidOptionError, match="on_retry takes a function or None, not 'log'"):
        AsyncUsageClient("sk-admin-1", on_retry="log")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def test_a_request_without_an_answer_is_logged_too(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "openai_usage")
    sandbox.faults.stall(100)
    async with client_of(sandbox, timeout=5, max_retries=0) as client:
        with pytest.raises(APITimeoutError):
            await client.costs(start_time=TODAY)
    [record] = [r for r in caplog.records if r.name == "openai_usage"]
    assert record.getMessage() == "GET organization/costs: APITimeoutError"
    assert vars(record)["status"] is None
