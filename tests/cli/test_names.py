"""Names beside ids, on the command line."""

import csv
import io
import json
import re
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from aiohttp import web

from openai_usage.sandbox import Sandbox
from openai_usage.sandbox.faults import Answer
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.real_clock, pytest.mark.usefixtures("without_drawings")]

RANGE = "--start 2026-01-05 --end 2026-01-07"
COSTS = f"costs {RANGE} --group-by project_id api_key_id"
USED = f"completions {RANGE} --group-by project_id"
USERS = f"completions {RANGE} --group-by user_id"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def lists_of(sandbox: Sandbox, since: int = 0) -> Counter[str]:
    """How often each kind of list was asked for."""
    paths = [each.path.rpartition("/")[2] for each in sandbox.requests[since:]]
    return Counter(path for path in paths if path in ("projects", "users", "api_keys"))


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
    assert one[1] in shown
    assert one[0] not in shown
    assert re.search(rf" {one[1]} +{one[0]} ", terminal(f"{USERS} --personal --ids"))
    assert re.search("^ ?- ", shown, flags=re.MULTILINE)


def test_what_has_no_name_is_marked_and_costs_no_figure(terminal: Terminal, asked: Sandbox) -> None:
    asked.scopes.discard("api.management.read")
    found = rows(terminal(f"{USED} --names --format csv"))
    assert all(row["project_name"] == f"{row['project_id']} (unread)" for row in found)
    assert terminal.err.startswith("openai-usage: some names are not known: organization/projects")
    assert "api.management.read" in terminal.err
    assert f"{found[0]['project_id']} (unread) " in terminal(f"{USED} --names")


@pytest.mark.parametrize(("times", "says"), [(2, "1 more list could"), (4, "3 more lists could")])
def test_many_lists_that_cannot_be_read_are_one_line(
    terminal: Terminal, asked: Sandbox, times: int, says: str
) -> None:
    asked.faults.status(403, after=1, times=times)
    terminal(f"{COSTS} --names --format csv")
    assert says in terminal.err


def test_parquet_has_names_too(terminal: Terminal, asked: Sandbox, tmp_path: object) -> None:
    file = f"{tmp_path}/costs.parquet"
    terminal(f"{COSTS} --names -o {file}")
    table = pq.read_table(file)
    found = rows(terminal(f"{COSTS} --names --format csv"))
    for column in ("project_id", "project_name", "api_key_name"):
        assert table[column].to_pylist() == [row[column] or None for row in found]
    assert table.column_names == list(found[0])


@pytest.mark.parametrize("options", ["--names", "--personal"])
def test_figures_do_not_wait_for_names_that_do_not_come(
    options: str, terminal: Terminal, asked: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openai_usage.cli.options.names._TIMEOUT", 0.2)
    asked.faults.stall(60, times=1 if options == "--names" else 2)
    found = rows(terminal(f"{USED} user_id {options} --format csv"))
    assert all(row["project_name"] == f"{row['project_id']} (unread)" for row in found)
    assert "not read within 0.2 s" in terminal.err


# ---------------------------------------------------------------- what is read for them


@pytest.mark.parametrize(
    ("command", "read"),
    [
        ("costs --names", set()),
        ("costs --personal", set()),
        ("costs --names --group-by line_item user_id", set()),
        ("costs --names --group-by project_id", {"projects"}),
        ("costs --names --extra-query.group_by line_item,project_id", {"projects"}),
        ("costs --names --extra-query.group_by[] project_id", {"projects"}),
        ("costs --personal --group-by project_id", {"projects"}),
        ("costs --personal --group-by user_id", {"users"}),
        ("costs --names --group-by api_key_id", {"projects", "api_keys"}),
        ("costs --personal --group-by api_key_id user_id", {"projects", "api_keys", "users"}),
        ("vector-stores --names --group-by project_id", {"projects"}),
        ("spend --names", {"projects"}),
        ("report --names", {"projects"}),
    ],
)
def test_only_the_lists_are_read_that_the_columns_need(
    terminal: Terminal, asked: Sandbox, here: Path, command: str, read: set[str]
) -> None:
    plain = terminal("costs --format csv").splitlines()[0]
    before = len(asked.requests)
    is_rows = command.split(maxsplit=1)[0] not in ("spend", "report")
    out = terminal(f"{command} {'--format csv' if is_rows else ''}")
    assert lists_of(asked, before) == Counter(dict.fromkeys(read, 1)) | Counter(
        api_keys=7 * ("api_keys" in read)
    )
    if command.startswith("costs"):  # the columns are the same, whatever is read
        assert set(out.splitlines()[0].split(",")) > set(plain.split(","))
        assert "project_name,user_id" in out.splitlines()[0]


def test_a_thousand_projects_are_ten_requests(terminal: Terminal, asked: Sandbox) -> None:
    projects = [{"id": f"proj_{n}", "name": f"Project {n}"} for n in range(1000)]
    for page in range(10):
        entries = projects[page * 100 : page * 100 + 100]
        more = {"has_more": page < 9, "last_id": entries[-1]["id"]}
        asked.faults.status(200, body=json.dumps({"data": entries, **more}))
    terminal("costs --group-by project_id --names")
    assert len(asked.requests) == 10 + 1


def test_keys_of_projects_that_are_left_out_are_not_read(
    terminal: Terminal, asked: Sandbox
) -> None:
    found = rows(terminal(f"{COSTS} --names --format csv"))
    project = next(row["project_id"] for row in found if row["project_name"] == "Research")
    before = len(asked.requests)
    few = rows(terminal(f"{COSTS} --names --format csv --project-ids {project} proj_none"))
    assert lists_of(asked, before) == {"projects": 1, "api_keys": 1}
    assert few == [row for row in found if row["project_id"] == project]


# ---------------------------------------------------------------- what costs say themselves


@pytest.mark.parametrize("options", ["--format csv", "--format json", ""])
def test_names_on_the_bill_serve_where_the_list_cannot_be_read(
    terminal: Terminal, asked: Sandbox, options: str
) -> None:
    command = f"costs {RANGE} --group-by project_id line_item --names {options}"
    allowed = terminal(command)
    asked.scopes.discard("api.management.read")
    assert terminal(command) == allowed
    assert "Support Assistant" in allowed
    assert terminal.err == ""  # all names are known


def test_names_on_the_bill_are_in_parquet_too(
    terminal: Terminal, asked: Sandbox, here: Path
) -> None:
    asked.scopes.discard("api.management.read")
    terminal(f"costs {RANGE} --group-by project_id --names -o costs.parquet")
    assert "Support Assistant" in pq.read_table("costs.parquet")["project_name"].to_pylist()
    assert terminal.err == ""


def test_it_is_said_where_the_bill_has_only_some_names(terminal: Terminal, asked: Sandbox) -> None:
    def costs(*named: tuple[str, str | None]) -> str:
        results = [
            {
                "project_id": id_,
                "project_name": name,
                "amount": {"value": "1.5", "currency": "usd"},
            }
            for id_, name in named
        ]
        bucket = {"start_time": 1_767_571_200, "end_time": 1_767_657_600, "results": results}
        return json.dumps({"data": [bucket], "has_more": False})

    asked.scopes.discard("api.management.read")
    command = "costs --start 2026-01-05 --end 2026-01-06 --group-by project_id --names"
    for named, shown, is_said in (
        (
            [("proj_a", "A\x1b[1m"), ("proj_b", None)],
            ["A\ufffd[1m", "proj_b (unread)"],
            True,
        ),
        ([("proj_a", "A"), ("proj_b", "A")], ["A", "A [2]"], False),
        ([("proj_a", None), ("proj_a", "A"), ("", None)], ["A", "-"], False),
    ):
        asked.faults.status(403)
        asked.faults.status(200, body=costs(*named))
        out = terminal(command)
        assert re.findall(r"^ (\S.*?)  +\d+\.\d\d usd", out, re.MULTILINE)[:2] == shown
        assert ("some names are not known: organization/projects" in terminal.err) is is_said


def test_spend_and_report_name_projects_from_the_bill(
    terminal: Terminal, asked: Sandbox, here: Path
) -> None:
    asked.scopes.discard("api.management.read")
    [spent] = json.loads(terminal("spend --names --format json"))["currencies"]
    names = {each["project_id"]: each["project_name"] for each in spent["projects"]}
    assert "Support Assistant" in names.values()
    assert terminal.err == ""
    shown = terminal("spend --names --by project --top 20")
    assert all(name in shown and id_ not in shown for id_, name in names.items())
    terminal("report --names --last 30d")
    assert terminal.err == ""
    page = Path("report.html").read_text(encoding="utf-8")
    assert "Support Assistant" in page
    assert "unread" not in page


def test_a_report_says_that_names_are_not_known(
    terminal: Terminal, asked: Sandbox, here: Path
) -> None:
    results = [{"project_id": "proj_a", "amount": {"value": "1.5", "currency": "usd"}}]
    asked.scopes.discard("api.management.read")

    async def effect(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        if not request.path.endswith("/costs"):
            return await answer()
        start = int(request.query["start_time"])
        bucket = {"start_time": start, "end_time": start + 86_400, "results": results}
        return web.Response(body=json.dumps({"data": [bucket], "has_more": False}))

    asked.faults._add(effect, 10_000, 0)
    terminal("report --names --start 2026-01-05 --end 2026-01-06")
    assert "some names are not known: organization/projects" in terminal.err
    assert "proj_a" in Path("report.html").read_text(encoding="utf-8")
