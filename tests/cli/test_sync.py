"""`openai-usage sync`: what it prints, and how it ends."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import PIPE
from threading import Thread

import duckdb
import pytest

from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY
from tests.support.report_values import answer_at
from tests.support.synced import Clock, query
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.real_clock, pytest.mark.usefixtures("here")]

NOON = TODAY + DAY // 2
SYNC = "sync --to duckdb:usage.duckdb"
FORMS = "duckdb:FILE, delta:FOLDER or dlt:DESTINATION/DATASET, such as duckdb:usage.duckdb"
OF_DEFAULT = (
    "this is a copy of default, read at 2026-09-10 12:00 UTC. For what it does not have, use "
    "openai-usage sync."
)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(seed=7, restates=True) as running:
        monkeypatch.setenv("OPENAI_ADMIN_KEY", running.admin_api_key)
        monkeypatch.setenv("OPENAI_BASE_URL", running.base_url)
        yield running


@pytest.fixture(autouse=True)
def at(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """A function that sets the time of the sandbox and of the command."""
    clock = Clock([sandbox], monkeypatch)
    clock.at(NOON)
    return clock.at


def test_it_says_what_it_read_and_what_changed(
    terminal: Terminal, at: Callable[[int], None], here: Path
) -> None:
    first = terminal(f"{SYNC} --endpoints costs images --last 60d")
    assert "2026-07-12 … 2026-09-10 12:00" in first
    assert terminal.err == ""
    assert "restated" not in first
    [found] = query(here / "usage.duckdb", "SELECT count(*) AS rows FROM costs")
    assert f"{found['rows']:,}" in first
    at(NOON + 2 * DAY)
    second = terminal(f"{SYNC} --endpoints costs images --last 60d")
    assert "2026-08-13 … 2026-09-12 12:00" in second
    assert "costs, 2026-09-" in second
    assert "(restated)" in second
    changes = query(here / "usage.duckdb", "SELECT * FROM _changes")
    lines = [line for line in second.splitlines() if line.endswith(")")]
    assert len(lines) == min(20, len(changes))
    lag = terminal(f"{SYNC} --lag")
    assert "latest change," in lag
    assert "costs" in lag


def test_many_changes_are_counted(terminal: Terminal, at: Callable[[int], None]) -> None:
    terminal(f"{SYNC} --last 9d")
    at(NOON + 3 * DAY)
    assert "more changes in the table _changes." in terminal(SYNC)


def test_before_anything_changed_there_is_no_lag(terminal: Terminal) -> None:
    terminal(f"{SYNC} --lag", exit_code=1)
    assert "usage.duckdb cannot be opened" in terminal.err
    terminal(f"{SYNC} --last 2d --endpoints costs")
    assert terminal(f"{SYNC} --lag") == "No sync has found a change yet.\n"


def test_an_endpoint_that_cannot_be_read_is_named(terminal: Terminal, sandbox: Sandbox) -> None:
    answer_at(sandbox, "images", 403)
    out = terminal(f"{SYNC} --label acme --last 9d", exit_code=1)
    assert "images" not in out
    assert terminal.err.startswith("openai-usage: acme, images: the API answered 403")
    assert len(terminal.err.splitlines()) == 1


def test_where_nothing_can_be_read_only_the_reasons_are_printed(
    terminal: Terminal, sandbox: Sandbox
) -> None:
    sandbox.scopes.clear()
    assert terminal(f"{SYNC} --last 9d", exit_code=1) == ""
    assert terminal.err.startswith("openai-usage: default, 12 endpoints: the API answered 403")
    assert len(terminal.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--to usage.duckdb", f"--to takes {FORMS}, not 'usage.duckdb'."),
        ("--to duckdb:", f"--to takes {FORMS}, not 'duckdb:'."),
        ("--to duckdb:u --last 9d --start 2026-01-01", "--last and --start contradict each other."),
        ("--to duckdb:u --endpoints audio-speech", "--endpoints takes "),
        ("--to duckdb:u --group-by modle", "--group-by takes "),
        (
            "--to duckdb:u --label Acme",
            "--label takes small letters, digits and hyphens, not 'Acme'.",
        ),
    ],
)
def test_mistakes_are_refused_before_anything_is_sent(
    options: str, message: str, terminal: Terminal, sandbox: Sandbox
) -> None:
    terminal(f"sync {options}", exit_code=2)
    assert terminal.err.startswith(f"openai-usage: {message}")
    assert sandbox.requests == []


def test_ctrl_c_says_that_the_next_sync_goes_on(terminal: Terminal, sandbox: Sandbox) -> None:
    sandbox.faults.stall(60, times=99)

    def interrupt() -> None:
        while not sandbox.requests:
            pass
        os.kill(os.getpid(), signal.SIGINT)

    Thread(target=interrupt).start()
    assert terminal(f"{SYNC} --last 9d", exit_code=130) == ""
    assert terminal.err == "openai-usage: interrupted. The next sync goes on from here.\n"
    sandbox.faults.clear()
    terminal(f"{SYNC} --last 9d")


def test_another_layout_is_refused_and_can_be_rebuilt(terminal: Terminal, here: Path) -> None:
    terminal(f"{SYNC} --endpoints audio-speeches --last 9d")
    terminal(f"{SYNC} --endpoints audio-speeches --last 9d --group-by project_id", exit_code=1)
    assert terminal.err.endswith(
        "Use the same --bucket-width and --group-by, keep a second copy with --prefix, or replace "
        "this one with --rebuild.\n"
    )
    terminal(f"{SYNC} --endpoints audio-speeches --last 9d --group-by project_id,model --rebuild")
    terminal(f"{SYNC} --endpoints costs --start 2026-09-01 --prefix second_")
    layouts = query(here / "usage.duckdb", "SELECT layout FROM _state")
    assert [each["layout"] for each in layouts] == ["1d by model, project_id"]
    assert query(here / "usage.duckdb", "SELECT min(start) AS first FROM second_costs")


def test_several_organizations_are_read_from_a_file(
    terminal: Terminal, sandbox: Sandbox, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_KEY", sandbox.admin_api_key)
    with Sandbox(seed=8, now=NOON) as other:
        other.scopes.clear()
        (here / "globex.key").write_text(other.admin_api_key)
        (here / "organizations.toml").write_text(
            '[organizations.acme]\nadmin_key_env = "ACME_KEY"\n'
            '[organizations.globex]\nadmin_key_file = "globex.key"\n'
            f'base_url = "{other.base_url}"\n'
        )
        monkeypatch.setenv("OPENAI_USAGE_ORGANIZATIONS", "organizations.toml")
        out = terminal(f"{SYNC} --endpoints costs images --last 9d", exit_code=1)
        assert "organization" in out
        assert terminal.err.startswith("openai-usage: globex, 2 endpoints: the API answered 403")
        other.scopes.add("api.usage.read")
        both = terminal("sync --to duckdb:both.duckdb --endpoints images --last 9d --rebuild")
    assert "organization" in both
    assert "costs" in out
    found = query(here / "usage.duckdb", "SELECT DISTINCT organization FROM costs")
    assert [each["organization"] for each in found] == ["acme"]
    terminal(f"{SYNC} --endpoints costs --sandbox")
    terminal(f"{SYNC} --sandbox --organizations organizations.toml", exit_code=2)
    assert "--sandbox and --organizations contradict each other" in terminal.err
    terminal(f"{SYNC} --organizations organizations.toml --label acme", exit_code=2)
    assert "--label and --organizations contradict each other" in terminal.err
    terminal(f"{SYNC} --organizations no.toml", exit_code=2)
    assert terminal.err.startswith("openai-usage: no.toml: the file cannot be read")


# --------------------------------------------------------------------- reading the copy


@pytest.fixture
def copied(terminal: Terminal, sandbox: Sandbox) -> Sandbox:
    """A sandbox whose last hundred days are in usage.duckdb, and which then gets no request."""
    terminal(f"{SYNC} --last 100d")
    sandbox.requests.clear()
    return sandbox


@pytest.mark.parametrize(
    "command",
    [
        "costs --last 9d --group-by model --format csv",
        "completions --last 9d --group-by day model --total --format csv",
        "spend --format json",
        "prices --last 9d",
    ],
)
def test_commands_print_the_same_from_a_copy(
    command: str, terminal: Terminal, copied: Sandbox
) -> None:
    ours = terminal(f"{command} --from duckdb:usage.duckdb")
    assert terminal.err == f"openai-usage: {OF_DEFAULT}\n"
    assert copied.requests == []
    assert without_zeros(ours) == without_zeros(terminal(command))


def without_zeros(text: str) -> str:
    """The text with numbers that do not end in zeros, which the API can send and a copy drops."""
    return re.sub(r"\d+\.\d+", lambda match: match[0].rstrip("0").rstrip("."), text)


@pytest.mark.parametrize("place", ["delta:lake", "dlt:duckdb", "dlt:duckdb/other"])
def test_other_places_are_kept_and_read(
    place: str,
    terminal: Terminal,
    sandbox: Sandbox,
    at: Callable[[int], None],
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("RUNTIME__DLTHUB_TELEMETRY", raising=False)
    command = f"sync --to {place} --last 9d --endpoints costs"
    terminal(command)
    at(NOON + 2 * DAY)
    assert "(restated)" in terminal(command)
    assert "latest change," in terminal(f"sync --to {place} --lag")
    costs = "costs --last 3d --group-by model"
    assert terminal(f"{costs} --from {place}") == terminal(costs)
    if place.startswith("dlt:"):  # whose makers would learn of it otherwise
        assert os.environ.pop("RUNTIME__DLTHUB_TELEMETRY") == "false"


def test_a_copy_of_nothing_has_no_organizations(terminal: Terminal, sandbox: Sandbox) -> None:
    sandbox.scopes.clear()
    terminal(f"{SYNC} --last 9d", exit_code=1)
    terminal("costs --from duckdb:usage.duckdb", exit_code=2)
    assert terminal.err == (
        "openai-usage: --from duckdb:usage.duckdb is empty. Fill it with openai-usage sync.\n"
    )


def test_what_a_copy_lacks_is_to_be_synced(
    terminal: Terminal, sandbox: Sandbox, at: Callable[[int], None], here: Path
) -> None:
    terminal(f"{SYNC} --last 9d --endpoints costs")
    at(NOON + 5 * DAY)
    terminal("costs --last 4d --from duckdb:usage.duckdb")
    gap = "the copy does not have a bucket of costs for 2026-09-11"
    advice = "use openai-usage sync, with an earlier --start if the copy begins later."
    assert gap in terminal.err
    assert advice in terminal.err
    terminal("costs --last 4d --from duckdb:usage.duckdb --on-gap raise", exit_code=1)
    assert gap in terminal.err
    terminal("spend --from duckdb:usage.duckdb", exit_code=1)
    assert advice in terminal.err
    terminal("report --last 4d --from duckdb:usage.duckdb", exit_code=1)
    assert advice in terminal.err


def test_a_report_of_a_copy_says_so(terminal: Terminal, copied: Sandbox, here: Path) -> None:
    terminal("report --last 9d -o copy.html --from duckdb:usage.duckdb")
    assert copied.requests == []
    page = (here / "copy.html").read_text()
    assert "<dt>Source</dt><dd>a copy of default, read at 2026-09-10 12:00 UTC</dd>" in page


def test_a_report_of_a_copy_lacks_what_the_copy_lacks(
    terminal: Terminal, sandbox: Sandbox, here: Path
) -> None:
    terminal(f"{SYNC} --last 9d --endpoints costs images")
    terminal("report --last 5d --personal --from duckdb:usage.duckdb", exit_code=1)
    page = (here / "report.html").read_text()
    assert "the copy has no completions of default" in page
    assert "costs by user could not be read" in terminal.err


def test_another_process_that_has_the_file_is_named(
    terminal: Terminal, sandbox: Sandbox, here: Path
) -> None:
    code = "import duckdb, sys; c = duckdb.connect('usage.duckdb'); print(1, flush=True); input()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        terminal(f"{SYNC} --last 2d", exit_code=1)
        other.communicate(b"\n")
    assert terminal.err == (
        "openai-usage: usage.duckdb cannot be opened: another process has it open. Try again when "
        "that has ended.\n"
    )


def test_organizations_of_a_copy_are_read_together_or_one_is_chosen(
    terminal: Terminal, copied: Sandbox, here: Path
) -> None:
    terminal("costs --from duckdb:usage.duckdb --organization acme", exit_code=2)
    assert "--from duckdb:usage.duckdb has default. Choose one with" in terminal.err
    terminal(f"{SYNC} --last 9d --label acme --endpoints costs", exit_code=1)
    assert "is in the copy already, with the label default. Use this label" in terminal.err
    with Sandbox(seed=8, now=NOON) as other, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_ADMIN_KEY", other.admin_api_key)
        patch.setenv("OPENAI_BASE_URL", other.base_url)
        terminal(f"{SYNC} --last 9d --label acme --endpoints costs")
    both = terminal("costs --last 3d --format csv --total --from duckdb:usage.duckdb")
    labels = {line.split(",")[2] for line in both.splitlines()}
    assert labels == {"organization", "acme", "default"}
    assert "a copy of acme and default, read at" in terminal.err
    terminal("images --last 3d --from duckdb:usage.duckdb", exit_code=1)
    assert "images of acme could not be read, and are left out: the copy has no" in terminal.err
    terminal("report --last 3d --from duckdb:usage.duckdb", exit_code=1)
    page = (here / "report.html").read_text()
    assert "a copy of acme, read at 2026-09-10 12:00 UTC and a copy of default, read at" in page
    one = terminal("costs --last 3d --from duckdb:usage.duckdb --organization acme")
    assert "a copy of acme, read at" in terminal.err
    assert "organization" not in one


def test_a_copy_with_a_prefix_is_read(terminal: Terminal, copied: Sandbox, here: Path) -> None:
    terminal(f"{SYNC} --last 9d --endpoints images --bucket-width 1h --prefix hours_")
    hours = "images --last 2d --bucket-width 1h --format jsonl"
    found = terminal(f"{hours} --from duckdb:usage.duckdb --prefix hours_")
    assert found == terminal(hours)
    terminal(f"{hours} --prefix hours_", exit_code=2)
    assert terminal.err == "openai-usage: --prefix is only possible with --from.\n"


@pytest.mark.parametrize(
    ("command", "exit_code", "message"),
    [
        ("costs --from usage.duckdb", 2, f"--from takes {FORMS}"),
        ("costs --from duckdb:nowhere", 1, "nowhere cannot be opened: "),
        ("costs --from duckdb:empty", 1, "empty is not a copy: the table "),
        ("costs --from duckdb:usage.duckdb --sandbox", 2, "--from and --sandbox contradict"),
        ("costs --from duckdb:usage.duckdb --group-by user_id", 1, "the copy has costs by line_it"),
        (f"{SYNC} --from duckdb:other", 2, "--from is not possible here: a copy is made of the"),
        ("doctor --from duckdb:usage.duckdb", 2, "--from is not possible here: this command chec"),
    ],
)
def test_what_cannot_be_read_from_a_copy_is_refused(
    command: str, exit_code: int, message: str, terminal: Terminal, copied: Sandbox
) -> None:
    duckdb.connect("empty").close()
    terminal(command, exit_code=exit_code)
    assert terminal.err.splitlines()[-1].startswith(f"openai-usage: {message}")
    assert copied.requests == []
