"""A range that begins too early: the error says from when on the API answers."""

import json
import pickle

import pytest

from openai_usage import AsyncUsageClient, BadRequestError
from openai_usage.sandbox import Sandbox
from tests.support.terminal import Terminal

FLOOR = 1_764_979_200
"""2025-12-06, from when on costs can be grouped by API key."""


async def refused(client: AsyncUsageClient, start_time: int = 1_767_571_200) -> BadRequestError:
    with pytest.raises(BadRequestError) as caught:
        await client.costs(start_time=start_time, group_by=["api_key_id"])
    return caught.value


async def test_costs_by_key_say_when_they_begin(client: AsyncUsageClient) -> None:
    error = await refused(client, FLOOR - 1)
    assert error.earliest_start == FLOOR
    assert error.hint == "Use a start_time from 1764979200 (2025-12-06) on."
    assert pickle.loads(pickle.dumps(error)).earliest_start == FLOOR
    await client.costs(start_time=error.earliest_start, group_by=["api_key_id"])


async def test_ranges_that_are_too_long_ago_say_so(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.faults.short_history(FLOOR + 7, times=2)
    with pytest.raises(BadRequestError) as caught:
        await client.completions(start_time=FLOOR - 1)
    assert caught.value.code == "reporting_lookback_exceeded"
    assert caught.value.earliest_start == FLOOR
    assert str(caught.value).endswith(
        "Earliest supported start date: 2025-12-06 (UTC). "
        "Use a start_time from 1764979200 (2025-12-06) on."
    )
    await client.completions(start_time=FLOOR)


@pytest.mark.parametrize(
    ("message", "start"),
    [
        ("Earliest supported start date: 2025-13-06.", None),
        ("Earliest supported start date: 1969-12-31.", None),
        ("Too far back.", None),
        ("Try a start_time on or after 1764979260.", FLOOR + 60),
    ],
)
async def test_the_time_is_the_one_that_the_api_says(
    message: str, start: int | None, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    body = {"error": {"message": message, "code": "reporting_lookback_exceeded"}}
    sandbox.faults.status(400, body=json.dumps(body))
    error = await refused(client)
    assert error.earliest_start == start
    assert error.hint == (
        "The API does not report on times that long ago. Use a later start_time."
        if start is None
        else "Use a start_time from 1764979260 (2025-12-06 00:01) on."
    )


async def test_other_errors_do_not_give_a_start(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    message = "Try a start_time on or after 1764979200."
    sandbox.faults.status(400, body=json.dumps({"error": {"message": message, "param": "limit"}}))
    error = await refused(client)
    assert (error.earliest_start, error.hint) == (None, "")


@pytest.mark.real_clock
def test_commands_say_it_as_a_date(terminal: Terminal, asked: Sandbox) -> None:
    command = "costs --start 2025-12-01 --end 2025-12-09 --group-by api_key_id"
    terminal(command, exit_code=1)
    assert terminal.err.endswith(
        " Try a start_time on or after 1764979200. Use --start 2025-12-06 or later.\n"
    )
    terminal(f"{command} --concurrency 2", exit_code=1)
    assert terminal.err.endswith(" Use --start 2025-12-06 or later.\n")
    asked.faults.short_history(FLOOR)
    terminal("completions --start 2025-12-01 --end 2025-12-09", exit_code=1)
    assert terminal.err.endswith("(UTC). Use --start 2025-12-06 or later.\n")
    for message, says in [
        ("on or after 1764979260", "Use --start 2025-12-06T00:01:00Z or later."),
        ("old", "The API does not report on times that long ago. Use a later --start."),
    ]:
        body = {"error": {"message": message, "code": "reporting_lookback_exceeded"}}
        asked.faults.status(400, body=json.dumps(body))
        terminal("costs", exit_code=1)
        assert terminal.err.endswith(f" {says}\n")
