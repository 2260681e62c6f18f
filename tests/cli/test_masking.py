"""Nothing that the API sent acts on a terminal; files and pipes get it as it came."""

import csv
import json
import logging
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from openai_usage._text import escape, mask, printable, with_full_stop
from openai_usage.cli.output.messages import MaskingFormatter
from openai_usage.sandbox import Sandbox
from tests.support.made_up_api import cost, made_up_api
from tests.support.pseudo_terminal import on_a_terminal
from tests.support.terminal import Terminal, asking

pytestmark = pytest.mark.real_clock

MARK = "\N{REPLACEMENT CHARACTER}"

HOSTILE = (
    "\x1b]0;title\x07\x1b[2J\x1b[31m\x9b5m\x9d8;;x\x9c\x90q\x08\x7f\x00"
    "\u202e\u2066\u200f\u061c\u200b\u2060\ufeff\u00ad\u2028\U000e0041z\u200d"
)
"""What terminals obey, of 7 bits and of 8; what turns text round; what cannot be seen."""

ACTING = {"\r", *filter(lambda each: not each.isascii() or not each.isprintable(), HOSTILE)}

LABEL = f"a{HOSTILE}b\r\nopenai-usage: all is well"


def harmful(text: str) -> set[str]:
    """What is in *text* of what acts on a terminal, but for ends of lines, as CSV has them too."""
    return {each for each in re.sub("\r*\n", "", text) if each in ACTING}


# ---------------------------------------------------------------- which characters


def test_whatever_acts_or_hides_is_masked() -> None:
    known = "".join(map(chr, range(sys.maxunicode + 1)))
    left = set(mask(known))
    for each in map(chr, range(sys.maxunicode + 1)):
        turns = unicodedata.bidirectional(each) in (
            *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"),
        )
        if unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") or turns:
            assert each not in left, hex(ord(each))
    assert harmful(mask(HOSTILE)) == set()


@pytest.mark.parametrize(
    "text",
    [
        "Zoë's project – “v2”, 100 %",
        "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{PERSONAL COMPUTER} \N{HEAVY BLACK HEART}\ufe0f",
        "\N{WAVING BLACK FLAG}",
        "می\N{ZERO WIDTH NON-JOINER}خواهم",
        "葛\U000e0100城, שלום, é",
        "\ue000",
    ],
)
def test_what_people_write_stays(text: str) -> None:
    assert printable(text) == mask(text) == escape(text) == text


def test_what_joins_nothing_is_masked() -> None:
    assert printable("gpt\u200d-5") == printable("gpt\u200c-5") == f"gpt{MARK}-5"
    assert printable("\u200dgpt") == f"{MARK}gpt"


def test_lines_are_joined_or_marked_or_escaped() -> None:
    assert printable("  a\r\n\tb\x1b  c ") == f"a b{MARK} c"
    assert mask("  a\r\n\tb  c ") == f"  a{MARK * 3}b  c "
    assert escape("a\x1b\u202e\udcffé") == r"a\x1b\u202e\udcffé"


@pytest.mark.parametrize(
    ("said", "ended"),
    [
        ("no", "no."),
        ("no.", "no."),
        ("no? ", "no?"),
        ('say "no."', 'say "no."'),
        ('say "no"', 'say "no".'),
        ("いいえ。", "いいえ。"),
        ("…", "…"),
        ("", ""),
    ],
)
def test_a_sentence_ends(said: str, ended: str) -> None:
    assert with_full_stop(said) == ended


# ---------------------------------------------------------------- a terminal


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "code", "tells_retries"),
    [
        ("costs --group-by line_item project_id --names", 0, True),
        ("costs --group-by line_item --format csv --personal", 0, True),
        ("costs --group-by line_item --format csv -o /dev/stdout", 0, True),
        ("costs --format jsonl", 0, True),
        ("costs --format json", 0, True),
        ("spend --names", 0, True),
        ("spend --format json", 0, True),
        ("spend --budget 1 --check", 3, True),
        ("report --names -o report.html", 0, True),
        ("doctor", 1, False),
    ],
)
def test_nothing_reaches_a_terminal_unmasked(
    command: str, code: int, tells_retries: bool, here: Path
) -> None:
    refusal = json.dumps({"error": {"message": LABEL}}).encode()
    results = [cost("1", LABEL), cost("2", LABEL, f"us{HOSTILE}"), cost("3", "proj_1")]
    names = {"projects": [{"id": "proj_1", "name": LABEL}]}
    with made_up_api({"costs": results}, first=[refusal] * 2, names=names) as url:
        env = {"OPENAI_ADMIN_KEY": "sk-admin-x", "OPENAI_BASE_URL": url}
        exit_code, seen = on_a_terminal(*command.split(), env=env)
    assert exit_code == code, seen
    assert harmful(seen) == set()
    assert "Traceback" not in seen
    assert ("retry 1 in" in seen) is tells_retries
    assert f"a{MARK}]0" in seen or command.endswith(" json")
    assert not any(line.startswith("openai-usage: all is well") for line in seen.splitlines())


def test_an_error_is_masked_on_a_terminal(usage_sandbox: Sandbox) -> None:
    usage_sandbox.faults.status(400, body=json.dumps({"error": {"message": LABEL}}))
    code, seen = on_a_terminal("costs", env=asking(usage_sandbox))
    assert code == 1
    assert harmful(seen) == set()
    assert seen.startswith(f"openai-usage: the API answered 400: a{MARK}]0;title")
    assert seen.count("\n") == 1


def test_files_and_pipes_keep_what_came(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with made_up_api({"costs": [cost("1", LABEL)]}) as url:
        monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-x")
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        command = "costs --last 1d --group-by line_item"
        terminal(f"{command} -o {tmp_path}/costs.csv")
        piped = terminal(f"{command} --format csv")
    written = (tmp_path / "costs.csv").read_bytes().decode()
    for text in (piped, written):
        rows = list(csv.DictReader(text.splitlines(keepends=True)))
        assert {row["line_item"] for row in rows} == {LABEL}


def test_parquet_is_not_shown_on_a_terminal_by_another_name(usage_sandbox: Sandbox) -> None:
    command = "costs --last 1d --format parquet -o /dev/stdout"
    code, seen = on_a_terminal(*command.split(), env=asking(usage_sandbox))
    assert (code, seen) == (
        2,
        "openai-usage: Refusing to write Parquet to a terminal. Use --output FILE.\r\n",
    )
    assert usage_sandbox.requests == []


def test_what_is_sent_is_no_markup(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    for currency in ("[/x]", "[link=http://a.example]usd[/link]", ":smile:"):
        with made_up_api({"costs": [cost("12.5", currency, currency)]}) as url:
            monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-x")
            monkeypatch.setenv("OPENAI_BASE_URL", url)
            shown = terminal("costs --last 1d --group-by line_item")
            assert re.search(rf" {re.escape(currency)} +100%", shown)
            assert f"12.50 {currency} " in terminal("spend --details")


# ---------------------------------------------------------------- what else there is to say


def test_a_log_record_is_a_line_and_its_traceback_is_masked() -> None:
    error = ValueError(LABEL)
    about = (type(error), error, error.__traceback__)
    record = logging.LogRecord("x", logging.ERROR, "", 0, "no: %s", (LABEL,), about)
    first, *others = MaskingFormatter().format(record).split("\n")
    assert first == f"openai-usage: no: {printable(LABEL)}"
    assert others[0].startswith("ValueError: a")
    assert harmful("".join(others)) == set()


PROGRAM = f"""
import logging, warnings
import openai_usage.cli.app
from openai_usage.cli import main

TEXT = {LABEL!r}

def run(words):
    DO
    return 0

openai_usage.cli.app.run = run
main()
"""


@pytest.mark.parametrize(
    ("what", "code", "says"),
    [
        ("raise ValueError(TEXT)", 1, "failed because of a bug in it. Please report it"),
        ("warnings.warn(TEXT)", 0, "UserWarning: a"),
        ("logging.getLogger('asyncio').error(TEXT)", 0, "openai-usage: a"),
    ],
)
def test_whatever_else_is_said_is_masked(what: str, code: int, says: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("DO", what)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert says in done.stderr
    assert harmful(done.stderr) == set()


PRINTING: tuple[Callable[[str], str], ...] = (printable, mask, escape)


@pytest.mark.parametrize("function", PRINTING)
def test_what_is_masked_is_harmless(function: Callable[[str], str]) -> None:
    assert harmful(function(LABEL)) == set()
