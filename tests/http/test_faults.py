"""The sandbox's faults, seen as any HTTP program sees them: each spoils one answer and no more."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from yarl import URL

from openai_usage.sandbox import Sandbox
from openai_usage.sandbox.faults import Place
from tests.conftest import DAY, TODAY
from tests.support.clock import loop_time

RANGE = {"start_time": str(TODAY - 3 * DAY), "end_time": str(TODAY), "limit": "2"}


class Asker:
    """Asks for costs, and gives the bytes that came."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.faults = sandbox.faults
        self._url = f"{sandbox.base_url}/organization/costs"
        self._session = session
        self._headers = {"Authorization": f"Bearer {sandbox.admin_api_key}"}

    async def __call__(self, *, status: int = 200, **more: str) -> bytes:
        asked = RANGE | more
        async with self._session.get(self._url, params=asked, headers=self._headers) as response:
            self.length = int(response.headers["Content-Length"])
            assert response.status == status
            return await response.read()

    async def for_all_that_comes(self) -> tuple[bytes, bytes]:
        """Head and body of an answer, up to the end of the connection."""
        url = URL(self._url).with_query(RANGE)
        reader, writer = await asyncio.open_connection(url.host, url.port)
        asked = f"GET {url.raw_path_qs} HTTP/1.1\r\nHost: {url.authority}\r\nConnection: close\r\n"
        key = f"Authorization: {self._headers['Authorization']}\r\n\r\n"
        writer.write((asked + key).encode())
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        head, _, body = answer.partition(b"\r\n\r\n")
        return head, body


@pytest.fixture
async def ask(sandbox: Sandbox) -> AsyncIterator[Asker]:
    """An asker, and the proof that what is asked after a fault is answered truly."""
    connector = aiohttp.TCPConnector(force_close=True)  # no fault is felt by who comes next
    async with aiohttp.ClientSession(connector=connector) as session:
        ask = Asker(sandbox, session)
        true = await ask()
        yield ask
        assert await ask() == true


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("before headers", aiohttp.ClientOSError),
        ("in headers", aiohttp.ClientOSError),
        ("after headers", aiohttp.ClientPayloadError),
        ("in body", aiohttp.ClientPayloadError),
    ],
)
async def test_reset_connection(ask: Asker, place: Place, error: type[Exception]) -> None:
    ask.length = 0
    ask.faults.reset_connection(place, times=2)  # aiohttp itself asks again where no head came
    with pytest.raises(error, match="reset by peer"):
        await ask()
    assert bool(ask.length) is (error is aiohttp.ClientPayloadError)
    ask.faults.clear()


async def test_a_body_shorter_than_was_said(ask: Asker) -> None:
    true = await ask()
    ask.faults.wrong_length(7)
    with pytest.raises(aiohttp.ClientPayloadError):
        await ask()
    assert ask.length == len(true) + 7


@pytest.mark.parametrize("by", [-7, -1_000_000])
async def test_a_body_longer_than_was_said(ask: Asker, by: int) -> None:
    true = await ask()
    ask.faults.wrong_length(by)
    head, body = await ask.for_all_that_comes()
    assert f"Content-Length: {max(0, len(true) + by)}\r\n".encode() in head
    assert body == true


@pytest.mark.parametrize("in_body", [False, True])
async def test_stall(ask: Asker, in_body: bool) -> None:
    true, began = await ask(), loop_time()
    ask.faults.stall(5, in_body=in_body)
    assert await ask() == true
    assert loop_time() - began == pytest.approx(5)


async def test_a_stall_in_the_body_comes_after_half_of_it(ask: Asker) -> None:
    ask.length = 0
    ask.faults.stall(500, in_body=True)
    with pytest.raises(TimeoutError):  # aiohttp's own is at 300 seconds
        await ask()
    assert ask.length > 0


@pytest.mark.parametrize(("share", "place"), [(0.0, 0), (0.5, 0.5), (1.0, 1)])
async def test_garbled_body(ask: Asker, share: float, place: float) -> None:
    true = await ask()
    ask.faults.garbled_body(share)
    body = await ask()
    [wrong] = [n for n, (a, b) in enumerate(zip(true, body, strict=True)) if a != b]
    assert wrong == min(int(place * len(true)), len(true) - 1)
    with pytest.raises(UnicodeDecodeError):
        body.decode()


async def test_broken_gzip(ask: Asker) -> None:
    ask.faults.broken_gzip()
    with pytest.raises(aiohttp.ClientPayloadError):
        await ask()


async def test_gzip_bomb(ask: Asker) -> None:
    ask.faults.gzip_bomb(2**20)
    assert len(await ask()) == 2**20
    assert ask.length < 2**20 / 500


async def test_buckets_that_are_missing_doubled_and_in_another_order(ask: Asker) -> None:
    true = json.loads(await ask())
    first, second = true["data"]
    for fault, data in (
        (ask.faults.missing_bucket, [second]),
        (ask.faults.doubled_bucket, [first, second, second]),
        (ask.faults.reordered_buckets, [second, first]),
    ):
        fault()
        assert json.loads(await ask()) == {**true, "data": data}


async def test_a_page_that_is_changed_keeps_every_digit(ask: Asker) -> None:
    true = await ask()
    ask.faults.doubled_bucket()
    body = await ask()
    assert body.startswith(true[: true.index(b"]}]") + 2])


async def test_cursors_that_are_foreign_or_lost(ask: Asker) -> None:
    ask.faults.foreign_cursor()
    page: dict[str, Any] = json.loads(await ask())
    assert page["has_more"] is True
    await ask(page=page["next_page"], status=400)
    ask.faults.lost_cursor()
    page = json.loads(await ask())
    assert (page["has_more"], page["next_page"]) == (True, None)


async def test_a_refusal_has_no_page_to_be_changed(ask: Asker) -> None:
    ask.faults.missing_bucket()
    error = json.loads(await ask(limit="0", status=400))
    assert error["error"]["param"] == "limit"
