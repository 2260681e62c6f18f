"""Notifications: posted as they are, tried again where that helps, and the URL shows nowhere."""

import asyncio
import copy
import errno
import logging
import pprint
import ssl
from typing import Any

import aiohttp
import pytest
import rich.pretty

from openai_usage import InvalidOptionError, NotificationError
from openai_usage._http import webhook as module
from openai_usage._http.webhook import WebhookUrl, post_json
from tests.support.certificates import server_context
from tests.support.clock import loop_time
from tests.support.leaks import KEY, error_of, holders, of_ours, printed
from tests.support.raw_server import raw_server
from tests.support.webhook_server import webhook

PAYLOAD = {"text": "Team A: over the budget \N{EURO SIGN}", "exit_code": 3}


async def test_a_payload_arrives_as_it_is() -> None:
    async with webhook() as there:
        await post_json(WebhookUrl(there.url), PAYLOAD)
    [request] = there.requests
    assert there.payloads == [PAYLOAD]
    assert (request.method, request.headers["Content-Type"]) == ("POST", "application/json")
    assert request.headers["User-Agent"].startswith("openai-usage-client/")


async def test_a_url_is_sent_as_it_is() -> None:
    path = "/workflows/a%2Fb?sig=x%2Fy%3D%3D&api-version=2016-06-01"
    async with webhook(path) as there:
        await post_json(WebhookUrl(f" {there.url}\n"), PAYLOAD)
    [request] = there.requests
    assert request.raw_path == path


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_status_of_success_is_a_success(status: int) -> None:
    async with webhook() as there:
        there.will(status)
        await post_json(WebhookUrl(there.url), PAYLOAD)
    assert len(there.requests) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_a_temporary_failure_is_tried_again(status: int) -> None:
    async with webhook() as there:
        there.will(status)
        there.will(status)
        await post_json(WebhookUrl(there.url), PAYLOAD)
    assert there.payloads == [PAYLOAD] * 3


async def test_a_delay_that_is_asked_for_is_kept() -> None:
    async with webhook() as there:
        there.will(429, **{"Retry-After": "7"})
        before = loop_time()
        await post_json(WebhookUrl(there.url), PAYLOAD)
        assert loop_time() - before >= 7
        there.will(429, **{"Retry-After": "11"})
        with pytest.raises(NotificationError) as caught:
            await post_json(WebhookUrl(there.url), PAYLOAD)
    assert (caught.value.status_code, caught.value.retry_after) == (429, 11)


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (404, "no_service", "404 (no_service). The webhook does not exist any more, or is "),
        (410, "<h1>Gone</h1>", "410 Gone. The webhook does not exist any more, or is "),
        (400, "invalid_payload", "400 (invalid_payload). It takes other JSON. Use a webhook "),
        (409, "", "409 Conflict. Check its URL and the network."),
        (418, "", "418 I'm a Teapot. Check its URL and the network."),
        (429, "", "429 Too Many Requests. It receives too many notifications. Send fewer."),
        (502, "", "502 Bad Gateway. Try again later."),
        (599, "", "599. Try again later."),
    ],
)
async def test_a_failure_says_the_status_and_what_to_do(
    status: int, answer: str, said: str
) -> None:
    async with webhook() as there:
        for _ in range(3):
            there.will(status, answer)
        with pytest.raises(NotificationError) as caught:
            await post_json(WebhookUrl(there.url), PAYLOAD)
    assert str(caught.value).startswith(f"the webhook answered {said}")
    assert str(caught.value).endswith(caught.value.hint)
    assert caught.value.status_code == status
    assert len(there.requests) == (3 if status in (409, 429, 502, 599) else 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with webhook() as there, webhook() as other:
        there.will(status, Location=other.url)
        with pytest.raises(NotificationError, match="Redirects are not followed"):
            await post_json(WebhookUrl(there.url), PAYLOAD)
    assert (len(there.requests), other.requests) == (1, [])


async def test_a_server_that_is_silent_is_given_up() -> None:
    async with raw_server(b"", stay=True) as url:
        before = loop_time()
        with pytest.raises(NotificationError, match="webhook: it took too long") as caught:
            await post_json(WebhookUrl(url), PAYLOAD, timeout=5)
    assert caught.value.status_code is None
    assert loop_time() - before >= 15


async def test_causes_are_said_in_words_without_the_host() -> None:
    async with raw_server(b"", stay=False) as url:
        gone = WebhookUrl(url)
        with pytest.raises(NotificationError, match="it closed the connection"):
            await post_json(gone, PAYLOAD, max_retries=0)
    with pytest.raises(NotificationError, match=r": Connection refused. Check its URL"):
        await post_json(gone, PAYLOAD, max_retries=0)
    with pytest.raises(NotificationError, match=r": its host was not found. Check") as caught:
        await post_json(WebhookUrl("https://nowhere.invalid/x"), PAYLOAD)
    assert "nowhere" not in printed(of_ours(caught.value))


async def test_a_certificate_that_is_not_valid_is_said() -> None:
    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    context = server_context("127.0.0.1")
    server = await asyncio.start_server(silent, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(NotificationError, match="its certificate is not valid"):
            await post_json(WebhookUrl(f"https://127.0.0.1:{port}/x"), PAYLOAD, max_retries=0)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example/services/s3cr3t",
        "http://hooks.example/services/s3cr3t",
        "ftp://127.0.0.1/s3cr3t",
        "https:///s3cr3t",
        "https://hooks.example/s3cr3t \u20ac",
        "https://a..b/s3cr3t",
        "https://hooks.example:99999/s3cr3t",
        "https://hooks.example:0/s3cr3t",
        f"https://hooks.example/{KEY}",
        KEY,
    ],
)
def test_a_url_that_is_not_valid_is_not_quoted(url: str) -> None:
    with pytest.raises(InvalidOptionError, match=r"^notify takes the https address") as caught:
        WebhookUrl(url)
    assert (caught.value.option, caught.value.value) == ("notify", "")
    assert "s3cr3t" not in printed(of_ours(caught.value))


@pytest.mark.parametrize("shown", [repr, str, pprint.pformat, rich.pretty.pretty_repr, "{}".format])
def test_a_url_shows_nowhere(shown: Any) -> None:
    url = WebhookUrl("https://hooks.example/services/s3cr3t")
    assert shown(url) == "[the URL of the webhook]"
    assert not [one for one in holders(url) if isinstance(one, str) and "s3cr3t" in one]
    with pytest.raises(TypeError):
        copy.deepcopy(url)


SECRET = "s3cr3t" * 20

ANSWERS = {
    "a refusal": b"HTTP/1.1 404 No\r\nContent-Length: 126\r\n\r\n/%s no" % SECRET.encode(),
    "a word of it": b"HTTP/1.1 404 No\r\nConnection: close\r\n\r\nabc",
    "no HTTP": b"what is %s\r\n\r\n" % SECRET.encode(),
    "a redirect": b"HTTP/1.1 302 No\r\nLocation: http://127.0.0.1:9/%s\r\n\r\n" % SECRET.encode(),
    "a cut answer": b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n%s" % SECRET.encode(),
    "nothing": b"",
}


@pytest.mark.parametrize("answer", ANSWERS)
async def test_no_failure_shows_the_url(answer: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    async with raw_server(ANSWERS[answer]) as url:
        secret = WebhookUrl(f"{url}/{SECRET}/abc")
        if answer == "a cut answer":
            await post_json(secret, PAYLOAD)  # the status is enough
        else:
            error = await error_of(post_json(secret, PAYLOAD))
            assert isinstance(error, NotificationError)
            assert "s3cr3t" not in printed(error)
            assert "abc" not in str(error)
    assert "s3cr3t" not in caplog.text + repr([vars(each) for each in caplog.records])


async def test_a_notification_that_is_cancelled_does_not_show_it() -> None:
    async with raw_server(b"", stay=True) as url:
        posting = asyncio.create_task(post_json(WebhookUrl(f"{url}/{SECRET}"), PAYLOAD))
        await asyncio.sleep(0.1)
        posting.cancel()
        error = await error_of(posting)
    assert isinstance(error, asyncio.CancelledError)
    assert "[the URL of the webhook]" in printed(error)
    assert "s3cr3t" not in printed(error)


async def test_a_payload_that_is_not_json_is_not_tried_again() -> None:
    async with webhook() as there:
        with pytest.raises(TypeError):
            await post_json(WebhookUrl(there.url), {"text": object()})
    assert there.requests == []


async def test_a_bug_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []

    async def fail(*arguments: object) -> None:
        calls.append(arguments)
        raise ZeroDivisionError

    monkeypatch.setattr(module, "_post", fail)
    with pytest.raises(ZeroDivisionError):
        await post_json(WebhookUrl("https://hooks.example/x"), PAYLOAD)
    assert len(calls) == 1


def test_errors_of_the_system_are_named() -> None:
    assert module._cause(ConnectionResetError(errno.ECONNRESET, "x")) == "Connection reset by peer"
    assert module._cause(OSError("x")) == "OSError"
    assert module._cause(ssl.SSLError("x")) == "SSLError"
    assert module._cause(aiohttp.ClientPayloadError("x")) == "ClientPayloadError"
