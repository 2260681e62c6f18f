"""What is missing is missed: told in the log, or raised."""

import json
import logging
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from openai_usage import AsyncUsageClient, Gap, InvalidOptionError, PaginationError
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY, client_of

START = TODAY - 10 * DAY


def page(*starts: int, next_page: str | None = None) -> dict[str, Any]:
    buckets = [
        {"object": "bucket", "start_time": start, "end_time": start + DAY, "results": []}
        for start in starts
    ]
    return {"data": buckets, "has_more": next_page is not None, "next_page": next_page}


def days(*numbers: int) -> list[int]:
    return [START + number * DAY for number in numbers]


def iso(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"


GAPS = {
    "before the first": ([page(*days(1, 2, 3, 4))], (0, 1), 0),
    "between two": ([page(*days(0, 2, 3, 4))], (1, 2), 0),
    "between pages": ([page(*days(0, 1), next_page="a"), page(*days(3, 4))], (2, 3), 2),
    "after an empty page": (
        [page(*days(0, 1), next_page="a"), page(next_page="b"), page(*days(3, 4))],
        (2, 3),
        2,
    ),
    "at the end": ([page(*days(0, 1, 2))], (3, 5), 0),
    "everything": ([page()], (0, 5), 0),
}


def scripted(sandbox: Sandbox, pages: list[dict[str, Any]]) -> None:
    for each in pages:
        sandbox.faults.status(200, body=json.dumps(each))


@pytest.mark.parametrize(("pages", "gap", "_"), GAPS.values(), ids=GAPS)
async def test_a_gap_is_told(
    pages: list[dict[str, Any]],
    gap: tuple[int, int],
    _: int,
    client: AsyncUsageClient,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    scripted(sandbox, pages)
    buckets = await client.costs(start_time=START, end_time=START + 5 * DAY).collect()
    assert [each.start_time for each in buckets] == [
        each["start_time"] for one in pages for each in one["data"]
    ]
    [record] = caplog.records
    start, end = days(*gap)
    assert record.levelno == logging.WARNING
    dates = f"{iso(start)} to {iso(end)}"
    assert record.getMessage() == (
        f"GET organization/costs: the API returned no bucket from {start} to {end} ({dates}), "
        "though it gives empty ones elsewhere: what was billed then is not known"
    )
    assert vars(record)["endpoint"] == "organization/costs"
    assert (vars(record)["start_time"], vars(record)["end_time"]) == (start, end)


@pytest.mark.parametrize(("pages", "gap", "handed_over"), GAPS.values(), ids=GAPS)
@pytest.mark.parametrize("windows", [1, 3])
async def test_a_gap_is_raised_where_that_is_wanted(
    pages: list[dict[str, Any]],
    gap: tuple[int, int],
    handed_over: int,
    windows: int,
    sandbox: Sandbox,
) -> None:
    scripted(sandbox, pages)
    seen = []
    async with client_of(sandbox, on_gap="raise") as client:
        iteration = client.costs(start_time=START, end_time=START + 5 * DAY).concurrently(windows)
        with pytest.raises(PaginationError) as caught:
            async for bucket in iteration:
                seen.append(bucket.start_time)
    assert f"no bucket from {days(gap[0])[0]} to {days(gap[1])[0]}" in str(caught.value)
    assert len(seen) <= handed_over or gap == (3, 5)
    assert caught.value.resume_from == (seen[-1] + DAY if seen else None)


async def test_a_single_page_is_asked_for_gaps_within_it(sandbox: Sandbox) -> None:
    async with client_of(sandbox, on_gap="raise") as client:
        scripted(
            sandbox, [page(*days(0, 1)), page(*days(0, 2)), page(*days(1, 2)), page(*days(2, 3))]
        )
        assert len((await client.costs(start_time=START)).data) == 2  # where it ends is up to limit
        for _ in ("between two", "before the first"):
            with pytest.raises(PaginationError, match="no bucket from"):
                await client.costs(start_time=START)
        scripted(sandbox, [page(*days(0, 1))])
        with pytest.raises(PaginationError, match="no bucket from"):
            await client.costs(start_time=START, end_time=START + 5 * DAY)
        # Where a page begins that a cursor leads to, only the cursor knows.
        scripted(sandbox, [page(*days(2, 3))])
        assert len((await client.costs(start_time=START, page="a")).data) == 2


async def test_what_is_still_to_come_is_not_missing(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = START + 3 * DAY + 60  # a minute into the day
    monkeypatch.setattr("time.time", lambda: now)
    async with client_of(sandbox, on_gap="raise") as client:
        for end_time in (START + 5 * DAY, None):
            scripted(sandbox, [page(*days(0, 1, 2))])
            iteration = client.costs(start_time=START, end_time=end_time)
            assert len(await iteration.collect()) == 3
        scripted(sandbox, [page(*days(0, 1))])
        with pytest.raises(PaginationError):
            await client.costs(start_time=START).collect()


def test_there_are_two_things_to_do_about_a_gap() -> None:
    with pytest.raises(InvalidOptionError, match="'warn', 'raise' or a function, not 'ignore'"):
        AsyncUsageClient("sk-admin-1", on_gap=cast("Any", "ignore"))


@pytest.mark.parametrize("windows", [1, 3])
async def test_a_function_is_called_with_each_gap(
    windows: int, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    gaps: list[Gap] = []
    async with client_of(sandbox, on_gap=gaps.append) as client:
        scripted(sandbox, [page(*days(0, 2, 4))])
        iteration = client.costs(start_time=START, end_time=START + 5 * DAY).concurrently(windows)
        assert len(await iteration.collect()) == 3
    assert gaps == [
        Gap(endpoint="costs", start_time=START + day * DAY, end_time=START + (day + 1) * DAY)
        for day in (1, 3)
    ]
    assert not caplog.records


async def test_a_gap_over_several_windows_is_one_gap(sandbox: Sandbox) -> None:
    gaps: list[Gap] = []
    async with client_of(sandbox, on_gap=gaps.append) as client:
        scripted(sandbox, [page()] * 5)
        iteration = client.costs(start_time=START, end_time=START + 10 * DAY, limit=2).concurrently(
            3
        )
        assert await iteration.collect() == []
    assert gaps == [Gap(endpoint="costs", start_time=START, end_time=START + 10 * DAY)]
