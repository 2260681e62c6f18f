"""An hour of polling, compressed, in which nothing may add up: `python -m tests.stress.soak`.

The sandbox is another process, so that what it keeps does not count.
"""

import argparse
import asyncio
import gc
import logging
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from time import perf_counter

from attrs import frozen

from openai_usage import AsyncUsageClient
from tests.conftest import DAY, NOW, TODAY

WALKS = 32
PAGES = 4
TICK = 0.002
SPEED = 500
"""Seconds that pass in one: the client knows for ten seconds what it has sent, and more in less
time would look as if it grew."""

SANDBOX = f"""
import sys
from openai_usage.sandbox import Sandbox
with Sandbox(seed=7, now={NOW}) as sandbox:
    print(sandbox.base_url, sandbox.admin_api_key, flush=True)
    sys.stdin.read()
"""


class HastyLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock runs fast."""

    def time(self) -> float:
        return SPEED * super().time()


@frozen
class Sample:
    """What there is when all iterations of a round are over."""

    memory: int
    """Bytes that Python has for objects."""
    tasks: int
    files: int
    """What is open, sockets among it."""
    late: tuple[float, ...]
    """How many seconds late the loop was for each of its ticks."""


class Volume(logging.Handler):
    """Counts records by level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        self.records[record.levelname] += 1


@contextmanager
def sandbox() -> Iterator[tuple[str, str]]:
    """The address and the key of a sandbox that is another process."""
    with subprocess.Popen(
        [sys.executable, "-c", SANDBOX], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url, key = process.stdout.readline().split()
        yield url, key
        process.communicate()


def _sample(late: list[float]) -> Sample:
    gc.collect()
    memory, _ = tracemalloc.get_traced_memory()
    files = sum(1 for _ in Path("/dev/fd").iterdir())
    return Sample(memory, len(asyncio.all_tasks()), files, tuple(late))


async def _tick(late: list[float]) -> None:
    while True:
        due = perf_counter() + TICK
        await asyncio.sleep(TICK)
        late.append(perf_counter() - due)


async def _iteration(client: AsyncUsageClient, number: int) -> int:
    buckets = client.completions(start_time=TODAY - PAGES * DAY, end_time=TODAY, limit=1)
    return len(await (buckets.concurrently(3) if number % 4 == 0 else buckets).collect())


async def soak(url: str, key: str, rounds: int) -> list[Sample]:
    """Let 32 iterations at once run, again and again on one client; a sample after each time."""
    samples = []
    late: list[float] = []
    ticking = asyncio.create_task(_tick(late))
    async with AsyncUsageClient(key, base_url=url, timeout=60.0 * SPEED) as client:
        for _ in range(rounds):
            iterated = await asyncio.gather(
                *(_iteration(client, number) for number in range(WALKS))
            )
            assert iterated == [PAGES] * WALKS
            samples.append(_sample(late))
            late.clear()
    ticking.cancel()
    return samples


def wrongs(samples: Sequence[Sample], records: Counter[str], *, is_timed: bool) -> Iterator[str]:
    """What grew from the second fifth, once all is warm, to the last."""
    fifth = len(samples) // 5
    before, after = samples[fifth : 2 * fifth], samples[-fifth:]
    for name, slack in (("memory", 1.03), ("tasks", 1.0), ("files", 1.1)):
        had, has = (max(getattr(each, name) for each in some) for some in (before, after))
        print(f"{name}: {had} before, {has} after")
        if has > slack * had:
            yield f"{name} grew from {had} to {has}"
    was, is_ = (_usually_late(some) for some in (before, after))
    print(f"19 of 20 turns of the loop come within {was * 1000:.1f} ms, {is_ * 1000:.1f} ms after")
    if is_timed and is_ > 2 * was + 0.1:  # that much other programs may take
        yield f"the loop was {was} s late, and now is {is_} s"
    print(f"records: {dict(records)}")
    if records != {"DEBUG": len(samples) * WALKS * PAGES}:
        yield f"there is more in the log than one record for each request: {records}"


def _usually_late(samples: Sequence[Sample]) -> float:
    return quantiles([late for sample in samples for late in sample.late], n=20)[-1]


def main() -> int:
    """Soak; 1 where something grew."""
    parser = argparse.ArgumentParser(prog="python -m tests.stress.soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000, help="about how many to send")
    parser.add_argument("--untimed", action="store_true", help="let the loop be as late as it is")
    asked = parser.parse_args()
    requests = asked.requests
    logger, volume = logging.getLogger(), Volume()
    logger.addHandler(volume)
    logging.getLogger("openai_usage").setLevel(logging.DEBUG)
    with sandbox() as (url, key):
        began = perf_counter()
        tracemalloc.start()
        with asyncio.Runner(loop_factory=HastyLoop) as runner:
            samples = runner.run(soak(url, key, -(-requests // (WALKS * PAGES))))
        seconds = perf_counter() - began
        print(f"{len(samples) * WALKS * PAGES} requests in {seconds:.1f} s")
        print(f"that is {SPEED * seconds / 60:.0f} minutes by the clock of the loop")
    found = list(wrongs(samples, volume.records, is_timed=not asked.untimed))
    print(*found, sep="\n", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
