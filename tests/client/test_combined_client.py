"""Several organizations as if they were one: labels, sums, and one that fails or lacks a bucket."""

import pickle
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import cast

import pytest

from openai_usage import (
    AsyncUsageClient,
    Bucket,
    CostsResult,
    Gap,
    InvalidQueryError,
    Names,
    Organizations,
    OrganizationsError,
    PaginationError,
)
from openai_usage.analysis import Budget, check_budgets, spending, totals
from openai_usage.combined_client import CombinedClient
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW, TODAY, client_of

START = TODAY - 3 * DAY
TODAY_DATE = datetime.fromtimestamp(TODAY, UTC).date()


@pytest.fixture
async def other() -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=8, now=NOW) as running:
        yield running


@pytest.fixture
async def organizations(sandbox: Sandbox, other: Sandbox) -> AsyncIterator[Organizations]:
    async with Organizations({"acme": client_of(sandbox), "globex": client_of(other)}) as both:
        yield both


@pytest.fixture
def combined(organizations: Organizations) -> CombinedClient:
    return organizations.combined()


async def test_a_bucket_has_the_results_of_all(
    organizations: Organizations, combined: CombinedClient
) -> None:
    query = {"start_time": START, "end_time": TODAY, "group_by": ["line_item"]}
    found = await combined.query("costs", **query).collect()
    alone = {
        label: await client.query("costs", **query).collect()
        for label, client in organizations.items()
    }
    assert [(each.start_time, each.end_time) for each in found] == [
        (each.start_time, each.end_time) for each in alone["acme"]
    ]
    costs = cast("list[Bucket[CostsResult]]", found)
    for place, bucket in enumerate(costs):
        for label, buckets in alone.items():
            own = [each for each in bucket.results if each.organization == label]
            expected = cast("Bucket[CostsResult]", buckets[place]).results
            assert [each.amount for each in own] == [each.amount for each in expected]
    [first, *_] = cast("list[Bucket[CostsResult]]", alone["acme"])
    assert first.results[0].organization is None


@pytest.mark.parametrize("name", AsyncUsageClient.table())
async def test_every_endpoint_has_the_label(name: str, combined: CombinedClient) -> None:
    table = await combined.query(name, start_time=START, end_time=TODAY).to_arrow()
    assert table.column_names[:3] == ["start", "end", "organization"]
    assert set(table.column("organization").to_pylist()) == {"acme", "globex"}
    row = combined.table()[name]
    assert (row.name, row.path) == (name, AsyncUsageClient.table()[name].path)
    assert row.result.__name__ == AsyncUsageClient.table()[name].result.__name__


async def test_sums_can_be_by_organization(combined: CombinedClient) -> None:
    query = combined.costs(start_time=START, end_time=TODAY, group_by=["project_id"])
    buckets = await query.concurrently(2).collect()
    groups = totals(buckets, by=["organization"])
    assert {group.labels["organization"] for group in groups} == {"acme", "globex"}
    [found] = spending(buckets, today=TODAY_DATE)
    parts = {part.of: part.this_month for part in found.by("organization")}
    assert sum(parts.values()) == found.total.this_month
    budgets = [Budget(amount=1, organization=label) for label in ("acme", "initech")]
    first, second = check_budgets(budgets, [found])
    assert first.used == parts["acme"]
    assert second.problem == "no cost of August or September has the organization 'initech'."
    named = Budget(amount=10**6, project="Research")  # another organization can have one, too
    names = await combined.names(kinds=["projects"])
    [whole] = spending(buckets, today=TODAY_DATE, gaps=[])
    for left_out in ([], ["globex"]):
        verdicts = check_budgets(
            [Budget(amount=10**6, organization="acme"), Budget(amount=10**6), named],
            [whole],
            names=Names(known={each: names.of(each) for each in [_research(names)]}),
            left_out=left_out,
        )
        assert [each.is_certain for each in verdicts] == [True, not left_out, not left_out]
    [nothing] = check_budgets(budgets[1:], [found], organizations=["initech"])
    assert (nothing.used, nothing.problem) == (Decimal(0), "")


def _research(names: Names) -> str:
    """The first project of this name."""
    return next(id_ for id_, each in names.known.items() if each.name == "Research")


async def test_pages_and_bodies_are_those_of_the_whole_range(combined: CombinedClient) -> None:
    buckets = combined.images(start_time=START, end_time=TODAY)
    page = await buckets
    assert list(page.data) == await buckets.collect()
    assert not page.has_more
    [body] = [each async for each in buckets.raw_pages()]
    assert b'"organization": "globex"' in body
    assert page == await combined.images(start_time=START, end_time=TODAY, limit=1)


# --------------------------------------------------------------------- failures


async def test_one_that_fails_is_an_error(
    organizations: Organizations, combined: CombinedClient, other: Sandbox
) -> None:
    other.scopes.clear()
    with pytest.raises(OrganizationsError, match="globex: the API answered 403") as raised:
        await combined.images(start_time=START)
    assert list(raised.value.collected) == ["acme"]
    assert not combined.unread


async def test_one_that_fails_can_be_left_out(
    organizations: Organizations, sandbox: Sandbox, other: Sandbox
) -> None:
    other.scopes.clear()
    combined = organizations.combined(skip_unread=True)
    found = await combined.images(start_time=START).collect()
    assert {each.organization for bucket in found for each in bucket.results} == {"acme"}
    [unread] = combined.unread
    assert unread.what == "images of globex"
    assert "403" in str(unread.error)
    sandbox.scopes.clear()
    with pytest.raises(OrganizationsError, match=r"acme: .*; globex: "):
        await combined.images(start_time=START)


@pytest.fixture
async def ignoring(sandbox: Sandbox, other: Sandbox) -> AsyncIterator[Organizations]:
    """The organizations, with clients that do not warn of gaps."""
    clients = {"acme": sandbox, "globex": other}
    made = {label: client_of(each, on_gap=lambda _: None) for label, each in clients.items()}
    async with Organizations(made) as both:
        yield both


async def test_a_bucket_that_one_lacks_is_a_gap(
    organizations: Organizations, other: Sandbox, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    gaps: list[Gap] = []
    combined = organizations.combined(on_gap=gaps.append)
    other.faults.missing_bucket()
    found = await combined.costs(start_time=START, end_time=TODAY).collect()
    gap = Gap(endpoint="costs", start_time=START, end_time=START + DAY)
    assert gaps == [gap]
    assert found[0].start_time == START + DAY  # a sum of the others would be wrong
    [unread] = combined.unread
    assert (unread.organization, unread.gaps, unread.error) == ("globex", [gap], None)
    # If all of them lack it, it is a gap of all.
    sandbox.faults.missing_bucket()
    other.faults.missing_bucket()
    found = await combined.costs(start_time=START, end_time=TODAY).collect()
    assert gaps == [gap] * 2
    assert found[0].start_time == START + DAY
    assert len(combined.unread) == 1
    other.faults.missing_bucket()
    with pytest.raises(PaginationError, match="no bucket"):
        await organizations.combined(on_gap="raise").costs(start_time=START, end_time=TODAY)
    assert caplog.records == []
    other.faults.missing_bucket()
    await organizations.combined().costs(start_time=START, end_time=TODAY)
    [record] = caplog.records  # not one of the organization, and one of the whole
    assert "GET organization/costs: the API returned no bucket from" in record.getMessage()


async def test_a_bucket_that_one_lacks_can_be_kept(
    organizations: Organizations, other: Sandbox
) -> None:
    gaps: list[Gap] = []
    combined = organizations.combined(on_gap=gaps.append, keep_partial=True)
    other.faults.missing_bucket()
    found = await combined.costs(start_time=START, end_time=TODAY).collect()
    assert [each.start_time for each in found] == [START, START + DAY, START + 2 * DAY]
    assert {each.organization for each in found[0].results} == {"acme"}
    assert gaps == [Gap(endpoint="costs", start_time=START, end_time=START + DAY)]


@pytest.mark.parametrize("keep_partial", [False, True])
async def test_the_last_buckets_that_one_lacks_are_a_gap(
    keep_partial: bool, organizations: Organizations, other: Sandbox
) -> None:
    # A sandbox has nothing after the day in progress, so this organization lacks the last day.
    other.now = TODAY - DAY - 1
    gaps: list[Gap] = []
    combined = organizations.combined(on_gap=gaps.append, keep_partial=keep_partial)
    found = await combined.costs(start_time=START, end_time=TODAY).collect()
    assert [each.start_time for each in gaps] == [TODAY - DAY]
    assert gaps[0].end_time == TODAY
    assert found[-1].end_time == (TODAY if keep_partial else TODAY - DAY)


async def test_a_client_of_those_that_could_be_read(
    organizations: Organizations, other: Sandbox
) -> None:
    other.scopes.clear()
    combined = organizations.combined(skip_unread=True)
    await combined.costs(start_time=START)
    assert combined._whole()._labels == ["acme"]
    assert combined._fresh()._whole()._labels == ["acme", "globex"]
    assert combined._fresh().unread == []
    assert combined._labels == ["acme", "globex"]


async def test_buckets_can_be_pickled(combined: CombinedClient) -> None:
    found = await combined.costs(start_time=START, end_time=TODAY).collect()
    assert pickle.loads(pickle.dumps(found)) == found


# --------------------------------------------------------------------- names and limits


async def test_names_are_those_of_all(
    organizations: Organizations, combined: CombinedClient, other: Sandbox
) -> None:
    alone = [await client.names() for client in organizations.values()]
    found = await combined.names()
    assert found.known == {**alone[0].known, **alone[1].known}
    own = next(id_ for id_ in alone[1].known if id_.startswith("proj_"))
    found = await combined.names(project_ids=[own])
    assert found.unread == ()
    other.scopes.discard("api.management.read")
    found = await organizations.combined().names(kinds=["projects"])
    assert all(each.path == "globex: organization/projects" for each in found.unread)


async def test_limits_belong_to_one(combined: CombinedClient) -> None:
    with pytest.raises(InvalidQueryError, match="limits belong to one organization"):
        await combined.limits()


async def test_a_cursor_belongs_to_one(combined: CombinedClient) -> None:
    with pytest.raises(InvalidQueryError, match="page takes the cursor of one organization"):
        await combined.costs(start_time=START, page="page_1")


async def test_it_says_what_it_reads(combined: CombinedClient) -> None:
    assert repr(combined) == "<CombinedClient acme and globex>"
    nothing = CombinedClient({})
    assert nothing.base_url == "no organization"
    assert await nothing.images(start_time=START, end_time=START + 60).collect() == []
    async with combined:
        pass
    assert await combined.costs(start_time=START)  # the clients are still open
