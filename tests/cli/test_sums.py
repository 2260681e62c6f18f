"""Sums on the command line: by model and month, the largest, in an order, in every format."""

import json
import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW
from tests.support.served_buckets import serve_buckets
from tests.support.terminal import Terminal
from tests.support.written_rows import written_rows

pytestmark = pytest.mark.real_clock

RANGE = "--start 2026-08-30 --end 2026-09-03 --sandbox"


@pytest.fixture(autouse=True)
def fixed_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOW + 0.5)


def rows_of(terminal: Terminal, command: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(terminal(f"{command} --format json"))
    return found


def test_costs_by_month_and_model_are_the_bill(terminal: Terminal) -> None:
    items = rows_of(terminal, f"costs --group-by line_item {RANGE}")
    by_hand: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in items:
        label = row["model"] or row["line_item"]
        by_hand[row["start"][:7], label] += Decimal(row["amount"])
    found = rows_of(terminal, f"costs --group-by month model {RANGE}")
    assert list(found[0]) == ["month", "model", "amount", "currency"]
    assert {(row["month"], row["model"]): Decimal(row["amount"]) for row in found} == by_hand
    assert [row["month"] for row in found] == sorted(row["month"] for row in found)
    bill = sum(Decimal(row["amount"]) for row in items)
    for by in ("product", "kind", "model,day", "week", "project_id kind"):
        rows = rows_of(terminal, f"costs --group-by {by} {RANGE}")
        assert sum(Decimal(row["amount"]) for row in rows) == bill


def test_without_a_period_a_row_is_a_bucket_unless_the_total_is_wanted(terminal: Terminal) -> None:
    daily = rows_of(terminal, f"costs --group-by model {RANGE}")
    assert list(daily[0]) == ["start", "end", "model", "amount", "currency"]
    assert {(row["start"], row["end"]) for row in daily} == {
        (f"{start}T00:00:00Z", f"{end}T00:00:00Z")
        for start, end in (
            ("2026-08-30", "2026-08-31"),
            ("2026-08-31", "2026-09-01"),
            ("2026-09-01", "2026-09-02"),
            ("2026-09-02", "2026-09-03"),
        )
    }
    total = rows_of(terminal, f"costs --group-by model --total {RANGE}")
    assert list(total[0]) == ["start", "end", "model", "amount", "currency"]
    assert {(row["start"], row["end"]) for row in total} == {
        ("2026-08-30T00:00:00Z", "2026-09-03T00:00:00Z")
    }
    assert len({row["model"] for row in total}) == len(total) < len(daily)
    [everything] = rows_of(terminal, f"completions --total {RANGE}")
    assert list(everything) == [
        "start",
        "end",
        "num_model_requests",
        "input_tokens",
        "output_tokens",
    ]


def test_hours_need_no_bucket_width(terminal: Terminal) -> None:
    found = rows_of(
        terminal, "completions --group-by hour --start 2026-09-01 --end 2026-09-02 --sandbox"
    )
    assert [row["hour"] for row in found] == [f"2026-09-01T{hour:02}:00Z" for hour in range(24)]
    minutes = "--start 2026-09-01 --end 2026-09-01T02:00Z --bucket-width 1m --sandbox"
    assert len(rows_of(terminal, f"completions --group-by hour {minutes}")) == 2
    terminal("completions --group-by hour --bucket-width 1d --sandbox", exit_code=2)
    assert (
        terminal.err
        == "openai-usage: --group-by hour needs shorter buckets. Leave out --bucket-width.\n"
    )
    terminal("costs --group-by hour --sandbox", exit_code=2)
    assert "--group-by takes project_id, " in terminal.err


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_every_format_has_these_rows(form: str, terminal: Terminal, tmp_path: Path) -> None:
    command = f"costs --group-by project_id kind --top 2 --names {RANGE}"
    expected = rows_of(terminal, command)
    path = tmp_path / f"costs.{form}"
    terminal(f"{command} -o {path}")
    rows = written_rows(path)
    if form == "parquet":
        assert str(rows[0]["start"]) == "2026-08-30 00:00:00+00:00"
    assert list(rows[0]) == [
        "start",
        "end",
        "project_id",
        "project_name",
        "kind",
        "amount",
        "currency",
    ]
    assert [Decimal(row["amount"]) for row in rows] == [Decimal(row["amount"]) for row in expected]
    assert [row["project_name"] or None for row in rows] == [
        row["project_name"] for row in expected
    ]


def test_the_rest_is_one_line_at_the_end(terminal: Terminal) -> None:
    models = {row["model"] for row in rows_of(terminal, f"completions --group-by model {RANGE}")}
    found = rows_of(terminal, f"completions --group-by model --total --top 3 {RANGE}")
    assert [row["model"] for row in found][3:] == [f"{len(models) - 3} more"]
    shown = terminal(f"completions --group-by model project_id --top 3 --names {RANGE}")
    [rest] = [line for line in shown.splitlines() if " more " in line]
    assert re.match(r" \d+ more +[0-9,.KM]+ ", rest), "its project is left blank"
    terminal("completions --group-by model --top 0 --sandbox", exit_code=2)
    assert terminal.err == "openai-usage: --top takes a positive number, not 0.\n"


def test_rows_can_be_in_any_order(terminal: Terminal) -> None:
    command = f"completions --group-by model --total {RANGE}"
    for column in ("num_model_requests", "output_tokens"):
        figures = [row[column] for row in rows_of(terminal, f"{command} --sort {column}")]
        assert figures == sorted(figures, reverse=True)
    names = [row["model"] for row in rows_of(terminal, f"{command} --sort model")]
    assert names == sorted(names)
    by_day = rows_of(terminal, f"completions --group-by model --sort start {RANGE}")
    assert [row["start"] for row in by_day] == sorted(row["start"] for row in by_day)
    terminal(f"{command} --sort modle", exit_code=2)
    assert "Did you mean 'model'?" in terminal.err


def test_days_without_usage_can_be_rows(
    terminal: Terminal, usage_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", usage_sandbox.admin_api_key)
    monkeypatch.setenv("OPENAI_BASE_URL", usage_sandbox.base_url)
    first = 1_788_134_400  # 2026-08-31
    result = {"amount": {"value": "2", "currency": "usd"}, "line_item": "gpt-5, input"}
    data = [
        {"start_time": start, "end_time": start + DAY, "results": results}
        for start, results in ((first, []), (first + DAY, [result]))
    ]
    serve_buckets(usage_sandbox, lambda _: data)
    command = "costs --start 2026-08-31 --end 2026-09-02 --group-by line_item"
    assert [row["start"][:10] for row in rows_of(terminal, command)] == ["2026-09-01"]
    rows = rows_of(terminal, f"{command} --days-without-usage")
    assert [(row["start"][:10], row["amount"], row["line_item"]) for row in rows] == [
        ("2026-08-31", "0", None),
        ("2026-09-01", "2", "gpt-5, input"),
    ]
    shown = terminal("costs --start 2026-08-31 --end 2026-09-02 --days-without-usage")
    assert re.search(r"^ 2026-08-31 +0\.00 usd", shown, re.MULTILINE)
    by_day = rows_of(terminal, f"{command} day --days-without-usage")
    assert [row["day"] for row in by_day] == ["2026-08-31", "2026-09-01"]


def test_a_period_that_the_range_cuts_is_marked(terminal: Terminal) -> None:
    def shown(period: str, start: str, end: str) -> list[str]:
        table = terminal(f"costs --group-by {period} --start {start} --end {end} --sandbox")
        return re.findall(r"^ (2026-\S+(?: \(.*?\))?) ", table, re.MULTILINE)

    assert shown("month", "2026-07-30", "2026-09-01") == ["2026-07 (in part)", "2026-08"]
    assert shown("month", "2026-07-01", "2026-08-02") == ["2026-07", "2026-08 (in part)"]
    assert shown("day", "2026-08-01", "2026-08-02") == ["2026-08-01"]


def test_what_is_not_over_is_marked_and_in_no_trend(terminal: Terminal) -> None:
    shown = terminal("costs --last 2d --sandbox")
    assert "2026-09-10 is not over yet: its figures are those so far" in shown
    assert re.search(r"^ 2026-09-10 \(so far\) +[0-9.]+ usd", shown, re.MULTILINE)
    assert "(so far)" not in terminal("costs --last 2d --sandbox").split("2026-09-09", 2)[1][:20]
    assert re.search(
        r"^ 2026-09 \(so far\) ", terminal("costs --group-by month --sandbox"), re.MULTILINE
    )
    by_model = terminal("costs --last 2d --group-by model --sandbox")
    trends = re.findall("[▁-█]{2,}$", by_model, re.MULTILINE)
    assert trends
    assert all(len(trend) == 2 for trend in trends), "the two days that are over"
    over = terminal("costs --yesterday --sandbox")
    assert "so far" not in over


def test_hours_have_a_time_at_midnight_too(terminal: Terminal) -> None:
    command = "completions --start 2026-09-01 --end 2026-09-01T02:00Z --sandbox"
    shown = terminal(f"{command} --bucket-width 1h")
    assert re.findall(r"^ (2026-\S+ \S+) ", shown, re.MULTILINE) == [
        "2026-09-01 00:00",
        "2026-09-01 01:00",
    ]
    assert "2026-09-01 00:00 " in terminal(f"{command} --group-by hour")


def test_names_stand_in_place_of_ids(terminal: Terminal) -> None:
    command = f"costs --group-by project_id {RANGE}"
    assert "proj_" in terminal(command)
    named = terminal(f"{command} --names")
    assert "Support Assistant" in named
    assert "proj_" not in named
    both = terminal(f"{command} --ids")
    assert re.search(r"^ project +project id +amount", both, re.MULTILINE)
    assert re.search(r"^ Support Assistant +proj_\w+ ", both, re.MULTILINE)


def test_nothing_wraps_at_80_columns_with_two_groups_and_names(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for command in (
        "costs --group-by project_id model --names",
        "costs --group-by project_id api_key_id --names",
        "completions --group-by project_id model --names",
    ):
        *_, table = terminal(f"{command} {RANGE}").partition(" ─")
        assert max(map(len, table.splitlines()[1:])) <= 80
        monkeypatch.setenv("COLUMNS", "300")
        *_, wide = terminal(f"{command} {RANGE}").partition(" ─")
        assert len(table.splitlines()) == len(wide.splitlines())
        monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("columns", ["", "wide", "0", "99999"])
def test_without_a_width_lines_are_not_wrapped(
    columns: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    shown = terminal(f"costs --group-by project_id line_item api_key_id user_id {RANGE}")
    assert max(map(len, shown.splitlines())) > 130


def test_decimal_points_are_aligned(terminal: Terminal) -> None:
    shown = terminal(f"costs --group-by model --exact {RANGE}").splitlines()
    amounts = [line for line in shown if " usd " in line and not line.startswith("Costs")]
    assert len({line.index(".", 30) for line in amounts}) == 1
    assert len({line.index(" usd ") for line in amounts}) == 1


@pytest.fixture
def quiet_first_day(usage_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bills nothing on the first of five days, and most on the last."""
    monkeypatch.setenv("OPENAI_ADMIN_KEY", usage_sandbox.admin_api_key)
    monkeypatch.setenv("OPENAI_BASE_URL", usage_sandbox.base_url)
    first = 1_788_134_400  # 2026-08-31
    amounts = ("", "1", "2", "3", "90")
    data = [
        {
            "start_time": first + n * DAY,
            "end_time": first + (n + 1) * DAY,
            "results": [
                {"amount": {"value": each, "currency": "eur"}, "line_item": "gpt-5, input"}
                for each in filter(None, [amount])
            ],
        }
        for n, amount in enumerate(amounts)
    ]
    serve_buckets(usage_sandbox, lambda _: data)


@pytest.mark.usefixtures("quiet_first_day")
def test_the_top_days_are_the_largest_in_the_order_of_time(terminal: Terminal) -> None:
    command = "costs --group-by day --start 2026-08-31 --end 2026-09-05"
    rows = rows_of(terminal, f"{command} --top 2")
    assert [(row["day"], Decimal(row["amount"])) for row in rows] == [
        ("2026-09-03", Decimal(3)),
        ("2026-09-04", Decimal(90)),
        ("2 more", Decimal(3)),
    ]


@pytest.mark.usefixtures("quiet_first_day")
def test_a_day_without_usage_is_no_group_of_the_whole_range(terminal: Terminal) -> None:
    command = "costs --group-by model --start 2026-08-31 --end 2026-09-05 --days-without-usage"
    assert "usd" not in terminal(command)
    [row] = rows_of(terminal, f"{command} --total")
    assert (row["model"], row["currency"]) == ("gpt-5", "eur")
    assert [row["model"] for row in rows_of(terminal, command)].count(None) == 1
