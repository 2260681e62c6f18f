"""Commands that read several organizations: their label, their sum, and one that fails."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW
from tests.support.organizations_file import write_organizations
from tests.support.report_values import answer_at
from tests.support.synced import Clock
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.real_clock, pytest.mark.usefixtures("here", "both")]


@pytest.fixture
def both(here: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Sandbox]]:
    """Two organizations, and the file that has them."""
    with Sandbox(seed=7) as first, Sandbox(seed=8) as second:
        found = {"acme": first, "globex": second}
        write_organizations(here / "organizations.toml", found)
        monkeypatch.setenv("OPENAI_USAGE_ORGANIZATIONS", "organizations.toml")
        Clock([first, second], monkeypatch).at(NOW)
        yield found


def test_every_row_has_the_label_of_its_organization(terminal: Terminal) -> None:
    command = "costs --last 3d --group-by line_item --format csv"
    together = list(csv.DictReader(terminal(command).splitlines()))
    assert [*together[0]][:3] == ["start", "end", "organization"]
    for label in ("acme", "globex"):
        alone = list(csv.DictReader(terminal(f"{command} --organization {label}").splitlines()))
        assert "organization" not in alone[0]
        own = [each for each in together if each["organization"] == label]
        assert own == [{**each, "organization": label} for each in alone]
    assert terminal.err == ""


def test_a_table_has_a_line_for_each_organization(terminal: Terminal) -> None:
    out = terminal("costs --last 3d")
    assert "Costs by organization," in out
    firsts = [line.split()[0] for line in out.splitlines() if line.strip()]
    assert {"acme", "globex", "total"} <= set(firsts)
    assert "2026-09-08" not in firsts
    months = terminal("completions --last 3d --group-by month,model --top 2")
    assert "Completions by organization, month and model," in months


def test_parquet_has_the_column(terminal: Terminal, here: Path) -> None:
    terminal("images --last 3d -o images.parquet")
    import pyarrow.parquet as pq

    found = pq.read_table(here / "images.parquet").column("organization").to_pylist()
    assert set(found) == {"acme", "globex"}


def test_one_that_fails_is_left_out_and_named(terminal: Terminal, both: dict[str, Sandbox]) -> None:
    expected = terminal("images --last 3d --format jsonl --organization acme")
    answer_at(both["globex"], "images", 403)
    found = terminal("images --last 3d --format jsonl", exit_code=1)
    rows = [json.loads(line) for line in found.splitlines()]
    assert {row.pop("organization") for row in rows} == {"acme"}
    assert rows == [json.loads(line) for line in expected.splitlines()]
    assert terminal.err.startswith(
        "openai-usage: images of globex could not be read, and are left out: the API answered 403"
    )
    both["acme"].scopes.clear()
    assert terminal("images --last 3d --format jsonl", exit_code=1) == ""
    assert terminal.err.startswith("openai-usage: acme: the API answered 403")
    assert "; globex: the API answered 403" in terminal.err


def test_a_bucket_that_only_one_lacks_is_named(
    terminal: Terminal, both: dict[str, Sandbox]
) -> None:
    both["globex"].faults.missing_bucket()
    out = terminal("costs --start 2026-09-07")
    assert "no data of globex for 2026-09-07" in out
    assert "no data for" not in out
    assert "costs of globex are not known for 2026-09-07." in terminal.err


# --------------------------------------------------------------------- spend and prices


def test_spend_adds_organizations_up(terminal: Terminal) -> None:
    def billed(options: str) -> float:
        [found] = json.loads(terminal(f"spend --format json {options}"))["currencies"]
        return float(found["this_month"])

    together = json.loads(terminal("spend --format json"))["currencies"][0]
    alone = [billed(f"--organization {label}") for label in ("acme", "globex")]
    assert float(together["this_month"]) == pytest.approx(sum(alone))
    parts = {each["organization"]: each["this_month"] for each in together["organizations"]}
    assert [float(parts[label]) for label in ("acme", "globex")] == pytest.approx(alone)
    assert "by organization" in terminal("spend")


def test_spend_says_what_is_left_out(terminal: Terminal, both: dict[str, Sandbox]) -> None:
    both["globex"].scopes.clear()
    out = terminal("spend", exit_code=1)
    assert "The costs of globex could not be read, and are left out." in out
    assert "costs of globex could not be read, and are left out: the API answered" in terminal.err
    assert json.loads(terminal("spend --format json", exit_code=1))["left_out"] == ["globex"]


def test_budgets_of_the_file_are_checked(
    terminal: Terminal, both: dict[str, Sandbox], here: Path
) -> None:
    terminal("spend --check", exit_code=2)
    assert "--check was given without a budget" in terminal.err
    file = here / "organizations.toml"
    file.write_text(
        file.read_text().replace("admin_key_file = 'acme", "budget = 10\nadmin_key_file = 'acme")
    )
    out = terminal("spend --check", exit_code=3)
    assert "Organization acme: over the budget of 10.00 usd for September" in out
    assert "Organization acme: over the budget" in terminal.err
    (here / "budgets.toml").write_text(
        "[[budgets]]\norganization = 'globex'\namount = 1_000_000\n"
        "[[budgets]]\namount = 2_000_000\n"
    )
    out = terminal("spend --budgets budgets.toml")
    assert "Organization globex: within the budget" in out
    assert "All organizations: within the budget" in out
    both["globex"].scopes.clear()
    out = terminal("spend --budgets budgets.toml --organizations organizations.toml", exit_code=1)
    assert "Organization acme: over the budget" in out
    assert "All organizations: not known to be within the budget" in out
    file.write_text(file.read_text().replace("budget = 10\n", ""))
    terminal("spend --check --budgets budgets.toml", exit_code=5)
    terminal("spend --check --budget 1000000", exit_code=5)
    assert "the budget cannot be checked: costs of globex could not be read" in terminal.err


@pytest.mark.parametrize("days", [0, 1])
def test_the_latest_days_of_one_organization_are_missed(
    days: int, terminal: Terminal, both: dict[str, Sandbox]
) -> None:
    # A sandbox has nothing after the day in progress.
    both["globex"].now = NOW // DAY * DAY - days * DAY - 1
    out = terminal("spend --check --budget 1000000", exit_code=5)
    assert f"Sep {10 - days}" in out
    assert f"2026-09-{10 - days:02}" in terminal.err
    report = terminal("report --last 9d", exit_code=1)
    assert report == "report.html\n"
    assert "the API returned no bucket of costs" in terminal.err


def test_today_is_missed_if_another_organization_has_it(
    terminal: Terminal, both: dict[str, Sandbox]
) -> None:
    both["globex"].now = NOW // DAY * DAY - 1
    out = terminal("costs --today")
    assert "no data of globex for 2026-09-10" in out
    assert "costs of globex are not known for 2026-09-10." in terminal.err
    assert "no data of globex for 2026-09-10" in terminal("prices --today", exit_code=1)


def test_a_project_is_named_with_its_organization(terminal: Terminal) -> None:
    out = terminal("spend --by project --top 2")
    assert "(acme)" in out
    assert "(globex)" in out
    assert "(acme)" not in terminal("spend --by project --organization acme")


def test_budgets_of_the_file_are_for_all_costs(
    terminal: Terminal, both: dict[str, Sandbox], here: Path
) -> None:
    file = here / "organizations.toml"
    file.write_text(
        file.read_text().replace("admin_key_file = 'acme", "budget = 10\nadmin_key_file = 'acme")
    )
    terminal("spend --check --project-ids proj_x", exit_code=2)
    assert "--check was given without a budget" in terminal.err
    out = terminal("spend --check --organization acme", exit_code=3)
    assert "Organization acme: over the budget of 10.00 usd" in out
    (here / "budgets.toml").write_text(
        "[[budgets]]\norganization = 'globex'\namount = 1_000_000\n"
        "[[budgets]]\norganization = 'acme'\namount = 5\nname = 'Team A'\n"
    )
    out = terminal("spend --budgets budgets.toml --organization globex")
    assert "Organization globex: within the budget" in out
    assert "Team A" not in out


def test_prices_are_those_of_each_organization(
    terminal: Terminal, both: dict[str, Sandbox]
) -> None:
    command = "prices --last 3d --by kind --format csv"
    rows = list(csv.DictReader(terminal(command).splitlines()))
    assert [*rows[0]][:2] == ["organization", "kind"]
    assert {row["organization"] for row in rows} == {"acme", "globex"}
    both["globex"].scopes.clear()
    rows = list(csv.DictReader(terminal(command, exit_code=1).splitlines()))
    assert {row["organization"] for row in rows} == {"acme"}
    assert "costs of globex could not be read" in terminal.err


# --------------------------------------------------------------------- report and doctor


def test_one_report_is_about_all(terminal: Terminal, both: dict[str, Sandbox], here: Path) -> None:
    terminal("report --last 9d")
    page = (here / "report.html").read_text()
    assert "Spend by organization" in page
    assert "<dt>Source</dt><dd>acme and globex</dd>" in page
    assert terminal.err == ""
    both["globex"].scopes.clear()
    terminal("report --last 9d", exit_code=1)
    page = (here / "report.html").read_text()
    assert "<title>acme" in page
    assert terminal.err.startswith("openai-usage: globex could not be read: ")


def test_a_report_compares_the_same_organizations(
    terminal: Terminal, both: dict[str, Sandbox], here: Path
) -> None:
    def points() -> str:
        [found] = re.findall(r'<ul class="summary">(.*?)</ul>', page(), flags=re.DOTALL)
        return str(found)

    def page() -> str:
        return (here / "report.html").read_text()

    terminal("report --last 9d --organization acme")
    alone = re.findall(r"[\d.]+ % (?:more|less)", points())[0]
    # The second request of globex for costs is that of the days before.
    both["globex"].scopes.clear()
    terminal("report --last 9d", exit_code=1)
    assert alone in points()
    assert "<title>acme" in page()
    assert terminal.err.startswith("openai-usage: globex could not be read: ")
    assert len(terminal.err.splitlines()) == 1


def test_an_endpoint_of_one_organization_can_be_left_out(
    terminal: Terminal, both: dict[str, Sandbox], here: Path
) -> None:
    answer_at(both["globex"], "images", 403)
    terminal("report --last 9d", exit_code=1)
    assert terminal.err.startswith("openai-usage: images of globex could not be read: ")
    page = (here / "report.html").read_text()
    assert "<strong>images of globex</strong>" in page
    assert "acme and globex spent" in page


def test_a_report_does_not_compare_days_that_one_lacks(
    terminal: Terminal, both: dict[str, Sandbox], here: Path
) -> None:
    both["globex"].faults.short_history(NOW - 15 * DAY, times=99)
    terminal("report --last 9d")
    assert "nothing is compared with the days before" in terminal.err


def test_budgets_of_a_report_are_not_certain_without_all(
    terminal: Terminal, both: dict[str, Sandbox], here: Path
) -> None:
    (here / "budgets.toml").write_text(
        "[[budgets]]\namount = 1_000_000\n"
        "[[budgets]]\namount = 1_000_000\norganization = 'acme'\n"
        "[[budgets]]\namount = 1_000_000\norganization = 'globex'\n"
        "[[budgets]]\namount = 1_000_000\nper = 'day'\n"
    )
    both["globex"].scopes.clear()
    terminal("report --last 9d --budgets budgets.toml", exit_code=1)
    page = (here / "report.html").read_text()
    assert page.count("not known to be within") == 2
    assert "its costs could not be read" in page


def test_a_name_that_another_organization_may_have_is_refused(
    terminal: Terminal, both: dict[str, Sandbox]
) -> None:
    both["globex"].scopes.discard("api.management.read")
    terminal("costs --last 3d --project-ids Research", exit_code=2)
    assert "is a name, and some names cannot be read: globex: organization/projects" in terminal.err


def test_prices_compare_the_same_organizations(
    terminal: Terminal, both: dict[str, Sandbox]
) -> None:
    both["globex"].faults.short_history(NOW - 5 * DAY, times=99)
    out = terminal("prices --last 3d --by kind", exit_code=1)
    assert "no data of globex" in out
    assert " globex " not in out.partition("organization")[2]
    assert "new" not in out


def test_a_report_names_what_only_one_lacks(
    terminal: Terminal, both: dict[str, Sandbox], here: Path
) -> None:
    both["globex"].faults.missing_bucket(times=99)
    terminal("report --last 9d", exit_code=1)
    page = (here / "report.html").read_text()
    assert "costs of globex" in page
    assert "openai-usage: costs of globex are not known for 2026-09-01.\n" in terminal.err
    assert "the API returned no bucket" not in terminal.err


def test_doctor_checks_each_organization(
    terminal: Terminal, both: dict[str, Sandbox], here: Path
) -> None:
    out = terminal("doctor")
    assert out.startswith("acme\n✓ key")
    assert "\nglobex\n✓ key" in out
    both["globex"].scopes.clear()
    terminal("doctor", exit_code=1)
    assert "acme" not in terminal("doctor --organization globex", exit_code=1)
    (here / "globex.key").unlink()
    out = terminal("doctor", exit_code=2)
    assert out.startswith("acme\n✓ key")
    assert "✗ file" in out
    assert "globex: the file globex.key cannot be read" in " ".join(out.split())


# --------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("costs --organization initech", "organizations.toml has acme and globex. Choose one with"),
        ("costs --organizations organizations.toml --sandbox", "--sandbox and --organizations "),
        ("costs --organizations organizations.toml --from duckdb:u", "--from and --organizations "),
        ("spend --limits", "--limits is only possible for one organization."),
        ("spend --organization acme --by organization", "--by organization needs several"),
        ("prices --sandbox --by organization", "--by organization needs several organizations."),
    ],
)
def test_options_that_do_not_fit_are_refused(
    command: str, message: str, terminal: Terminal, both: dict[str, Sandbox]
) -> None:
    terminal(command, exit_code=2)
    assert terminal.err.startswith(f"openai-usage: {message}")
    assert not both["globex"].requests


def test_without_a_file_there_is_nothing_to_choose(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_USAGE_ORGANIZATIONS")
    terminal("costs --organization acme", exit_code=2)
    assert terminal.err == (
        "openai-usage: --organization is only possible with --organizations or --from.\n"
    )
