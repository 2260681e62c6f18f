"""Names beside ids, on the command line."""

import csv
import io
import re

import pyarrow.parquet as pq
import pytest

from openai_usage.sandbox import Sandbox
from tests.terminal import Terminal

pytestmark = pytest.mark.real_clock

RANGE = "--start 2026-01-05 --end 2026-01-07"
COSTS = f"costs {RANGE} --group-by project_id api_key_id"
USERS = f"completions {RANGE} --group-by user_id"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_names_follow_the_ids_they_belong_to(terminal: Terminal) -> None:
    found = rows(terminal(f"{COSTS} --names --sandbox --format csv"))
    assert list(found[0])[2:7] == [
        *("project_id", "project_name", "user_id", "api_key_id", "api_key_name")
    ]
    names = {(row["project_id"][:5], row["project_name"]) for row in found}
    assert ("proj_", "Support Assistant") in names
    assert {row["api_key_name"] for row in found} > {"chat", "nightly"}
    assert terminal.err == ""


def test_names_do_not_change_the_figures(terminal: Terminal) -> None:
    def figures(options: str) -> list[tuple[str, str]]:
        found = rows(terminal(f"{COSTS} {options} --sandbox --format csv"))
        return [(row["project_id"], row["amount"]) for row in found]

    assert figures("--names") == figures("") == figures("--personal")


def test_people_are_named_only_where_that_is_asked_for(terminal: Terminal, asked: Sandbox) -> None:
    out = terminal(f"{USERS} --names --format csv")
    assert "user_name" not in out
    assert not [each for each in asked.requests if each.path.endswith("/users")]
    found = rows(terminal(f"{USERS} --personal --format csv"))
    people = {(row["user_id"], row["user_name"], row["user_email"]) for row in found}
    assert ("", "", "") in people  # usage that belongs to nobody
    assert all(name and "@" in email for id_, name, email in people if id_)
    [one, *_] = [each for each in people if each[0]]
    shown = terminal(f"{USERS} --personal")
    assert f"{one[1]} {one[2]} {one[0]}" in shown
    assert re.search("^ ?- ", shown, flags=re.MULTILINE)


def test_what_has_no_name_is_marked_and_costs_no_figure(terminal: Terminal, asked: Sandbox) -> None:
    asked.scopes.discard("api.management.read")
    found = rows(terminal(f"{COSTS} --names --format csv"))
    assert all(row["project_name"] == f"{row['project_id']} (unread)" for row in found)
    assert terminal.err.startswith("openai-usage: some names are not known: organization/projects")
    assert "api.management.read" in terminal.err
    assert f"{found[0]['project_id']} (unread) " in terminal(f"{COSTS} --names")


def test_many_lists_that_cannot_be_read_are_one_line(terminal: Terminal, asked: Sandbox) -> None:
    asked.faults.status(403, after=1, times=20)
    terminal(f"{COSTS} --names --format csv --limit 1", exit_code=1)
    assert re.search(r"and \d lists more", terminal.err)


def test_parquet_has_names_too(terminal: Terminal, asked: Sandbox, tmp_path: object) -> None:
    file = f"{tmp_path}/costs.parquet"
    terminal(f"{COSTS} --names -o {file}")
    table = pq.read_table(file)
    found = rows(terminal(f"{COSTS} --names --format csv"))
    for column in ("project_id", "project_name", "api_key_name"):
        assert table[column].to_pylist() == [row[column] for row in found]
    assert table.column_names == list(found[0])


@pytest.mark.parametrize("options", ["--names", "--personal"])
def test_figures_do_not_wait_for_names_that_do_not_come(
    options: str, terminal: Terminal, asked: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openai_usage.cli.naming._PATIENCE", 0.2)
    asked.faults.stall(60, times=1 if options == "--names" else 2)
    found = rows(terminal(f"{COSTS} {options} --format csv"))
    assert all(row["project_name"] == f"{row['project_id']} (unread)" for row in found)
    assert "not read within 0.2 s" in terminal.err
