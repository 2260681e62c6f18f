"""What costs say apart from their sums: prices, unusual days, the month and its limit."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from openai_usage import Amount, AsyncUsageClient, Bucket, CostsResult
from openai_usage.report import Report
from openai_usage.report.course import courses
from openai_usage.report.data import Figures
from openai_usage.report.fetch import gather
from openai_usage.report.options import Options
from openai_usage.sandbox import Sandbox
from openai_usage.sandbox.faults import Answer
from tests.conftest import DAY, NOW, TODAY, client_of
from tests.support.report_values import answer_at

pytestmark = pytest.mark.real_clock


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOW + 0.5)


def bill(
    sandbox: Sandbox, amounts: dict[int, Any], *, since: int, until: int = NOW, limit: str = ""
) -> None:
    """Have *sandbox* bill 10 dollars on each day, or the *amounts* of a day, below a *limit*."""

    async def effect(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        if limit and request.path.endswith("/spend_limit"):
            return web.Response(body=limit)
        if not request.path.endswith("/costs"):
            return await answer()
        first, last = (int(request.query[name]) for name in ("start_time", "end_time"))
        data = [
            {
                "start_time": day,
                "end_time": day + DAY,
                "results": [
                    {"amount": {"value": value, "currency": "usd"}, "line_item": "gpt-5, input"}
                    for value in amounts.get(day, [10])
                ],
            }
            for day in range(first // DAY * DAY, last, DAY)
            if since <= day < until and amounts.get(day, [10]) is not None
        ]
        return web.json_response({"data": data, "has_more": False})

    sandbox.faults._add(effect, 10_000, 0)


async def figures_of(client: AsyncUsageClient, start: int, end: int | None = None) -> Figures:
    return await gather(client, start, end)


@pytest.fixture
def client(usage_sandbox: Sandbox) -> AsyncUsageClient:
    return client_of(usage_sandbox, on_gap=lambda _: None)


# ----------------------------------------------------------------- the month


async def test_the_month_in_progress_and_its_limit(
    client: AsyncUsageClient, usage_sandbox: Sandbox
) -> None:
    bill(usage_sandbox, {TODAY: [4], TODAY - 20 * DAY: [10, -3]}, since=0)
    async with client:
        [course] = (await figures_of(client, TODAY - 6 * DAY)).answers.courses
    assert (course.currency, course.today) == ("usd", date(2026, 9, 10))
    assert course.billed == 94
    # 6 more today, and 20 days to come.
    assert course.projection.total == 94 + 6 + 200
    assert course.limit == 7500
    assert course.reached is None


@pytest.mark.parametrize(("limit", "reached"), [(100, 10), (101, 11), (300, 30), (301, None)])
async def test_the_day_on_which_the_limit_is_reached(
    limit: int, reached: int | None, client: AsyncUsageClient, usage_sandbox: Sandbox
) -> None:
    body = (
        '{"object":"organization.spend_limit","currency":"USD","interval":"month",'
        f'"threshold_amount":{limit}00,"enforcement":{{"status":"inactive"}}}}'
    )
    bill(usage_sandbox, {}, since=0, limit=body)
    async with client:
        [course] = (await figures_of(client, TODAY - 6 * DAY)).answers.courses
    assert course.billed == 100
    assert course.reached == (reached and date(2026, 9, reached))


async def test_a_day_that_is_missing_makes_the_course_uncertain(
    client: AsyncUsageClient, usage_sandbox: Sandbox
) -> None:
    bill(usage_sandbox, {TODAY - 2 * DAY: None}, since=0)
    async with client:
        [course] = (await figures_of(client, TODAY - 6 * DAY)).answers.courses
    assert course.projection.unknown
    assert course.reached is None


async def test_a_range_that_is_over_has_no_course_and_asks_for_no_limit(
    client: AsyncUsageClient, usage_sandbox: Sandbox
) -> None:
    async with client:
        figures = await figures_of(client, TODAY - 6 * DAY, TODAY)
    assert figures.answers.courses == ()
    assert not [each for each in usage_sandbox.requests if "spend" in each.path]


async def test_a_month_that_began_before_the_costs_has_no_course(
    client: AsyncUsageClient, usage_sandbox: Sandbox
) -> None:
    async with client:  # the range is shorter than a day, so nothing is read before it
        figures = await figures_of(client, NOW - 3600)
    assert figures.answers.courses == ()
    bill(usage_sandbox, {}, since=TODAY, until=TODAY)
    async with client_of(usage_sandbox, on_gap=lambda _: None) as other:
        assert (await figures_of(other, TODAY - DAY)).answers.courses == ()


async def test_a_limit_that_cannot_be_read_is_left_out(
    client: AsyncUsageClient, usage_sandbox: Sandbox
) -> None:
    answer_at(usage_sandbox, "spend_limit", 403)
    async with client:
        figures = await figures_of(client, TODAY - 6 * DAY)
    assert figures.missing == ()
    assert [each.limit for each in figures.answers.courses] == [None]


# ----------------------------------------------------------------- projects


async def test_the_limit_is_that_of_the_only_project(
    client: AsyncUsageClient, usage_sandbox: Sandbox
) -> None:
    async with client:
        names = (await client.names(kinds=["projects"])).known
        [support] = [id_ for id_, name in names.items() if name.name == "Support Assistant"]
        one = await gather(client, TODAY - 6 * DAY, options=Options(project_ids=[support]))
        two = Options(project_ids=[support, "proj_other"])
        both = await gather(client, TODAY - 6 * DAY, options=two)
        odd = await gather(client, TODAY - 6 * DAY, options=Options(project_ids=["proj other"]))
    assert [each.limit for each in one.answers.courses] == [Decimal(4500)]
    assert [each.limit for each in both.answers.courses] == [None]
    assert odd.answers.courses == ()
    assert {project for spend in one.spend for project, _ in spend.rows} == {support}
    usage = [each for each in usage_sandbox.requests if "/usage/" in each.path]
    assert all("project_ids" in str(each.query) for each in usage)


# ----------------------------------------------------------------- people


async def test_spend_by_user_and_key_is_read_only_if_it_is_asked_for(
    client: AsyncUsageClient, usage_sandbox: Sandbox
) -> None:
    async with client:
        figures = await gather(client, TODAY - 6 * DAY, options=Options(personal=True))
    assert list(figures.people) == ["user", "API key"]
    html = Report(figures).html()
    assert "Spend by user" in html
    assert "Spend by API key" in html

    async def effect(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        if "api_key_id" in request.query_string:
            return web.Response(status=400, body="too early")
        return await answer()

    usage_sandbox.faults._add(effect, 10_000, 0)
    async with client_of(usage_sandbox, on_gap=lambda _: None) as other:
        figures = await gather(other, TODAY - 6 * DAY, options=Options(personal=True))
    assert list(figures.people) == ["user"]
    [missing] = figures.missing
    assert missing.what == "costs by API key"
    assert not figures.costs_are_unread


# ----------------------------------------------------------------- unusual days


async def test_an_unusual_day_is_in_the_list_and_marked_in_charts(
    client: AsyncUsageClient, usage_sandbox: Sandbox
) -> None:
    odd = TODAY - 3 * DAY
    bill(usage_sandbox, {odd: [50]}, since=TODAY - 60 * DAY)
    async with client:
        figures = await figures_of(client, TODAY - 6 * DAY)
    assert [each.labels for each in figures.answers.unusual] == [
        {},
        {"model": "gpt-5"},
        {"project_id": None},
    ]
    assert figures.answers.judged_days == 6  # today is not over
    html = Report(figures).html()
    assert html.count("<title>7 September: $50.00, 5.0 times the usual $10.00") == 2
    assert "<li>7 September, model gpt-5: $50.00" in html


async def test_days_without_enough_weeks_before_are_not_judged(
    client: AsyncUsageClient, usage_sandbox: Sandbox
) -> None:
    bill(usage_sandbox, {}, since=TODAY - 20 * DAY)
    async with client:
        figures = await figures_of(client, TODAY - 6 * DAY)
    assert (figures.answers.judged_days, figures.answers.unusual) == (0, ())
    assert figures.gaps_before == ()


async def test_costs_of_nothing_judge_nothing(
    client: AsyncUsageClient, usage_sandbox: Sandbox
) -> None:
    bill(usage_sandbox, {TODAY - n * DAY: [] for n in range(100)}, since=0)
    async with client:
        figures = await figures_of(client, TODAY - 6 * DAY)
    assert figures.answers.judged_days == 0


def test_a_month_of_which_no_day_is_whole_has_no_course() -> None:
    result = CostsResult(amount=Amount(value=Decimal(1), currency="usd"))
    bucket = Bucket(start_time=TODAY - 10 * DAY, end_time=TODAY - 9 * DAY - 1, results=(result,))
    assert list(courses([bucket], NOW, None)) == []


# ----------------------------------------------------------------- months that are over

JANUARY, FEBRUARY, MARCH = (
    int(datetime(2026, month, 1, tzinfo=UTC).timestamp()) for month in (1, 2, 3)
)


async def test_a_month_that_is_over_is_compared_with_all_of_the_month_before(
    usage_sandbox: Sandbox, client: AsyncUsageClient
) -> None:
    bill(usage_sandbox, {FEBRUARY: [71]}, since=JANUARY - 90 * DAY)
    async with client:
        figures = await figures_of(client, FEBRUARY, MARCH)
    [change] = figures.answers.changes
    assert change.amount == 71 + 27 * 10
    assert change.amount_before == 31 * 10
    page = Report(figures).html()
    assert "February 2026 (28 days) is compared with January 2026 (31 days)." in page
    assert "<h3>Against January 2026</h3><strong>+10.0 %</strong><p>+$31.00 on $310.00</p>" in page
    assert (
        "$341.00 in February 2026. That is 10.0 % more than the $310.00 of January 2026. " in page
    )
    assert "A day cost $12.18 on average, after $10.00 (+21.8 %)." in page
    assert "<small>$310.00 to $341.00 (+10.0 %)</small>" in page


@pytest.mark.parametrize("missing", [JANUARY + 4 * DAY, FEBRUARY + 4 * DAY])
async def test_months_with_a_gap_are_compared_by_days(
    missing: int, usage_sandbox: Sandbox, client: AsyncUsageClient
) -> None:
    bill(usage_sandbox, {missing: None}, since=JANUARY - 90 * DAY)
    async with client:
        figures = await figures_of(client, FEBRUARY, MARCH)
    [change] = figures.answers.changes
    assert change.amount == change.amount_before == 27 * 10
    page = Report(figures).html()
    assert "On 27 complete days it was $270.00, as much as in as many days of January 2026." in page
    assert "Against as many days of January 2026" in page
    assert "1 February 2026 to 4 February 2026 and 6 February 2026 to 28 February 2026" in page
