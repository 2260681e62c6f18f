"""Runs iterations on which everything goes wrong that can, and counts what they came to."""

import argparse
import sys
from time import perf_counter

from tests.stress.chaos.engine import run
from tests.stress.chaos.report import write


def main() -> int:
    """Run what the command line asks for; 1 where anything was not as promised."""
    parser = argparse.ArgumentParser(prog="python -m tests.stress.chaos", description=__doc__)
    parser.add_argument(
        "--iterations", type=int, help="how many (20000, or 1 where only a seed is given)"
    )
    parser.add_argument(
        "--seed", type=int, help="that of the first iteration; each has the next one (1)"
    )
    parser.add_argument("--write", action="store_true", help="write chaos.json and tests/README.md")
    asked = parser.parse_args()
    seed = 1 if asked.seed is None else asked.seed
    iterations = asked.iterations or (20_000 if asked.seed is None else 1)
    began = perf_counter()
    tally = run(iterations, seed)
    seconds = perf_counter() - began
    for kind, count in sorted(tally.faults.items()):
        print(f"{count:8} {kind}")
    for ending, count in sorted(tally.endings.items()):
        print(f"{count:8} ended with: {ending}")
    print(f"{tally.iterations} iterations in {seconds:.0f} s, {iterations / seconds:.0f} a second")
    print(f"{tally.requests} requests, {tally.buckets} buckets checked")
    print(f"{tally.lost} lost, {tally.doubled} doubled")
    print(*tally.wrongs, sep="\n", file=sys.stderr)
    if asked.write:
        write(tally, seed)
    return 1 if tally.wrongs else 0


if __name__ == "__main__":
    sys.exit(main())
