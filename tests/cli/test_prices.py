"""`openai-usage prices`: what a unit cost, and how that changed."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW, TODAY
from tests.support.served_buckets import serve_buckets
from tests.support.terminal import Terminal
from tests.support.written_rows import written_rows

pytestmark = pytest.mark.real_clock


@pytest.fixture
def billed(usage_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """Twenty days: the price of input goes down on the tenth, and output is new then."""
    monkeypatch.setenv("OPENAI_ADMIN_KEY", usage_sandbox.admin_api_key)
    monkeypatch.setenv("OPENAI_BASE_URL", usage_sandbox.base_url)
    monkeypatch.setattr("time.time", lambda: NOW + 0.5)

    def result(item: str, amount: str, tokens: int | None, currency: str = "usd") -> dict[str, Any]:
        return {
            "line_item": item,
            "amount": {"value": amount, "currency": currency},
            "quantity": tokens,
            "quantity_unit": tokens and "tokens",
            "project_id": "proj_a",
            "project_name": "Research",
        }

    early = [result("gpt-5, input", "2", 1_000_000)]
    late = [
        result("gpt-5, input", "3", 2_000_000),
        result("gpt-5, output", "0.0125", 1000),
        result("Service credit", "-1", None),
    ]
    data = [
        {
            "start_time": TODAY - (20 - n) * DAY,
            "end_time": TODAY - (19 - n) * DAY,
            "results": early if n < 10 else late,
        }
        for n in range(20)
    ]
    serve_buckets(usage_sandbox, lambda _: data)
    return usage_sandbox


def test_prices_are_per_unit_and_compared_with_as_many_days_before(
    terminal: Terminal, billed: Sandbox
) -> None:
    shown = terminal("prices --start 2026-08-31 --end 2026-09-10")
    assert shown.startswith(
        "Prices, 2026-08-31 to 2026-09-09 UTC, in usd, change on 2026-08-21 to 2026-08-30\n"
    )
    lines = [line.split() for line in shown.splitlines()[4:]]
    assert lines[:3] == [
        ["gpt-5", "input", "30.00", "20.0M", "1.50", "1M", "tokens", "-25%"],
        ["gpt-5", "output", "0.12", "10,000", "12.50", "1M", "tokens", "new"],
        ["Service", "credit", "Service", "credit", "-10.00"],
    ]
    assert len(billed.requests) == 2
    by_project = terminal("prices --start 2026-08-31 --end 2026-09-10 --by project")
    assert re.search(
        r"^ Research +30\.1[23] +20\.0M +1\.51 +1M tokens +-25%", by_project, re.MULTILINE
    )


def test_whole_months_are_compared_with_whole_months(terminal: Terminal, billed: Sandbox) -> None:
    title, *_ = terminal("prices --month 2026-08 --sandbox").splitlines()
    assert title == (
        "Prices, 2026-08-01 to 2026-08-31 UTC, in usd, change on 2026-07-01 to 2026-07-31"
    )


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_rows_have_every_digit(
    form: str, terminal: Terminal, billed: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / f"prices.{form}"
    terminal(f"prices --start 2026-08-31 --end 2026-09-10 --by project kind -o {path}")
    rows = written_rows(path)
    assert list(rows[0])[:5] == ["project_id", "project_name", "kind", "per", "price"]
    assert [row["project_name"] for row in rows] == ["Research"] * 3
    assert [row["price"] and Decimal(row["price"]) for row in rows[:2]] == [
        Decimal("1.5"),
        Decimal("12.5"),
    ]
    assert not rows[2]["price"]
    first = {name: Decimal(rows[0][name]) for name in ("price_effect", "volume_effect")}
    assert first == {"price_effect": -10, "volume_effect": 20}
    assert sum(Decimal(row["amount"]) for row in rows) == Decimal("20.125")


def test_two_currencies_are_named_in_each_line(terminal: Terminal, billed: Sandbox) -> None:
    results = [
        {"line_item": item, "amount": {"value": "1", "currency": currency}}
        for item, currency in (("gpt-5, input", "usd"), ("gpt-5, input", "eur"))
    ]
    data = [{"start_time": TODAY - DAY, "end_time": TODAY, "results": results}]
    serve_buckets(billed, lambda _: data)
    shown = terminal("prices --yesterday", exit_code=1)
    assert "in eur and usd" in shown
    assert re.search(r"^ gpt-5 +input +1\.00 eur$", shown, re.MULTILINE)
    assert "no bucket of costs for 2026-09-08" in terminal.err


def test_nothing_has_no_prices(terminal: Terminal, billed: Sandbox) -> None:
    data = [
        {"start_time": TODAY + n * DAY, "end_time": TODAY + n * DAY + DAY, "results": []}
        for n in (-2, -1)
    ]
    serve_buckets(billed, lambda _: data)
    shown = terminal("prices --yesterday")
    assert shown.startswith("Prices, 2026-09-09 UTC, change on 2026-09-08\n")


def test_audio_is_in_the_minutes_that_its_price_is_for(terminal: Terminal, billed: Sandbox) -> None:
    result = {
        "line_item": "whisper-1, duration",
        "amount": {"value": "0.601", "currency": "usd"},
        "quantity": 6010,
        "quantity_unit": "duration_seconds",
    }
    data = [
        {"start_time": TODAY + n * DAY, "end_time": TODAY + n * DAY + DAY, "results": [result]}
        for n in (-2, -1)
    ]
    serve_buckets(billed, lambda _: data)
    shown = terminal("prices --yesterday")
    assert re.search(
        r"^ whisper-1 +duration +0\.60 +100\.2 +0\.00600 +minute +0%", shown, re.MULTILINE
    )


def test_a_price_that_was_zero_is_not_new(terminal: Terminal, billed: Sandbox) -> None:
    def result(amount: str) -> dict[str, Any]:
        return {
            "line_item": "gpt-5, input",
            "amount": {"value": amount, "currency": "usd"},
            "quantity": 1_000_000,
            "quantity_unit": "tokens",
            "project_id": "proj_old",
            "project_name": "Gone",
        }

    data = [
        {
            "start_time": TODAY - (20 - n) * DAY,
            "end_time": TODAY - (19 - n) * DAY,
            "results": [result("0" if n < 10 else "2")],
        }
        for n in range(20)
    ]
    serve_buckets(billed, lambda _: data)
    shown = terminal("prices --start 2026-08-31 --end 2026-09-10")
    assert "2.00" in shown
    assert "new" not in shown
    # A project without costs in the range has its name, too.
    data[10:] = [{**each, "results": []} for each in data[10:]]
    assert "Gone" in terminal("prices --by project --start 2026-08-31 --end 2026-09-10")
