"""Amounts beyond floats, paths that lead nowhere, streams that take nothing: no traceback."""

import csv
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from openai_usage._decimals import exact_sum, of_cents
from openai_usage._number_format import BYTES, money_with_symbol
from openai_usage.analysis.spending import Charge, Spending
from openai_usage.cli.output.atomic_file import atomic_file
from openai_usage.report.charts import LARGE, svg
from openai_usage.report.panels import Bar, Panel, Series
from openai_usage.sandbox import Sandbox
from openai_usage.schema.results import Amount
from openai_usage.schema.times import days_ago
from tests.support.made_up_api import cost, made_up_api
from tests.support.pseudo_terminal import on_a_terminal
from tests.support.terminal import COMMAND, Terminal

pytestmark = pytest.mark.real_clock

AMOUNTS = [
    ["1e308", "1e308", "9e307"],
    ["1e6144", "9.9e6144", "5"],
    ["-1e6144", "-9e6144"],
    ["1e6144", "-9e6143", "0.01"],
    ["1e6144", "-1e6144", "0.01"],
    ["1E-6176", "9e6144"],
    ["0E-6176", "0e6144"],
    ['"1e400"', '"-1e-400"'],
    ["1" + 4_200 * "0", 6_000 * "9"],
]
"""Amounts that the API can send, as it writes them; each is billed on each day."""

EMPTY_REPORT = ("report", "--start", "2020-01-01", "--end", "2020-01-02", "--sandbox")
"""A report that has nothing to draw, where only its file matters."""


# ---------------------------------------------------------------- figures


def in_full(amount: Decimal) -> str:
    """An amount with every digit, and at least to the cent."""
    whole, _, fraction = f"{amount:,f}".partition(".")
    return f"{whole}.{fraction:0<2}"


@pytest.mark.slow
@pytest.mark.parametrize("amounts", AMOUNTS, ids=lambda amounts: " ".join(amounts)[:40])
def test_amounts_of_any_size_are_added_up_and_drawn(
    amounts: list[str], terminal: Terminal, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = [cost(each, f"item {n}") for n, each in enumerate(amounts)]
    values = [Decimal(each.strip('"')) for each in amounts]
    costs = "costs --start 2026-01-05 --end 2026-01-08"
    with made_up_api({"costs": results}) as url:
        monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-x")
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        table = terminal(f"{costs} --group-by line_item --exact")
        assert f" {in_full(exact_sum(3 * values))} usd" in table
        by_day = terminal(f"{costs} --exact")
        assert by_day.count(f" {in_full(exact_sum(values))} usd") >= 3
        rows = csv.DictReader(terminal(f"{costs} --format csv").splitlines())
        assert [Decimal(row["amount"]) for row in rows] == 3 * values
        assert len(json.loads(terminal(f"{costs} --format json"))) == 3 * len(values)
        [spent] = json.loads(terminal("spend --format json"))["currencies"]
        assert Decimal(spent["days"][-2]["amount"]) == exact_sum(values)
        assert "Projected at" in terminal("spend --details")
        assert terminal("report --last 2d -o report.html") == "report.html\n"
    assert Path("report.html").stat().st_size > 5_000


@pytest.mark.slow
@pytest.mark.parametrize("digits", [4_299, 4_300])
def test_counts_of_any_size_are_written_and_drawn(
    digits: int, terminal: Terminal, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest = digits * "9"  # of which the sum has more than Python writes as an integer
    results = {
        "images": [f'{{"images":{largest},"num_model_requests":1}}'],
        "audio_transcriptions": [f'{{"seconds":{largest},"num_model_requests":1}}'],
        "vector_stores": [f'{{"usage_bytes":{largest}}}'],
    }
    with made_up_api(results) as url:
        monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-x")
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        for endpoint in results:
            command = f"{endpoint} --start 2026-01-05 --end 2026-01-08"
            assert f"{endpoint.replace('_', ' ').capitalize()}, " in terminal(command)
            assert f" {Decimal(largest):,f} " in terminal(f"{command} --exact")
        assert f" {exact_sum(3 * [Decimal(largest)]):,f}" in terminal(
            "images --start 2026-01-05 --end 2026-01-08 --exact"
        )
        terminal("report --last 20d -o report.html")


def test_a_projection_is_to_the_cent_however_large() -> None:
    assert str(of_cents(1_250)) == "12.50"
    assert str(of_cents(-5)) == "-0.05"
    today = days_ago(0).date()
    amount = Amount(value=Decimal("1e6144"), currency="usd")
    spending = Spending("usd", today, [Charge(today, None, None, amount)])
    assert spending.projection.per_day == amount.value
    assert f"{spending.projection.per_day:f}".endswith("000.00")


@pytest.mark.parametrize(
    ("largest", "label"),
    [("1e14", "$100T"), ("1e20", "$1e+8T"), ("1e27", "$1e27"), ("9e6144", "$8e6144")],
)
def test_bars_of_any_size_are_drawn(largest: str, label: str) -> None:
    values = (Decimal(largest), Decimal(largest) / 2)
    panel = Panel(
        title="Spend",
        unit=money_with_symbol("usd"),
        bars=(Bar("2026-09-10"), Bar("2026-09-11")),
        series=(Series("one", 1, values),),
    )
    drawn = svg(panel, LARGE)
    assert drawn.count("<title>") == 2
    assert f">{label}<" in drawn


def test_a_large_unit_keeps_its_name_on_an_axis() -> None:
    panel = Panel(
        title="Stored",
        unit=BYTES,
        bars=(Bar("2026-09-10"),),
        series=(Series("one", 1, (Decimal("1e40"),)),),
    )
    assert ">1e40 B<" in svg(panel, LARGE)


# ---------------------------------------------------------------- files


@pytest.fixture
def loop(here: Path) -> Path:
    """A link that leads in a circle."""
    Path("a.csv").symlink_to("b.csv")
    Path("b.csv").symlink_to("a.csv")
    return Path("a.csv")


def test_a_link_that_leads_in_a_circle_is_refused_at_once(
    loop: Path, terminal: Terminal, asked: Sandbox
) -> None:
    for command in ("costs -o a.csv", "report -o a.csv", "costs -o a.csv/x.csv"):
        terminal(command, exit_code=1)
        assert terminal.err.startswith("openai-usage: a.csv")
        assert terminal.err.endswith(": Too many levels of symbolic links\n")
    assert asked.requests == []
    with pytest.raises(OSError, match="symbolic links") as caught, atomic_file(loop):
        raise AssertionError
    assert caught.value.filename == "a.csv"
    assert loop.is_symlink()
    assert sorted(each.name for each in Path().iterdir()) == ["a.csv", "b.csv"]


@pytest.mark.slow
def test_a_picture_cannot_take_the_place_of_a_link_in_a_circle(
    terminal: Terminal, here: Path
) -> None:
    Path("report-spend-by-project.png").symlink_to("report-spend-by-project.png")
    terminal("report --last 2d --png --sandbox", exit_code=1)
    assert terminal.err == (
        "openai-usage: report-spend-by-project.png: Too many levels of symbolic links\n"
    )


def test_a_link_to_what_is_not_there_yet_stays_a_link(terminal: Terminal, here: Path) -> None:
    Path("link.csv").symlink_to("file.csv")
    terminal("costs --last 1d --sandbox -o link.csv")
    assert Path("link.csv").is_symlink()
    assert Path("file.csv").read_text().startswith("start,end,")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "encoding", "printed"),
    [
        ("é.html", "ascii", r"\xe9.html"),
        (os.fsdecode(b"\xff.html"), "utf-8", r"\udcff.html"),
        ("é\x1b.html", "utf-8", "é\x1b.html"),
    ],
)
def test_the_path_of_a_file_that_was_written_is_printed_as_it_can_be(
    name: str, encoding: str, printed: str, here: Path
) -> None:
    done = subprocess.run(
        [COMMAND, *EMPTY_REPORT, "-o", name],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == f"{printed}\n"
    assert Path(name).is_file()


def test_a_terminal_does_not_obey_the_path_of_a_file(here: Path) -> None:
    name = os.fsdecode(b"\xff\x1b[2J.html")
    code, seen = on_a_terminal(*EMPTY_REPORT, "-o", name, env={})
    made_up = "openai-usage: these figures are made up (--sandbox).\r\n"
    assert (code, seen) == (0, f"{made_up}\\udcff\\x1b[2J.html\r\n")
    assert Path(name).is_file()


# ---------------------------------------------------------------- streams


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", ["--help", "sandbox --help", "report --help", "endpoints", "doctor --sandbox"]
)
def test_an_encoding_that_lacks_a_character_is_made_do_with(command: str) -> None:
    done = subprocess.run(
        [COMMAND, *command.split()],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("images --start 2020-01-01 --end 2020-01-02 --sandbox", 0),
        ("costs --sandbox --start 2020", 2),
    ],
)
def test_a_message_for_which_there_is_no_room_changes_nothing(command: str, code: int) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [COMMAND, *command.split()], stdout=subprocess.PIPE, stderr=full, check=False
        )
    assert done.returncode == code
    assert (b"images" in done.stdout) is (code == 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        "costs --sandbox",
        "costs --sandbox --format csv",
        "costs --sandbox --format parquet",
        "spend --sandbox --format json",
        " ".join(EMPTY_REPORT),
        "doctor --sandbox",
        "--help",
    ],
)
def test_output_for_which_there_is_no_room_is_an_error(command: str, here: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [COMMAND, *command.split()], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    assert done.stderr == b"openai-usage: No space left on device\n"


def test_a_shell_that_is_not_known_is_an_error(here: Path) -> None:
    done = subprocess.run(
        [COMMAND, "--install-completion"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={"HOME": str(here), "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
    )
    assert done.returncode == 2
    assert "specify --shell" in done.stderr + done.stdout
    assert list(here.iterdir()) == []


# ---------------------------------------------------------------- as a module


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--version"], 0, ""),
        (["--help"], 0, "Usage: openai-usage COMMAND"),
        (
            [
                "costs",
                "--start",
                "2026-01-05",
                "--end",
                "2026-01-06",
                "--sandbox",
                "--format",
                "csv",
            ],
            0,
            "start,end,",
        ),
        (["costs", "--last", "x"], 2, "openai-usage: --last takes a span"),
        ([], 0, "Usage: openai-usage COMMAND"),
    ],
)
def test_the_module_is_the_command_line(words: list[str], code: int, says: str) -> None:
    done, command = (
        subprocess.run([*start, *words], capture_output=True, text=True, check=False)
        for start in ([sys.executable, "-m", "openai_usage"], [COMMAND])
    )
    assert done.returncode == command.returncode == code
    assert says in done.stdout + done.stderr
    assert done.stdout == command.stdout
    assert "__main__" not in done.stdout + done.stderr
