"""Notebooks show short tables: of queries, plans and whatever else is a table of text."""

from datetime import date
from decimal import Decimal

import pytest

from openai_usage import (
    Amount,
    AsyncUsageClient,
    Bucket,
    CostsResult,
    Plan,
    UsageClient,
    Window,
)
from openai_usage._html import html_table
from openai_usage.analysis import spending, totals
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY


def test_a_table_has_a_title_columns_rows_and_a_note() -> None:
    assert html_table("Costs", ["a", "b"], [["1", "2"], ["3", "4"]], note="That is all.") == (
        '<div class="tex2jax_ignore mathjax_ignore"><p>Costs</p>'
        "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>"
        "<tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></tbody></table>"
        "<p>That is all.</p></div>"
    )


@pytest.mark.parametrize(
    ("rows", "total", "line"),
    [(20, None, ""), (21, None, "<p>… and 1 more</p>"), (20, 1_254, "<p>… and 1,234 more</p>")],
)
def test_it_has_twenty_rows_at_most(rows: int, total: int | None, line: str) -> None:
    html = html_table("", ["n"], [[str(n)] for n in range(rows)], total=total)
    assert html.count("<td>") == 20
    assert html.endswith(f"</table>{line}</div>")


def test_text_is_escaped_and_cells_are_short() -> None:
    html = html_table("<b>", ["<i>"], [["&" + "x" * 1_000], ["a\n\x1bb"]], note="'")
    assert len(html) < 400
    for part in (
        "<p>&lt;b&gt;</p>",
        "<th>&lt;i&gt;</th>",
        "<td>&amp;x",
        "x…</td>",
        "<p>&#x27;</p>",
    ):
        assert part in html
    assert "\x1b" not in html


# ----------------------------------------------------------------- queries and plans


async def test_a_query_says_what_it_asks_and_sends_nothing(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    costs = client.costs(
        start_time=TODAY - 90 * DAY,
        end_time=TODAY - 3600,
        group_by=["line_item"],
        project_ids=["<b>"],
    )
    assert costs._repr_html_() == html_table(
        "costs: GET organization/costs",
        ["parameter", "value"],
        [
            ("start_time", "2026-06-12"),
            ("end_time", "2026-09-09 23:00"),
            ("project_ids[]", "<b>"),
            ("bucket_width", "1d"),
            ("group_by[]", "line_item"),
        ],
        note="Nothing is sent before it is read. To iterate it takes 1 request.",
    )
    assert "takes 3 requests" in costs.concurrently(2)._repr_html_()
    assert sandbox.requests == []


def test_it_never_shows_the_key() -> None:
    key = "sk-admin-" + 40 * "0"
    with UsageClient(key) as client:
        costs = client.costs(start_time=0, page="abc")
        other = "sk-admin-" + 40 * "1"
        object.__setattr__(costs.query, "page", f"{key} {other}")
        html = costs._repr_html_()
    assert "0000" not in html
    assert "1111" not in html
    assert "an API key" in html


def test_a_plan_is_short() -> None:
    windows = tuple(Window(day * DAY, (day + 1) * DAY) for day in range(10_000))
    plan = Plan(windows=windows, requests=5_000)
    assert repr(plan) == "Plan(5,000 requests, 10,000 windows, 1970-01-01 … 1997-05-19)"
    html = plan._repr_html_()
    assert "<p>5,000 requests, 10,000 windows, 1970-01-01 … 1997-05-19</p>" in html
    assert "<tr><td>1970-01-01</td><td>1970-01-02</td></tr>" in html
    assert html.endswith("<p>… and 9,980 more</p></div>")
    assert repr(Plan(windows=(), requests=0)) == "Plan(0 requests, 0 windows)"


def test_sums_and_spending_are_short_tables() -> None:
    bill = [
        Bucket(
            start_time=TODAY - DAY,
            end_time=TODAY,
            results=tuple(
                CostsResult(amount=Amount(value=Decimal(value), currency="usd"), line_item=item)
                for value, item in (("1.50", "gpt-4.1, input"), ("2.25", None))
            ),
        )
    ]
    html = totals(bill, by=["line_item"])._repr_html_()
    assert "Totals by line_item" in html
    assert "2.25 usd" in html
    assert "gpt-4.1, input" in html
    assert "Totals by everything" in totals(bill)._repr_html_()
    [found] = spending(bill, today=date(2026, 9, 10))
    assert "3.75 usd" in found._repr_html_()
    assert "September 2026 so far" in found._repr_html_()
