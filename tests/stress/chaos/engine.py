"""Runs trials one after the other on a clock that jumps, and counts what they came to."""

import asyncio
import gc
import random
from collections import Counter
from unittest.mock import patch

from attrs import define, field

from openai_usage.sandbox import Sandbox
from tests.conftest import NOW
from tests.stress.chaos.ears import Ears
from tests.stress.chaos.iteration import Clock, ObservedIteration
from tests.stress.chaos.trial import Trial, spoil
from tests.support.clock import JumpingLoop

GARBAGE_EVERY = 100
"""Iterations after which all that was dropped is collected, to hear what it has to say."""


@define
class Tally:
    """What a run came to."""

    iterations: int = 0
    requests: int = 0
    buckets: int = 0
    lost: int = 0
    doubled: int = 0
    gaps: int = 0
    """Gaps that a function was called with, where buckets were missing."""
    faults: Counter[str] = field(factory=Counter[str])
    endings: Counter[str] = field(factory=Counter[str])
    wrongs: list[str] = field(factory=list[str])


def run(iterations: int, seed: int) -> Tally:
    """Run the trials of so many seeds, from *seed* on."""
    tally = Tally()
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(_run(range(seed, seed + iterations), tally))
    return tally


async def _run(seeds: range, tally: Tally) -> None:
    clock = Clock()
    # Where pages are smaller than was asked for, windows have cursors too.
    caps = {"costs": 4, "completions": 2, "images": 1}
    async with Sandbox(seed=7, now=NOW, page_caps=caps) as sandbox:
        with Ears(sandbox.admin_api_key).open() as ears, patch("time.time", clock):
            asyncio.get_running_loop().set_exception_handler(ears.cry)
            for seed in seeds:
                wrongs = await _one(Trial.drawn(seed), sandbox, clock, ears, tally)
                tally.wrongs += [f"seed {seed}: {wrong}" for wrong in wrongs]
            gc.collect()
            tally.wrongs += [f"after all: {wrong}" for wrong in ears.wrongs(calm=True)]


async def _one(trial: Trial, sandbox: Sandbox, clock: Clock, ears: Ears, tally: Tally) -> list[str]:
    sandbox.faults.clear()
    sandbox.requests.clear()
    sandbox.now, clock.now = NOW, trial.clock_at[0]
    sandbox.rate_limit.requests_per_second = trial.rate
    random.seed(trial.seed)  # for the jitter of retries
    observed = ObservedIteration(trial, sandbox, clock)
    faults_so_far = spoil(trial, sandbox)
    await observed.run()
    faults = faults_so_far() + observed.own_faults
    tally.iterations += 1
    tally.requests += len(sandbox.requests)
    tally.faults += faults
    tally.buckets += len(observed.given)
    tally.lost += observed.lost
    tally.doubled += observed.doubled
    tally.gaps += len(observed.gaps)
    tally.endings[observed.ending] += 1
    wrongs = await observed.wrongs()
    if observed.error is not None:
        wrongs += ears.reported(observed.error)
    if tally.iterations % GARBAGE_EVERY == 0:
        gc.collect()
    return [*wrongs, *ears.wrongs(calm=not faults.total() and trial.rate is None)]
