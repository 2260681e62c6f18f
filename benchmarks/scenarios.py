"""What is measured: a row for each scenario, with the contenders that take part in it."""

from typing import Self

from attrs import evolve, frozen

from benchmarks.job import Job

OURS = "openai_usage"
CONTENDERS = {OURS: "ours", "floor": "floor", "by hand": "by_hand", "openai": "official"}
"""The contenders by the name they are shown under, and the file of each."""

FAT = Job(pages=6, buckets=31, groups=200)
LARGE = Job(width="1m", buckets=1440, groups=50)
GROWTH = (
    Job(buckets=10, groups=1),
    Job(buckets=10, groups=10),
    Job(buckets=10, groups=100),
    Job(pages=10, buckets=10, groups=100),
    Job(pages=100, buckets=10, groups=100),
    Job(pages=1000, buckets=10, groups=100),
)
"""From 10 to 1,000,000 results, from 1 to 1,000 pages."""

FRAMES = ("arrow", "dicts")
"""The ways to a data frame of the same results."""

SUMS = ("totals", "loop")
"""The ways to sums of the same results."""

GROUPINGS = {
    "month and model": ("month", "model"),
    "project and line item": ("project_id", "line_item"),
}
"""The labels by which `totals()` and the hand-written loop group costs."""

SINKS = ("sink", "ingest")
"""The ways into a place that keeps rows."""

LIBRARIES = {"duckdb": "DuckDB", "delta": "Delta Lake", "dlt": "DuckDB through dlt"}
"""The libraries that write, and the places."""

COPIES = tuple(Job(endpoint="costs", pages=pages, buckets=31, groups=200) for pages in (16, 162))
"""About 100,000 and 1,000,000 costs to be copied."""

RANGES = tuple(Job(pages=pages, buckets=31, groups=10) for pages in (1, 10, 100, 1000))
"""Ranges of growing length."""


@frozen
class Scenario:
    """One job, measured for each contender in processes of its own."""

    name: str
    program: tuple[str, ...]
    """The module that measures, and what it is to measure."""
    job: Job
    contenders: tuple[str, ...] = (OURS,)
    processes: int = 3

    def quick(self) -> Self:
        """The same, small enough to show in a moment that it still runs."""
        job = evolve(
            self.job,
            pages=min(self.job.pages, 9),
            buckets=min(self.job.buckets, 4),
            groups=min(self.job.groups, 4),
            latency=self.job.latency / 10,
            rates=tuple((rate, answers // 20) for rate, answers in self.job.rates),
            repeated_for=0.0,
        )
        if job.rates:
            job = evolve(job, pages=sum(answers for _, answers in job.rates))
        return evolve(self, job=job, processes=1)

    def command(self, contender: str, server: str) -> list[str]:
        """The arguments of the process that measures *contender*."""
        module, *measure = self.program
        name = CONTENDERS.get(contender, contender)
        return ["-m", module, *measure, name, self.job.at(server).to_json()]


_SCENARIOS = (
    Scenario("fat completions", ("benchmarks.measure", "cpu"), FAT, tuple(CONTENDERS), 7),
    Scenario(
        "fat costs",
        ("benchmarks.measure", "cpu"),
        evolve(FAT, endpoint="costs"),
        tuple(CONTENDERS),
        7,
    ),
    Scenario(
        "thin completions",
        ("benchmarks.measure", "cpu"),
        Job(width="1m", pages=6, buckets=1440, groups=1),
        tuple(CONTENDERS),
        7,
    ),
    Scenario("large page", ("benchmarks.measure", "cpu"), LARGE, tuple(CONTENDERS), 7),
    Scenario("stall", ("benchmarks.measure", "stall"), LARGE, tuple(CONTENDERS)),
    Scenario("memory, 6 pages", ("benchmarks.measure", "memory"), FAT),
    Scenario("memory, 120 pages", ("benchmarks.measure", "memory"), evolve(FAT, pages=120)),
    *(
        Scenario(
            f"frame of {endpoint}",
            ("benchmarks.frames",),
            evolve(FAT, endpoint=endpoint),
            FRAMES,
            7,
        )
        for endpoint in ("completions", "costs")
    ),
    *(
        Scenario(
            f"sums by {name}",
            ("benchmarks.sums", *by),
            Job(endpoint="costs", buckets=180, groups=5_556),
            SUMS,
        )
        for name, by in GROUPINGS.items()
    ),
    *(
        Scenario(
            f"{library} sink",
            ("benchmarks.sinks", library),
            Job(endpoint="costs", buckets=31, groups=6_452),
            SINKS,
        )
        for library in LIBRARIES
    ),
    *(
        Scenario(f"sync {number}", ("benchmarks.syncs", "memory"), job)
        for number, job in enumerate(COPIES)
    ),
    Scenario("second sync", ("benchmarks.syncs", "requests"), Job()),
    Scenario(
        "side by side",
        ("benchmarks.windows", "side_by_side"),
        Job(pages=48, buckets=31, groups=10, latency=0.1),
    ),
    *(
        Scenario(
            f"limited, {name}",
            ("benchmarks.windows", "limited"),
            Job(pages=sum(n for _, n in rates), latency=0.1, rates=rates, retry_after=retry_after),
            processes=1,
        )
        for name, rates, retry_after in (
            ("rising", ((20, 600), (40, 1200)), 0),
            ("falling", ((40, 1200), (20, 600)), 0),
            ("rising, Retry-After", ((20, 1200), (40, 2400)), 1),
            ("falling, Retry-After", ((40, 2400), (20, 1200)), 1),
        )
    ),
    *(
        Scenario(f"growth {number}", ("benchmarks.windows", "growth"), job)
        for number, job in enumerate(GROWTH)
    ),
    *(
        Scenario(f"first bucket {number}", ("benchmarks.windows", "first_bucket"), job)
        for number, job in enumerate(RANGES)
    ),
)

SCENARIOS = {scenario.name: scenario for scenario in _SCENARIOS}
"""Every scenario by its name."""
