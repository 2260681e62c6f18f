"""What the command line writes: formats, files that are there whole, and what ends it midway."""

import asyncio
import csv
import fcntl
import io
import json
import signal
import stat
import subprocess
import sys
import termios
import unicodedata
from array import array
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from openai_usage import AsyncUsageClient
from openai_usage._extras import install_command
from openai_usage.cli.output.atomic_file import atomic_file
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY
from tests.support.pseudo_terminal import on_a_terminal
from tests.support.terminal import COMMAND, Terminal, asking

pytestmark = pytest.mark.real_clock

COSTS = "costs --start 2026-01-05 --end 2026-01-25 --group-by line_item project_id"
COLUMNS = (
    "start,end,project_id,user_id,api_key_id,line_item,api_source,amount,currency,"
    "quantity,quantity_unit,organization_id,organization_name,project_name,product,model,kind"
)


def billed(sandbox: Sandbox) -> Decimal:
    """What the SDK says was spent in the range of `COSTS`."""

    async def summed() -> Decimal:
        async with AsyncUsageClient(sandbox.admin_api_key, base_url=sandbox.base_url) as client:
            buckets = await client.costs(start_time=1_767_571_200, end_time=1_769_299_200).collect()
        return sum((each.amount.value for bucket in buckets for each in bucket.results), Decimal())

    return asyncio.run(summed())


@pytest.mark.parametrize("ending", ["csv", "json", "jsonl"])
def test_every_format_has_the_same_columns_and_the_same_total(
    ending: str, terminal: Terminal, asked: Sandbox, here: Path
) -> None:
    assert terminal(f"{COSTS} -o costs.{ending}") == ""
    text = Path(f"costs.{ending}").read_bytes().decode()
    match ending:
        case "csv":
            rows = list(csv.DictReader(io.StringIO(text, newline="")))
        case "json":
            rows = json.loads(text)
        case _:
            rows = [json.loads(line) for line in text.splitlines()]
    assert len(rows) > 100
    assert all(",".join(row) == COLUMNS for row in rows)
    assert sum(Decimal(row["amount"]) for row in rows) == billed(asked)
    assert list(here.iterdir()) == [here / f"costs.{ending}"]
    assert terminal(f"{COSTS} --format {ending}") == text


def test_the_ending_is_read_in_any_case_and_format_overrules_it(
    terminal: Terminal, here: Path
) -> None:
    terminal("costs --last 1d --sandbox -o COSTS.CSV")
    assert Path("COSTS.CSV").read_text().splitlines()[0] == COLUMNS
    terminal("costs --last 1d --sandbox -o costs.csv --format jsonl")
    assert json.loads(Path("costs.csv").read_text().splitlines()[0])["currency"] == "usd"
    terminal("costs --last 1d --sandbox -o costs.table --exact")
    assert "total" in Path("costs.table").read_text()


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("costs.txt", "does not end in one of table, json, jsonl, csv"),
        ("costs", "does not end in one of"),
        ("nowhere/costs.csv", "there is no folder "),
        ("folder.csv", "it is a folder"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_asked(
    output: str, says: str, terminal: Terminal, asked: Sandbox, here: Path
) -> None:
    Path("folder.csv").mkdir()
    terminal(f"costs -o {output}", exit_code=2)
    assert says in terminal.err
    assert not asked.requests


def test_cells_that_a_spreadsheet_would_run_are_made_harmless(
    terminal: Terminal, asked: Sandbox
) -> None:
    results = [
        {"line_item": text, "amount": {"value": "-5.00", "currency": "usd"}}
        for text in ("=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "gpt-4, input", "a=b")
    ]
    bucket = {"start_time": 1_767_571_200, "end_time": 1_767_657_600, "results": results}
    asked.faults.status(200, body=json.dumps({"data": [bucket], "has_more": False}))
    out = terminal("costs --start 2026-01-05 --end 2026-01-06 --format csv --group-by line_item")
    rows = list(csv.DictReader(io.StringIO(out, newline="")))
    assert [row["line_item"] for row in rows] == [
        *("'=1+1", "'+1", "'-1", "'@SUM(A1)", "' =1", "'\t=1", "'\r=1", "gpt-4, input", "a=b")
    ]
    assert {row["amount"] for row in rows} == {"-5.00"}  # a number, which runs nothing


@given(st.text())
@example("\x1f@")
@example("\n \t1")
@example("\uff1d1+1")
@example("\uff0b1")
@example("\uff0d1")
@example("\uff201")
@example("\ufeff=1")
@example("\u200b=1")
@example("\x00=1")
@example(" \u2060\uff1d1")
def test_no_text_is_run_and_none_is_lost(text: str) -> None:
    from openai_usage._spreadsheets import escape_formula

    cell = escape_formula(text)
    assert isinstance(cell, str)
    visible = "".join(each for each in cell if unicodedata.category(each)[0] not in "CZ")
    assert not visible.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
    assert text in (cell, cell.removeprefix("'"))


@pytest.mark.parametrize("concurrency", ["4", "auto"])
def test_windows_at_once_change_nothing(concurrency: str, terminal: Terminal) -> None:
    hours = "completions --start 2026-01-01 --end 2026-02-01 --bucket-width 1h --sandbox"
    command = f"{hours} --format jsonl"
    assert terminal(f"{command} --concurrency {concurrency}") == terminal(command)


def test_booleans_and_nothing_in_csv(terminal: Terminal) -> None:
    out = terminal("completions --last 1d --group-by batch --format csv --sandbox")
    rows = list(csv.DictReader(io.StringIO(out, newline="")))
    assert {row["batch"] for row in rows} == {"true", "false"}
    assert {row["project_id"] for row in rows} == {""}


def test_parquet_has_the_same_columns_and_the_same_total(
    terminal: Terminal, asked: Sandbox, here: Path
) -> None:
    terminal(f"{COSTS} -o costs.parquet")
    table = pq.read_table("costs.parquet")
    assert ",".join(table.column_names) == COLUMNS
    assert sum(table.to_pandas()["amount"]) == billed(asked)


def test_parquet_is_written_in_groups_of_rows(terminal: Terminal, here: Path) -> None:
    terminal(
        "completions --start 2026-01-05 --end 2026-01-07 --bucket-width 1m "
        "--group-by model user_id api_key_id --sandbox -o usage.parquet"
    )
    groups = pq.ParquetFile("usage.parquet").metadata
    assert groups.num_row_groups > 1
    assert groups.num_rows == pq.read_table("usage.parquet").num_rows > 10_000


@pytest.mark.slow
def test_parquet_goes_through_a_pipe_whole_or_not_at_all(usage_sandbox: Sandbox) -> None:
    def piped() -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*f"{COMMAND} {COSTS} --limit 5 --format parquet".split()],
            capture_output=True,
            check=False,
            env=asking(usage_sandbox),
        )

    whole = piped()
    assert (whole.returncode, whole.stderr) == (0, b"")
    assert pq.read_table(io.BytesIO(whole.stdout)).num_rows > 100
    usage_sandbox.faults.status(404, after=2)
    half = piped()
    assert (half.returncode, half.stdout) == (1, b"")
    assert b"Continue with" not in half.stderr


@pytest.mark.parametrize(("form", "name"), [("parquet", "Parquet"), ("xlsx", "Excel")])
def test_a_binary_format_is_not_written_to_a_terminal(
    form: str, name: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    terminal(f"costs --sandbox --format {form}", exit_code=2)
    assert f"Refusing to write {name} to a terminal. Use --output FILE." in terminal.err


def test_without_its_extra_parquet_says_what_is_missing(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "openai_usage.arrow", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    terminal("costs --sandbox --format parquet", exit_code=2)
    assert install_command("arrow") in terminal.err


# ---------------------------------------------------------------- whole or not at all


@pytest.mark.parametrize("ending", ["csv", "json", "jsonl", "table"])
def test_a_failure_midway_leaves_what_was_there(
    ending: str, terminal: Terminal, asked: Sandbox, here: Path
) -> None:
    file = Path(f"costs.{ending}")
    file.write_text("of yesterday")
    asked.faults.status(404, after=2)
    terminal(f"costs --last 10d --limit 2 -o {file}", exit_code=1)
    assert "Continue with" not in terminal.err
    assert file.read_text() == "of yesterday"
    assert list(here.iterdir()) == [here / file]


def test_a_file_has_the_permissions_of_any_other_or_those_it_had(here: Path) -> None:
    plain, file = Path("plain"), Path("file")
    plain.touch()
    with atomic_file(file):
        pass
    assert file.stat().st_mode == plain.stat().st_mode
    file.chmod(0o600)
    with atomic_file(file) as written:
        written.write(b"new")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes() == b"new"


def test_a_link_stays_a_link(here: Path) -> None:
    Path("link").symlink_to("file")
    with atomic_file(Path("link")) as written:
        written.write(b"new")
    assert Path("link").is_symlink()
    assert Path("file").read_bytes() == b"new"


def test_what_is_no_file_is_written_directly() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{COMMAND} costs --last 1d --sandbox --format csv -o /dev/stdout | cat"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(COLUMNS)


# ---------------------------------------------------------------- what was written


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["csv", "json", "jsonl", "table", "parquet"])
def test_people_are_interrupted_what_was_written(
    ending: str, usage_sandbox: Sandbox, tmp_path: Path
) -> None:
    file = tmp_path / f"costs.{ending}"
    words = f"costs --start 2026-01-05 --end 2026-01-07 -o {file}".split()
    code, seen = on_a_terminal(*words, env=asking(usage_sandbox))
    assert (code, file.exists()) == (0, True)
    line = f"openai-usage: wrote {file}: 2 results, 2026-01-05 to 2026-01-06.\r\n"
    assert seen.endswith(line)  # after the progress, if the machine is slow


@pytest.mark.parametrize(
    ("days", "says"),
    [
        ([], "0 results."),
        ([0], "0 results, 2026-01-05."),
        ([1], "1 result, 2026-01-05."),
        ([700, 0, 500], "1,200 results, 2026-01-05 to 2026-01-07."),
    ],
)
def test_what_was_written_is_counted(
    days: list[int],
    says: str,
    terminal: Terminal,
    asked: Sandbox,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("openai_usage.cli.output.progress._DELAY", 3600)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    result = {"amount": {"value": "1", "currency": "usd"}}
    buckets = [
        {
            "start_time": 1_767_571_200 + day * DAY,
            "end_time": 1_767_571_200 + (day + 1) * DAY,
            "results": count * [result],
        }
        for day, count in enumerate(days)
    ]
    asked.faults.status(200, body=json.dumps({"data": buckets, "has_more": False}))
    end = date(2026, 1, 5) + timedelta(days=max(1, len(days)))
    options = f"--start 2026-01-05 --end {end} -o costs.csv"
    assert terminal(f"costs {options}") == ""
    assert f"openai-usage: wrote costs.csv: {says}\n" in terminal.err


def test_scripts_are_interrupted_nothing(terminal: Terminal, here: Path) -> None:
    assert terminal("costs --last 1d --sandbox -o costs.csv") == ""
    assert terminal.err == ""
    terminal("costs --last 1d --sandbox -o -")
    assert terminal.err == ""


# ---------------------------------------------------------------- ended from outside


class Started:
    """A process that has read two pages, and waits for the third."""

    def __init__(self, sandbox: Sandbox, *options: str, program: Sequence[str] = ()) -> None:
        sandbox.faults.stall(60, after=2)
        self._process = subprocess.Popen(
            [
                *(*program, COMMAND),
                *["costs", "--start", "2026-01-05", "--end", "2026-01-15"],
                *("--limit", "1", *options),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=asking(sandbox),
        )
        while len(sandbox.requests) < 3:
            assert self._process.poll() is None

    def end(self, number: signal.Signals) -> tuple[int, str, str]:
        """Its exit code, and what it wrote, once it got a signal."""
        with self._process as process:
            process.send_signal(number)
            out, err = process.communicate(timeout=120)
            return process.returncode, out, err


def test_a_job_in_the_background_ends_on_sigterm(usage_sandbox: Sandbox) -> None:
    # Shells start those with SIGINT ignored.
    ignoring = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN);"
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    job = Started(usage_sandbox, "--format", "jsonl", program=[sys.executable, "-c", ignoring])
    code, out, _ = job.end(signal.SIGTERM)
    assert (code, len(out.splitlines())) == (130, 2)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_stream_says_where_to_go_on(
    number: signal.Signals, usage_sandbox: Sandbox
) -> None:
    code, out, err = Started(usage_sandbox, "--format", "jsonl").end(number)
    assert code == 130
    assert [json.loads(line)["end"] for line in out.splitlines()] == [
        "2026-01-06T00:00:00Z",
        "2026-01-07T00:00:00Z",
    ]
    assert err == (
        "openai-usage: interrupted. The output before that is complete. Continue with "
        "--start 2026-01-07T00:00:00Z.\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_end_leaves_half_a_file(
    number: signal.Signals, usage_sandbox: Sandbox, tmp_path: Path
) -> None:
    file = tmp_path / "costs.csv"
    code, out, err = Started(usage_sandbox, "-o", str(file)).end(number)
    assert not file.exists()
    if number is signal.SIGKILL:
        assert (code, out, err) == (-9, "", "")
        [part] = tmp_path.iterdir()  # which nothing could remove, and nobody takes for the file
        assert part.suffix == ".part"
    else:
        assert (code, out) == (130, "")
        assert err == "openai-usage: interrupted. No complete output was written.\n"
        assert list(tmp_path.iterdir()) == []


def test_csv_comes_while_later_pages_are_fetched(usage_sandbox: Sandbox) -> None:
    _, out, _ = Started(usage_sandbox, "--format", "csv").end(signal.SIGKILL)
    assert len(out.splitlines()) == 3


SAYING_WHEN = """
import asyncio, os
on_sigint = asyncio.Runner._on_sigint

def interrupted(*signal, **task):
    os.write(2, b"!")
    on_sigint(*signal, **task)

asyncio.Runner._on_sigint = interrupted
from openai_usage.cli import main
main()
"""
"""The command, which says on stderr when a Ctrl-C has come to it."""


@pytest.mark.slow
def test_ctrl_c_twice_ends_a_write_that_nobody_reads(usage_sandbox: Sandbox) -> None:
    options = "completions --last 300d --bucket-width 1h --group-by model --format jsonl"
    with subprocess.Popen(
        [sys.executable, "-c", SAYING_WHEN, *options.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=asking(usage_sandbox),
    ) as process:
        assert process.stdout is not None
        held = array("i", [0])
        while held[0] < 50_000:  # of the 65,536 bytes that a pipe holds on Linux
            fcntl.ioctl(process.stdout, termios.FIONREAD, held)
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.read(1) == b"!"
        assert process.poll() is None  # it waits for what it does to end
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=120) == 130


def test_what_is_whole_when_ctrl_c_comes_is_no_failure(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    really_close = AsyncUsageClient.close

    async def close(client: AsyncUsageClient) -> None:
        await really_close(client)
        raise KeyboardInterrupt

    monkeypatch.setattr(AsyncUsageClient, "close", close)
    terminal("costs --last 1d --sandbox -o costs.csv")
    assert Path("costs.csv").read_text().startswith(COLUMNS)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(usage_sandbox: Sandbox, tmp_path: Path) -> None:
    # Of a process between: what is forked off pytest counts pytest's own memory as well.
    program = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )

    def peak(days: int) -> int:
        """The most memory of a process that writes so many days of minutes."""
        file = tmp_path / f"{days}.csv"
        iteration = (
            f"completions --last {days}d --bucket-width 1m --group-by model user_id -o {file}"
        )
        command = [sys.executable, "-c", program, COMMAND, *iteration.split()]
        return int(subprocess.check_output(command, env=asking(usage_sandbox)))

    assert peak(5) < 1.3 * peak(1)
