"""The tables, from the numbers: `python -m benchmarks.report` writes them into `README.md` here.

Numbers of different contenders are shown as ratios, since seconds mean nothing on another machine.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from attrs import frozen

from benchmarks.scenarios import (
    CONTENDERS,
    COPIES,
    FRAMES,
    GROUPINGS,
    GROWTH,
    LIBRARIES,
    OURS,
    RANGES,
    SCENARIOS,
    SINKS,
    SUMS,
)

HERE = Path(__file__).parent
NUMBERS = HERE / "numbers.json"
README = HERE / "README.md"
BEGIN = "<!-- benchmark: written by `python -m benchmarks.report` -->\n"
END = "<!-- end of benchmark -->\n"

Numbers = Mapping[str, Mapping[str, Mapping[str, float]]]
"""What was measured, by scenario and by contender."""


@frozen
class Row:
    """A line of a table: its cells, and whether they are as good as they are meant to be."""

    cells: tuple[str, ...]
    holds: bool

    def __str__(self) -> str:
        return f"| {' | '.join(self.cells)}{'' if self.holds else ' **(missed)**'} |"


def compared(numbers: Numbers) -> Iterator[Row]:
    """The lines in which all contenders take part, as multiples of the floor."""
    for scenario, title, most in (
        ("fat completions", "31 × 200 completions a page: processor time", 1.3),
        ("fat costs", "31 × 200 costs a page: processor time", 1.3),
        ("thin completions", "1440 × 1 completions a page: processor time", 1.3),
        ("large page", "1440 × 50 completions on a page of 40 MB: processor time", 1.3),
        ("stall", "⤷ longest stall of the event loop", 1.2),
    ):
        seconds = {name: each["seconds"] for name, each in numbers[scenario].items()}
        ours, floor = seconds[OURS], seconds["floor"]
        yield Row(
            (title, *(f"{seconds[name] / floor:.2f}" for name in CONTENDERS), f"≤ {most}"),
            ours <= min(most * floor, seconds["by hand"], seconds["openai"] / 8),
        )


def own(numbers: Numbers) -> Iterator[Row]:
    """The lines that are of this package alone."""
    windows = numbers["side by side"][OURS]
    speed = windows["plain"] / windows["whole"]
    yield Row(
        (
            "48 full pages, 100 ms away: `.concurrently(8)`, as against one after the other",
            f"{speed:.1f} times as fast",
            "≥ 7",
        ),
        speed >= 7,
    )
    yield _at_most("⤷ requests on their way at once", windows["most_in_flight"], 8, "{:.0f}")
    yield _at_most("⤷ round trips until the first bucket", windows["first_bucket"] / 0.1, 1.5)
    for name, rates, least in (
        ("rising", "20, then 40 requests a second", 0.85),
        ("falling", "40, then 20 requests a second", 0.85),
        ("rising, Retry-After", "20, then 40, with a `Retry-After: 1` for more,", 0.80),
        ("falling, Retry-After", "40, then 20, with a `Retry-After: 1` for more,", 0.85),
    ):
        limited = numbers[f"limited, {name}"][OURS]
        reached = [limited["reached_0"], limited["reached_1"]]
        yield Row(
            (
                f"{rates} are allowed, unknown to the client: what it uses of it",
                ", then ".join(map("{:.0%}".format, reached)),
                f"≥ {least:.0%}",
            ),
            min(reached) >= least,
        )
        yield _at_most("⤷ requests that are rejected", limited["refused"], 0.05, "{:.1%}")
    for endpoint in ("completions", "costs"):
        yield from _frames(endpoint, numbers.get(f"frame of {endpoint}"))
    for name in GROUPINGS:
        yield from _sums(name, numbers.get(f"sums by {name}"))
    for library in LIBRARIES:
        yield from _sink(library, numbers.get(f"{library} sink"))
    yield from _syncs(numbers)
    memory = [numbers[f"memory, {pages} pages"][OURS]["bytes"] for pages in (6, 120)]
    yield _at_most("peak memory after 120 pages ÷ after 6", memory[1] / memory[0], 1.1)
    imports = {name: each["seconds"] for name, each in numbers["import"].items()}
    yield _at_most(
        "`from openai_usage import AsyncUsageClient` ÷ `import aiohttp`",
        imports[OURS] / imports["aiohttp"],
        1.3,
    )
    yield _at_most(
        "`openai-usage --help` ÷ `from openai_usage import AsyncUsageClient`",
        imports["--help"] / imports[OURS],
        1.5,
    )
    growth = [(job, numbers[f"growth {n}"][OURS]) for n, job in enumerate(GROWTH)]
    yield _level(
        "time a result of 10, 100, … 1,000,000 on 1 to 1,000 pages ÷ their median",
        [(iteration["seconds"] - iteration["empty"]) / job.results for job, iteration in growth],
    )
    yield _level(
        "time to the first bucket of 1, 10, 100, 1,000 pages ÷ their median",
        [numbers[f"first bucket {n}"][OURS]["seconds"] for n, _ in enumerate(RANGES)],
    )


def _frames(endpoint: str, seconds: Mapping[str, Mapping[str, float]] | None) -> Iterator[Row]:
    if seconds is None:
        return  # it came later than the numbers, and is not measured yet
    arrow, dicts = (seconds[name] for name in FRAMES)
    for title, what, least in (
        (f"a data frame of {endpoint}: by `to_arrow()`, as against dicts", "seconds", 5),
        ("⤷ with the requests and the decoding, which are the same for both", "iteration", 2),
    ):
        speed = dicts[what] / arrow[what]
        yield Row((title, f"{speed:.1f} times as fast", f"≥ {least}"), speed >= least)


def _sums(name: str, seconds: Mapping[str, Mapping[str, float]] | None) -> Iterator[Row]:
    if seconds is None:
        return  # likewise
    ours, loop = (seconds[each]["seconds"] for each in SUMS)
    title = f"1,000,000 costs by {name}: `totals()` ÷ a loop over a dict"
    yield _at_most(title, ours / loop, 1.5)


def _sink(library: str, seconds: Mapping[str, Mapping[str, float]] | None) -> Iterator[Row]:
    if seconds is None:
        return  # likewise
    ours, bare = (seconds[each] for each in SINKS)
    title = f"200,000 costs into {LIBRARIES[library]}: the bare ingest ÷ the sink of a copy"
    shares = [bare[each] / ours[each] for each in ("seconds", "again")]
    shown = ", again ".join(map("{:.2f}".format, shares))
    goal = "" if library == "dlt" else "≥ 0.60"  # dlt brings rows first, which are then moved
    yield Row((title, shown, goal), not goal or min(shares) >= 0.6)


def _syncs(numbers: Numbers) -> Iterator[Row]:
    if "sync 1" in numbers:  # likewise
        few, many = (numbers[f"sync {number}"][OURS]["bytes"] for number, _ in enumerate(COPIES))
        yield _at_most("peak memory of a copy of 1,000,000 costs ÷ of 100,000", many / few, 1.2)
    if "second sync" in numbers:
        requests = numbers["second sync"][OURS]["requests"]
        yield _at_most("requests of a second sync of 12 endpoints", requests, 12, "{:.0f}")


def _at_most(title: str, number: float, most: float, form: str = "{:.2f}") -> Row:
    return Row((title, form.format(number), f"≤ {form.format(most)}"), number <= most)


def _level(title: str, numbers: list[float]) -> Row:
    shares = [number / median(numbers) for number in numbers]
    shown = ", ".join(map("{:.2f}".format, shares))
    return Row((title, shown, "0.5 to 2"), all(0.5 <= share <= 2 for share in shares))


def rows(numbers: Numbers) -> list[Row]:
    """Every line."""
    return [*compared(numbers), *own(numbers)]


def table(report: Mapping[str, Any]) -> str:
    """The tables of a report in Markdown, and what it was measured with."""
    numbers: Numbers = report["numbers"]
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    results = SCENARIOS["fat completions"].job.results
    floor = numbers["fat completions"]["floor"]["seconds"] / results
    return "\n".join(
        [
            *_headed("multiples of the floor", *CONTENDERS, "goal"),
            *map(str, compared(numbers)),
            "",
            *_headed("of this package alone", "", "goal"),
            *map(str, own(numbers)),
            "",
            f"Measured on {report['date']} on {report['machine']}, with {versions}.",
            f"The floor's 1.00 of the first line was {floor * 1e6:.2f} µs a result there.",
            "",
        ]
    )


def _headed(*heads: str) -> tuple[str, str]:
    return f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"


def written(readme: str, report: Mapping[str, Any]) -> str:
    """*readme* with the tables of *report*."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table(report) + END + after


def write(report: Mapping[str, Any]) -> None:
    """Write the numbers down, and into the README."""
    NUMBERS.write_text(json.dumps(report, indent=2) + "\n")
    README.write_text(written(README.read_text(), report))


if __name__ == "__main__":
    write(json.loads(NUMBERS.read_text()))
