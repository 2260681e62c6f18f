"""The table, from the numbers: `python -m benchmarks.report` writes it into the README.

Numbers of different contenders are shown as ratios, since seconds mean nothing on another machine.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from attrs import frozen

from benchmarks.scenarios import CONTENDERS, GROWTH, OURS, RANGES

HERE = Path(__file__).parent
NUMBERS = HERE / "numbers.json"
README = HERE.parent / "README.md"
BEGIN = "<!-- benchmark: written by `python -m benchmarks.report` -->\n"
END = "<!-- end of benchmark -->\n"

Numbers = Mapping[str, Mapping[str, Mapping[str, float]]]
"""What was measured, by scenario and by contender."""


@frozen
class Row:
    """A line of the table."""

    title: str
    cells: Mapping[str, str]
    goal: str = ""
    holds: bool = True

    def __str__(self) -> str:
        missed = "" if self.holds else " **(missed)**"
        cells = (self.cells.get(contender, "") for contender in CONTENDERS)
        return f"| {' | '.join((self.title, *cells, self.goal + missed))} |"


def rows(numbers: Numbers) -> Iterator[Row]:
    """Every line of the table."""
    cpu = "processor time for a result, "
    yield _compared(numbers, "fat completions", f"{cpu}31 × 200 completions a page")
    yield _compared(numbers, "fat costs", f"{cpu}31 × 200 costs a page")
    yield _compared(numbers, "thin completions", f"{cpu}1440 × 1 completions a page")
    yield _compared(numbers, "stall", "longest stall of the event loop, a page of 45 MB", most=1.2)
    windows = numbers["side by side"][OURS]
    yield _at_least(
        "48 windows at a distance of 100 ms, 8 at once: faster than page by page",
        windows["plain"] / windows["whole"],
        7,
    )
    yield _at_most("⤷ most requests in flight", windows["most_in_flight"], 8, "{:.0f}")
    yield _at_most("⤷ first bucket, in round trips", windows["first_bucket"] / 0.1, 1.5)
    for name, rates in (("rising", "20, then 40"), ("falling", "40, then 20")):
        limited = numbers[f"limited, {name}"][OURS]
        reached = [limited["reached_0"], limited["reached_1"]]
        yield _own(
            f"unknown limit of {rates} requests a second: share of it that is used",
            ", ".join(map("{:.0%}".format, reached)),
            "85 % to 115 %",
            holds=all(0.85 <= share <= 1.15 for share in reached),
        )
        yield _at_most(
            "⤷ share of the requests that is refused", limited["refused"], 0.05, "{:.1%}"
        )
    memory = [numbers[f"memory, {pages} pages"][OURS]["bytes"] for pages in (6, 120)]
    yield _at_most("peak memory after 120 pages, to that after 6", memory[1] / memory[0], 1.1)
    imports = {name: each["seconds"] for name, each in numbers["import"].items()}
    yield _at_most(
        "`import openai_usage`, to `import aiohttp`", imports[OURS] / imports["aiohttp"], 1.3
    )
    yield _at_most(
        "`openai-usage --help`, to `import openai_usage`", imports["--help"] / imports[OURS], 1.5
    )
    yield _level(
        "time for a result, 10 to 1,000,000 of them on 1 to 1,000 pages, to the median",
        [
            (walk["seconds"] - walk["empty"]) / job.results
            for job, walk in ((job, numbers[f"growth {n}"][OURS]) for n, job in enumerate(GROWTH))
        ],
    )
    yield _level(
        "time to the first bucket of 1, 10, 100 and 1,000 pages, to the median",
        [numbers[f"first bucket {n}"][OURS]["seconds"] for n, _ in enumerate(RANGES)],
    )


def _compared(numbers: Numbers, scenario: str, title: str, most: float = 1.3) -> Row:
    seconds = {name: each["seconds"] for name, each in numbers[scenario].items()}
    ours, floor = seconds[OURS], seconds["floor"]
    return Row(
        title,
        {name: f"{each / floor:.2f}" for name, each in seconds.items()},
        f"≤ {most} × floor, ≤ by hand, ≤ ⅛ openai",
        holds=ours <= min(most * floor, seconds["by hand"], seconds["openai"] / 8),
    )


def _own(title: str, shown: str, goal: str, *, holds: bool) -> Row:
    return Row(title, {OURS: shown}, goal, holds)


def _at_most(title: str, number: float, most: float, form: str = "{:.2f}") -> Row:
    return _own(title, form.format(number), f"≤ {form.format(most)}", holds=number <= most)


def _at_least(title: str, number: float, least: float) -> Row:
    return _own(title, f"{number:.1f}", f"≥ {least}", holds=number >= least)


def _level(title: str, numbers: list[float]) -> Row:
    shares = [number / median(numbers) for number in numbers]
    shown = ", ".join(map("{:.2f}".format, shares))
    return _own(title, shown, "0.5 to 2", holds=all(0.5 <= share <= 2 for share in shares))


def table(report: Mapping[str, Any]) -> str:
    """The table of a report in Markdown, and what it was measured with."""
    head = ["", *CONTENDERS, "goal"]
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    return "\n".join(
        [
            f"| {' | '.join(head)} |",
            f"|{'---|' * len(head)}",
            *map(str, rows(report["numbers"])),
            "",
            f"Measured on {report['date']} on {report['machine']}, with {versions}.",
            "",
        ]
    )


def written(readme: str, report: Mapping[str, Any]) -> str:
    """*readme* with the table of *report*."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table(report) + END + after


if __name__ == "__main__":
    README.write_text(written(README.read_text(), json.loads(NUMBERS.read_text())))
