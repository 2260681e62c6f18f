"""The benchmark still runs, and its README says what it measured."""

import json
import os
import subprocess
import sys

import pytest

from benchmarks.report import NUMBERS, README, written
from benchmarks.scenarios import CONTENDERS, SCENARIOS

SOME = (
    *("fat costs", "memory, 6 pages", "frame of costs"),
    *("sums by month and model", "duckdb sink", "second sync", "growth 0"),
)
"""A scenario for each program that measures; `nox -s bench -- --quick` runs all of them."""


@pytest.mark.slow
def test_each_program_that_measures_still_runs() -> None:
    assert {SCENARIOS[name].program[0] for name in SOME} == {
        scenario.program[0] for scenario in SCENARIOS.values()
    }
    # Nothing is covered there that is not elsewhere, and tracing it would take long.
    untraced = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", *SOME],
        cwd=README.parents[1],
        capture_output=True,
        text=True,
        check=False,
        env=untraced,
    )
    assert done.returncode == 0, done.stderr
    assert [line.removesuffix(", round 1 …") for line in done.stderr.splitlines()] == list(SOME)
    head, *_ = done.stdout.splitlines()
    assert [cell.strip() for cell in head.split("|")][2:-2] == list(CONTENDERS)


def test_the_table_in_the_readme_is_that_of_the_numbers() -> None:
    readme = README.read_text()
    report = json.loads(NUMBERS.read_text())
    assert readme == written(readme, report), "run `python -m benchmarks.report`"
