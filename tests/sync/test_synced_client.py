"""A copy is read like the API: the same buckets, as far as the copy has them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from openai_usage import AsyncUsageClient, Bucket, Gap, InvalidQueryError, SyncError
from openai_usage.report import report
from openai_usage.sandbox import Sandbox
from openai_usage.sync import DuckDBSink, SyncedClient, sync
from tests.conftest import DAY, TODAY
from tests.support.synced import Clock

pytestmark = pytest.mark.real_clock

HOUR = 3600
START = TODAY - 100 * DAY
NOON = TODAY + 12 * HOUR
ENDPOINTS = list(AsyncUsageClient.table())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "usage.duckdb"


@pytest.fixture
def clock(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock([sandbox], monkeypatch)
    clock.at(NOON)
    return clock


@pytest.fixture
async def synced(client: AsyncUsageClient, clock: Clock, path: Path) -> AsyncIterator[SyncedClient]:
    with DuckDBSink(path) as sink:
        result = await sync({"acme": client}, sink, start_time=START)
        assert result.failed == []
    with DuckDBSink(path, read_only=True) as sink:
        yield SyncedClient(sink, "acme")


@pytest.mark.parametrize("name", ENDPOINTS)
async def test_buckets_are_those_of_the_api(
    name: str, synced: SyncedClient, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    sandbox.requests.clear()
    for group_by in (["project_id"], None, ["project_id", "line_item", "model"]):
        grouping = group_by and [e for e in group_by if e in client.table()[name].group_by]
        span = {"start_time": TODAY - 40 * DAY, "end_time": NOON, "group_by": grouping}
        ours = await synced.query(name, **span).collect()
        assert sandbox.requests == []
        theirs = await client.query(name, **span).collect()
        assert in_order(ours) == in_order(theirs)
        sandbox.requests.clear()


def in_order(buckets: list[Bucket[object]]) -> list[tuple[object, ...]]:
    """The buckets with their results in an order of their own, because groups have none."""

    def labels(result: object) -> list[str]:
        return [str(getattr(result, name, "")) for name in ("project_id", "line_item", "model")]

    return [(each.start_time, each.end_time, sorted(each.results, key=labels)) for each in buckets]


async def test_pages_and_filters_are_those_of_the_api(
    synced: SyncedClient, client: AsyncUsageClient
) -> None:
    both = (synced, client)
    [ours, theirs] = [
        [page.data async for page in each.costs(start_time=START, end_time=NOON).pages()]
        for each in both
    ]
    assert sum(ours, ()) == sum(theirs, ())
    pages = [await each.costs(start_time=START) for each in both]
    assert pages[0].data == pages[1].data
    assert (len(pages[0].data), pages[0].has_more) == (7, True)
    cursor = pages[0].next_page
    following = await synced.costs(start_time=START, page=cursor, limit=100, end_time=NOON)
    assert [*pages[0].data, *following.data] == list(sum(theirs, ()))
    rest = synced.costs(start_time=START, page=cursor, limit=7, end_time=NOON)
    assert await rest.collect() == list(following.data)
    assert not following.has_more
    models = ["gpt-4.1-2025-04-14", "none"]
    filters: dict[str, Any] = {"start_time": TODAY - 3 * DAY, "models": models, "batch": False}
    found = await synced.completions(**filters).concurrently().collect()
    assert found == await client.completions(**filters).collect()
    assert found[0].results
    settled = synced.costs(start_time=START).settled()
    assert (await settled.collect())[-1].end_time == settled.resume_from == TODAY - 3 * DAY
    raw = [json.loads(body) async for body in synced.images(start_time=TODAY - DAY).raw_pages()]
    assert [len(each["data"]) for each in raw] == [2]


async def test_arrow_tables_are_those_of_the_api(
    synced: SyncedClient, client: AsyncUsageClient
) -> None:
    span: dict[str, Any] = {"start_time": START, "end_time": NOON, "group_by": ["line_item"]}
    ours, theirs = [(await each.costs(**span).to_arrow()).to_pylist() for each in (synced, client)]
    assert sorted(ours, key=str) == sorted(theirs, key=str)


async def test_hours_make_days(client: AsyncUsageClient, clock: Clock, path: Path) -> None:
    start = TODAY - 3 * DAY + 5 * HOUR
    with DuckDBSink(path) as sink:
        await sync(
            {"acme": client},
            sink,
            start_time=start,
            bucket_width="1h",
            endpoints=["completions", "vector_stores"],
        )
        copy = SyncedClient(sink, "acme", on_gap=lambda _: None)
        for width in ("1h", "1d"):
            span: dict[str, Any] = {
                "start_time": TODAY - 2 * DAY,
                "bucket_width": width,
                "group_by": ["project_id", "model"],
            }
            assert await copy.completions(**span).collect() == (
                await client.completions(**span).collect()
            )
        # A day of which the copy has only a part is left out.
        days = await copy.completions(start_time=TODAY - 3 * DAY).collect()
        assert days[0].start_time == TODAY - 2 * DAY
        hours = await copy.vector_stores(start_time=TODAY - DAY, bucket_width="1h").collect()
        [yesterday, _] = await copy.vector_stores(start_time=TODAY - DAY).collect()
        assert yesterday.results == hours[23].results
        with pytest.raises(SyncError, match="in buckets of 1h, and not of 1m"):
            await copy.completions(start_time=TODAY, bucket_width="1m")


async def test_a_bucket_that_was_in_progress_is_unknown_once_it_is_over(
    synced: SyncedClient, clock: Clock
) -> None:
    assert (await synced.costs(start_time=TODAY - DAY).collect())[-1].start_time == TODAY
    clock.at(NOON + DAY)
    assert (await synced.costs(start_time=TODAY - DAY).collect())[-1].start_time == TODAY - DAY


async def test_before_the_copy_begins_everything_is_unknown(
    client: AsyncUsageClient, synced: SyncedClient, path: Path
) -> None:
    gaps: list[Gap] = []
    with DuckDBSink(path, read_only=True) as sink:
        copy = SyncedClient(sink, "acme", on_gap=gaps.append)
        span = {"start_time": START - 9 * DAY, "end_time": START}
        assert await copy.query("costs", **span).collect() == []
    [gap] = gaps
    assert (gap.start_time, gap.end_time) == (START - 9 * DAY, START)


async def test_what_the_copy_lacks_is_an_error(synced: SyncedClient, path: Path) -> None:
    with pytest.raises(SyncError) as raised:
        await synced.costs(start_time=TODAY, group_by=["user_id", "project_id"]).collect()
    assert str(raised.value) == (
        "the copy has costs by line_item and project_id, and not by user_id. Make a second copy "
        "with another group_by or bucket_width."
    )
    with pytest.raises(SyncError, match="and not by api_key_id"):
        await synced.costs(start_time=TODAY, api_key_ids=["key_1"])
    with (
        DuckDBSink(path, read_only=True) as sink,
        pytest.raises(SyncError, match="the copy has no costs of globex"),
    ):
        await SyncedClient(sink, "globex").costs(start_time=TODAY)
    with pytest.raises(InvalidQueryError, match="group_by"):
        synced.query("costs", start_time=TODAY, group_by=["modle"])
    names = await synced.names()
    assert names.known == {}
    assert "a copy does not have" in str(names.unread[0])
    assert (await synced.limits()).unread
    assert repr(synced) == "<SyncedClient a copy of acme, read at 2026-09-10 12:00 UTC>"


async def test_a_report_of_a_copy_is_that_of_the_api(
    synced: SyncedClient, client: AsyncUsageClient, sandbox: Sandbox, clock: Clock
) -> None:
    sandbox.scopes.discard("api.management.read")
    pages = []
    for each in (client, synced):
        sandbox.requests.clear()
        made = await report(each, TODAY - 30 * DAY)
        pages.append(made.html())
        assert made.missing == ()
    assert sandbox.requests == []
    theirs, ours = (page.splitlines() for page in pages)
    different = [(a, b) for a, b in zip(theirs, ours, strict=True) if a != b]
    assert len(different) == 1
    assert "Source" in different[0][0]
