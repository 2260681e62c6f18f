"""Make the pictures of the README: `nox -s pictures`, which needs Chromium.

They show the sandbox's organization at a fixed time, so that they change only with the package.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from openai_usage.cli.app import run
from tests.report.browser.chromium import PROGRAM
from tests.support.readme_table import README

FOLDER = README.parent / ".pictures"
SPEND, REPORT = FOLDER / "spend.svg", FOLDER / "report.png"
MOST_BYTES = 200_000

NOW = datetime(2026, 9, 24, 15, 30, tzinfo=UTC)
"""What the README's commands take the time to be."""

_COLUMNS = 120
_SIZE = "1200,830"
"""Pixels of the report that are shown: its first chart is the last thing on them."""


@contextmanager
def fixed_now() -> Iterator[None]:
    """Let it be `NOW`, for a command in this process and for its sandbox."""
    with patch("time.time", return_value=NOW.timestamp()):
        yield


class _Terminal(BytesIO):
    """Bytes that a command takes for a terminal, so that it draws with colours."""

    def isatty(self) -> bool:
        return True


def on_a_terminal(command: str) -> str:
    """Return what a command draws on a terminal with colours."""
    terminal = _Terminal()
    environment = {"COLUMNS": str(_COLUMNS), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    with patch.dict(os.environ, environment), fixed_now():
        os.environ.pop("NO_COLOR", None)
        with redirect_stdout(TextIOWrapper(terminal, "utf-8")):
            assert run(command.split()) == 0
            return terminal.getvalue().decode()


def spend_lines() -> Sequence[Text]:
    """Return the lines of the picture of `spend`."""
    return list(AnsiDecoder().decode(on_a_terminal("spend --budget 5000 --sandbox").rstrip()))


def draw_spend() -> None:
    """Draw what `openai-usage spend` shows, as the window of a terminal."""
    console = Console(record=True, width=_COLUMNS, file=StringIO())
    for line in spend_lines():
        console.print(line)
    svg = console.export_svg(title="openai-usage spend --budget 5000", theme=MONOKAI)
    # Without the fonts, which a browser would have to ask another host for.
    SPEND.write_text(re.sub(r"\s*@font-face {.*?}", "", svg, flags=re.DOTALL))


def draw_report() -> None:
    """Take a picture of the top of the report."""
    assert PROGRAM, "Chromium is not installed, and it draws the report."
    with TemporaryDirectory() as folder:
        page = Path(folder, "report.html")
        with fixed_now():
            assert run(f"report -o {page} --last 90d --names --sandbox".split()) == 0
        subprocess.run(
            [
                *(PROGRAM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *(f"--user-data-dir={folder}/profile", f"--window-size={_SIZE}"),
                *(f"--screenshot={REPORT}", page.as_uri()),
            ],
            check=True,
            capture_output=True,
        )


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    draw_spend()
    draw_report()
    assert all(each.stat().st_size < MOST_BYTES for each in (SPEND, REPORT))
