"""CSV with the columns of the export of costs on OpenAI's dashboard, which scripts read."""

import csv
import io
import json

import pytest

from openai_usage.sandbox import Sandbox
from tests.support.made_up_api import cost, made_up_api
from tests.support.terminal import Terminal

pytestmark = pytest.mark.real_clock

HEAD = (
    "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,"
    "quantity_unit,line_item,user_id,api_key_id,project_id,organization_id,project_name,"
    "organization_name,user_email,api_source"
)
DAY = "costs --start 2026-01-05 --end 2026-01-06 --format dashboard-csv"


def rows(text: str) -> list[dict[str, str]]:
    assert text.splitlines()[0] == HEAD
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_rows_have_the_columns_and_forms_of_the_export(terminal: Terminal) -> None:
    found = rows(terminal(f"{DAY} --group-by line_item project_id --sandbox"))
    assert len(found) > 5
    assert {row["start_time"] for row in found} == {"1767571200"}
    assert {row["end_time"] for row in found} == {"1767657600"}
    assert {row["start_time_iso"] for row in found} == {"2026-01-05T00:00:00+00:00"}
    assert {row["end_time_iso"] for row in found} == {"2026-01-06T00:00:00+00:00"}
    assert {row["amount_currency"] for row in found} == {"usd"}
    tokens = next(row for row in found if row["quantity_unit"] == "tokens")
    assert "gpt-" in tokens["line_item"]
    assert tokens["quantity"].isdigit()
    assert tokens["project_id"].startswith("proj_")
    assert tokens["project_name"]
    assert tokens["organization_id"].startswith("org-")
    assert tokens["user_email"] == tokens["user_id"] == ""


def test_amounts_have_every_digit_and_text_runs_nothing(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    amount = '"0.003835980000000000000000000000"'
    with made_up_api({"costs": [cost(amount, "=1+1", "USD"), cost("0E-6176")]}) as url:
        monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-1")
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        found = rows(terminal(f"{DAY} --group-by line_item"))
    assert [row["amount_value"] for row in found] == [amount.strip('"'), "0"]
    assert [row["line_item"] for row in found] == ["'=1+1", "gpt-5"]
    assert [row["amount_currency"] for row in found] == ["usd", "usd"]


def test_a_day_without_costs_is_a_row(terminal: Terminal, asked: Sandbox) -> None:
    bucket = {"start_time": 1_767_571_200, "end_time": 1_767_657_600, "results": []}
    asked.faults.status(200, body=json.dumps({"data": [bucket], "has_more": False}))
    text = terminal(DAY)
    assert text.splitlines()[1] == (
        "1767571200,1767657600,2026-01-05T00:00:00+00:00,2026-01-06T00:00:00+00:00" + 13 * ","
    )


def test_names_are_from_the_results_or_from_the_lists(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = '{"amount":{"value":1,"currency":"usd"},"project_id":"proj_1","user_id":"user-1"}'
    names = {
        "projects": [{"id": "proj_1", "name": "One", "status": "active", "object": "p"}],
        "users": [{"id": "user-1", "name": "Ann", "email": "ann@usage.example", "object": "u"}],
    }
    with made_up_api({"costs": [result]}, names=names) as url:
        monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-1")
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        command = f"{DAY} --group-by project_id user_id"
        found = [rows(terminal(f"{command} {more}"))[0] for more in ("", "--names", "--personal")]
    assert [row["project_name"] for row in found] == ["", "One", "One"]
    assert [row["user_email"] for row in found] == ["", "", "ann@usage.example"]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("images", "--format dashboard-csv is only for the command costs."),
        ("spend", "--format dashboard-csv is only for the command costs."),
        ("costs --group-by model", "Use it only with --group-by project_id, user_id, "),
        ("costs --total", "and without --top, --sort and --total; or use --format csv."),
    ],
)
def test_other_rows_are_refused_before_anything_is_asked(
    command: str, says: str, terminal: Terminal, asked: Sandbox
) -> None:
    terminal(f"{command} --format dashboard-csv", exit_code=2)
    assert says in terminal.err
    assert not asked.requests


def test_the_extension_of_a_file_does_not_choose_it(terminal: Terminal) -> None:
    terminal("costs --sandbox -o costs.dashboard-csv", exit_code=2)
    assert "does not end in one of table, json, jsonl, csv, xlsx, parquet." in terminal.err
