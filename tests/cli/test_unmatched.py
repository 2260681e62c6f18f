"""A filter that matches nothing: the command says what there is instead."""

import json
import re
import shlex

import pytest

from openai_usage.cli.app import run
from openai_usage.sandbox import Sandbox
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.real_clock, pytest.mark.usefixtures("without_drawings")]

RANGE = "--start 2026-01-05 --end 2026-01-09"


@pytest.mark.parametrize(("how", "shown"), [("csv", "start,end,"), ("json", "[]"), ("table", "")])
def test_what_was_used_is_suggested(
    how: str, shown: str, terminal: Terminal, asked: Sandbox
) -> None:
    out = terminal(f"completions {RANGE} --models gpt-5 --format {how}", exit_code=1)
    assert out.startswith(shown)
    assert out.count("\n") == 1 or how == "table"
    said = (
        "openai-usage: nothing that matches --models gpt-5 was used in this range. "
        "Did you mean --models gpt-5"
    )
    assert terminal.err.startswith(said)
    found = re.findall(r"gpt-5-[\w-]+", terminal.err)
    assert "gpt-5-2025-08-07" in found
    assert len(asked.requests) == 2
    first, second = (dict(each.query) for each in asked.requests)
    assert second.pop("group_by[]") == "model"
    assert first.pop("models[]") == "gpt-5"
    assert first == second
    assert terminal(f"completions {RANGE} --models {found[0]} --format {how}")
    assert terminal.err == ""


def test_the_largest_are_listed_if_nothing_is_alike(terminal: Terminal) -> None:
    command = f"costs {RANGE} --line-items zzz yyy --sandbox --format json"
    assert json.loads(terminal(command, exit_code=1)) == []
    said = terminal.err.removesuffix(" more.\n").partition("Billed in this range for ")
    assert said[0] == (
        "openai-usage: nothing that matches --line-items zzz yyy was billed in this range. "
    )
    option, *listed, _, _ = shlex.split(said[2].replace("',", "'"))
    rows = json.loads(
        terminal(f"costs {RANGE} --total --group-by line_item --sandbox --format json")
    )
    assert option == "--line-items:"
    assert listed == [row["line_item"] for row in rows][:5]


def test_every_filter_that_is_wrong_has_its_own_words(terminal: Terminal) -> None:
    command = f"completions {RANGE} --models o3 --api-key-ids key_x --batch --sandbox"
    terminal(command, exit_code=1)
    assert "--api-key-ids key_x, --models o3 and --batch was used" in terminal.err
    assert "Used in this range for --api-key-ids: key_" in terminal.err
    assert "Did you mean --models o3-2025-04-16?" in terminal.err
    assert terminal.err.count("--batch") == 1


def test_filters_that_match_only_apart_say_so(terminal: Terminal) -> None:
    terminal(f"completions {RANGE} --models o3-2025-04-16 --batch --sandbox", exit_code=1)
    assert terminal.err.endswith(
        "--models o3-2025-04-16 and --batch was used in this range. "
        "Other things were used: leave out a filter to see them.\n"
    )


def test_long_lists_are_shortened_and_text_is_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["costs", *RANGE.split(), "--line-items", "gpt-5, in", *"abcdef", "--sandbox"]
    assert run([*words, "--extra-query.group_by", "api_source"]) == 1
    assert "--line-items 'gpt-5, in' a b c d … was billed" in capsys.readouterr().err


@pytest.mark.parametrize("how", ["csv", "table"])
def test_if_nothing_was_used_at_all_the_filter_is_not_to_blame(
    how: str, terminal: Terminal
) -> None:
    early = "--start 2020-01-01 --end 2020-01-03"
    terminal(f"completions {early} --models gpt-5 --no-batch --sandbox --format {how}")
    assert terminal.err == "openai-usage: nothing was used in this range.\n"
    terminal(f"completions {early} --sandbox --format csv")
    assert terminal.err == ""


def test_where_the_api_does_not_say_what_there_is_the_rule_is_said(
    terminal: Terminal, asked: Sandbox
) -> None:
    # Costs this early cannot be grouped by key.
    terminal("costs --start 2025-12-01 --end 2025-12-03 --api-key-ids key_x", exit_code=1)
    assert terminal.err == (
        "openai-usage: nothing that matches --api-key-ids key_x was billed in this range. "
        "Filters match whole values.\n"
    )


def test_results_that_have_no_such_label_are_not_listed(terminal: Terminal, asked: Sandbox) -> None:
    bucket = {"start_time": 1_767_571_200, "end_time": 1_767_657_600}
    for results in ([], [{"amount": {"value": 1, "currency": "usd"}, "project_id": ""}]):
        body = {"data": [{**bucket, "results": results}], "has_more": False}
        asked.faults.status(200, body=json.dumps(body))
    terminal("costs --start 2026-01-05 --end 2026-01-06 --project-ids proj_x", exit_code=1)
    assert terminal.err.endswith(
        "in this range. Other things were billed: leave out a filter to see them.\n"
    )


def test_missing_days_are_not_taken_for_days_without_usage(
    terminal: Terminal, asked: Sandbox
) -> None:
    asked.faults.missing_bucket()
    terminal("costs --start 2026-01-05 --end 2026-01-06 --project-ids proj_x")
    assert "is unknown, not zero" in terminal.err
    assert len(asked.requests) == 1
