"""A key in the wrong place, by mistake or by the server's doing, is neither shown nor sent."""

import logging
from pathlib import Path
from typing import Any

import pytest

from openai_usage import (
    AsyncUsageClient,
    CompletionsQuery,
    InvalidOptionError,
    InvalidQueryError,
    PaginationError,
    UsageClient,
)
from openai_usage._text import short_repr, without_keys
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY, client_of
from tests.support.leaks import KEY, error_of, of_ours, printed
from tests.support.terminal import Terminal

PLAIN = "gateway-s3cr3t-0123456789"
"""A key that looks like no key, as gateways hand out."""


@pytest.mark.parametrize(
    "option",
    [
        *("timeout", "max_retries", "max_retry_wait", "max_response_bytes", "max_connections"),
        "requests_per_second",
        *("on_gap", "on_retry", "ssl", "trust_env", "allow_insecure_http"),
        *("organization", "base_url"),
    ],
)
@pytest.mark.parametrize("wrap", ["{}", "https://127.0.0.1/{}", "http://a.example/v1/{}"])
@pytest.mark.parametrize("kind", [AsyncUsageClient, UsageClient])
def test_no_option_shows_it(option: str, wrap: str, kind: type[Any]) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        kind(KEY, **{option: wrap.format(KEY)})
    assert caught.value.option == option
    assert "s3cr3t" not in printed(of_ours(caught.value))


def test_a_session_does_not_show_it() -> None:
    options: dict[str, Any] = {"session": KEY}
    with pytest.raises(InvalidOptionError, match=r"^session takes") as caught:
        AsyncUsageClient(KEY, **options)
    assert "s3cr3t" not in printed(of_ours(caught.value))


@pytest.mark.parametrize("kind", [AsyncUsageClient, UsageClient])
def test_an_option_that_does_not_exist_does_not_show_it(kind: type[Any]) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'key'") as caught:
        kind(KEY, key=KEY)
    assert "s3cr3t" not in printed(of_ours(caught.value))


class Odd:
    """A value that cannot even be compared, as an array of NumPy."""

    def __eq__(self, other: object) -> bool:
        raise ValueError("it is ambiguous")

    def __hash__(self) -> int:
        return 0


@pytest.mark.parametrize("kind", [AsyncUsageClient, UsageClient])
@pytest.mark.parametrize("option", ["on_gap", "timeout", "max_retries", "base_url", "ssl"])
def test_no_odd_value_of_an_option_shows_it(option: str, kind: type[Any]) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        kind(KEY, **{option: Odd()})
    assert "s3cr3t" not in printed(of_ours(caught.value))


def test_nothing_that_interrupts_the_constructor_shows_it() -> None:
    class Interrupting(int):
        def __ge__(self, other: object) -> bool:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        UsageClient(KEY, max_retries=Interrupting(1))
    assert "s3cr3t" not in printed(of_ours(caught.value))


@pytest.mark.parametrize("kind", [AsyncUsageClient, UsageClient])
def test_a_key_that_looks_like_none_is_not_quoted(kind: type[Any]) -> None:
    for option in ("timeout", "on_retry", "trust_env"):
        with pytest.raises(InvalidOptionError) as refused:
            kind(PLAIN, **{option: PLAIN})
        assert "'[the admin key]'" in str(refused.value)
        assert "s3cr3t" not in printed(of_ours(refused.value)) + refused.value.value
    client = kind(PLAIN)
    for param in ("start_time", "limit", "group_by"):
        with pytest.raises(InvalidQueryError) as caught:
            client.costs(**{"start_time": TODAY, param: PLAIN})
        assert "s3cr3t" not in printed(of_ours(caught.value)) + caught.value.value


@pytest.mark.parametrize("option", ["organization", "base_url"])
def test_no_option_takes_a_key_that_looks_like_none(option: str) -> None:
    with pytest.raises(InvalidOptionError, match=f"^{option} takes .*, not an API key") as caught:
        options: dict[str, Any] = {option: f"https://127.0.0.1/{PLAIN}"}
        AsyncUsageClient(PLAIN, **options)
    assert "s3cr3t" not in printed(of_ours(caught.value))


@pytest.mark.parametrize("value", [KEY, [KEY], {KEY: "a"}, {"a": KEY}, {"a": [KEY]}, KEY.encode()])
@pytest.mark.parametrize(
    "param",
    [
        *("start_time", "end_time", "bucket_width", "limit", "page", "project_ids", "group_by"),
        *("models", "batch", "extra_query"),
    ],
)
async def test_no_parameter_shows_it_or_is_sent_with_it(
    param: str, value: object, sandbox: Sandbox
) -> None:
    asked: dict[str, Any] = {"start_time": TODAY, param: value}
    async with client_of(sandbox) as client:
        with pytest.raises(InvalidQueryError) as caught:
            client.completions(**asked)
        assert caught.value.param.startswith(param)
        assert "s3cr3t" not in printed(of_ours(caught.value))
        with pytest.raises(InvalidQueryError) as caught:
            client.query("completions", **asked)
    assert caught.value.param.startswith(param)
    assert "s3cr3t" not in printed(of_ours(caught.value))
    assert sandbox.requests == []


@pytest.mark.parametrize("value", [KEY, [KEY]])
def test_what_takes_several_types_says_that_a_key_is_in_the_wrong_place(value: Any) -> None:
    with pytest.raises(InvalidQueryError) as caught:
        CompletionsQuery(start_time=0, extra_query={"a": value})
    assert caught.value.message == (
        "extra_query['a'] takes a value that may be sent in a URL, not an API key. "
        "Pass the key only as admin_api_key."
    )


@pytest.mark.parametrize("kind", [AsyncUsageClient, UsageClient])
def test_no_misspelt_parameter_shows_it(kind: type[Any]) -> None:
    client = kind("sk-admin-x")
    with pytest.raises(TypeError) as caught:
        client.costs(start_time=TODAY, pages=KEY)
    assert str(caught.value) == "costs() does not take 'pages'. Did you mean 'page'?"
    assert "s3cr3t" not in printed(of_ours(caught.value))
    with pytest.raises(TypeError) as caught:
        client.query("costs", start_time=TODAY, nothing_like_it=KEY)
    assert str(caught.value) == "costs() does not take 'nothing_like_it'."
    assert "s3cr3t" not in printed(of_ours(caught.value))


@pytest.mark.parametrize("kind", [AsyncUsageClient, UsageClient])
def test_no_endpoint_shows_it(kind: type[Any]) -> None:
    client = kind("sk-admin-x")
    with pytest.raises(InvalidQueryError) as caught:
        client.query(KEY, start_time=TODAY)
    assert "s3cr3t" not in printed(of_ours(caught.value))
    with pytest.raises(InvalidQueryError) as caught:
        client.query("costs", start_time=TODAY, page=KEY)
    assert "s3cr3t" not in printed(of_ours(caught.value))


@pytest.mark.parametrize(
    ("param", "asked"),
    [
        ("page", {"page": f"page_{PLAIN}"}),
        ("project_ids", {"project_ids": ["proj_1", PLAIN]}),
        ("models", {"models": [PLAIN]}),
        ("new", {"extra_query": {"new": PLAIN}}),
        ("extra_query", {"extra_query": {PLAIN: "new"}}),
    ],
)
async def test_a_key_that_looks_like_none_is_not_sent(
    param: str, asked: dict[str, Any], sandbox: Sandbox
) -> None:
    async with AsyncUsageClient(PLAIN, base_url=sandbox.base_url) as client:
        buckets = client.completions(start_time=TODAY, **asked)
        assert "[the admin key]" in repr(buckets)
        for asking in (buckets, buckets.collect()):
            with pytest.raises(
                InvalidQueryError, match=f"^{param} takes .*, not the admin key"
            ) as caught:
                await asking
            assert caught.value.param == param
            assert "s3cr3t" not in str(caught.value)
    assert sandbox.requests == []


async def test_a_short_key_is_not_found_in_other_words(sandbox: Sandbox) -> None:
    sandbox.faults.status(200, body='{"data":[],"has_more":false}', times=2)
    async with AsyncUsageClient("proj", base_url=sandbox.base_url) as client:
        await client.costs(start_time=TODAY, project_ids=["proj_1"])
        with pytest.raises(InvalidQueryError):
            await client.costs(start_time=TODAY, project_ids=["proj"])
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize("key", [KEY, PLAIN])
@pytest.mark.parametrize("has_more", ["true", "false"])
async def test_a_cursor_that_is_the_key_is_not_followed_or_shown(
    key: str, has_more: str, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    escaped = "".join(f"\\u{ord(each):04x}" for each in key)
    body = f'{{"data":[],"has_more":{has_more},"next_page":"{escaped}"}}'
    sandbox.faults.status(200, body=body, times=3)
    async with AsyncUsageClient(key, base_url=sandbox.base_url) as client:
        buckets = client.completions(start_time=TODAY - 40 * DAY, end_time=TODAY)
        for asking in (buckets, buckets.collect(), buckets.concurrently(1).collect()):
            error = await error_of(asking)
            assert isinstance(error, PaginationError)
            assert "s3cr3t" not in printed(error)
    assert len(sandbox.requests) == 3
    assert "s3cr3t" not in caplog.text + repr([vars(record) for record in caplog.records])


@pytest.mark.parametrize("key", [KEY, PLAIN])
@pytest.mark.parametrize(
    "listing",
    [
        '{"data":[],"has_more":true,"last_id":"%s"}',
        '{"data":[{"id":"%s","name":"A"}],"has_more":false}',
    ],
)
async def test_an_id_that_is_the_key_is_not_sent_or_shown(
    key: str, listing: str, sandbox: Sandbox
) -> None:
    sandbox.faults.status(200, body=listing % key)
    async with AsyncUsageClient(key, base_url=sandbox.base_url) as client:
        names = await client.names()
    assert len(sandbox.requests) == 1
    [unread] = names.unread
    assert "an API key in the place of an id" in unread.why
    assert "s3cr3t" not in f"{unread} {unread!r} {names.known}"


def test_what_looks_like_a_key_is_masked_wherever_a_value_is_shown() -> None:
    for value in (KEY, [KEY], f"\n{KEY}", {"a": KEY.encode()}, "x" * 190 + KEY):
        assert "s3cr3t" not in short_repr(value)
    assert without_keys("set it to sk-admin-… of sk-proj-abcdefghij0123456789") == (
        "set it to sk-admin-… of [an API key]"
    )


def test_a_model_with_such_letters_in_its_name_is_no_key() -> None:
    names = ["ft:gpt-4.1:acme:desk-assistant-for-sales:Ab1", "ft:gpt-4.1:acme:desk-admin:Ab1"]
    assert CompletionsQuery(start_time=0, models=names).models == tuple(names)


@pytest.mark.real_clock
def test_the_command_line_does_not_show_it(asked: Sandbox, terminal: Terminal, here: Path) -> None:
    for option in ("limit", "page", "group-by", "last"):
        terminal(f"completions --{option} {KEY}", exit_code=2)
        assert "s3cr3t" not in terminal.err
    for command in (
        KEY,
        f"costs {KEY}",
        f"spend --budget {KEY}",
        f"costs -o {KEY}.xlsx",
        f"report -o {KEY}",
    ):
        terminal(command, exit_code=2)
        assert "s3cr3t" not in terminal.err
    assert asked.requests == []
    assert list(here.iterdir()) == []  # no file is named like a key
