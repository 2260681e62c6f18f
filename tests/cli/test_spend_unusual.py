"""`openai-usage spend --unusual`: days that differ from the same weekdays before."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from openai_usage.sandbox import Sandbox
from tests.conftest import DAY
from tests.support.served_buckets import serve_buckets
from tests.support.terminal import Terminal

pytestmark = pytest.mark.real_clock

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)


@pytest.fixture
def billed(usage_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Bills a hundred days of 10 dollars, except for the days that are given."""
    monkeypatch.setenv("OPENAI_ADMIN_KEY", usage_sandbox.admin_api_key)
    monkeypatch.setenv("OPENAI_BASE_URL", usage_sandbox.base_url)
    monkeypatch.setattr("time.time", lambda: NOW.timestamp() + 0.5)

    def bill(amounts: Mapping[date, str], *, without: frozenset[date] = frozenset()) -> None:
        first = date(2025, 12, 20)
        days = [first + timedelta(days=n) for n in range((NOW.date() - first).days + 1)]
        data = [
            {
                "start_time": (day - date(1970, 1, 1)).days * DAY,
                "end_time": (day - date(1970, 1, 1)).days * DAY + DAY,
                "results": [
                    {
                        "amount": {"value": amounts.get(day, "10"), "currency": "usd"},
                        "project_id": "proj_a",
                        "project_name": "Research",
                        "line_item": "gpt-5, input",
                    }
                ],
            }
            for day in days
            if day not in without
        ]
        serve_buckets(usage_sandbox, lambda _: data)

    return bill


def test_unusual_days_are_named_with_what_is_usual(terminal: Terminal, billed: Any) -> None:
    billed({date(2026, 4, 3): "95", date(2026, 4, 1): "80", date(2026, 3, 3): "500"})
    shown = terminal("spend --unusual --by project").splitlines()
    assert [line for line in shown if line.startswith("Unusual")] == [
        (
            "Unusual: 3 April: 95.00 usd, 9.5 times the usual 10.00 usd of a Friday (median of 8 "
            "Fridays before; high confidence)."
        ),
        (
            "Unusual: 3 April, project Research: 95.00 usd, 9.5 times the usual 10.00 usd of a "
            "Friday (median of 8 Fridays before; high confidence)."
        ),
        "Unusual: 2 more days.",
    ]
    found = json.loads(terminal("spend --unusual --by project --format json"))["unusual"]
    assert [(day["date"], day.get("project_id"), day["amount"]) for day in found] == [
        ("2026-04-03", None, "95"),
        ("2026-04-03", "proj_a", "95"),
        ("2026-04-01", None, "80"),
        ("2026-04-01", "proj_a", "80"),
    ]
    march = terminal("spend --unusual --by project --month 2026-03")
    assert "Unusual: 3 March: 500.00 usd, 50.0 times the usual 10.00 usd of a Tuesday" in march
    assert "unusual" not in json.loads(terminal("spend --format json"))
    assert "nusual" not in terminal("spend")


def test_a_check_reports_the_last_two_days(terminal: Terminal, billed: Any) -> None:
    billed({date(2026, 4, 8): "95"})
    terminal("spend --unusual --budget 5000 --check --by project", exit_code=6)
    assert terminal.err == (
        "openai-usage: unusual: 8 April: 95.00 usd, 9.5 times the usual 10.00 usd of a "
        "Wednesday (median of 8 Wednesdays before; high confidence).\n"
        "openai-usage: unusual: 8 April, project Research: 95.00 usd, 9.5 times the usual 10.00 "
        "usd of a Wednesday (median of 8 Wednesdays before; high confidence).\n"
    )
    terminal("spend --unusual --budget 5000 --by project")
    assert terminal.err == ""
    # What is worse counts.
    terminal("spend --unusual --budget 50 --check --by project", exit_code=3)
    billed({date(2026, 4, 7): "95"})
    shown = terminal("spend --unusual --budget 5000 --check --by project")
    assert "Unusual: 7 April" in shown
    billed({})
    shown = terminal("spend --unusual --budget 5000 --check")
    assert "No day of the month is unusual for its weekday." in shown


def test_days_missing_in_the_weeks_before_only_shorten_the_comparison(
    terminal: Terminal, billed: Any, usage_sandbox: Sandbox
) -> None:
    billed({date(2026, 4, 3): "95"}, without=frozenset({date(2026, 2, 13)}))
    usage_sandbox.requests.clear()
    assert "(median of 7 Fridays before; medium confidence)" in terminal("spend --unusual")
    assert terminal.err == ""
    assert len(usage_sandbox.requests) <= 4


def test_the_last_day_of_a_month_is_reported_on_the_first(
    terminal: Terminal, billed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    billed({date(2026, 3, 31): "95"}, without=frozenset(date(2026, 4, n) for n in range(2, 11)))
    first = datetime(2026, 4, 1, 12, tzinfo=UTC)
    monkeypatch.setattr("time.time", first.timestamp)
    shown = terminal("spend --unusual --budget 5000 --check --by project", exit_code=6)
    assert "Unusual: 31 March: 95.00 usd, 9.5 times the usual" in shown
    assert "(median of 8 Tuesdays before; high confidence)" in terminal.err


def test_an_unusual_day_in_another_currency_is_named(
    terminal: Terminal, usage_sandbox: Sandbox, billed: Any
) -> None:
    billed({})
    first = date(2025, 12, 20)
    data = [
        {
            "start_time": (day - date(1970, 1, 1)).days * DAY,
            "end_time": (day - date(1970, 1, 1)).days * DAY + DAY,
            "results": [
                {"amount": {"value": "10", "currency": "usd"}, "line_item": "gpt-5, input"},
                {"amount": {"value": "10", "currency": "usd"}, "line_item": "gpt-5, output"},
                {"amount": {"value": "90" if day == date(2026, 4, 8) else "8", "currency": "eur"}},
            ],
        }
        for day in (first + timedelta(days=n) for n in range((NOW.date() - first).days + 1))
    ]
    serve_buckets(usage_sandbox, lambda _: data)
    shown = terminal("spend --unusual --by model")
    assert "Unusual: 8 April: 90.00 eur" in shown
    assert "No day of the month" not in shown


def test_unusual_days_can_be_checked_without_a_budget(
    terminal: Terminal, billed: Any, usage_sandbox: Sandbox
) -> None:
    billed({})
    terminal("spend --unusual --check")
    billed({date(2026, 4, 9): "95"})
    terminal("spend --unusual --check --by project", exit_code=6)
    # What is not known is not usual.
    billed({}, without=frozenset({date(2026, 4, 8)}))
    terminal("spend --unusual --check", exit_code=5)
    assert "unknown, not zero" in terminal.err
    usage_sandbox.faults.clear()
    usage_sandbox.scopes.discard("api.usage.read")
    terminal("spend --unusual --check", exit_code=5)
