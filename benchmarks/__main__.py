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
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.report import NUMBERS, rows, table, write
from benchmarks.scenarios import OURS, SCENARIOS, Scenario

PACKAGES = ("openai-usage-client", "openai", "aiohttp", "msgspec", "attrs", "pyarrow", "pandas")
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


def measured(scenario: Scenario) -> dict[str, dict[str, float]]:
    """The least of each number, by contender; of those that are a most, the most.

    Each round has a server of its own: how one happens to hand out its bytes decides where its
    clients' memory comes to lie, and has been seen to cost them half as much again.
    """
    least: dict[str, dict[str, float]] = {}
    for _ in range(scenario.processes):
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
    totals = {round(each.pop("total", 0), 4) for each in least.values()}
    assert len(totals) == 1, f"{scenario.name}: not all came to the same: {totals}"
    return least


def imported(times: int) -> dict[str, dict[str, float]]:
    """Processor time that imports and the help take, beside that of Python itself."""
    least: dict[str, float] = {}
    for _ in range(times):
        for name, arguments in IMPORTS.items():
            before = _seconds_of_children()
            subprocess.run([sys.executable, *arguments], stdout=subprocess.PIPE, check=True)
            spent = _seconds_of_children() - before
            least[name] = min(spent, least.get(name, spent))
    nothing = least.pop("python")
    return {name: {"seconds": seconds - nothing} for name, seconds in least.items()}


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(*names: str, quick: bool) -> None:
    numbers = json.loads(NUMBERS.read_text())["numbers"] if names else {}
    if not names:
        numbers["import"] = imported(1 if quick else 15)
    for name in names or SCENARIOS:
        print(name, "…", file=sys.stderr)
        numbers[name] = measured(SCENARIOS[name].quick() if quick else SCENARIOS[name])
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
