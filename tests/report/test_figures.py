"""The figures of a report: asked for at once, added up exactly, complete but for what it names."""

import asyncio
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import (
    AsyncUsageClient,
    Endpoint,
    InvalidQueryError,
    PermissionDeniedError,
    RangeQuery,
)
from openai_usage.analysis.daily import DailyTotals, Period, by, total
from openai_usage.report.data import Figures
from openai_usage.report.fetch import gather
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW, TODAY, client_of
from tests.support.report_values import answer_at, known

START = TODAY - 20 * DAY


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOW + 0.5)


@pytest.fixture
async def figures(client: AsyncUsageClient) -> Figures:
    return await gather(client, START)


async def billed(client: AsyncUsageClient, start: int, end: int) -> Decimal:
    buckets = await client.costs(start_time=start, end_time=end).collect()
    return sum((each.amount.value for bucket in buckets for each in bucket.results), Decimal())


async def test_costs_are_those_of_the_client_to_the_last_digit(
    figures: Figures, client: AsyncUsageClient
) -> None:
    [spend] = figures.spend
    assert spend.currency == "usd"
    assert spend.before is not None
    assert total(*spend.rows.values()) == await billed(client, START, NOW)
    assert total(*spend.before.values()) == await billed(client, START - 20 * DAY, START)
    query = client.costs(start_time=START, end_time=START + DAY, group_by=["project_id"])
    [monday] = (await query).data
    # A project that is new after that day has a row of the report, too.
    ours = {project: days[0] for project, days in by(0, spend.rows).items() if days[0]}
    assert ours == {each.project_id: each.amount.value for each in monday.results}


async def test_every_measure_is_that_of_the_client(
    figures: Figures, client: AsyncUsageClient
) -> None:
    assert [usage.endpoint for usage in figures.usage] == [
        name for name in AsyncUsageClient.table() if name != "costs"
    ]
    for usage in figures.usage:
        ask = AsyncUsageClient.table()[usage.endpoint].__get__(client, AsyncUsageClient)
        buckets = await ask(start_time=START, end_time=NOW).collect()
        for measure, days in by(0, usage.rows).items():
            assert days == tuple(
                sum(getattr(each, str(measure)) for each in bucket.results) for bucket in buckets
            )
        assert usage.rows


async def test_models_are_told_apart_where_they_have_tokens(
    figures: Figures, client: AsyncUsageClient
) -> None:
    buckets = await client.completions(start_time=START, end_time=NOW, group_by=["model"]).collect()
    tokens: dict[str | None, int] = {}
    for bucket in buckets:
        for each in bucket.results:
            tokens[each.model] = tokens.get(each.model, 0) + each.input_tokens
    rows = figures.usage[0].rows
    assert {key[1]: total(days) for key, days in rows.items() if key[0] == "input_tokens"} == tokens


async def test_all_endpoints_are_asked_at_once(sandbox: Sandbox, client: AsyncUsageClient) -> None:
    sandbox.faults.stall(30, times=15)
    before = asyncio.get_running_loop().time()
    await gather(client, START)
    assert len(sandbox.requests) == 15  # two of them are limits
    assert asyncio.get_running_loop().time() - before < 31


async def test_whom_it_asked_and_when(figures: Figures, sandbox: Sandbox) -> None:
    assert (figures.host, figures.organization) == ("127.0.0.1", None)
    assert figures.generated.timestamp() == NOW
    async with client_of(sandbox, organization="org-x") as client:
        assert (await gather(client, date(2026, 9, 1), date(2026, 9, 8))).organization == "org-x"


# ---------------------------------------------------------------- what cannot be read


async def test_a_part_that_fails_is_named_and_the_others_stay(
    figures: Figures, sandbox: Sandbox, client: AsyncUsageClient
) -> None:
    answer_at(sandbox, "completions", 403)
    partly = await gather(client, START)
    [missing] = partly.missing
    assert missing.what == "completions"
    assert {"input_tokens", "num_model_requests"} <= missing.measures
    assert missing.why.startswith("the API answered 403: <b>No</b> completions for you.")
    assert partly.usage == figures.usage[1:]
    assert partly.spend == figures.spend


async def test_costs_that_fail_are_no_costs_of_zero(
    figures: Figures, sandbox: Sandbox, client: AsyncUsageClient
) -> None:
    answer_at(sandbox, "costs", 403)
    partly = await gather(client, START)
    assert [each.what for each in partly.missing] == ["costs"]
    assert partly.spend == ()
    assert partly.usage == figures.usage


async def test_costs_stay_where_those_before_fail(
    figures: Figures, sandbox: Sandbox, client: AsyncUsageClient
) -> None:
    answer_at(sandbox, "costs", 403, start_time=START - 56 * DAY)
    partly = await gather(client, START)
    assert partly.missing == ()
    assert partly.uncompared.startswith("the API answered 403")
    [spend] = figures.spend
    assert partly.spend == (attrs.evolve(spend, before=None),)
    assert partly.answers.changes == []


async def test_an_iteration_that_fails_midway_leaves_nothing_of_itself(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    answer_at(sandbox, "images", 400, after=1)
    partly = await gather(client, TODAY - 60 * DAY)
    assert [each.what for each in partly.missing] == ["images"]
    assert "images" not in [usage.endpoint for usage in partly.usage]
    assert len(partly.usage) == 10


async def test_the_reason_has_no_advice_for_programs(sandbox: Sandbox) -> None:
    answer_at(sandbox, "images", 200, "x" * 900_001)
    async with client_of(sandbox, max_response_bytes=900_000) as client:
        [missing] = (await gather(client, START)).missing
    assert missing.what == "images"
    assert "it is larger than 900000 bytes" in missing.why
    assert missing.why.endswith(
        ". The answer is unusually large: read a shorter range, or ask OpenAI's support."
    )


async def test_where_nothing_can_be_read_there_is_no_report(sandbox: Sandbox) -> None:
    sandbox.faults.status(403, times=13)
    async with client_of(sandbox) as client:
        with pytest.raises(PermissionDeniedError):
            await gather(client, START)


async def test_what_is_no_answer_of_the_api_is_raised(client: AsyncUsageClient) -> None:
    await client.close()
    with pytest.raises(RuntimeError, match="closed"):
        await gather(client, START)


@pytest.mark.parametrize(
    ("start", "end"), [(NOW, None), (NOW + 1, NOW + 2), (START, START), (START, START - 1), (-1, 5)]
)
async def test_a_range_that_is_none_is_refused_before_anything_is_sent(
    start: int, end: int | None, client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    with pytest.raises(InvalidQueryError):
        await gather(client, start, end)
    assert sandbox.requests == []


# ---------------------------------------------------------------- rows of one's own


@attrs.frozen(kw_only=True)
class Clip:
    """A result that is no struct of ours, with a label that it always has."""

    kind: str
    seconds: int
    object: str = "clip"


async def test_a_row_of_ones_own_is_in_it(sandbox: Sandbox) -> None:
    class Client(AsyncUsageClient):
        clips = Endpoint("organization/usage/clips", RangeQuery, Clip)

    results = '[{"kind":"short","seconds":3},{"kind":"long","seconds":"40"}]'
    bucket = f'{{"start_time":{TODAY - DAY},"end_time":{TODAY},"results":{results}}}'
    answer_at(sandbox, "clips", 200, f'{{"data":[{bucket}],"has_more":false}}')
    async with Client(sandbox.admin_api_key, base_url=sandbox.base_url) as client:
        figures = await gather(client, TODAY - DAY, TODAY)
    assert figures.missing == ()
    assert figures.usage[-1].endpoint == "clips"
    assert figures.usage[-1].rows == {("seconds", None): (Decimal(43),)}


async def test_currencies_are_kept_apart(sandbox: Sandbox, client: AsyncUsageClient) -> None:
    def costs(*amounts: str) -> str:
        results = ",".join(f'{{"amount":{{{amount}}}}}' for amount in amounts)
        bucket = f'{{"start_time":{TODAY - DAY // 2},"end_time":{TODAY},"results":[{results}]}}'
        return f'{{"data":[{bucket}],"has_more":false}}'

    dollars, euros = '"value":1.10,"currency":"usd"', '"value":"2.00","currency":"eur"'
    answer_at(sandbox, "costs", 200, costs(dollars, euros, '"value":"0E-6176","currency":"usd"'))
    figures = await gather(client, TODAY - DAY // 2, TODAY)
    assert [(each.currency, total(*each.rows.values())) for each in figures.spend] == [
        ("eur", Decimal("2.00")),
        ("usd", Decimal("1.10")),
    ]


# ---------------------------------------------------------------- days and sums


@given(
    start=st.integers(0, 100 * DAY),
    length=st.integers(1, 100 * DAY),
)
def test_days_cover_a_period_and_the_whole_ones_have_as_many_before(
    start: int, length: int
) -> None:
    period = Period(start, start + length)
    days = period.days
    assert (days[0].start, days[-1].end) == (start, start + length)
    assert all(a.end == b.start and a.end % DAY == 0 for a, b in pairwise(days))
    assert [period.place(day.start) for day in days] == [*range(len(days))]
    whole = days[period.whole_days]
    assert list(whole) == [day for day in days if day.whole]
    before = period.before()
    if before is None:
        assert not whole or 2 * whole[0].start < whole[-1].end
    else:
        assert before.end == whole[0].start
        assert [day.whole for day in before.days] == [True] * len(whole)


def test_a_period_ends_now_at_the_latest() -> None:
    assert Period.until_now(START, NOW + DAY, NOW) == Period(START, NOW)
    assert Period.until_now(START, START + 5, NOW) == Period(START, START + 5)


AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [Decimal("0E-6176"), Decimal("1E-6176"), Decimal("1E+6144"), Decimal("-0.1")]
)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2), AMOUNTS)))
def test_no_digit_is_lost(added: list[tuple[str, int, Decimal]]) -> None:
    added = [each for each in added if each[2].adjusted() < 6200]
    tally = DailyTotals(3)
    for label, day, amount in added:
        tally.add((label,), day, amount)
    rows = tally.done()
    for name, days in by(0, rows).items():
        for day, amount in enumerate(known(days)):
            expected = sum(Fraction(a) for key, d, a in added if (key, d) == (name, day))
            assert Fraction(amount) == expected
    assert Fraction(total(*rows.values())) == sum(Fraction(amount) for _, _, amount in added)
