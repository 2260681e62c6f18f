"""Days for which the API returned no bucket: unknown in every figure, and never zero."""

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from attrs import evolve

from openai_usage import Amount, AsyncUsageClient, Bucket, CostsResult, Gap
from openai_usage._gap_text import describe_gaps, describe_span, describe_spans
from openai_usage._text import listed
from openai_usage.analysis.daily import Rows
from openai_usage.analysis.spending import spending
from openai_usage.report import Report, report
from openai_usage.report.charts import subtitle
from openai_usage.report.data import Figures, Missing
from openai_usage.report.panels import Panel
from openai_usage.report.spend import panels_of_spend, rankings
from openai_usage.report.usage import panels_of_usage
from openai_usage.sandbox import Sandbox
from openai_usage.sandbox.faults import Answer
from openai_usage.sandbox.response_edits import change_page
from openai_usage.schema.windows import Window
from tests.conftest import DAY, NOW, TODAY, client_of
from tests.support.report_values import of_days, spent, used
from tests.support.served_buckets import serve_buckets
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.real_clock, pytest.mark.usefixtures("without_drawings")]

REQUESTS = "Requests to models"
DASH = "\N{EN DASH}"


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOW + 0.5)


def august(*days: int) -> set[str]:
    return {f"2026-08-{day:02}" for day in days}


def september(*days: int) -> set[str]:
    return {f"2026-09-{day:02}" for day in days}


def leave_out(sandbox: Sandbox, *names: str, days: Iterable[str] | None = None) -> None:
    """Have *sandbox* leave out buckets: of some endpoints, or of all; of some days, or all.

    Every other day costs 7.00 usd.
    """

    def change(name: str, page: dict[str, Any]) -> dict[str, Any]:
        kept = []
        for bucket in page["data"]:
            start = datetime.fromtimestamp(bucket["start_time"], UTC)
            if name == "costs":
                amount = {"value": "7.00", "currency": "usd"}
                bucket["results"] = [{"amount": amount, "project_id": "p", "line_item": "gpt, in"}]
            if (names and name not in names) or (
                days is not None and str(start.date()) not in days
            ):
                kept.append(bucket)
        return {**page, "data": kept}

    async def effect(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        name = request.path.rpartition("/")[2]
        response = await answer()
        assert isinstance(response, web.Response)
        if "start_time" not in request.query:  # a limit
            return response
        return change_page(response, lambda page: change(name, page))

    sandbox.faults._add(effect, 10_000, 0)


def text_of(page: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", page.partition("<body>")[2]).split())


def rows_of(page: str, table: str) -> dict[str, list[str]]:
    """The rows of one table by their heads."""
    [found] = re.findall(
        rf'<details class="listed" id="table-{table}">(.*?)</table>', page, re.DOTALL
    )
    rows = [re.findall("<t[hd][^>]*>(.*?)</t[hd]>", row) for row in found.split("<tr>")]
    return {row[0]: row[1:] for row in rows if row}


# ---------------------------------------------------------------- in words


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2026-11-03", "2026-11-04", "2026-11-03"),
        ("2026-11-03", "2026-11-13", "2026-11-03 to 2026-11-12"),
        ("2026-11-03", "2026-11-13T22:40", "2026-11-03 to 2026-11-13 22:40"),
        ("2026-11-03T11:30", "2026-11-13", "2026-11-03 11:30 to 2026-11-12"),
        ("2026-11-03T11:30", "2026-11-13T10:00", "2026-11-03 11:30 to 2026-11-13 10:00"),
        ("2026-11-03T10:00", "2026-11-03T12:00", "2026-11-03 10:00 to 12:00"),
        ("2026-11-03", "2026-11-03T12:00", "2026-11-03 00:00 to 12:00"),
        ("2026-11-03T23:00", "2026-11-04", "2026-11-03 23:00 to 24:00"),
    ],
)
def test_a_span_of_time_in_words(start: str, end: str, said: str) -> None:
    start_time, end_time = (
        int(datetime.fromisoformat(each).replace(tzinfo=UTC).timestamp()) for each in (start, end)
    )
    assert describe_span(Window(start_time, end_time)) == said


def test_many_spans_are_not_listed_each() -> None:
    days = [Window(n * DAY, (n + 1) * DAY) for n in range(0, 20, 2)]
    assert describe_spans(days[:2]) == "1970-01-01 and 1970-01-03"
    assert describe_spans(days) == "1970-01-01, 1970-01-03, 1970-01-05, 1970-01-07 and 6 more"


def test_a_list_in_a_sentence_has_a_conjunction_before_the_last_word() -> None:
    assert [listed(iter("abc"[:length]), "or") for length in (1, 2, 3)] == [
        "a",
        "a or b",
        "a, b or c",
    ]


def test_endpoints_that_lack_the_same_days_are_in_one_sentence() -> None:
    gaps = [
        Gap(endpoint=name, start_time=start * DAY, end_time=start * DAY + DAY)
        for name, start in (
            ("costs", 0),
            ("web_search_calls", 0),
            ("images", 0),
            ("images", 2),
            ("costs", 2),
        )
    ]
    assert describe_gaps([]) == []
    assert describe_gaps(gaps) == [
        (
            "the API returned no bucket of costs and images for 1970-01-01 and 1970-01-03, so what "
            "was billed or used then is unknown, not zero: compare with the dashboard, and ask "
            "OpenAI's support if it stays missing."
        ),
        (
            "the API returned no bucket of web search calls for 1970-01-01, so what was used then "
            "is unknown, not zero: compare with the dashboard, and ask OpenAI's support if it "
            "stays missing."
        ),
    ]


# ---------------------------------------------------------------- the report


@pytest.fixture
def page(terminal: Terminal, asked: Sandbox, here: Path) -> Callable[..., str]:
    """Runs the command over 30 days, the last in part, and gives the page."""

    def made(*, exit_code: int = 1, start: str = "2026-08-12") -> str:
        assert terminal(f"report --start {start}", exit_code=exit_code) == "report.html\n"
        return (here / "report.html").read_text(encoding="utf-8")

    return made


GONE = august(*range(20, 30))
"""Ten days of thirty."""


def test_a_report_over_missing_days_says_so_and_counts_none_of_them(
    page: Callable[..., str], terminal: Terminal, asked: Sandbox
) -> None:
    leave_out(asked, "costs", days=GONE)
    made = page()
    assert terminal.err == (
        "openai-usage: the API returned no bucket of costs for 2026-08-20 to 2026-08-29, so what "
        "was billed then is unknown, not zero: compare with the dashboard, and ask OpenAI's "
        "support if it stays missing.\n"
    )
    text = text_of(made)
    assert "This report is not complete The API returned nothing for these days." in text
    assert "and no figure includes them" in text
    assert "costs : 2026-08-20 to 2026-08-29" in text
    assert text.index("This report is not complete") < text.index("Spent a day")
    assert "could not be read" not in text
    assert "Spent $140.00 20 of 30 days, 1 of them in part" in text
    assert "Spent a day $7.00 average of 19 days" in text
    assert "Against as many days before 0.0 % $0.00 on $133.00" in text
    assert (
        "Only complete days that are known in both periods are compared: 19 days, 12 August 2026 "
        "to 19 August 2026 and 30 August 2026 to 9 September 2026, with as many before, 14 July "
        "2026 to 21 July 2026 and 1 August 2026 to 11 August 2026." in text
    )
    assert "$140.00, without 10 days of costs" in text
    assert "tables show a dash" in text


@pytest.mark.drawn
def test_a_missing_day_is_not_drawn_or_listed_as_zero(
    page: Callable[..., str], asked: Sandbox
) -> None:
    leave_out(asked, "costs", days=GONE)
    made = page()
    rows = rows_of(made, "spend-by-project")
    assert rows["2026-08-19"] == ["$7.00", "$7.00"]
    assert rows["2026-08-20 (unknown)"] == [DASH, DASH]
    assert len([head for head in rows if "(unknown)" in head]) == 10
    assert rows["2026-09-10 (in part)"] == ["$7.00", "$7.00"]
    assert rows["Total"] == ["$140.00", "$140.00"]
    # Large charts, by model and by project. Small ones, for phones, have no titles.
    assert made.count("<title>2026-08-20: unknown</title>") == 2
    assert made.count(">?</text>") == 4 * 10
    assert "2026-08-20, p: $0.00" not in made
    # What was used is known.
    assert rows_of(made, "tokens")["2026-08-20"][-1] != DASH


@pytest.fixture
async def client(usage_sandbox: Sandbox) -> Any:
    async with client_of(usage_sandbox, on_gap=lambda _: None) as made:
        yield made


async def test_in_python_missing_names_the_gaps(
    client: AsyncUsageClient, usage_sandbox: Sandbox
) -> None:
    leave_out(usage_sandbox, "costs", "images", days=september(1))
    made = await report(client, date(2026, 8, 28))
    start = TODAY - 9 * DAY
    assert [(part.what, part.why) for part in made.missing] == [
        ("costs", "the API returned no bucket for 2026-09-01"),
        ("images", "the API returned no bucket for 2026-09-01"),
    ]
    assert made.missing[0].gaps == (Gap(endpoint="costs", start_time=start, end_time=start + DAY),)
    assert "num_model_requests" in made.missing[1].measures
    [spend] = made.figures.spend
    assert spend.rows["p", "gpt, in"][3:6] == (Decimal("7.00"), None, Decimal("7.00"))
    assert made.figures.averaged_days == (0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12)
    assert "costs and images</strong>: 2026-09-01<" in made.html()
    assert [*made.pictures()][:2] == ["spend-by-model", "spend-by-project"]


def panel(figures: Figures, title: str) -> Panel:
    panels = [*panels_of_spend(figures, rankings(figures)), *panels_of_usage(figures)]
    [found] = [each for each in panels if each.title == title]
    return found


async def test_usage_of_which_an_endpoint_lacks_a_day_is_in_part(
    client: AsyncUsageClient, usage_sandbox: Sandbox
) -> None:
    leave_out(usage_sandbox, "completions", days=september(1, 2))
    made = await report(client, date(2026, 8, 31), date(2026, 9, 4))
    requests = {each.label: each.values for each in panel(made.figures, REQUESTS).series}
    assert requests["Completions"][1:3] == (None, None)
    assert None not in requests["Embeddings"]
    for title in ("Tokens", REQUESTS):
        shown = panel(made.figures, title)
        assert [bar.text for bar in shown.bars] == [
            "2026-08-31",
            "2026-09-01 (in part)",
            "2026-09-02 (in part)",
            "2026-09-03",
        ]
        assert shown.omission == "without 2 days of completions"
    rows = rows_of(made.html(), "requests-to-models")
    assert rows["2026-09-01 (in part)"][0] == DASH
    assert re.fullmatch("[1-9][0-9,]*", rows["2026-09-01 (in part)"][1])
    assert [part.what for part in made.missing] == ["completions"]


def test_tokens_of_a_kind_that_only_a_missing_day_can_have_are_unknown() -> None:
    completions = used("completions", 3, {"input_tokens": {}, "input_cached_tokens": {}}, "a")
    rows = {key: (row[0], None, row[2]) for key, row in completions.rows.items()}
    embeddings = used("embeddings", 3, {"input_tokens": {}}, "b")
    start = TODAY - DAY
    gap = Gap(endpoint="completions", start_time=start, end_time=TODAY)
    missing = Missing("completions", "why", frozenset({"input_tokens"}), (gap,))
    figures = of_days(3, usage=(evolve(completions, rows=rows), embeddings), missing=(missing,))
    shown = panel(figures, "Tokens")
    values = {each.label: each.values for each in shown.series}
    assert values["Cached input"] == (Decimal(100), None, Decimal(102))
    assert values["Uncached input"] == (Decimal(100), Decimal(101), Decimal(102))
    assert shown.unknown == ()
    assert not shown.bars[1].whole


async def test_small_charts_with_other_missing_days_share_a_table(
    client: AsyncUsageClient, usage_sandbox: Sandbox
) -> None:
    leave_out(usage_sandbox, "images", days=september(1))
    made = await report(client, date(2026, 8, 31), date(2026, 9, 4))
    page = made.html()
    [name] = re.findall(r'id="table-(images-[^"]*)"', page)
    row = rows_of(page, name)["2026-09-01 (in part)"]
    assert row[0] == DASH
    assert all(re.search("[1-9]", cell) for cell in row[1:])
    assert panel(made.figures, "Images").omission == "without 1 day of images"


async def test_storage_that_is_missing_is_not_the_least(
    client: AsyncUsageClient, usage_sandbox: Sandbox
) -> None:
    leave_out(usage_sandbox, "vector_stores", days=september(1))
    made = await report(client, date(2026, 8, 31), date(2026, 9, 4))
    assert "at least 0 B" not in panel(made.figures, "Vector stores").text


def test_a_month_of_which_days_are_missing_is_in_part() -> None:
    def gap(first: date, days: int) -> Gap:
        start = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp())
        return Gap(endpoint="costs", start_time=start, end_time=start + days * DAY)

    gaps = (gap(date(2026, 4, 1), 30), gap(date(2026, 6, 3), 2))
    figures = of_days(200)
    spend = spent(200, ("p", "a"))
    missing = figures.period.places(gaps)
    rows = {
        key: tuple(None if n in missing else each for n, each in enumerate(row))
        for key, row in spend.rows.items()
    }
    figures = of_days(
        200,
        spend=(evolve(spend, rows=rows),),
        missing=(Missing("costs", "why", gaps=gaps),),
    )
    shown = panel(figures, "Spend by project")
    assert [bar.label for bar in shown.unknown] == ["2026-04"]
    assert [bar.label for bar in shown.bars if not bar.whole] == [
        "2026-02",
        "2026-04",
        "2026-06",
        "2026-09",
    ]
    assert list(subtitle(shown, figures.period))[1:] == [
        "In part (paler): 2026-02, 2026-06, 2026-09",
        "Unknown (grey): 2026-04",
    ]
    page = Report(figures).html()
    assert rows_of(page, "spend-by-project")["2026-04 (unknown)"] == [DASH, DASH]
    assert "168 of 200 days, 1 of them in part" in text_of(page)


@pytest.mark.drawn
def test_a_narrow_band_has_no_room_for_a_question_mark() -> None:
    gap = Gap(endpoint="costs", start_time=TODAY - 3 * DAY, end_time=TODAY - DAY)
    spend = spent(100, ("p", "a"))
    row = spend.rows["p", "a"]
    rows: Rows = {("p", "a"): (*row[:96], None, None, *row[98:])}
    figures = of_days(
        100,
        spend=(evolve(spend, rows=rows),),
        missing=(Missing("costs", "why", gaps=(gap,)),),
    )
    page = Report(figures).html()
    assert page.count("<title>2026-09-07: unknown</title>") == 2
    assert page.count(">?</text>") == 2 * 2  # in large charts


# ---------------------------------------------------------------- the days before


def test_a_gap_in_the_days_before_is_a_note(
    page: Callable[..., str], terminal: Terminal, asked: Sandbox
) -> None:
    leave_out(asked, "costs", days=august(1, 2))
    text = text_of(page(exit_code=0))
    assert terminal.err == (
        "openai-usage: the API returned no bucket of costs for 2026-08-01 to 2026-08-02, in the "
        "days before: these days are not compared.\n"
    )
    assert "This report is not complete" not in text
    assert "Spent $210.00 30 days, 1 of them in part" in text
    assert "Spent a day $7.00 average of 29 days" in text
    assert "Against as many days before 0.0 % $0.00 on $189.00" in text
    assert (
        "compared: 27 days, 12 August 2026 to 29 August 2026 and 1 September 2026 to 9 "
        "September 2026, with as many before, 14 July 2026 to 31 July 2026 and 3 August 2026 to "
        "11 August 2026." in text
    )


def test_where_no_day_is_in_both_periods_nothing_is_compared(
    page: Callable[..., str], asked: Sandbox
) -> None:
    leave_out(asked, "costs", days=september(3, 4, 5) | september(6, 7))
    text = text_of(page(start="2026-09-06"))
    assert "No complete day has costs in both periods, so nothing is compared." in text
    assert "Against" not in text
    assert "Largest changes" not in text
    assert "Before" not in text
    assert "Spent a day $7.00 average of 2 days" in text


# ---------------------------------------------------------------- nothing but gaps


def test_where_everything_is_missing_that_is_said_once(
    page: Callable[..., str], terminal: Terminal, asked: Sandbox
) -> None:
    leave_out(asked)
    text = text_of(page())
    assert terminal.err == (
        "openai-usage: the API returned no bucket of costs, completions, embeddings, moderations "
        "and 8 more for 2026-08-12 to 2026-09-10 22:40, so what was billed or used then is "
        "unknown, not zero: compare with the dashboard, and ask OpenAI's support if it stays "
        "missing.\n"
    )
    assert "web search calls and decisions : 2026-08-12 to 2026-09-10 22:40" in text
    assert "Spent unknown 0 of 30 days" in text
    assert "The API returned no costs for these days, so they are unknown." in text
    assert "The API returned no usage for these days, so it is unknown." in text
    assert "othing was" not in text.replace("The API returned nothing was", "")


def test_where_nothing_is_known_to_be_billed_the_rest_stays_unknown(
    page: Callable[..., str], asked: Sandbox
) -> None:
    start = TODAY - 29 * DAY
    days = [
        {"start_time": at, "end_time": at + DAY, "results": []}
        for at in range(start, TODAY + DAY, DAY)
        if at != TODAY - 5 * DAY
    ]

    async def effect(_: web.BaseRequest, __: Answer) -> web.StreamResponse:
        return web.json_response({"data": days, "has_more": False})

    before = {"start_time": start - 29 * DAY, "end_time": start, "results": []}

    async def effect_before(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        if request.query.get("start_time") != str(start - 27 * DAY):
            return await effect(request, answer)
        return web.json_response({"data": [before], "has_more": False})

    asked.faults._add(effect_before, 10_000, 0)
    text = text_of(page())
    assert "Spent unknown nothing in 29 of 30 days, 1 of them in part" in text
    assert "Nothing was billed on the known days." in text
    assert "Some usage could not be read. The rest shows no usage on these days." in text


def test_with_on_gap_raise_the_endpoint_is_missing(
    terminal: Terminal, asked: Sandbox, here: Path
) -> None:
    leave_out(asked, "images", days=september(1))
    terminal("report --start 2026-08-28 --on-gap raise", exit_code=1)
    assert terminal.err == (
        "openai-usage: images could not be read: the API returned no bucket of images for "
        "2026-09-01, so what was used then is unknown, not zero: compare with the dashboard, and "
        "ask OpenAI's support if it stays missing.\n"
    )
    assert "<strong>images</strong>: the API returned" in (here / "report.html").read_text()


# ---------------------------------------------------------------- costs of a day that was begun


def test_costs_of_the_whole_first_day_count_as_such(
    page: Callable[..., str], asked: Sandbox
) -> None:
    leave_out(asked, "costs", days=())
    made = page(exit_code=0, start="2026-09-08T10:00Z")
    text = text_of(made)
    assert (
        "Covers 8 September 2026 10:00 to 10 September 2026 22:40 UTC; costs from 00:00 on" in text
    )
    assert "Spent $21.00 3 days, 1 of them in part" in text
    assert "Spent a day $7.00 average of 2 days" in text
    assert (
        "compared: 2 days, 8 September 2026 to 9 September 2026, with as many before, 6 "
        "September 2026 to" in text
    )
    assert "the figures of 8 September 2026 start at 00:00, although the range begins later" in text
    assert list(rows_of(made, "spend-by-project")) == [
        "In UTC",
        "2026-09-08",
        "2026-09-09",
        "2026-09-10 (in part)",
        "Total",
    ]
    assert "2026-09-08 (in part)" in rows_of(made, "tokens")


def test_a_day_that_was_begun_and_is_not_over_is_compared_with_nothing(
    page: Callable[..., str], asked: Sandbox
) -> None:
    leave_out(asked, "costs", days=())
    text = text_of(page(exit_code=0, start="2026-09-10T10:00Z"))
    assert (
        "Covers 10 September 2026 10:00 to 10 September 2026 22:40 UTC; costs from 00:00 on" in text
    )
    assert "Spent $7.00 part of a day" in text
    assert "No day is complete, so nothing is compared." in text
    assert "Against" not in text


def test_costs_of_a_day_that_are_cut_are_in_part(page: Callable[..., str], asked: Sandbox) -> None:
    start = TODAY - 2 * DAY + 36_000

    async def effect(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        response = await answer()
        if request.path.endswith("costs") and request.query["start_time"] == str(start):
            assert isinstance(response, web.Response)
            response = change_page(
                response,
                lambda page: {
                    **page,
                    "data": [{**page["data"][0], "start_time": start}, *page["data"][1:]],
                },
            )
        return response

    asked.faults._add(effect, 10_000, 0)
    made = page(exit_code=0, start="2026-09-08T10:00Z")
    text = text_of(made)
    assert "costs from 00:00" not in text
    assert "average of 1 day" in text
    assert "are compared: 1 day, 9 September 2026, with as many before, 7 September 2026." in text
    assert "2026-09-08 (in part)" in rows_of(made, "spend-by-project")


# ---------------------------------------------------------------- spend


def spent_so_far(terminal: Terminal, options: str = "", *, exit_code: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        terminal(f"spend --format json {options}", exit_code=exit_code)
    )
    return found


LACKS = "openai-usage: the API returned no bucket of costs for {}, so what was billed then is "


def test_spend_leaves_missing_days_out_of_sums_means_and_comparisons(
    terminal: Terminal, asked: Sandbox
) -> None:
    leave_out(asked, days=september(2, 3) | august(5))
    found = spent_so_far(terminal)
    assert terminal.err.startswith(LACKS.format("2026-08-05 and 2026-09-02 to 2026-09-03"))
    assert terminal.err.count("\n") == 1
    assert found["missing"] == [
        {"start": "2026-08-05T00:00:00Z", "end": "2026-08-06T00:00:00Z"},
        {"start": "2026-09-02T00:00:00Z", "end": "2026-09-04T00:00:00Z"},
    ]
    assert found["unchecked"] is False
    [usd] = found["currencies"]
    assert (usd["this_month"], usd["last_month"]) == ("56", "210")
    # Not the 2nd, 3rd and 5th; the 10th is not over.
    assert usd["compared_days"] == 6
    assert (usd["this_month_compared"], usd["last_month_compared"]) == ("42", "42")
    assert usd["projection"]["per_day"] == "7.00"
    assert usd["projection"]["total"] == "210"  # 30 days at 7.00
    assert "the mean of the last 7 known whole days" in usd["projection"]["method"]
    assert "for each day to come and each unknown day" in usd["projection"]["method"]
    amounts = {day["date"]: day["amount"] for day in usd["days"]}
    assert {day for day, amount in amounts.items() if amount is None} == september(2, 3) | august(5)


def test_the_tables_of_spend_mark_missing_days(terminal: Terminal, asked: Sandbox) -> None:
    leave_out(asked, days=september(2, 3) | august(5))
    shown = terminal("spend --details", exit_code=1)
    assert (
        "Nothing is known of Aug 5 and Sep 2\N{EN DASH}3: what was billed then is unknown" in shown
    )
    assert f"Sep 1, 4{DASH}10, so far" in shown
    days = f"1, 4, 6{DASH}9"
    assert re.search(
        rf"^Sep {days} +42\.00 usd +0\.0% on Aug {days}: 42\.00 usd$", shown, re.MULTILINE
    )
    # August is not whole, and nothing to compare a month with.
    assert re.search(r"^September, projected +210\.00 usd$", shown, re.MULTILINE)
    assert re.search(r"^Sep █\?\?█{7}$", shown, re.MULTILINE)
    assert re.search(r"^Aug █{4}\?█{26}$", shown, re.MULTILINE)
    assert re.search(r"Sep  2 Wed +unknown  ", shown)
    assert len(re.findall(r" (?:Aug|Sep) [ \d]\d \w{3} +unknown", shown)) == 3


def test_where_last_month_is_whole_the_projection_is_held_against_it(
    terminal: Terminal, asked: Sandbox
) -> None:
    leave_out(asked, days=september(2))
    assert re.search(
        r"September, projected +210.00 usd +-3\.\d% on August",
        terminal("spend --details", exit_code=1),
    )


def test_where_no_day_is_known_in_both_months_nothing_is_compared(
    terminal: Terminal, asked: Sandbox
) -> None:
    leave_out(asked, days=september(*range(1, 5)) | august(*range(5, 10)))
    shown = terminal("spend --details", exit_code=1)
    assert "September has no complete day that is known in both months to compare yet" in shown


def test_a_projection_goes_by_what_is_known() -> None:
    start = int(datetime(2026, 9, 1, tzinfo=UTC).timestamp())

    def bill(*amounts: int | None) -> Any:
        gaps = [
            Window(start + n * DAY, start + n * DAY + DAY)
            for n, amount in enumerate(amounts)
            if amount is None
        ]
        buckets = [
            _bucket(start + n * DAY, amount)
            for n, amount in enumerate(amounts)
            if amount is not None
        ]
        [found] = spending(
            buckets, today=date(2026, 9, 1) + timedelta(days=len(amounts) - 1), gaps=gaps
        )
        return found.projection

    # 9 and 3 are known, then 2 today; 26 days to come and one that is missing at 6 each.
    projection = bill(9, None, 3, 2)
    assert (projection.days, projection.per_day, projection.total) == (2, 6, 14 + 4 + 27 * 6)
    assert "the amount of the last known whole day" in bill(None, 3, 2).method
    assert "no known whole day is over yet" in bill(None, 2).method
    # Seven days that are known may lie further back.
    assert bill(7, 7, 7, 7, None, None, 7, 7, 7, 0).days == 7


def _bucket(start: int, amount: int) -> Bucket[CostsResult]:
    result = CostsResult(amount=Amount(value=Decimal(amount), currency="usd"))
    return Bucket(start_time=start, end_time=start + DAY, results=(result,))


# ---------------------------------------------------------------- a budget that is checked


def nothing(sandbox: Sandbox) -> None:
    sandbox.faults.status(200, body='{"data":[],"has_more":false}')


def not_json(sandbox: Sandbox) -> None:
    sandbox.faults.status(200, body="<html>")


def refused(sandbox: Sandbox) -> None:
    sandbox.faults.status(403)


CANNOT_BE_CHECKED: dict[str, tuple[Callable[[Sandbox], None], str, str]] = {
    "answers without buckets": (
        lambda sandbox: serve_buckets(sandbox, lambda _: []),
        "",
        "the API returned no bucket of costs for 2026-08-01 to 2026-09-10 22:40, so what was ",
    ),
    "this month is missing": (
        lambda sandbox: leave_out(sandbox, days=september(*range(1, 11))),
        "",
        "the API returned no bucket of costs for 2026-09-01 to 2026-09-10 22:40, so what was ",
    ),
    "a day of this month is missing": (
        lambda sandbox: leave_out(sandbox, days=september(1)),
        "",
        "the API returned no bucket of costs for 2026-09-01, so what was billed then is unknown",
    ),
    "a gap is an error": (
        lambda sandbox: leave_out(sandbox, days=september(1)),
        "--on-gap raise",
        "the API returned no bucket of costs for 2026-09-01, so what was billed then is unknown",
    ),
    "an answer that cannot be read": (not_json, "", ""),
    "a refusal": (refused, "", "the API answered 403"),
}


@pytest.mark.parametrize(
    ("spoil", "options", "says"), CANNOT_BE_CHECKED.values(), ids=CANNOT_BE_CHECKED
)
def test_a_check_that_cannot_know_does_not_say_yes(
    spoil: Callable[[Sandbox], None], options: str, says: str, terminal: Terminal, asked: Sandbox
) -> None:
    spoil(asked)
    found = spent_so_far(terminal, f"--budget 1000 --check {options}", exit_code=5)
    assert terminal.err.startswith(f"openai-usage: the budget cannot be checked: {says}")
    assert terminal.err.count("\n") == 1
    assert found["missing"]
    assert f"the budget cannot be checked: {found['unchecked_reason']}" in terminal.err
    for each in found["currencies"]:
        assert each["budget"] == {"amount": "1000", "is_over": None, "is_projected_over": None}


def test_the_table_of_a_budget_that_cannot_be_checked(terminal: Terminal, asked: Sandbox) -> None:
    leave_out(asked, days=september(1))
    shown = terminal("spend --details --budget 1000 --check", exit_code=5)
    assert "Not known to be within the budget of 1,000.00 usd: 63.00 usd so far (6%)" in shown
    terminal("spend --details --budget 1000", exit_code=1)
    assert terminal.err.startswith(LACKS.format("2026-09-01"))


def test_what_is_over_the_budget_is_so_with_missing_days(
    terminal: Terminal, asked: Sandbox
) -> None:
    leave_out(asked, days=september(1))
    found = spent_so_far(terminal, "--budget 62.99 --check", exit_code=3)
    assert found["unchecked"] is False
    assert found["currencies"][0]["budget"]["is_over"] is True
    assert [line[:40] for line in terminal.err.splitlines()] == [
        LACKS.format("2026-09-01")[:40],
        "openai-usage: over the budget of 62.99 u",
    ]


@pytest.mark.parametrize(("budget", "exit_code"), [("1000", 0), ("100", 4), ("60", 3)])
def test_a_gap_that_a_check_does_not_rest_on_is_said(
    budget: str, exit_code: int, terminal: Terminal, asked: Sandbox
) -> None:
    leave_out(asked, days=august(5))
    terminal(f"spend --details --budget {budget} --check", exit_code=exit_code)
    assert LACKS.format("2026-08-05") in terminal.err
    leave_out(asked, days=august(5))
    terminal(f"spend --details --budget {budget}", exit_code=1)


def test_a_projection_can_rest_on_days_of_last_month(
    terminal: Terminal, asked: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 9, 3, 12, tzinfo=UTC).timestamp()
    monkeypatch.setattr("time.time", lambda: now)
    leave_out(asked, days=august(26))
    terminal("spend --details --budget 1000 --check", exit_code=0)
    asked.faults.clear()
    leave_out(asked, days=august(27))
    terminal("spend --details --budget 1000 --check", exit_code=5)


def test_a_month_without_any_bucket_cannot_be_checked(
    terminal: Terminal, asked: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Twenty minutes into the month, a bucket may be late: that is not a gap, but no answer either.
    now = datetime(2026, 9, 1, 0, 20, tzinfo=UTC).timestamp()
    monkeypatch.setattr("time.time", lambda: now)
    leave_out(asked, days=september(1))
    terminal("spend --details", exit_code=0)
    terminal("spend --details --budget 1000 --check", exit_code=5)
    assert "no bucket of costs for 2026-09-01 00:00 to 00:20, so" in terminal.err
    assert "is unknown" in terminal.err


def test_a_bill_in_another_currency_with_missing_days_cannot_be_checked(
    terminal: Terminal, asked: Sandbox
) -> None:
    leave_out(asked, days=september(1))
    terminal("spend --details --budget 1000 --currency eur --check", exit_code=5)
    assert "63.00 usd so far are not compared with the budget, which is in eur.\n" in terminal.err


# ---------------------------------------------------------------- the commands of endpoints


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv", "parquet -o costs.parquet"])
def test_an_answer_without_a_bucket_is_one_sentence_in_every_format(
    form: str, terminal: Terminal, asked: Sandbox, here: Path
) -> None:
    nothing(asked)
    terminal(f"costs --start 2026-08-12 --format {form}")
    assert terminal.err == (
        "openai-usage: the API returned no bucket of costs for 2026-08-12 to 2026-09-10 22:40, so "
        "what was billed then is unknown, not zero: compare with the dashboard, and ask OpenAI's "
        "support if it stays missing.\n"
    )


def test_with_on_gap_raise_a_command_ends_with_dates(terminal: Terminal, asked: Sandbox) -> None:
    leave_out(asked, days=september(3))
    terminal("costs --last 30d --on-gap raise --format csv", exit_code=1)
    assert terminal.err.startswith(LACKS.format("2026-09-03"))
    assert (
        "Continue with --start 2026-09" not in terminal.err
    )  # the page with the gap was not written
    assert not re.search("[0-9]{9}", terminal.err)


SO_FAR = "2026-09-10 is not over yet: its figures are those so far"


def title(shown: str) -> str:
    return " ".join(" ".join(shown.partition("\n\n")[0].split()).split())


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("costs --last 30d", f"Costs, 2026-08-11 to 2026-09-10 22:40 UTC, in usd {SO_FAR}"),
        (
            "costs --start 2026-09-01 --end 2026-09-08",
            "Costs, 2026-09-01 to 2026-09-07 UTC, in usd",
        ),
        (
            "costs --last 36h",
            (
                "Costs, 2026-09-09 to 2026-09-10 22:40 UTC, in usd "
                f"from midnight on: the API returns whole days {SO_FAR}"
            ),
        ),
        (
            "images --last 36h --group-by project_id model",
            ("Images by project and model, 2026-09-09 10:00 to 2026-09-10 22:40 UTC " + SO_FAR),
        ),
        (
            "costs --start 2026-09-01 --end 2027-01-01",
            f"Costs, 2026-09-01 to 2026-09-10 22:40 UTC, in usd {SO_FAR}",
        ),
    ],
)
def test_a_table_says_which_range_it_covers(
    command: str, said: str, terminal: Terminal, asked: Sandbox
) -> None:
    assert title(terminal(command)) == said


def test_a_table_from_a_cursor_covers_what_comes_from_there(
    terminal: Terminal, asked: Sandbox
) -> None:
    start = TODAY - 3 * DAY
    bucket = {"start_time": start, "end_time": start + DAY, "results": []}
    asked.faults.status(200, body=json.dumps({"data": [bucket], "has_more": False}))
    shown = terminal("costs --start 2026-09-01 --end 2026-09-08 --page page_abc")
    assert title(shown) == "Costs, 2026-09-07 UTC"


def test_a_table_says_what_is_missing_in_it(terminal: Terminal, asked: Sandbox) -> None:
    leave_out(asked, days=september(2, 3, 5))
    shown = terminal("costs --start 2026-09-01 --end 2026-09-08")
    assert title(shown) == (
        "Costs, 2026-09-01 to 2026-09-07 UTC, in usd "
        "no data for 2026-09-02 to 2026-09-03 and 2026-09-05"
    )
    assert re.search(r"total +28\.00 usd", shown)
    assert terminal.err.startswith(LACKS.format("2026-09-02 to 2026-09-03 and 2026-09-05"))
    assert terminal.err.count("\n") == 1
