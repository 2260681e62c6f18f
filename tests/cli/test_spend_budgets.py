"""`openai-usage spend` with budgets of a file, limits of the organization, and a webhook."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from openai_usage.sandbox import Sandbox
from tests.conftest import DAY
from tests.support.served_buckets import serve_buckets
from tests.support.terminal import Terminal
from tests.support.webhook_server import webhook_in_thread

pytestmark = pytest.mark.real_clock

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
FIRST = date(2026, 3, 1)


@pytest.fixture
def billed(usage_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Bills as many dollars each day since the first of March, with all labels."""
    monkeypatch.setenv("OPENAI_ADMIN_KEY", usage_sandbox.admin_api_key)
    monkeypatch.setenv("OPENAI_BASE_URL", usage_sandbox.base_url)
    monkeypatch.setattr("time.time", lambda: NOW.timestamp() + 0.5)

    def bill(dollars: str = "10", *, days: int = 41) -> None:
        result = {
            "amount": {"value": dollars, "currency": "usd"},
            "project_id": "proj_a",
            "project_name": "Research",
            "line_item": "gpt-5, input",
            "user_id": "user-1",
            "api_key_id": "key_1",
        }
        starts = [FIRST + timedelta(days=n) for n in range(days)]
        data = [
            {
                "start_time": (day - date(1970, 1, 1)).days * DAY,
                "end_time": (day - date(1970, 1, 1)).days * DAY + DAY,
                "results": [result],
            }
            for day in starts
        ]
        serve_buckets(usage_sandbox, lambda _: data)

    bill()
    return bill


def budgets(here: Path, text: str) -> Path:
    path = here / "budgets.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_each_budget_of_the_file_has_a_line_and_the_worst_is_the_exit_code(
    terminal: Terminal, billed: Callable[..., None], tmp_path: Path, usage_sandbox: Sandbox
) -> None:
    path = budgets(
        tmp_path,
        """
        [[budgets]]
        amount = 400
        [[budgets]]
        amount = 50
        project = "proj_a"
        name = "Team A"
        [[budgets]]
        amount = 5
        per = "day"
        model = "gpt-5"
        """,
    )
    shown = terminal(f"spend --budgets {path}")
    said = (
        "Organization: within the budget of 400.00 usd for April: 100.00 usd so far (25%), 300.00 "
        "usd projected (75%).\n"
        "Team A: over the budget of 50.00 usd for April: 100.00 usd so far (200%), 300.00 usd "
        "projected (600%).\n"
        "Model gpt-5: over the budget of 5.00 usd per day: 10.00 usd on 10 April so far (200%), "
        "10.00 usd on 9 April (200%).\n"
    )
    assert said in shown
    assert terminal.err == ""
    terminal(f"spend --budgets {path} --check", exit_code=3)
    assert [line.partition(":")[2][1:].partition(":")[0] for line in terminal.err.splitlines()] == [
        "Team A",
        "Model gpt-5",
    ]
    found = json.loads(terminal(f"spend --budgets {path} --format json"))["budgets"]
    assert [each["exit_code"] for each in found] == [0, 3, 3]
    # One that is typed counts, too.
    within = budgets(tmp_path, "[[budgets]]\namount = 400")
    terminal(f"spend --budgets {within} --check")
    terminal(f"spend --budgets {within} --budget 200 --check", exit_code=4)


def test_the_costs_are_grouped_as_the_budgets_need(
    terminal: Terminal, billed: Callable[..., None], tmp_path: Path, usage_sandbox: Sandbox
) -> None:
    path = budgets(
        tmp_path,
        "[[budgets]]\namount = 1000\nkey = 'key_1'\n[[budgets]]\namount = 1000\nuser = 'user-1'",
    )
    usage_sandbox.requests.clear()
    terminal(f"spend --budgets {path} --check --by model")
    asked = [value for name, value in usage_sandbox.requests[0].query if name == "group_by[]"]
    assert sorted(asked) == ["api_key_id", "line_item", "user_id"]
    assert not [each for each in usage_sandbox.requests if each.path.endswith("/projects")]


def test_names_in_the_file_are_looked_up(terminal: Terminal, tmp_path: Path) -> None:
    path = budgets(
        tmp_path,
        "[[budgets]]\namount = 1\nproject = 'Voice Notes'\n"
        "[[budgets]]\namount = 1\nuser = 'Mei Lindqvist'",
    )
    terminal(f"spend --budgets {path} --check --sandbox", exit_code=3)
    assert "Project Voice Notes: over the budget of 1.00 usd" in terminal.err
    assert "User Mei Lindqvist: over the budget of 1.00 usd" in terminal.err


def test_a_file_that_is_not_valid_is_refused_before_anything_is_sent(
    terminal: Terminal, billed: Callable[..., None], tmp_path: Path, usage_sandbox: Sandbox
) -> None:
    usage_sandbox.requests.clear()
    for text in ("", "[[budgets]]\namount = 'much'"):
        terminal(f"spend --budgets {budgets(tmp_path, text)}", exit_code=2)
        assert terminal.err.startswith("openai-usage: ")
        assert "budgets.toml" in terminal.err
    terminal(f"spend --budgets {tmp_path}/none.toml", exit_code=2)
    assert usage_sandbox.requests == []


def test_missing_days_leave_budgets_of_the_file_unchecked(
    terminal: Terminal, billed: Callable[..., None], tmp_path: Path
) -> None:
    path = budgets(tmp_path, "[[budgets]]\namount = 1000")
    billed(days=35)
    terminal(f"spend --budgets {path} --check", exit_code=5)
    billed(days=0)
    terminal(f"spend --budgets {path} --check", exit_code=5)


def test_limits_say_when_they_are_reached(
    terminal: Terminal, billed: Callable[..., None], usage_sandbox: Sandbox
) -> None:
    billed("300")
    usage_sandbox.requests.clear()
    shown = terminal("spend --limits")
    assert "At this rate the hard limit of 7,500.00 usd is reached on 25 April.\n" in shown
    assert "At this rate the alert at 4,000.00 usd is reached on 14 April.\n" in shown
    assert len(usage_sandbox.requests) == 4
    found = json.loads(terminal("spend --limits --format json"))["limits"]
    assert {each["what"] for each in found} == {"hard limit", "alert"}
    # The costs of one project are not those of the organization.
    assert "hard limit" not in terminal("spend --limits --project-ids proj_a")
    assert "limit" not in terminal("spend")
    assert "limits" not in json.loads(terminal("spend --format json"))
    billed("1")
    assert "No limit of spending is reached this month at this rate.\n" in terminal(
        "spend --limits"
    )
    usage_sandbox.scopes.discard("api.management.read")
    assert "No limit" not in terminal("spend --limits")


def test_limits_that_cannot_be_read_are_named(
    terminal: Terminal, billed: Callable[..., None], usage_sandbox: Sandbox
) -> None:
    usage_sandbox.scopes.discard("api.management.read")
    terminal("spend --limits")
    assert "a limit could not be read: organization/spend_limit: " in terminal.err
    assert "api.management.read" in terminal.err


def test_a_webhook_gets_what_is_said(
    terminal: Terminal, billed: Callable[..., None], tmp_path: Path
) -> None:
    path = budgets(tmp_path, "[[budgets]]\namount = 50\nname = 'Team A'")
    with webhook_in_thread() as there:
        command = f"spend --budget 5000 --budgets {path} --check --notify {there.url}"
        terminal(command, exit_code=3)
        terminal(f"spend --month 2026-03 --notify {there.url}", exit_code=1)
        there.will(400, "invalid_payload")
        terminal(f"spend --notify {there.url}", exit_code=1)
        assert "invalid_payload" in terminal.err
        there.will(400, "invalid_payload")
        terminal(command, exit_code=3)
    assert there.url not in terminal.err
    first, march, *_ = there.payloads
    assert first["text"].split("\n") == [
        "April 2026: 100.00 usd so far, 300.00 usd projected.",
        "within the budget of 5,000.00 usd: 100.00 usd so far (2%), 300.00 usd projected (6%).",
        (
            "Team A: over the budget of 50.00 usd for April: 100.00 usd so far (200%), 300.00 usd "
            "projected (600%)."
        ),
    ]
    assert first["exit_code"] == 3
    assert [each["what"] for each in first["amounts"]] == ["spending", "Team A"]
    assert march["text"].startswith("March 2026: 310.00 usd spent.\n")
    assert "unknown, not zero" in march["text"], "February is missing"


def test_a_webhook_gets_what_is_unknown(terminal: Terminal, billed: Callable[..., None]) -> None:
    billed(days=0)
    with webhook_in_thread() as there:
        terminal(f"spend --notify {there.url}", exit_code=1)
        terminal(f"spend --budget 5 --check --notify {there.url}", exit_code=5)
    assert "unknown, not zero" in there.payloads[0]["text"]
    assert there.payloads[1]["exit_code"] == 5


def test_budgets_are_not_compared_with_the_costs_of_some_projects(
    terminal: Terminal, billed: Callable[..., None], tmp_path: Path, usage_sandbox: Sandbox
) -> None:
    path = budgets(tmp_path, "[[budgets]]\namount = 1\n")
    terminal(f"spend --budgets {path} --project-ids proj_a --check", exit_code=2)
    assert "--budgets and --project-ids contradict each other" in terminal.err
    assert not usage_sandbox.requests


def test_a_notification_says_that_nothing_was_billed(
    terminal: Terminal, billed: Callable[..., None], usage_sandbox: Sandbox
) -> None:
    serve_buckets(
        usage_sandbox,
        lambda _: [
            {
                "start_time": (FIRST + timedelta(days=n) - date(1970, 1, 1)).days * DAY,
                "end_time": (FIRST + timedelta(days=n + 1) - date(1970, 1, 1)).days * DAY,
                "results": [],
            }
            for n in range(41)
        ],
    )
    with webhook_in_thread() as there:
        terminal(f"spend --notify {there.url}")
    [payload] = there.payloads
    assert payload["text"] == "nothing was billed this month or last month."
