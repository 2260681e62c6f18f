"""The made-up organization: its bill has what people look for in theirs, whatever the date."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

import pytest

from openai_usage import AsyncUsageClient, Bucket, CostsResult
from openai_usage._decimals import exact_sum
from openai_usage.sandbox import Sandbox
from openai_usage.sandbox.dataset.arrivals import FOUNDED, MonthlyEvent
from openai_usage.sandbox.dataset.prices import PRICES
from openai_usage.sandbox.dataset.workloads import STARTED, WORKLOADS
from tests.conftest import DAY, client_of

DATES = [datetime(2026, month, day, 9, tzinfo=UTC) for month, day in ((3, 1), (9, 24), (11, 30))]

GroupBy = Literal["project_id", "line_item", "api_key_id", "user_id"]
Bill = list[Bucket[CostsResult]]


@pytest.fixture(params=[0, 7], ids="seed {}".format)
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


async def last_days(days: int, date: datetime, seed: int) -> Bill:
    """Return the costs of the whole days before a *date*, by project and line item."""
    now = int(date.timestamp())
    today = now // DAY * DAY
    async with Sandbox(seed=seed, now=now) as sandbox, client_of(sandbox) as client:
        return await bill_of(client, today - days * DAY, today)


async def bill_of(client: AsyncUsageClient, start: int, end: int) -> Bill:
    group_by: list[GroupBy] = ["project_id", "line_item"]
    return await client.costs(start_time=start, end_time=end, group_by=group_by).collect()


def prices(bill: Bill) -> dict[str, list[Decimal]]:
    """Return the prices of a million units of each line item, in the order of time."""
    found: dict[str, list[Decimal]] = {}
    for bucket in bill:
        for result in bucket.results:
            if result.quantity and result.line_item:
                price = result.amount.value * 1_000_000 / Decimal(result.quantity)
                known = found.setdefault(result.line_item, [])
                if price not in known:
                    known.append(price)
    return found


@pytest.mark.parametrize("date", DATES, ids=str)
async def test_one_of_the_last_thirty_days_is_unusual(date: datetime, seed: int) -> None:
    bill = await last_days(30, date, seed)
    spent = [
        exact_sum(each.amount.value for each in bucket.results if each.model == "o3-2025-04-16")
        for bucket in bill
    ]
    *_, usual, most = sorted(spent)
    assert most > 3 * usual
    assert bill[spent.index(most)].start.weekday() in (0, 1, 2)


@pytest.mark.parametrize("date", DATES, ids=str)
async def test_the_prices_of_one_model_change_by_quarter(date: datetime, seed: int) -> None:
    found = prices(await last_days(92, date, seed))
    changed = {item for item, each in found.items() if len(each) > 1}
    assert changed
    assert changed == {item for item in found if item.startswith("o4-mini-2025-04-16, ")}
    for item in changed:
        low, high = sorted(found[item])
        assert low == high * Decimal("0.8")


@pytest.mark.parametrize("date", DATES, ids=str)
async def test_a_credit_comes_every_month(date: datetime, seed: int) -> None:
    bill = await last_days(31, date, seed)
    negative = [
        (bucket.start.day, each.line_item, each.quantity, each.quantity_unit)
        for bucket in bill
        for each in bucket.results
        if each.amount.value < 0
    ]
    assert negative == [(5, "Service credit", None, None)]


@pytest.mark.parametrize(("name", "start"), STARTED.items())
async def test_a_new_project_costs_nothing_before_its_start(name: str, start: int) -> None:
    async with Sandbox(seed=7, now=start + 9 * DAY) as sandbox, client_of(sandbox) as client:
        bill = await bill_of(client, start - 7 * DAY, start + 7 * DAY)
        names = await client.names()
        usage = await client.completions(
            start_time=start - 7 * DAY, end_time=start + 7 * DAY, group_by=["project_id"]
        ).collect()
    for buckets in (bill, usage):
        days = [
            bucket.start_time
            for bucket in buckets
            if name in {str(names.of(each.project_id)) for each in bucket.results}
        ]
        assert days == [start + n * DAY for n in range(7)]


async def test_prices_differ_by_model_and_kind_and_tier(seed: int) -> None:
    found = {item: each[-1] for item, each in prices(await last_days(30, DATES[1], seed)).items()}
    assert found["gpt-4.1-2025-04-14, input"] == 2
    assert found["gpt-4.1-2025-04-14, cached input"] == Decimal("0.5")
    assert found["gpt-4.1-2025-04-14, output"] == 8
    assert found["gpt-4.1-2025-04-14, batch output"] == 4
    assert found["gpt-5-2025-08-07, flex output"] == 5
    assert found["gpt-5-2025-08-07, priority output"] == 20
    assert found["evals | gpt-4o-mini-2024-07-18, input"] == Decimal("0.15")
    assert found["assistants api | file search"] == 2500
    assert found["gpt-5-nano-2025-08-07, input_tokens"] == Decimal("0.05")


async def test_one_line_item_is_text_that_nobody_understands() -> None:
    bill = await last_days(30, DATES[1], 7)
    results = [each for bucket in bill for each in bucket.results]
    unknown = {each.line_item for each in results if not (each.product or each.model)}
    assert unknown == {"Service credit", "adjustment ref. 0417, see invoice"}


async def test_totals_are_the_same_for_every_grouping_and_every_range() -> None:
    now = int(DATES[1].timestamp())
    start, end = now // DAY * DAY - 120 * DAY, now // DAY * DAY
    async with Sandbox(seed=7, now=now) as sandbox, client_of(sandbox) as client:
        bill = await bill_of(client, start, end)
        groupings: list[list[GroupBy] | None] = [
            None,
            ["line_item"],
            ["project_id"],
            ["api_key_id", "user_id"],
        ]
        for group_by in groupings:
            other = await client.costs(
                start_time=start, end_time=end, limit=7, group_by=group_by
            ).collect()
            assert [total(each) for each in other] == [total(each) for each in bill]
        alone = await bill_of(client, start + 30 * DAY, start + 31 * DAY)
        assert alone == bill[30:31]


def total(bucket: Bucket[CostsResult]) -> Decimal:
    return exact_sum(each.amount.value for each in bucket.results)


async def test_what_is_billed_is_what_was_used(seed: int) -> None:
    now = int(DATES[1].timestamp())
    start, end = now - now % DAY - 90 * DAY, now - now % DAY
    async with Sandbox(seed=seed, now=now) as sandbox, client_of(sandbox) as client:
        bill = await bill_of(client, start, end)
        searches = await client.file_search_calls(start_time=start, end_time=end).collect()
        completions = await client.completions(
            start_time=start, end_time=end, models=["o4-mini-2025-04-16"]
        ).collect()
    used = sum(each.num_requests for bucket in searches for each in bucket.results)
    assert used == billed(bill, "assistants api | file search")
    used = sum(each.output_tokens for bucket in completions for each in bucket.results)
    assert used == billed(bill, "o4-mini-2025-04-16, output")


def billed(bill: Iterable[Bucket[CostsResult]], line_item: str) -> Decimal:
    """Return the quantity of a line item."""
    return exact_sum(
        Decimal(each.quantity or 0)
        for bucket in bill
        for each in bucket.results
        if each.line_item == line_item
    )


def test_a_monthly_event_is_counted_once_a_month() -> None:
    event = MonthlyEvent(day=5)
    fifth = FOUNDED + 4 * DAY
    assert event.count(0) == event.count(FOUNDED) == event.count(fifth)
    assert event.count(fifth + 1) - event.count(fifth) == 1
    assert event.count(fifth + 31 * DAY) - event.count(fifth) == 1
    assert event.count(fifth + 365 * DAY) - event.count(fifth) == 12


def test_no_price_is_given_twice_or_never_used() -> None:
    keys = [(price.model, price.measure) for price in PRICES]
    assert len(keys) == len(set(keys))
    assert {price.model for price in PRICES} <= {each.labels.get("model") for each in WORKLOADS}
