"""Iterations on which everything goes wrong: a few of those that `nox -s chaos` runs."""

import json

import pytest

from tests.stress.chaos.engine import run
from tests.stress.chaos.report import COUNTS, README, written
from tests.stress.chaos.trial import KINDS, Trial


@pytest.mark.slow
def test_no_bucket_is_lost_or_doubled_whatever_goes_wrong() -> None:
    tally = run(iterations=150, seed=1)
    assert tally.wrongs == [], "run one again: `nox -s chaos -- --seed N`"
    assert (tally.iterations, tally.lost, tally.doubled) == (150, 0, 0)
    assert tally.buckets > 750
    assert tally.gaps > 0
    # And all that can go wrong did.
    assert {kind for kind, count in tally.faults.items() if count} == {
        *KINDS,
        "clock jumped",
        "host not found",
    }
    assert {"end", "break", "cancelled", "PaginationError"} < set(tally.endings)


def test_a_seed_is_always_the_same_trial() -> None:
    assert [Trial.drawn(seed) for seed in range(50)] == [Trial.drawn(seed) for seed in range(50)]


def test_the_counts_in_the_readme_are_those_of_the_run() -> None:
    readme, counts = README.read_text(), json.loads(COUNTS.read_text())
    assert readme == written(readme, counts), "run `python -m tests.stress.chaos.report`"
    assert counts["iterations"] >= 20_000
    assert (counts["lost"], counts["doubled"]) == (0, 0)
