"""A sync: the copy equals the API, whatever was restated, failed or interrupted in between."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import openai_usage.sync
from openai_usage import (
    APIStatusError,
    AsyncUsageClient,
    BucketWidth,
    InvalidQueryError,
    PaginationError,
    PermissionDeniedError,
    SyncError,
)
from openai_usage.sandbox import Sandbox
from openai_usage.sandbox.faults import Answer
from openai_usage.sandbox.response_edits import change_page
from openai_usage.sync import DuckDBSink, Failed, Synced, SyncResult, sync
from tests.conftest import DAY, TODAY, client_of
from tests.support.report_values import answer_at
from tests.support.synced import Clock, of_api, query, stored

pytestmark = pytest.mark.real_clock

HOUR = 3600
START = TODAY - 40 * DAY
NOON = TODAY + 12 * HOUR
ENDPOINTS = list(AsyncUsageClient.table())


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=7, restates=True) as running:
        yield running


@pytest.fixture
def clock(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock([sandbox], monkeypatch)
    clock.at(NOON)
    return clock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "usage.duckdb"


async def run(client: AsyncUsageClient, path: Path, **options: Any) -> SyncResult:
    """Bring the copy of one organization up to date."""
    with DuckDBSink(path) as sink:
        return await sync({"acme": client}, sink, **{"start_time": START, **options})


def edit(sandbox: Sandbox, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Have a sandbox change every page."""

    async def effect(_: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        return change_page(await answer(), change)

    sandbox.faults._add(effect, 1_000, 0)


# ------------------------------------------------------------------------- right


async def test_a_copy_has_every_row_of_every_endpoint(
    client: AsyncUsageClient, clock: Clock, path: Path
) -> None:
    result = await run(client, path)
    assert result.failed == []
    assert [each.endpoint for each in result.synced] == ENDPOINTS
    assert result.changed_buckets == 0
    for each in result.synced:
        rows = stored(path, each.endpoint)
        assert rows == await of_api(client, each.endpoint, START, NOON)
        assert len(rows) == each.rows
        assert (each.start_time, each.end_time) == (START, NOON)
    assert result.rows == sum(each.rows for each in result.synced)


async def test_a_second_sync_sends_one_request_for_each_endpoint_and_changes_nothing(
    client: AsyncUsageClient, sandbox: Sandbox, clock: Clock, path: Path
) -> None:
    await run(client, path)
    before = {name: stored(path, name) for name in ENDPOINTS}
    sandbox.requests.clear()
    result = await run(client, path)
    assert len(sandbox.requests) == len(ENDPOINTS)
    assert result.changed_buckets == 0
    assert query(path, "SELECT * FROM _changes") == []
    assert {name: stored(path, name) for name in ENDPOINTS} == before


@pytest.mark.parametrize("pauses", [[1, 1, 1], [4.5], [0.25, 40, 0.1], [3, 2.2]])
async def test_it_follows_what_is_restated(
    pauses: list[float], client: AsyncUsageClient, clock: Clock, path: Path
) -> None:
    moment = NOON
    await run(client, path)
    for days in pauses:
        moment += int(days * DAY)
        clock.at(moment)
        await run(client, path)
    for name in ENDPOINTS:
        assert stored(path, name) == await of_api(client, name, START, moment)


async def test_changes_are_those_of_buckets_that_were_over(
    client: AsyncUsageClient, clock: Clock, path: Path
) -> None:
    names = ["completions", "costs"]
    await run(client, path, endpoints=names)
    before = {name: await totals(client, name) for name in names}
    clock.at(NOON + DAY + 5)
    result = await run(client, path, endpoints=names)
    expected = {
        (name, day, measure, was.get(measure, 0), now.get(measure, 0))
        for name in names
        for day, now in (await totals(client, name)).items()
        if (was := before[name].get(day, {})) != now
        for measure in now.keys() | was.keys()
        if was.get(measure, 0) != now.get(measure, 0)
    }
    found = query(path, "SELECT *, CAST(epoch(start) AS BIGINT) AS day FROM _changes")
    rows = [
        (each["endpoint"], each["day"], each["measure"], each["before"], each["after"])
        for each in found
        if each["measure"] in ("rows", "input_tokens", "amount")
    ]
    assert {*rows} == expected
    assert len(rows) == len(expected) > 5
    assert {each["kind"] for each in found} >= {"restated"}
    assert all(each["end"].timestamp() <= NOON for each in found)
    days = {(each["endpoint"], each["day"]) for each in found}
    assert result.changed_buckets == len(days)
    assert sum(len(each.changes) for each in result.synced) == len(found)


async def totals(client: AsyncUsageClient, name: str) -> dict[int, dict[str, Any]]:
    """The totals of each day that is over at noon."""
    row = client.table()[name]
    grouping = [
        each
        for each in ("project_id", "line_item", "model", "batch", "service_tier")
        if each in row.group_by
    ]
    found: dict[int, dict[str, Any]] = {}
    async for bucket in client.query(name, start_time=START, end_time=TODAY, group_by=grouping):
        results: Any = bucket.results
        measure = {
            "rows": len(results),
            **(
                {"amount": sum(each.amount.value for each in results)}
                if name == "costs"
                else {"input_tokens": sum(each.input_tokens for each in results)}
            ),
        }
        found[bucket.start_time] = measure if results else {}
    return found


@pytest.mark.slow
async def test_a_bucket_that_was_emptied_is_empty_in_the_copy(
    client: AsyncUsageClient, clock: Clock, path: Path
) -> None:
    removed = added = 0
    for day in range(39, -1, -1):
        clock.at(NOON - day * DAY)
        await run(client, path, endpoints=["costs", "images", "moderations"])
    for each in query(path, "SELECT kind FROM _changes WHERE measure = 'rows'"):
        removed += each["kind"] == "removed"
        added += each["kind"] == "added"
    assert removed
    assert added
    assert stored(path, "costs") == await of_api(client, "costs", START, NOON)


async def test_hours_and_minutes_can_be_copied(
    client: AsyncUsageClient, clock: Clock, path: Path
) -> None:
    widths: Mapping[BucketWidth, int] = {"1h": 9, "1m": 1}
    for width, days in widths.items():
        with DuckDBSink(path, prefix=f"of_{width}_") as sink:
            for moment in (NOON, NOON + 30 * HOUR):
                clock.at(moment)
                await sync(
                    {"acme": client},
                    sink,
                    start_time=TODAY - days * DAY,
                    endpoints=["completions", "costs"],
                    bucket_width=width,
                )
        rows = stored(path, f"of_{width}_completions")
        start, end = TODAY - days * DAY, NOON + 30 * HOUR
        assert rows == await of_api(client, "completions", start, end, bucket_width=width)
        assert stored(path, f"of_{width}_costs") == await of_api(client, "costs", start, end)


# ----------------------------------------------------------------------- whatever happens


async def test_an_endpoint_that_fails_keeps_what_it_had(
    client: AsyncUsageClient, sandbox: Sandbox, clock: Clock, path: Path
) -> None:
    await run(client, path)
    before = stored(path, "images")
    clock.at(NOON + 2 * DAY)
    seen: list[Synced | Failed] = []
    answer_at(sandbox, "images", 403)
    result = await run(client, path, on_result=seen.append)
    [failed] = result.failed
    assert failed.endpoint == "images"
    assert isinstance(failed.error, PermissionDeniedError)
    assert str(failed).startswith("acme, images: ")
    assert stored(path, "images") == before
    assert len(result.synced) == len(ENDPOINTS) - 1
    assert sorted(map(str, seen)) == sorted(map(str, [*result.synced, failed]))


async def test_a_chunk_that_fails_leaves_the_chunks_before(
    client: AsyncUsageClient, sandbox: Sandbox, clock: Clock, path: Path
) -> None:
    start = TODAY - 200 * DAY
    answer_at(sandbox, "costs", 403, start_time=start + 4 * 31 * DAY)
    result = await run(client, path, start_time=start, endpoints=["costs"])
    assert [each.endpoint for each in result.failed] == ["costs"]
    half = stored(path, "costs")
    assert half == await of_api(client, "costs", start, start + 4 * 31 * DAY)
    [state] = query(path, "SELECT * FROM _state")
    assert int(state["settled_until"].timestamp()) == start + 4 * 31 * DAY
    sandbox.requests.clear()
    sandbox.faults.clear()
    await run(client, path, start_time=start, endpoints=["costs"])
    assert len(sandbox.requests) == 3  # the pages that failed, and no others
    assert stored(path, "costs") == await of_api(client, "costs", start, NOON)


async def test_a_missing_bucket_replaces_nothing(
    client: AsyncUsageClient, sandbox: Sandbox, clock: Clock, path: Path
) -> None:
    await run(client, path, endpoints=["costs"])
    before = stored(path, "costs")
    clock.at(NOON + DAY)
    sandbox.faults.missing_bucket()
    result = await run(client, path, endpoints=["costs"])
    [failed] = result.failed
    assert isinstance(failed.error, PaginationError)
    assert "the API returned no bucket of costs for 2026-" in str(failed)
    assert stored(path, "costs") == before


async def test_a_latest_bucket_can_still_come(
    client: AsyncUsageClient, sandbox: Sandbox, clock: Clock, path: Path
) -> None:
    def without_today(page: dict[str, Any]) -> dict[str, Any]:
        return {**page, "data": [each for each in page["data"] if each["start_time"] < TODAY]}

    clock.at(TODAY + HOUR)
    edit(sandbox, without_today)
    result = await run(client, path, endpoints=["costs"])
    assert result.failed == []
    assert stored(path, "costs") == await of_api(client, "costs", START, TODAY)
    clock.at(TODAY + 7 * HOUR)
    [failed] = (await run(client, path, endpoints=["costs"])).failed
    assert isinstance(failed.error, PaginationError)


async def test_the_latest_buckets_stay_if_the_api_leaves_them_out(
    client: AsyncUsageClient, sandbox: Sandbox, clock: Clock, path: Path
) -> None:
    options = {"endpoints": ["completions"], "bucket_width": "1h", "start_time": TODAY - DAY}
    await run(client, path, **options)
    before = stored(path, "completions")
    later = NOON + HOUR // 2
    clock.at(later)

    def late(page: dict[str, Any]) -> dict[str, Any]:
        return {**page, "data": [e for e in page["data"] if e["start_time"] < NOON - 4 * HOUR]}

    edit(sandbox, late)
    result = await run(client, path, **options)
    assert (result.failed, result.changed_buckets) == ([], 0)
    assert stored(path, "completions") == before
    sandbox.faults.clear()
    await run(client, path, **options)
    start = TODAY - DAY
    expected = await of_api(client, "completions", start, later, bucket_width="1h")
    assert stored(path, "completions") == expected


async def test_before_the_first_bucket_comes_nothing_is_stored(
    client: AsyncUsageClient, sandbox: Sandbox, clock: Clock, path: Path
) -> None:
    clock.at(TODAY + HOUR)
    edit(sandbox, lambda page: {**page, "data": []})
    result = await run(client, path, endpoints=["costs"], start_time=TODAY)
    assert (result.failed, result.rows) == ([], 0)
    assert query(path, "FROM _state") == []


def test_the_room_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'DuckDbSink'"):
        getattr(openai_usage.sync, "DuckDbSink")  # noqa: B009 - type checkers know better


async def test_a_bucket_that_is_cut_at_now_is_stored_as_a_whole_one(
    client: AsyncUsageClient, sandbox: Sandbox, clock: Clock, path: Path
) -> None:
    def cut(page: dict[str, Any]) -> dict[str, Any]:
        return {
            **page,
            "data": [{**e, "end_time": min(e["end_time"], sandbox.now)} for e in page["data"]],
        }

    edit(sandbox, cut)
    await run(client, path, endpoints=["completions"])
    [found] = query(
        path,
        "SELECT bool_and(is_partial) AS partial FROM completions_with_status "
        "WHERE start = (SELECT max(start) FROM completions)",
    )
    assert found["partial"]
    clock.at(NOON + HOUR)
    result = await run(client, path, endpoints=["completions"])
    today = [e for e in result.synced[0].changes if e.start_time == TODAY]
    assert today == []


async def test_a_pause_longer_than_the_history_of_the_api_leaves_what_there_is(
    client: AsyncUsageClient, sandbox: Sandbox, clock: Clock, path: Path
) -> None:
    await run(client, path, endpoints=["costs"])
    later = NOON + 45 * DAY
    clock.at(later)
    sandbox.faults.short_history(TODAY, times=100)
    result = await run(client, path, endpoints=["costs"])
    assert result.failed == []
    sandbox.faults.clear()
    new = await of_api(client, "costs", TODAY, later)
    assert set(new) <= set(stored(path, "costs"))
    kept = stored(path, "costs")
    clock.at(NOON + 200 * DAY)
    sandbox.faults.short_history(NOON + 160 * DAY, times=100)
    [failed] = (await run(client, path, endpoints=["costs"])).failed
    assert isinstance(failed.error, APIStatusError)
    assert failed.error.earliest_start == TODAY + 160 * DAY
    assert stored(path, "costs") == kept


async def test_a_lost_watermark_converges(
    client: AsyncUsageClient, clock: Clock, path: Path
) -> None:
    await run(client, path, endpoints=["costs", "images"])
    with DuckDBSink(path) as sink:
        sink._connection.execute("DELETE FROM _state WHERE endpoint = 'costs'")
    clock.at(NOON + 50 * DAY)
    result = await run(client, path, endpoints=["costs", "images"])
    assert result.synced[0].start_time == START
    for name in ("costs", "images"):
        assert stored(path, name) == await of_api(client, name, START, NOON + 50 * DAY)


async def test_an_earlier_start_reads_everything_again(
    client: AsyncUsageClient, clock: Clock, path: Path
) -> None:
    await run(client, path, endpoints=["costs"])
    for start in (START - 300 * DAY + 5, START + 20 * DAY):
        await run(client, path, endpoints=["costs"], start_time=start)
        first = START - 300 * DAY
        assert stored(path, "costs") == await of_api(client, "costs", first, NOON)
    assert query(path, "SELECT * FROM _changes") == []


async def test_a_sink_that_fails_stops_the_sync(
    client: AsyncUsageClient, clock: Clock, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run(client, path)
    before = {name: stored(path, name) for name in ENDPOINTS}
    clock.at(NOON + DAY)

    def fail(sink: DuckDBSink, table: str, rows: object) -> None:
        if "_changes" in table:  # the last step of a transaction
            sink._connection.execute("INSERT INTO nowhere VALUES (1)")

    with monkeypatch.context() as patch, DuckDBSink(path) as sink:
        patch.setattr(DuckDBSink, "_append", fail)
        with pytest.raises(SyncError, match="cannot be written: Catalog Error"):
            await sync({"acme": client}, sink, start_time=START)
    assert {name: stored(path, name) for name in ENDPOINTS} == before


async def test_a_cancelled_sync_leaves_whole_chunks(
    client: AsyncUsageClient, clock: Clock, path: Path
) -> None:
    with DuckDBSink(path) as sink:

        def stop(_: object) -> None:
            task.cancel()

        task = asyncio.ensure_future(sync({"acme": client}, sink, start_time=START, on_result=stop))
        with pytest.raises(asyncio.CancelledError):
            await task
    await run(client, path)
    for name in ENDPOINTS:
        assert stored(path, name) == await of_api(client, name, START, NOON)


# --------------------------------------------------------------------- one file, many copies


async def test_two_organizations_share_tables_and_nothing_else(
    client: AsyncUsageClient, sandbox: Sandbox, clock: Clock, path: Path
) -> None:
    async with Sandbox(seed=8, restates=True) as other, client_of(other) as second:
        clock.sandboxes = [sandbox, other]
        both = {"acme": client, "globex": second}
        for moment in (NOON, NOON + 2 * DAY):
            clock.at(moment)
            answer_at(other, "images", 403)
            with DuckDBSink(path) as sink:
                result = await sync(both, sink, start_time=START)
            assert [(e.organization, e.endpoint) for e in result.failed] == [("globex", "images")]
        for label, each in both.items():
            for name in ("costs", "completions"):
                rows = stored(path, name, label)
                assert rows == await of_api(each, name, START, NOON + 2 * DAY)
        changed = query(path, "SELECT DISTINCT organization FROM _changes")
        assert {each["organization"] for each in changed} == set(both)


async def test_a_copy_keeps_its_layout(client: AsyncUsageClient, clock: Clock, path: Path) -> None:
    await run(client, path, endpoints=["costs", "images"])
    with pytest.raises(SyncError) as raised:
        await run(client, path, endpoints=["costs", "images"], group_by=["project_id"])
    assert str(raised.value) == (
        "the copy has costs of acme in buckets of 1d by line_item, project_id, and this sync has "
        "buckets of 1d by project_id. Use the same bucket_width and group_by, keep a second copy "
        "with another prefix, or replace this one with rebuild=True."
    )
    await run(client, path, endpoints=["costs"], group_by=["project_id"], rebuild=True)
    rows = await of_api(client, "costs", START, NOON, group_by=["project_id"])
    assert stored(path, "costs") == rows
    assert stored(path, "images") == await of_api(client, "images", START, NOON)


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"endpoints": ["cots"]}, "endpoints"),
        ({"group_by": ["modle"]}, "group_by"),
        ({"bucket_width": "2d"}, "bucket_width"),
        ({"start_time": -1}, "start_time"),
        ({"start_time": date(2999, 1, 1)}, "start_time"),
    ],
)
async def test_a_mistake_is_refused_before_anything_is_sent(
    options: dict[str, Any], param: str, client: AsyncUsageClient, sandbox: Sandbox, path: Path
) -> None:
    with pytest.raises(InvalidQueryError) as raised:
        await run(client, path, **options)
    assert raised.value.param == param
    assert sandbox.requests == []


async def test_a_copy_supplies_its_own_layout(
    client: AsyncUsageClient, sandbox: Sandbox, clock: Clock, path: Path
) -> None:
    labels = ["model", "project_id"]
    await run(
        client,
        path,
        endpoints=["completions"],
        group_by=labels,
        bucket_width="1h",
        start_time=TODAY - 9 * DAY,
    )
    for group_by in (None, labels[::-1]):
        result = await run(client, path, endpoints=["completions"], group_by=group_by)
        assert result.failed == []
    [state] = query(path, "SELECT layout FROM _state")
    assert state["layout"] == "1h by model, project_id"


async def test_a_rebuild_that_fails_keeps_what_there_is(
    client: AsyncUsageClient, sandbox: Sandbox, clock: Clock, path: Path
) -> None:
    await run(client, path, endpoints=["costs"])
    before = stored(path, "costs")
    answer_at(sandbox, "costs", 403)
    result = await run(client, path, endpoints=["costs"], group_by=["project_id"], rebuild=True)
    assert result.failed
    assert stored(path, "costs") == before


async def test_a_label_stands_for_one_organization(
    client: AsyncUsageClient, clock: Clock, path: Path
) -> None:
    await run(client, path, endpoints=["costs"])
    before = stored(path, "costs")
    async with Sandbox(seed=8, now=NOON) as other, client_of(other) as stranger:
        with pytest.raises(SyncError, match=r"the label acme has rows of org-.* belongs to org-"):
            await run(stranger, path, endpoints=["costs"])
    assert stored(path, "costs") == before


async def test_an_organization_has_one_label(
    client: AsyncUsageClient, clock: Clock, path: Path
) -> None:
    await run(client, path, endpoints=["costs"])
    with DuckDBSink(path) as sink:
        with pytest.raises(SyncError, match="is in the copy already, with the label acme"):
            await sync({"other": client}, sink, start_time=START, endpoints=["costs"])
        with pytest.raises(InvalidQueryError, match="small letters, digits and hyphens"):
            await sync({"ACME Inc": client}, sink, start_time=START)


async def test_without_a_grouping_there_is_a_row_for_each_bucket(
    client: AsyncUsageClient, clock: Clock, path: Path
) -> None:
    await run(client, path, group_by=())
    for name in ("costs", "completions"):
        assert stored(path, name) == await of_api(client, name, START, NOON, group_by=())
    [state] = query(path, "SELECT layout FROM _state WHERE endpoint = 'costs'")
    assert state["layout"] == "1d"
