"""`openai-usage report`: the files it writes, and what it says of what is missing."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

from openai_usage import AsyncUsageClient
from openai_usage._extras import missing_library
from openai_usage.report import Report, report
from openai_usage.sandbox import Sandbox
from tests.support.report_values import answer_at
from tests.support.terminal import COMMAND, Terminal, asking

pytestmark = [pytest.mark.real_clock, pytest.mark.usefixtures("without_drawings")]


def made(sandbox: Sandbox, start_time: int, end_time: int) -> Report:
    async def ask() -> Report:
        async with AsyncUsageClient(sandbox.admin_api_key, base_url=sandbox.base_url) as client:
            return await report(client, start_time, end_time)

    return asyncio.run(ask())


RANGE = "--start 2026-01-05 --end 2026-01-08"


@pytest.mark.drawn
def test_a_report_is_the_page_and_nothing_else(
    terminal: Terminal, asked: Sandbox, here: Path
) -> None:
    assert terminal(f"report {RANGE}") == "report.html\n"
    assert terminal.err == ""
    assert [path.name for path in here.iterdir()] == ["report.html"]
    expected = made(asked, 1_767_571_200, 1_767_830_400).html()
    # But for the moment at which it was made.
    parts = [
        re.sub(r"\d\d:\d\d UTC, with", "", text)
        for text in (expected, (here / "report.html").read_text(encoding="utf-8"))
    ]
    assert parts[0] == parts[1]


@pytest.mark.slow
def test_pictures_lie_beside_it(terminal: Terminal, here: Path) -> None:
    (here / "out").mkdir()
    lines = terminal("report --last 2d --png -o out/usage.html --sandbox").splitlines()
    assert lines[:3] == [
        "out/usage.html",
        "out/usage-spend-by-model.png",
        "out/usage-spend-by-project.png",
    ]
    assert sorted(lines) == sorted(str(path.relative_to(here)) for path in here.glob("out/*"))


def test_projects_are_called_by_their_names(terminal: Terminal, asked: Sandbox, here: Path) -> None:
    terminal(f"report {RANGE} --names")
    assert "Support Assistant" in (here / "report.html").read_text()
    terminal(f"report {RANGE}")
    assert "Support Assistant" not in (here / "report.html").read_text()


def test_the_report_of_one_team_is_by_project_and_has_its_name(
    terminal: Terminal, asked: Sandbox, here: Path
) -> None:
    terminal(f"report {RANGE} --names")
    page = (here / "report.html").read_text()
    [support] = set(re.findall(r"Support Assistant<small>(\w+)</small>", page))
    options = f"--project-ids {support} --group-by project --organization-name Acme --personal"
    terminal(f"report {RANGE} {options}")
    page = (here / "report.html").read_text()
    assert "<title>Acme: OpenAI usage and costs, 5 January 2026 to 7 January 2026" in page
    assert "One project of Acme spent $" in page
    assert page.index("Every project") < page.index("Every model") < page.index("Every user")
    assert set(re.findall(r"proj_\w+", page)) == {support}
    assert "Sample data" not in page


def test_made_up_data_is_called_so(terminal: Terminal, here: Path) -> None:
    terminal("report --last 1d --sandbox")
    page = (here / "report.html").read_text()
    assert "<strong>Sample data</strong>: every figure and every name is made up." in page
    assert "(sample data)</title>" in page


@pytest.mark.parametrize("path", ["costs", "usage/web_search_calls"])
def test_a_part_that_is_missing_does_not_lose_the_others(
    path: str, terminal: Terminal, asked: Sandbox, here: Path
) -> None:
    answer_at(asked, path, 403)
    terminal(f"report {RANGE}", exit_code=1)
    what = path.removeprefix("usage/").replace("_", " ")
    assert terminal.err.startswith(f"openai-usage: {what} could not be read: the API answered 403")
    page = (here / "report.html").read_text()
    assert "This report is not complete" in page
    assert f"<strong>{what}</strong>" in page
    assert ("The costs could not be read." in page) is (path == "costs")


def test_days_before_that_cannot_be_read_are_a_note(
    terminal: Terminal, asked: Sandbox, here: Path
) -> None:
    answer_at(asked, "costs", 404, start_time=1_762_732_800)
    assert terminal(f"report {RANGE}") == "report.html\n"
    assert terminal.err.startswith(
        "openai-usage: nothing is compared with the days before: the API answered 404"
    )
    page = (here / "report.html").read_text()
    assert "This report is not complete" not in page
    assert "Compared are" not in page


def test_its_help_is_in_whole_sentences(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "500")
    assert "the report is written without it and says so, and" in terminal("report --help")


def test_where_nothing_can_be_read_no_file_is_written(
    terminal: Terminal, asked: Sandbox, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "report.html").write_text("yesterday's")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", asked.project_api_key)
    assert terminal(f"report {RANGE} --png", exit_code=1) == ""
    assert "Missing scopes" in terminal.err
    assert [path.read_text() for path in here.iterdir()] == ["yesterday's"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("-o none/report.html", "there is no folder "),
        ("-o report.pdf", "does not end in .html"),
        ("--last 3y", "--last takes a span"),
        ("--group-by kind", "--group-by"),
        ("--organization-name sk-admin-0123456789012345678901234", "organization"),
        ("--start 2126-01-01", "--start takes a time before now, not 2126-01-01 00:00 UTC. Choose"),
        ("--start 2126-01-01 --names", "--start takes a time before now, not 2126"),
        ("--png -o /dev/null", "--output /dev/null is not a file"),
    ],
)
def test_what_cannot_be_made_is_refused_before_anything_is_asked(
    options: str, says: str, terminal: Terminal, asked: Sandbox, here: Path
) -> None:
    terminal(f"report {options}", exit_code=2)
    assert says in terminal.err
    assert asked.requests == []
    assert list(here.iterdir()) == []


@pytest.mark.slow
def test_it_can_be_passed_on_through_a_pipe(asked: Sandbox) -> None:
    done = subprocess.run(
        f"{COMMAND} report {RANGE} -o /dev/stdout | cat",
        shell=True,
        capture_output=True,
        check=True,
        env=asking(asked),
    )
    assert done.stdout.startswith(b"<!doctype html>")
    assert done.stdout.endswith(b"</html>")


@pytest.mark.slow
@pytest.mark.parametrize("library", ["jinja2", "vl_convert"])
def test_without_its_extra_it_says_what_is_missing_and_asks_nobody(
    library: str, asked: Sandbox, here: Path
) -> None:
    program = (
        f"import sys; sys.modules['{library}'] = None\n"
        "from openai_usage.cli.app import run\n"
        "sys.exit(run(['report', '--names']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=asking(asked),
    )
    assert asked.requests == []
    assert done.returncode == 2
    assert done.stderr == f"openai-usage: {missing_library(library, 'report')}\n"
    assert list(here.iterdir()) == []


def test_budgets_of_a_file_are_compared(terminal: Terminal, asked: Sandbox, here: Path) -> None:
    text = '[[budgets]]\namount = 1\nproject = "Support Assistant"\n[[budgets]]\namount = 99999\n'
    (here / "budgets.toml").write_text(text, encoding="utf-8")
    assert terminal(f"report {RANGE} --budgets budgets.toml") == "report.html\n"
    page = (here / "report.html").read_text()
    assert "<strong>Budgets.</strong> Of 2 budgets, 1 is exceeded and 1 is kept. Project" in page
    assert "Project Support Assistant: over the budget of $1.00 for January" in page


def test_budgets_are_for_all_projects(terminal: Terminal, asked: Sandbox, here: Path) -> None:
    terminal(f"report {RANGE} --budgets budgets.toml --project-ids proj_a", exit_code=2)
    assert "--budgets and --project-ids contradict each other" in terminal.err
    terminal(f"report {RANGE} --budgets budgets.toml", exit_code=2)
    assert "budgets.toml" in terminal.err
    assert asked.requests == []
