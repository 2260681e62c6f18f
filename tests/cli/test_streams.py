"""Where the command line meets the system: streams, signals, permissions, and words."""

import os
import stat
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from openai_usage import Endpoints
from openai_usage.arrow import schema
from openai_usage.cli.output.atomic_file import atomic_file
from openai_usage.sandbox import Sandbox
from tests.support.terminal import COMMAND, Terminal

pytestmark = [pytest.mark.real_clock, pytest.mark.slow]

PARQUET = (
    "completions --start 2026-01-05 --end 2026-01-08 --bucket-width 1h "
    "--group-by model user_id api_key_id project_id batch service_tier --sandbox"
)


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """What a line comes to in a shell, in which `$run` is the command."""
    return subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "run": COMMAND, "PYTHONWARNINGS": "default"},
    )


@pytest.mark.parametrize("format_", ["table", "json"])
def test_a_check_says_no_even_if_nobody_reads_what_it_prints(format_: str) -> None:
    command = [COMMAND, *f"spend --sandbox --budget 1 --check --format {format_}".split()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout
        assert running.stderr
        running.stdout.close()
        assert running.stderr.read().startswith(b"openai-usage: over the budget of 1.00 usd")
    assert running.returncode == 3


def python(program: str, *before: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, sys.executable, "-c", program], capture_output=True, text=True, check=False
    )


# ---------------------------------------------------------------- streams that are not there


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("--version", 0),
        ("--help", 0),
        ("costs --sandbox", 0),
        ("costs --sandbox --format jsonl", 0),
        ("spend --sandbox", 0),
        ("endpoints --format json", 0),
        ("costs --last nonsense", 2),
    ],
)
def test_without_stdout_what_is_printed_goes_nowhere(command: str, code: int) -> None:
    done = shell(f"$run {command} >&-")
    assert done.returncode == code
    assert done.stdout == ""
    assert done.stderr.count("\n") == (1 if code else 0)


@pytest.mark.parametrize(
    ("command", "code"), [("costs --last 1d --sandbox", 0), ("costs --last nonsense", 2)]
)
@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full"])
def test_without_stderr_only_what_is_wrong_cannot_be_said(
    stderr: str, command: str, code: int
) -> None:
    done = shell(f"$run {command} {stderr}")
    assert done.returncode == code
    assert ("Costs" in done.stdout) is (code == 0)


def test_a_file_is_written_without_any_stream(tmp_path: Path) -> None:
    done = shell(f"$run costs --last 1d --sandbox -o {tmp_path}/costs.csv <&- >&- 2>&-")
    assert done.returncode == 0
    [file] = tmp_path.iterdir()
    assert file.read_text().startswith("start,end,")


@pytest.mark.parametrize(("reader", "code"), [("head -1", 1), ("cat", 0)])
def test_a_reader_that_was_named_has_to_read_all(reader: str, code: int) -> None:
    done = shell(
        "$run completions --last 90d --group-by model --sandbox --format jsonl "
        f"-o >({reader} > /dev/null)"
    )
    assert done.returncode == code
    if code:
        assert done.stderr.startswith("openai-usage: /dev/fd/")
        assert done.stderr.endswith(": Broken pipe\n")


def test_no_line_ends_in_blanks_where_it_is_no_terminal(terminal: Terminal) -> None:
    for command in ("costs --group-by line_item", "spend", "doctor"):
        out = terminal(f"{command} --sandbox")
        assert out.count("\n") > 5
        assert [line for line in out.split("\n") if line != line.rstrip()] == []


# ---------------------------------------------------------------- signals


def test_ctrl_c_while_all_is_being_imported_is_no_traceback() -> None:
    done = python(
        "import sys\n"
        "class Impatient:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'cyclopts':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Impatient())\n"
        "from openai_usage.cli import main\n"
        "main()"
    )
    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.parametrize(("before", "ignored"), [(["nohup"], True), ([], False)])
def test_what_is_to_outlive_its_terminal_does(before: list[str], ignored: bool) -> None:
    done = python(
        "import signal, sys\n"
        "from openai_usage.cli import main\n"
        "sys.argv = ['openai-usage', '--version']\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN)",
        *before,
    )
    assert done.stdout.splitlines()[-1] == str(ignored)


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_a_file_has_its_permissions_before_it_has_a_byte(
    mode: int, umask: int, tmp_path: Path
) -> None:
    file = tmp_path / "secret.csv"
    file.touch()
    file.chmod(mode)
    before = os.umask(umask)
    try:
        with atomic_file(file):
            [part] = set(tmp_path.iterdir()) - {file}
            assert stat.S_IMODE(part.stat().st_mode) == mode
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_an_error_names_the_file_that_was_typed(terminal: Terminal) -> None:
    terminal("costs --sandbox -o /proc/self/costs.csv", exit_code=1)
    assert terminal.err == "openai-usage: /proc/self/costs.csv: No such file or directory\n"
    with pytest.raises(ValueError, match=r"^mine$"), atomic_file(Path("/dev/null")):
        raise ValueError("mine")


def test_a_name_can_be_as_long_as_the_system_lets_it(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / f"{'x' * 251}.csv"
    terminal(f"costs --sandbox -o {file}")
    assert file.read_text().startswith("start,end,")
    too_long = f"{'é' * 200}.csv"
    terminal(f"costs --sandbox -o {tmp_path}/{too_long}", exit_code=1)
    assert terminal.err == f"openai-usage: {tmp_path}/{too_long}: File name too long\n"
    assert list(tmp_path.iterdir()) == [file]


def test_a_hyphen_is_stdout(terminal: Terminal) -> None:
    command = "costs --start 2026-01-05 --end 2026-01-07 --sandbox"
    assert terminal(f"{command} -o -") == terminal(command)
    assert terminal(f"{command} --format csv --output -").startswith("start,end,")
    terminal(f"{command} --output --format csv", exit_code=2)
    assert "--format looks like an option. If it is a file, type ./--format" in terminal.err


def test_groups_of_rows_are_as_large_as_they_can_be(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "usage.parquet"
    terminal(f"{PARQUET.replace('1h', '1m')} -o {file}")
    written = pq.ParquetFile(file).metadata
    sizes = [written.row_group(each).num_rows for each in range(written.num_row_groups)]
    buckets = Counter(pq.read_table(file)["start"].to_pylist())
    assert len(sizes) > 2
    assert all(10_000 <= size < 10_000 + max(buckets.values()) for size in sizes[:-1])


def test_a_figure_for_which_there_is_no_room_leaves_no_file(
    terminal: Terminal, asked: Sandbox, tmp_path: Path
) -> None:
    result = '{"amount":{"value":1e20,"currency":"usd"}}'
    bucket = f'{{"start_time":1767225600,"end_time":1767312000,"results":[{result}]}}'
    asked.faults.status(200, body=f'{{"data":[{bucket}],"has_more":false}}')
    file = tmp_path / "costs.parquet"
    terminal(f"costs --start 2026-01-01 --end 2026-01-02 -o {file}", exit_code=1)
    assert "amount is 100000000000000000000 in" in terminal.err
    assert list(tmp_path.iterdir()) == []


def test_an_answer_without_buckets_has_all_columns(
    terminal: Terminal, asked: Sandbox, tmp_path: Path
) -> None:
    asked.faults.status(200, body='{"data":[],"has_more":false}')
    terminal(f"costs --start 2026-01-01 --end 2026-01-02 -o {tmp_path}/costs.parquet")
    table = pq.read_table(tmp_path / "costs.parquet")
    assert list(table.schema) == list(schema(Endpoints.costs))
    assert table.num_rows == 0


def test_names_change_no_other_column(terminal: Terminal, tmp_path: Path) -> None:
    terminal(f"{PARQUET} --names -o {tmp_path}/usage.parquet")
    fields = list(pq.read_schema(tmp_path / "usage.parquet"))
    labels = pa.dictionary(pa.int32(), pa.string())
    names = [pa.field(name, labels) for name in ("project_name", "api_key_name")]
    assert [each for each in fields if each not in names] == list(schema(Endpoints.completions))
    assert [each for each in fields if each in names] == names
    assert not fields[0].nullable


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (f"--last {'9' * 5000}d", "--last takes a span such as 2w, 30d, 12h or 90m, not '999"),
        (f"--start {'9' * 5000}", "--start takes "),
    ],
)
def test_what_is_refused_is_not_repeated_at_length(
    command: str, says: str, terminal: Terminal
) -> None:
    assert terminal(f"costs --sandbox {command}", exit_code=2) == ""
    assert says in terminal.err
    assert terminal.err.count("\n") == 1
    assert len(terminal.err) < 250


def test_a_mistake_of_ours_is_not_passed_off_as_an_extra_that_is_missing(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'openai_usage.nonsense'", name="nonsense")

    monkeypatch.setattr("openai_usage.cli.options.time_range.TimeRange.span", mistaken)
    with pytest.raises(ModuleNotFoundError, match="nonsense"):
        terminal("costs --sandbox")
