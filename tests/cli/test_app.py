"""The command line, in the process and as a process."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from openai_usage import Endpoints, __version__
from openai_usage._extras import missing_library
from openai_usage.cli.app import _OTHERS
from openai_usage.cli.commands import query as query_commands
from openai_usage.cli.options.time_range import TimeRange
from openai_usage.cli.wording import CommandError
from openai_usage.sandbox import Sandbox
from tests.support.readme_table import CLIENT_README
from tests.support.terminal import COMMAND, Terminal, asking

pytestmark = pytest.mark.real_clock

DAY = 86_400
ROWS = Endpoints.table()


def test_a_zero_is_a_zero(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    zero = '{"amount":{"value":"0E-6176","currency":"usd"},"quantity":1E+3}'
    bucket = f'{{"start_time":1767225600,"end_time":1767312000,"results":[{zero}]}}'
    with Sandbox() as sandbox:
        monkeypatch.setenv("OPENAI_ADMIN_KEY", sandbox.admin_api_key)
        monkeypatch.setenv("OPENAI_BASE_URL", sandbox.base_url)
        sandbox.faults.status(200, body=f'{{"data":[{bucket}],"has_more":false}}')
        command = "costs --start 2026-01-01 --end 2026-01-02 --format jsonl"
        row = json.loads(terminal(command))
    assert (row["amount"], row["quantity"]) == ("0", "1000")


def test_money_is_shown_to_the_cent_with_its_currency(terminal: Terminal) -> None:
    command = "costs --start 2026-01-05 --end 2026-01-09 --sandbox"
    amounts = re.findall(r"([0-9,]+\.[0-9]{2}) usd", terminal(command))
    assert len(amounts) == 5  # four days and their total
    exact = [Decimal(row["amount"]) for row in json.loads(terminal(f"{command} --format json"))]
    assert f"{sum(exact):,.2f}" == amounts[-1]


def test_json_lines_carry_everything_in_a_fixed_order(terminal: Terminal) -> None:
    out = terminal("costs --last 1d --group-by line_item project_id --format jsonl --sandbox")
    rows = [json.loads(line) for line in out.splitlines()]
    assert len(rows) > 10
    assert {tuple(row) for row in rows} == {
        (
            "start",
            "end",
            "project_id",
            "user_id",
            "api_key_id",
            "line_item",
            "api_source",
            "amount",
            "currency",
            "quantity",
            "quantity_unit",
            "organization_id",
            "organization_name",
            "project_name",
            "product",
            "model",
            "kind",
        )
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", rows[0]["start"])
    assert all(re.fullmatch(r"[0-9]+(\.[0-9]+)?", row["amount"]) for row in rows)
    assert {row["currency"] for row in rows} == {"usd"}


def test_json_is_one_array(terminal: Terminal) -> None:
    command = "images --last 1d --group-by size --sizes 256x256 512x512 --format json --sandbox"
    rows = json.loads(terminal(command))
    assert {row["size"] for row in rows} <= {"256x256", "512x512"}
    empty = terminal("images --start 2020-01-01 --end 2020-01-03 --format json --sandbox")
    assert json.loads(empty) == []


def test_a_range_with_nothing_in_it_is_an_empty_table(terminal: Terminal) -> None:
    out = terminal("costs --start 2020-01-01 --end 2020-01-03 --sandbox")
    assert "amount" in out
    assert terminal.err == "openai-usage: nothing was billed in this range.\n"


def test_an_empty_range_needs_no_word_in_a_format_for_programs(terminal: Terminal) -> None:
    terminal("costs --start 2020-01-01 --end 2020-01-03 --sandbox --format json")
    assert terminal.err == ""


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("cots", "'cots' is not a command. Did you mean 'costs'? openai-usage --help lists"),
        ("help", "'help' is not a command. openai-usage --help lists all commands."),
        ("costs model", "'model' belongs to no option. The option --help lists all options."),
        ("spend --budget 5,000", "--budget takes an amount such as 5000 or 5000.50, not '5,000'."),
    ],
)
def test_a_command_that_is_not_understood_says_how_to_go_on(
    command: str, says: str, terminal: Terminal
) -> None:
    terminal(command, exit_code=2)
    assert terminal.err.startswith(f"openai-usage: {says}")


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_a_command_with_all_its_options(name: str, terminal: Terminal) -> None:
    shown = terminal(f"{name.replace('_', '-')} --help")
    for parameter in ROWS[name].parameters:
        assert f"--{parameter.name.replace('_', '-')}" in shown
    for option in ("--last", "--format", "--sandbox"):
        assert option in shown
    assert max(map(len, shown.splitlines())) <= 80
    rows = terminal(f"{name} --last 1d --format jsonl --sandbox --extra-query.flavour a")
    assert [json.loads(line)["start"] for line in rows.splitlines()]


def test_the_list_of_commands_is_the_table(terminal: Terminal) -> None:
    for words in ("--help", ""):
        shown = terminal(words)
        for name in ROWS:
            assert f" {name.replace('_', '-')} " in shown
    assert terminal("--version").strip() == __version__


@pytest.mark.slow
def test_readme_and_help_name_the_same_commands_and_options(terminal: Terminal) -> None:
    readme = CLIENT_README.read_text()
    documents = "".join(
        (CLIENT_README.parent / folder / "README.md").read_text() for folder in ("cli", "report")
    )
    shown = terminal("--help")
    commands = re.findall(r"^│ ([a-z][a-z-]+) ", shown, flags=re.MULTILINE)
    assert len(commands) == len(ROWS) + len(_OTHERS)
    rows = [name.replace("_", "-") for name in ROWS]
    for command in set(commands) - set(rows):
        assert f"`{command}`" in documents or f"openai-usage {command}" in documents
    commands.append("--install-completion")
    helps = {command: terminal(f"{command} --help") for command in commands}
    assert max(len(line) for shown in helps.values() for line in shown.splitlines()) <= 80
    options = {
        command: set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", shown))
        for command, shown in helps.items()
    }
    in_readme = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", documents))
    assert in_readme <= set().union({"--help", "--install-completion"}, *options.values())
    # What all rows have, but for the parameters, of which the table of endpoints tells.
    shared = set.intersection(*(options[row] for row in rows))
    parameters = {
        f"--{each.name.replace('_', '-')}" for row in ROWS.values() for each in row.parameters
    }
    assert shared - parameters - {"--extra-query"} <= in_readme
    assert all(parameter in readme for parameter in map(_snake, shared & parameters))


def _snake(option: str) -> str:
    return f"`{option.removeprefix('--').replace('-', '_')}`"


@pytest.mark.parametrize("name", _OTHERS)
def test_every_other_command_is_listed_and_has_help(name: str, terminal: Terminal) -> None:
    assert f" {name} " in terminal("--help")
    shown = terminal(f"{name} --help")
    assert f"Usage: openai-usage {name}" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_the_list_of_commands_loads_none_of_them() -> None:
    program = (
        "import sys; from openai_usage.cli.app import _OTHERS, run; run(['--help']);"
        "commands = {f'openai_usage.cli.commands.{name}' for name in _OTHERS};"
        "loaded = commands | {'openai_usage.sandbox'};"
        "sys.exit(sorted(loaded & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.stderr, done.returncode) == (b"", 0)


def test_what_the_api_got_wrong_is_one_sentence_and_exit_code_1(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox() as sandbox:
        monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-wrong")
        monkeypatch.setenv("OPENAI_BASE_URL", sandbox.base_url)
        assert terminal("costs", exit_code=1) == ""
        assert "the API answered 401" in terminal.err
        assert "settings/organization/admin-keys" in terminal.err
        assert terminal.err.count("\n") == 1
        monkeypatch.setenv("OPENAI_ADMIN_KEY", sandbox.admin_api_key)
        assert len(terminal("costs --last 1d --format jsonl").splitlines()) == 2


def test_a_failure_midway_says_where_to_go_on(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox() as sandbox:
        monkeypatch.setenv("OPENAI_ADMIN_KEY", sandbox.admin_api_key)
        monkeypatch.setenv("OPENAI_BASE_URL", sandbox.base_url)
        for unfinished in ("table", "json"):  # nothing of these is of use
            sandbox.faults.status(404, after=2)
            terminal(f"costs --last 10d --limit 2 --format {unfinished}", exit_code=1)
            assert "Continue with" not in terminal.err
        sandbox.faults.status(404, after=2)
        out = terminal("costs --last 10d --limit 2 --format jsonl", exit_code=1)
    assert len(out.splitlines()) == 4
    last = json.loads(out.splitlines()[-1])["end"]
    assert f"Continue with --start {last}." in terminal.err


def test_ctrl_c_has_its_own_exit_code(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("openai_usage.cli.options.time_range.TimeRange.span", interrupted)
    assert terminal("costs --sandbox", exit_code=130) == ""
    assert terminal.err == "openai-usage: interrupted.\n"


def test_spans_begin_at_whole_units_before_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 100 * DAY + 3_601.5)
    assert TimeRange(last="30d").span() == (70 * DAY, None)
    assert TimeRange(last="12h").span() == (100 * DAY + 3_600 - 12 * 3_600, None)
    assert TimeRange(last="90m").span() == (100 * DAY + 3_600 - 90 * 60, None)
    assert TimeRange().span() == (93 * DAY, None)
    assert TimeRange(start="1970-01-02", end="1970-01-03T02:00+02:00").span() == (DAY, 2 * DAY)
    assert TimeRange(start="1764979200", end="1764979201").span() == (1_764_979_200, 1_764_979_201)
    assert TimeRange(start="20251206").span() == (1_764_979_200, None)
    assert TimeRange(last="100d").span() == (0, None)
    with pytest.raises(CommandError, match="--last 101d begins before 1970"):
        TimeRange(last="101d").span()


def test_months_are_those_of_utc() -> None:
    start, end = TimeRange(last_month=True).span()
    assert end is not None
    assert [datetime.fromtimestamp(each, UTC).day for each in (start, end)] == [1, 1]
    assert 28 * DAY <= end - start <= 31 * DAY
    assert TimeRange(this_month=True).span() == (end, None)


# ---------------------------------------------------------------- as a process


@pytest.mark.slow
def test_head_ends_it_quietly() -> None:
    line = f"{COMMAND} completions --last 90d --group-by model --format jsonl --sandbox | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1
    assert done.returncode == 0


def test_json_lines_come_while_later_pages_are_fetched() -> None:
    with Sandbox() as sandbox:
        sandbox.faults.stall(60, after=1)
        with subprocess.Popen(
            [COMMAND, "costs", "--last", "10d", "--limit", "1", "--format", "jsonl"],
            stdout=subprocess.PIPE,
            env=asking(sandbox),
        ) as process:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["currency"] == "usd"
            assert process.poll() is None  # the second page is still to come
            process.terminate()


def test_head_ends_the_help_quietly() -> None:
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {COMMAND} --help | head -1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0)


def test_a_full_disk_is_one_sentence() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{COMMAND} costs --sandbox > /dev/full"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == "openai-usage: No space left on device\n"
    assert done.returncode == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("refusals", "says"),
    [
        (1, "openai-usage: 1 request failed and was sent again, after delays of 0.0 s in all. "),
        (3, "openai-usage: 3 requests failed and were sent again, after delays of 0.0 s in all. "),
    ],
)
def test_retries_are_said_once_and_plainly(refusals: int, says: str) -> None:
    with Sandbox() as sandbox:
        sandbox.faults.status(503, times=refusals, headers={"retry-after-ms": "10"})
        done = subprocess.run(
            [COMMAND, "costs", "--format", "jsonl"],
            capture_output=True,
            text=True,
            check=True,
            env=asking(sandbox),
        )
    assert done.stderr.startswith(f"{says}The last of them was GET organization/costs: the API ")
    assert done.stderr.count("\n") == 1


def test_retries_are_said_before_the_error_that_ends_them(
    terminal: Terminal, asked: Sandbox
) -> None:
    asked.faults.status(503, times=9, headers={"retry-after-ms": "1"})
    terminal("costs --last 1d", exit_code=1)
    first, last = terminal.err.splitlines()
    assert first.startswith("openai-usage: 5 requests failed and were sent again, ")
    assert last.startswith("openai-usage: the API answered 503: ")


def test_the_key_is_not_shown_by_a_process_that_fails() -> None:
    done = subprocess.run(
        [COMMAND, "costs"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OPENAI_ADMIN_KEY": "sk-admin-se cret"},
    )
    assert done.returncode == 2
    assert "cret" not in done.stdout + done.stderr
    assert done.stderr.startswith("openai-usage: OPENAI_ADMIN_KEY takes printable")


def test_without_its_extra_the_command_says_what_is_missing() -> None:
    program = (
        "import sys; sys.modules['cyclopts'] = None\nfrom openai_usage.cli import main\nmain()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == f"openai-usage: {missing_library('cyclopts', 'cli')}\n"


@pytest.mark.parametrize("status", [200, 401, 404])
def test_the_key_is_shown_nowhere_even_where_the_server_quotes_it(
    status: int, usage_sandbox: Sandbox
) -> None:
    usage_sandbox.faults.status(status, body=f"you sent {usage_sandbox.admin_api_key}", times=1)
    done = subprocess.run(
        [COMMAND, "costs", "--last", "2d"],
        capture_output=True,
        text=True,
        env=asking(usage_sandbox),
        check=False,
    )
    assert done.returncode == 1
    assert "[the admin key]" in done.stderr
    assert usage_sandbox.admin_api_key not in done.stdout + done.stderr


@pytest.mark.slow
def test_the_shell_completes_commands_options_and_choices(tmp_path: Path) -> None:
    script = tmp_path / "completion"
    subprocess.run(
        [COMMAND, "--install-completion", "--shell", "bash", "--output", str(script)],
        check=True,
        capture_output=True,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    tries = ["'co'", "costs '--gr'", "costs --format ''", "costs --group-by 'p'"]
    asked = "; ".join(
        f"COMP_WORDS=(openai-usage {words}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)) COMPREPLY=()"
        '; _openai_usage; echo "${COMPREPLY[@]}"'
        for words in tries
    )
    done = subprocess.run(
        ["bash", "-c", f"COMP_WORDS=(x); source {script}; {asked}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "completions code-interpreter-sessions costs",
        "--group-by",
        "table json jsonl csv xlsx parquet dashboard-csv focus focus-parquet",
        "project_id product",
    ]


def test_only_endpoints_are_commands_of_the_module() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'cost'"):
        query_commands.cost  # noqa: B018
