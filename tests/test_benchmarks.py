"""The benchmark still runs, and the README says what it measured."""

import json
import os
import subprocess
import sys

from benchmarks.report import NUMBERS, written
from benchmarks.scenarios import CONTENDERS
from tests.readme_table import README


def test_all_of_it_still_runs() -> None:
    # Nothing is covered there that is not elsewhere, and tracing it would take long.
    untraced = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick"],
        cwd=README.parent,
        capture_output=True,
        text=True,
        check=False,
        env=untraced,
    )
    assert done.returncode == 0, done.stderr
    head, _, *rows = done.stdout.splitlines()
    assert [cell.strip() for cell in head.split("|")][2:-2] == list(CONTENDERS)
    assert len([row for row in rows if row.startswith("|")]) > 15


def test_the_table_in_the_readme_is_that_of_the_numbers() -> None:
    readme = README.read_text()
    report = json.loads(NUMBERS.read_text())
    assert readme == written(readme, report), "run `python -m benchmarks.report`"
