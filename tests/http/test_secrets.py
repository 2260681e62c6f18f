"""The admin key shows nowhere: not in print, not in pickles, not in tracebacks or logs."""

import asyncio
import copy
import logging
import pickle
import pprint
import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Literal

import pytest
import rich.console
import rich.pretty
import rich.traceback

from openai_usage import (
    AsyncUsageClient,
    Endpoint,
    InternalServerError,
    InvalidOptionError,
    InvalidQueryError,
    RangeQuery,
    UsageClient,
)
from openai_usage._http.responses import excerpt
from openai_usage._http.secret import RedactedStr, Secret
from openai_usage.sandbox import Sandbox
from openai_usage.schema.model import Model
from tests.conftest import TODAY
from tests.support.leaks import KEY, error_of, holders, of_ours, printed
from tests.support.raw_server import raw_server

each_kind = pytest.mark.parametrize("kind", [AsyncUsageClient, UsageClient])


@each_kind
@pytest.mark.parametrize("shown", [repr, str, pprint.pformat, rich.pretty.pretty_repr, "{}".format])
def test_nothing_that_a_client_holds_shows_it(
    shown: Callable[[object], str], kind: type[AsyncUsageClient | UsageClient]
) -> None:
    client = kind(KEY)
    texts = [shown(one) for one in holders(client)]
    assert len(texts) > 10
    assert any("[the admin key]" in text for text in texts)
    assert not [text for text in texts if "s3cr3t" in text]
    assert not [one for one in holders(client) if isinstance(one, str) and "s3cr3t" in one]


@pytest.mark.parametrize("travel", [copy.deepcopy, pickle.dumps])
def test_it_does_not_travel(travel: Callable[[object], object]) -> None:
    for one in (AsyncUsageClient(KEY), UsageClient(KEY), Secret(KEY)):
        with pytest.raises(TypeError) as caught:
            travel(one)
        assert "s3cr3t" not in str(caught.value)


def test_the_header_is_right_on_the_wire_and_hidden_in_print() -> None:
    header = Secret(KEY).header()
    assert str.__str__(header) == f"Bearer {KEY}"
    headers = {"Authorization": header}
    for shown in (repr(headers), pprint.pformat(headers), rich.pretty.pretty_repr(headers)):
        assert "s3cr3t" not in shown
    assert "s3cr3t" not in rich.pretty.pretty_repr(headers, max_string=80)
    assert isinstance(header, RedactedStr)


async def ask(base_url: str, **options: Any) -> object:
    async with AsyncUsageClient(KEY, base_url=base_url, max_retries=0, **options) as client:
        return await client.costs(start_time=TODAY)


QUOTED = KEY.encode()
ANSWERS = {
    "a refusal": b'HTTP/1.1 401 No\r\n\r\n{"error":{"message":"not %s"}}' % QUOTED,
    "a refusal in no JSON": b"HTTP/1.1 500 No\r\n\r\n<pre>%s</pre>" % QUOTED,
    "no page": b"HTTP/1.1 200 OK\r\n\r\nyou sent %s" % QUOTED,
    "a page that is cut": b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n%s" % QUOTED,
    "no HTTP": b"what is %s\r\n\r\n" % QUOTED,
    "a header": b"HTTP/1.1 429 No\r\nX-Request-Id: %s\r\n\r\n" % QUOTED,
    "a reason": b"HTTP/1.1 400 %s\r\n\r\n" % QUOTED,
    "a redirect": b"HTTP/1.1 302 No\r\nLocation: http://127.0.0.1:9/%s\r\n\r\n" % QUOTED,
    "nothing": b"",
}


@pytest.mark.slow
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_no_error_shows_it_even_where_the_server_quotes_it(
    answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with raw_server(answer) as base_url:
        error = await error_of(ask(base_url))
    assert "s3cr3t" not in printed(error)
    assert "s3cr3t" not in caplog.text + repr([vars(record) for record in caplog.records])


async def test_no_error_that_comes_from_another_thread_shows_it() -> None:
    async with raw_server(ANSWERS["a refusal in no JSON"]) as base_url:
        with UsageClient(KEY, base_url=base_url, max_retries=0) as client:
            buckets = client.costs(start_time=TODAY)
            for read in (buckets.first_page, buckets.collect, partial(list, buckets)):
                error = await error_of(asyncio.to_thread(read))  # the server runs in this one
                assert isinstance(error, InternalServerError)
                assert "s3cr3t" not in printed(error)


@pytest.mark.slow
async def test_no_error_on_the_way_shows_it() -> None:
    async with raw_server(b"", stay=True) as base_url:
        assert "s3cr3t" not in printed(await error_of(ask(base_url, timeout=1)))
        asking = asyncio.create_task(ask(base_url))
        await asyncio.sleep(0.1)
        asking.cancel()
        # Through the frames of aiohttp, which name the headers.
        cancelled = await error_of(asking)
        assert isinstance(cancelled, asyncio.CancelledError)
        assert "headers" in printed(cancelled)
        assert "s3cr3t" not in printed(cancelled)
    assert "s3cr3t" not in printed(await error_of(ask(base_url)))  # nobody is there any more
    assert "s3cr3t" not in printed(await error_of(ask("https://nowhere.invalid/v1")))


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": -1},
        {"base_url": "nowhere"},
        {"organization": "a b"},
        {"ssl": False},
        {"admin_api_key": f"{KEY}\n{KEY}"},
        {"admin_api_key": KEY.encode()},
    ],
)
@each_kind
def test_an_option_that_cannot_work_does_not_show_it(
    options: dict[str, Any], kind: type[AsyncUsageClient | UsageClient]
) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        kind(**{"admin_api_key": KEY, **options})
    assert "s3cr3t" not in printed(of_ours(caught.value))


async def test_a_query_that_cannot_be_asked_does_not_show_it() -> None:
    async with AsyncUsageClient(KEY) as client:
        with pytest.raises(InvalidQueryError) as caught:
            client.costs(start_time=5, limit=1000)
        assert "s3cr3t" not in printed(of_ours(caught.value))


async def test_no_log_shows_it(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    sandbox.faults.status(503, body=f"<b>{sandbox.admin_api_key}</b>")
    async with AsyncUsageClient(sandbox.admin_api_key, base_url=sandbox.base_url) as client:
        await client.costs(start_time=TODAY)
        with suppress(InvalidQueryError):
            client.costs(start_time=TODAY, limit=0)
    assert {record.name for record in caplog.records} >= {"openai_usage", "stamina"}
    assert sandbox.admin_api_key not in caplog.text + repr([vars(each) for each in caplog.records])


@pytest.mark.parametrize("offset", range(0, 200, 13))
def test_an_excerpt_holds_no_part_of_a_key_that_was_cut(offset: int) -> None:
    body = b"x" * offset + KEY.encode() * 200
    assert "s3cr3t" not in excerpt(body, Secret(KEY))


class Sized(Model):
    size: Literal["a"]


class Client(AsyncUsageClient):
    sized = Endpoint("organization/usage/sized", RangeQuery, Sized)


async def test_a_value_that_is_wrong_is_not_shown_where_it_is_the_key(sandbox: Sandbox) -> None:
    row = f'{{"start_time":0,"end_time":1,"results":[{{"size":"{sandbox.admin_api_key}"}}]}}'
    sandbox.faults.status(200, body=f'{{"data":[{row}],"has_more":false}}')
    async with Client(sandbox.admin_api_key, base_url=sandbox.base_url) as client:
        error = await error_of(client.sized(start_time=0))
    assert "[the admin key]" in str(error)
    assert sandbox.admin_api_key not in str(error)


async def test_an_iteration_that_is_cancelled_does_not_show_what_came() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nyou sent %s" % QUOTED
    async with raw_server(answer, stay=True) as base_url:
        asking = asyncio.create_task(ask(base_url))
        await asyncio.sleep(0.1)
        asking.cancel()
        shown = printed(await error_of(asking))
    assert re.search(r"body = <\d+ bytes>", shown)
    assert "s3cr3t" not in shown
