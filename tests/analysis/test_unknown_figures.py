"""Figures that are not known, or only in part, never look as if they were."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from openai_usage import Amount, Bucket, CostsResult, Gap
from openai_usage._gap_text import describe_gaps
from openai_usage.analysis.budgets import Verdict
from openai_usage.analysis.daily import Period
from openai_usage.analysis.spending import spending
from openai_usage.report import Report, report
from openai_usage.report.answer_tables import table_of_ranking
from openai_usage.report.data import Figures
from openai_usage.report.page import page
from openai_usage.report.spend import rankings
from openai_usage.sandbox import Sandbox
from openai_usage.sandbox.faults import Answer
from openai_usage.schema.windows import Window
from tests.conftest import DAY, NOW, TODAY, client_of
from tests.support.served_buckets import serve_buckets
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.real_clock, pytest.mark.usefixtures("without_drawings")]

DASH = "\N{EN DASH}"
HOUR = 3600

Buckets = Sequence[tuple[int, int, Sequence[tuple[str, str]]]]
"""Start, end, and what was billed: an amount for a project."""


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOW + 0.5)


def at(day: int, hour: int = 0, month: int = 9) -> int:
    return int(datetime(2026, month, day, hour, tzinfo=UTC).timestamp())


def whole_days(first: int, end: int, amount: str = "7") -> list[Any]:
    return [(start, start + DAY, [(amount, "p")]) for start in range(first, end, DAY)]


def bill(sandbox: Sandbox, costs: Buckets) -> None:
    """Have *sandbox* answer with these buckets of costs, and with no usage on any day."""

    def buckets(path: str) -> list[dict[str, Any]]:
        if path.endswith("costs"):
            return [
                {
                    "start_time": start,
                    "end_time": end,
                    "results": [
                        {
                            "amount": {"value": value, "currency": "usd"},
                            "project_id": project,
                            "line_item": "gpt-5, input",
                        }
                        for value, project in results
                    ],
                }
                for start, end, results in costs
            ]
        return [
            {
                "start_time": start,
                "end_time": end,
                "results": [],
            }
            for start, end, _ in FULL
        ]

    serve_buckets(sandbox, buckets)


FULL = whole_days(at(1, month=7), TODAY + DAY)


async def reported(sandbox: Sandbox, start: datetime | date) -> Report:
    async with client_of(sandbox, on_gap=lambda _: None) as client:
        return await report(client, start)


def text_of(figures: Figures) -> str:
    return " ".join(re.sub("<[^>]*>", " ", page(figures).partition("<body>")[2]).split())


def foots(figures: Figures) -> dict[str, tuple[str, ...]]:
    """The spend and the share of all projects, and of the total."""
    [ranking] = [each for each in rankings(figures) if each.what == "project"]
    table = table_of_ranking(ranking, "")
    return {row[0]: (row[1], row[1].below) for row in (*table.rows, table.foot)}


# ---------------------------------------------------------------- the report


async def test_spend_of_which_every_day_is_missing_is_not_zero(usage_sandbox: Sandbox) -> None:
    bill(usage_sandbox, whole_days(at(1), at(8)))
    made = await reported(usage_sandbox, date(2026, 9, 8))
    assert foots(made.figures)["Total"] == (DASH, "")
    text = text_of(made.figures)
    assert "Spent unknown 0 of 3 days" in text
    assert "$0.00" not in text
    assert "Costs, largest first; no data for 3 days of costs." in text


async def test_a_project_of_the_days_before_has_no_zero_for_missing_days(
    usage_sandbox: Sandbox,
) -> None:
    before = [(start, end, [("5", "old")]) for start, end, _ in whole_days(at(1), at(7))]
    bill(usage_sandbox, [*before, *whole_days(at(7), at(8)), *whole_days(at(9), at(11))])
    made = await reported(usage_sandbox, date(2026, 9, 7))
    found = foots(made.figures)
    assert found["old"] == (DASH, "")
    assert found["p"] == ("$21.00", "100.0 %")
    # All days are there: what is not billed is nothing.
    bill(usage_sandbox, [*before, *whole_days(at(7), at(11))])
    made = await reported(usage_sandbox, date(2026, 9, 7))
    assert foots(made.figures)["old"] == ("$0.00", "0.0 %")


async def test_nothing_in_the_known_days_is_said_of_these_alone(usage_sandbox: Sandbox) -> None:
    nothing: list[Any] = [(start, end, []) for start, end, _ in whole_days(at(9), at(11))]
    bill(usage_sandbox, [*whole_days(at(1), at(8)), *nothing])
    text = text_of((await reported(usage_sandbox, date(2026, 9, 8))).figures)
    assert "Spent unknown nothing in 2 of 3 days, 1 of them in part" in text


@pytest.mark.parametrize(("clipped", "covers"), [(True, "costs"), (False, "costs and embeddings")])
async def test_usage_of_a_whole_first_day_is_said_like_costs(
    clipped: bool,
    covers: str,
    usage_sandbox: Sandbox,
) -> None:
    start = at(9, 10)

    async def effect(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        name = request.path.rpartition("/")[2]
        if "start_time" not in request.query:  # a limit
            return await answer()
        first = TODAY - DAY if name == "costs" or (name == "embeddings" and not clipped) else start
        data = [
            {"start_time": a, "end_time": b, "results": []}
            for a, b in ((first, TODAY), (TODAY, TODAY + DAY))
        ]
        return web.json_response({"data": data, "has_more": False})

    usage_sandbox.faults._add(effect, 10_000, 0)
    made = await reported(usage_sandbox, datetime(2026, 9, 9, 10, tzinfo=UTC))
    text = text_of(made.figures)
    assert f"9 September 2026 10:00 to 10 September 2026 22:40 UTC; {covers} from 00:00 on" in text
    assert (
        f"The API returns {covers} for whole days: the figures of 9 September 2026 start at 00:00, "
        "although the range begins later." in text
    )


async def test_a_currency_is_one_however_it_is_spelt(usage_sandbox: Sandbox) -> None:
    results = [
        {"amount": {"value": value, "currency": currency}, "project_id": "p", "line_item": "a"}
        for value, currency in (("1", "USD"), ("2", "usd"), ("4", "Usd"))
    ]

    async def effect(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        if not request.path.endswith("costs"):
            return await answer()
        bucket = {"start_time": TODAY, "end_time": TODAY + DAY, "results": results}
        return web.json_response({"data": [bucket], "has_more": False})

    usage_sandbox.faults._add(effect, 100, 0)
    made = await reported(usage_sandbox, date(2026, 9, 10))
    [spend] = made.figures.spend
    assert spend.currency == "usd"
    assert spend.rows == {("p", "a"): (Decimal(7),)}


async def test_a_day_in_part_is_counted_as_such(usage_sandbox: Sandbox) -> None:
    bill(usage_sandbox, [*whole_days(at(1), at(8)), (at(8), at(8, 10), [("2", "p")]), *FULL[-2:]])
    figures = (await reported(usage_sandbox, date(2026, 9, 8))).figures
    assert figures.without(figures.missing) == ("part of 1 day of costs",)
    assert "Spent $16.00 3 days, 2 of them in part" in text_of(figures)
    bill(usage_sandbox, [*whole_days(at(1), at(7)), (at(8), at(8, 10), [("2", "p")]), *FULL[-2:]])
    figures = (await reported(usage_sandbox, date(2026, 9, 7))).figures
    assert figures.without(figures.missing) == ("1 day and part of 1 day of costs",)


async def test_today_without_a_bucket_is_unknown_in_a_report(usage_sandbox: Sandbox) -> None:
    bill(usage_sandbox, whole_days(at(1), at(10)))
    made = await reported(usage_sandbox, date(2026, 9, 9))
    [missing] = made.missing
    assert missing.why == "the API returned no bucket for 2026-09-10 00:00 to 22:40"
    [spend] = made.figures.spend
    assert spend.rows["p", "gpt-5, input"] == (Decimal(7), None)


# ---------------------------------------------------------------- spend


@pytest.fixture
def spent(terminal: Terminal) -> Callable[..., dict[str, Any]]:
    def found(options: str = "", *, exit_code: int = 1) -> dict[str, Any]:
        made: dict[str, Any] = json.loads(
            terminal(f"spend --format json {options}", exit_code=exit_code)
        )
        return made

    return found


AUGUST = whole_days(at(1, month=8), at(1))
IN_PART = [
    *AUGUST,
    *whole_days(at(1), at(3)),
    (at(3), at(3, 10), [("2", "p")]),
    *whole_days(at(4), at(11)),
]
"""Of September 3, only ten hours are there."""


def test_a_day_in_part_is_in_the_sum_and_in_no_average(
    spent: Callable[..., dict[str, Any]], terminal: Terminal, asked: Sandbox
) -> None:
    bill(asked, IN_PART)
    found = spent()
    assert found["missing"] == [{"start": "2026-09-03T10:00:00Z", "end": "2026-09-04T00:00:00Z"}]
    [usd] = found["currencies"]
    assert usd["this_month"] == "65"
    days = {day["date"]: day for day in usd["days"]}
    assert days["2026-09-03"] == {"date": "2026-09-03", "amount": "2", "is_in_part": True}
    assert days["2026-09-04"] == {"date": "2026-09-04", "amount": "7", "is_in_part": False}
    assert usd["compared_days"] == 8
    # 30 days at 7: five are missing to that on the third.
    assert (usd["projection"]["per_day"], usd["projection"]["total"]) == ("7.00", "210")
    assert usd["projection"]["method"].endswith(
        "for each day to come and each unknown day of this month before today, plus the rest of "
        "that amount for today and each day in part; credits count only in what is billed so far"
    )
    shown = terminal("spend --details", exit_code=1)
    assert (
        "Only a part of Sep 3 is known: the sums include that part, and what was billed "
        "in the rest is unknown." in shown
    )
    assert "Nothing is known" not in shown
    assert re.search(rf"^Sep 1{DASH}10 \(3 in part\), so far +65\.00 usd", shown, re.MULTILINE)
    assert re.search(r"Sep  3 Thu \(in part\) +2\.00 usd", shown)
    terminal("spend --details --budget 1000 --check", exit_code=5)


def test_a_day_in_part_can_have_more_than_the_mean() -> None:
    buckets = [
        _bucket(at(1), at(2), 4),
        _bucket(at(2), at(2, 10), 9),
        _bucket(at(3), at(4), 1),
    ]
    gap = Window(at(2, 10), at(3))
    [found] = spending(buckets, today=date(2026, 9, 3), gaps=[gap])
    assert (found.in_part, found.missing) == ({date(2026, 9, 2)}, frozenset())
    # 14 so far; 3 today and 27 days to come at 4.
    assert found.projection.total == 14 + 3 + 27 * 4


def _bucket(start: int, end: int, amount: int) -> Any:
    result = CostsResult(amount=Amount(value=Decimal(amount), currency="usd"))
    return Bucket(start_time=start, end_time=end, results=(result,))


WITHOUT_TODAY = [*AUGUST, *whole_days(at(1), at(10))]


@pytest.mark.parametrize(("hour", "exit_code"), [(5, 0), (6, 5), (22, 5)])
def test_today_may_have_no_bucket_for_some_hours(
    hour: int,
    exit_code: int,
    spent: Callable[..., dict[str, Any]],
    terminal: Terminal,
    asked: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.time", lambda: at(10, hour))
    bill(asked, WITHOUT_TODAY)
    shown = terminal("spend --details", exit_code=min(exit_code, 1))
    assert terminal.err.count("what was billed then is unknown") == min(exit_code, 1)
    assert re.search(rf"^Sep 1{DASH}9, so far +63\.00 usd", shown, re.MULTILINE)
    says = "Today, Sep 10, is not in these figures yet: nothing is known of it."
    assert (says in shown) is (exit_code == 0)
    assert re.search(r"Sep 10 Thu +unknown", shown)
    found = spent("--budget 1000 --check", exit_code=exit_code)
    assert found["currencies"][0]["days"][-1]["amount"] is None
    assert found["currencies"][0]["projection"]["total"] == "210"
    assert found["unchecked"] is (exit_code == 5)
    if exit_code:
        assert found["unchecked_reason"] in terminal.err
        assert f"of costs for 2026-09-10 00:00 to {hour:02}:00, so what was billed" in terminal.err
    else:
        assert found["unchecked_reason"] is None
        assert terminal.err == ""


def test_a_bucket_that_goes_beyond_today_is_no_gap_after_today(
    spent: Callable[..., dict[str, Any]], asked: Sandbox
) -> None:
    bill(asked, [*AUGUST, *whole_days(at(1), at(9)), (at(9), at(13), [("7", "p")])])
    found = spent("--budget 1000 --check", exit_code=5)
    [usd] = found["currencies"]
    assert [day["date"] for day in usd["days"] if day["amount"] is None] == ["2026-09-10"]
    assert (usd["this_month"], usd["projection"]["total"]) == ("63", "210")


@pytest.mark.parametrize("options", ["", "--check"])
def test_a_budget_of_a_month_that_has_just_begun_is_not_known_to_be_kept(
    options: str,
    terminal: Terminal,
    asked: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.time", lambda: at(1, 3))
    bill(asked, AUGUST)
    shown = terminal(f"spend --details --budget 1000 {options}", exit_code=5 if options else 0)
    assert "Not known to be within the budget of 1,000.00 usd: unknown so far" in shown


def test_amounts_of_an_unknown_month_in_another_currency_are_no_zero(
    terminal: Terminal, asked: Sandbox
) -> None:
    bill(asked, AUGUST)
    terminal("spend --details --budget 1000 --currency eur", exit_code=1)
    assert "amounts in usd, which are unknown so far, are not compared with" in terminal.err
    assert "0.00" not in terminal.err


@pytest.mark.parametrize("last", [7, 8])
@pytest.mark.parametrize("hour", [1, 9])
def test_days_that_lack_up_to_now_are_one_gap(
    last: int,
    hour: int,
    spent: Callable[..., dict[str, Any]],
    asked: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.time", lambda: at(10, hour))
    bill(asked, [each for each in WITHOUT_TODAY if each[0] <= at(last)])
    found = spent("--budget 1000 --check", exit_code=5)
    assert found["missing"] == [
        {"start": f"2026-09-{last + 1:02}T00:00:00Z", "end": f"2026-09-10T{hour:02}:00:00Z"}
    ]
    assert found["currencies"][0]["this_month"] == str(7 * last)


def test_last_month_is_named_by_the_days_it_has(terminal: Terminal, asked: Sandbox) -> None:
    bill(asked, [each for each in FULL if each[0] != at(5, month=8)])
    shown = terminal("spend --details --budget 1000 --check")
    assert re.search(rf"^Aug 1{DASH}4, 6{DASH}31 +210\.00 usd", shown, re.MULTILINE)
    assert not re.search(r"^August ", shown, re.MULTILINE)
    assert len(re.findall(rf" Sep +Aug 1{DASH}4, 6{DASH}31 ", shown)) == 2


def test_the_help_of_check_says_which_days_count(terminal: Terminal) -> None:
    text = " ".join(re.sub("[│╭╮╰╯─]", " ", terminal("spend --details --help")).split())
    assert "Missing days matter if they are in this month or in the seven days before" in text
    assert "the total and the projection use only these" in text


def test_a_month_of_which_nothing_is_known_is_not_zero(
    spent: Callable[..., dict[str, Any]], terminal: Terminal, asked: Sandbox
) -> None:
    bill(asked, AUGUST)
    shown = terminal("spend --details --budget 1000 --check", exit_code=5)
    assert re.search(r"^Sep, so far +unknown", shown, re.MULTILINE)
    assert "0.00 usd so far" not in shown
    assert "Not known to be within the budget of 1,000.00 usd: unknown so far, " in shown
    [usd] = spent()["currencies"]
    assert usd["this_month"] is usd["projects"][0]["this_month"] is None
    assert usd["last_month"] == "217"
    bill(asked, [each for each in FULL if each[0] >= at(1)])
    assert re.search(r"^Aug +unknown", terminal("spend --details", exit_code=1), re.MULTILINE)


def test_a_verdict_of_a_known_month_has_its_amount() -> None:
    verdict = Verdict(Decimal(10), Decimal(1), Decimal(2), "usd")
    assert str(verdict).endswith("1.00 usd so far (10%), 2.00 usd projected (20%)")


@pytest.mark.parametrize(
    ("costs", "said"),
    [
        ([], "Nothing is known of this month and last month; 2026-08-01 to 2026-09-10 22:40 is"),
        (
            [(start, end, []) for start, end, _ in FULL if start >= at(2)],
            "Nothing was billed in the days that are known of this month and last month; ",
        ),
    ],
)
def test_where_there_is_no_figure_a_line_says_what_is_unknown(
    costs: Buckets, said: str, terminal: Terminal, asked: Sandbox
) -> None:
    bill(asked, costs)
    shown = terminal("spend --details", exit_code=1)
    assert " ".join(shown.split()).startswith(said)


@pytest.mark.parametrize("hour", [2, 9])
async def test_a_report_knows_nothing_of_today_before_it_has_a_bucket(
    hour: int, usage_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: at(10, hour))
    bill(usage_sandbox, WITHOUT_TODAY)
    made = await reported(usage_sandbox, date(2026, 9, 8))
    [costs] = made.figures.missing
    assert costs.is_due is (hour == 9)
    assert made.missing == ((costs,) if costs.is_due else ())
    assert costs.why == (
        f"the API returned no bucket{'' if costs.is_due else ' yet'} for "
        f"2026-09-10 00:00 to {hour:02}:00"
    )
    text = text_of(made.figures)
    assert "Spent $14.00 2 of 3 days" in text
    assert f"costs : 2026-09-10 00:00 to {hour:02}:00" in text
    text = text_of((await reported(usage_sandbox, date(2026, 9, 10))).figures)
    assert "Spent unknown 0 of 1 day" in text
    assert "$0.00" not in text


def test_a_month_that_has_just_begun_is_not_called_unbilled(
    terminal: Terminal, asked: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing: list[Any] = [(start, end, []) for start, end, _ in FULL]
    for day, said in (
        (1, "last month; the API has no costs for today, 2026-09-01, yet"),
        (2, "this month or last month; the API has no costs for today, 2026-09-02, yet"),
    ):
        monkeypatch.setattr("time.time", lambda day=day: at(day, 3))
        bill(asked, [each for each in nothing if each[0] < at(day)])
        terminal("spend --details")
        assert terminal.err == f"openai-usage: nothing was billed {said}.\n"
        bill(asked, nothing)
        terminal("spend --details")
        assert terminal.err == "openai-usage: nothing was billed this month or last month.\n"


def test_a_projection_that_has_no_day_to_go_by_is_unknown(
    spent: Callable[..., dict[str, Any]], terminal: Terminal, asked: Sandbox
) -> None:
    bill(asked, [(at(10), at(10, 5), [("3", "p")])])
    shown = terminal("spend --details --budget 1000 --check", exit_code=5)
    assert re.search(r"^September, projected +unknown", shown, re.MULTILINE)
    assert "There is no projection, because no day is known on which to base it." in shown
    said = " ".join(shown.split())
    assert "budget of 1,000.00 usd: 3.00 usd so far (<1%), with no projection." in said
    [usd] = spent("--budget 1000 --check", exit_code=5)["currencies"]
    assert (usd["projection"]["total"], usd["projection"]["per_day"]) == (None, None)
    assert (usd["this_month"], usd["projection"]["method"]) == ("3", None)
    # Where days are known on which nothing was billed, they are what it goes by.
    bill(asked, [(start, end, []) for start, end, _ in FULL if start < at(10)])
    [usd] = spent("--budget 1000", exit_code=1)["currencies"]
    assert (usd["projection"]["total"], usd["projection"]["per_day"]) == ("0", "0")


def test_a_check_that_passes_has_its_currency_whatever_old_day_is_missing(
    spent: Callable[..., dict[str, Any]], asked: Sandbox
) -> None:
    bill(asked, [(start, end, []) for start, end, _ in FULL if start != at(5, month=8)])
    found = spent("--budget 1000 --check", exit_code=0)
    [usd] = found["currencies"]
    assert (usd["currency"], usd["this_month"]) == ("usd", "0")
    assert usd["budget"] == {"amount": "1000", "is_over": False, "is_projected_over": False}
    assert [day["date"] for day in usd["days"] if day["amount"] is None] == ["2026-08-05"]


def test_gaps_that_touch_cover_the_day_that_they_share() -> None:
    period = Period(at(1), at(4))
    touching = [Window(at(1, 20), at(2, 9)), Window(at(2, 9), at(3, 5))]
    assert period.places(touching) == {0, 1, 2}
    assert period.places_within(touching) == {1}


# ---------------------------------------------------------------- sentences


def test_costs_are_billed_and_nobody_is_told_to_wait() -> None:
    def said(*endpoints: str) -> str:
        [sentence] = describe_gaps(
            Gap(endpoint=each, start_time=0, end_time=DAY) for each in endpoints
        )
        assert "try again" not in sentence
        assert sentence.endswith(
            "is unknown, not zero: compare with the dashboard, and ask OpenAI's support if it "
            "stays missing."
        )
        return sentence

    assert "so what was billed then" in said("costs")
    assert "so what was used then" in said("images")
    assert "so what was billed or used then" in said("costs", "images")


def test_a_gap_is_said_once_with_on_gap_warn(terminal: Terminal, asked: Sandbox) -> None:
    bill(asked, [])
    terminal("costs --start 2026-09-01 --on-gap warn")
    assert terminal.err.count("\n") == 1
    assert terminal.err.count("unknown") == 1


def test_the_title_of_a_narrow_table_is_not_wrapped(terminal: Terminal, asked: Sandbox) -> None:
    bill(asked, whole_days(at(9), at(10)))
    shown = terminal("costs --start 2026-09-09T10:00Z --end 2026-09-10").splitlines()
    assert shown[:2] == [
        "Costs, 2026-09-09 UTC, in usd",
        "from midnight on: the API returns whole days",
    ]
    bill(asked, [])
    shown = terminal("costs --start 2026-09-01 --end 2026-09-10 --group-by project_id").splitlines()
    assert shown[:2] == [
        "Costs by project, 2026-09-01 to 2026-09-09 UTC",
        "no data for 2026-09-01 to 2026-09-09",
    ]


def test_requests_for_names_use_up_no_fault_of_buckets(terminal: Terminal, asked: Sandbox) -> None:
    asked.faults.missing_bucket()
    terminal("costs --start 2026-09-01 --group-by project_id --names")
    assert "no bucket of costs for 2026-09-01, so" in terminal.err
