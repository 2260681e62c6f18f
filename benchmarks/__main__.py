"""Runs the benchmark: `python -m benchmarks [--quick]` prints its tables and writes its numbers.

With names of scenarios it measures those anew, and keeps the numbers of the others.

Contenders take turns, each in a process of its own, and the server has one too. Of each time the
least counts: what is more is the machine's doing. The quick variant shows that all of it still
runs; its numbers mean nothing, and are written nowhere.
"""

import json
import os
import platform
import resource
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.report import NUMBERS, rows, table, write
from benchmarks.scenarios import OURS, SCENARIOS, Scenario

PACKAGES = (
    *("openai-usage-client", "openai", "aiohttp", "msgspec", "attrs", "pyarrow", "pandas"),
    *("duckdb", "deltalake", "dlt"),
)
IMPORTS = {
    "python": ("-c", "pass"),
    "aiohttp": ("-c", "import aiohttp"),
    OURS: ("-c", "from openai_usage import AsyncUsageClient"),
    "--help": (str(Path(sysconfig.get_path("scripts"), "openai-usage")), "--help"),
}


@contextmanager
def server() -> Iterator[str]:
    """The address of a server, for as long as it is needed."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        yield process.stdout.readline().strip()
        process.stdin.close()


def measured(scenarios: Sequence[Scenario]) -> dict[str, dict[str, dict[str, float]]]:
    """Return the least of each number, by scenario and contender.

    For a number whose name begins with `most`, return the greatest.

    Scenarios take turns, so that the rounds of one are minutes apart: a machine that others use,
    too, has been seen to be half as fast for minutes.
    """
    numbers: dict[str, dict[str, dict[str, float]]] = {}
    for turn in range(max((each.processes for each in scenarios), default=0)):
        for scenario in scenarios:
            if turn < scenario.processes:
                print(f"{scenario.name}, round {turn + 1} …", file=sys.stderr)
                _round(scenario, numbers.setdefault(scenario.name, {}))
    for name, least in numbers.items():
        totals = {round(each.pop("total", 0), 4) for each in least.values()}
        assert len(totals) == 1, f"{name}: not all came to the same: {totals}"
    return numbers


def _round(scenario: Scenario, least: dict[str, dict[str, float]]) -> None:
    """Measure every contender once.

    Each round has a server of its own: how one happens to hand out its bytes decides where its
    clients' memory comes to lie, and has been seen to cost them half as much again.
    """
    with server() as address:
        for contender in scenario.contenders:
            done = subprocess.run(
                [sys.executable, *scenario.command(contender, address)],
                stdout=subprocess.PIPE,
                check=True,
            )
            best = least.setdefault(contender, {})
            for name, number in json.loads(done.stdout).items():
                choose = max if name.startswith("most") else min
                best[name] = choose(number, best.get(name, number))


def imported(times: int, least: dict[str, float]) -> None:
    """Note the least processor time of imports and the help, with that of Python itself."""
    for _ in range(times):
        for name, arguments in IMPORTS.items():
            before = _seconds_of_children()
            subprocess.run([sys.executable, *arguments], stdout=subprocess.PIPE, check=True)
            spent = _seconds_of_children() - before
            least[name] = min(spent, least.get(name, spent))


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(*names: str, quick: bool) -> None:
    numbers = json.loads(NUMBERS.read_text())["numbers"] if names else {}
    chosen = [SCENARIOS[name] for name in names or SCENARIOS]
    imports: dict[str, float] = {}
    if not names:
        imported(1 if quick else 8, imports)
    numbers |= measured([each.quick() for each in chosen] if quick else chosen)
    if not names:
        imported(1 if quick else 8, imports)
        nothing = imports.pop("python")
        numbers["import"] = {name: {"seconds": each - nothing} for name, each in imports.items()}
    report = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "versions": {"Python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
        "numbers": numbers,
    }
    print(table(report))
    if quick:
        print("A quick run: it shows that all of this still runs. Its numbers mean nothing.")
    else:
        write(report)
        sys.exit(not all(row.holds for row in rows(numbers)))


if __name__ == "__main__":
    main(*(word for word in sys.argv[1:] if word != "--quick"), quick="--quick" in sys.argv)
