"""Measures sums of decoded costs: `python -m benchmarks.sums month model totals <job>`, or `loop`.

Both return the groups of each month, or of the whole time, with the largest first. `totals()` keeps
every digit of an amount. The loop is the one that people write: a dict with a decimal for each key,
which keeps 28 digits, and then sorted.
"""

import gc
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal

from benchmarks.job import START, Job
from openai_usage import Amount, Bucket, CostsResult
from openai_usage.analysis import totals

DAY = 86_400
Bill = list[Bucket[CostsResult]]
Sums = Callable[[Bill, Sequence[str]], list[Decimal]]


def bill_of(job: Job) -> Bill:
    """Costs of 200 projects and 120 line items, with amounts of 2 to 24 decimals."""
    chance = random.Random(1)
    items = [
        f"model-{n}, {kind}" for n in range(40) for kind in ("input", "cached input", "output")
    ]
    projects = [f"proj_{n}" for n in range(200)]
    amounts = [
        Amount(value=Decimal(chance.randrange(10**9)).scaleb(-places), currency="usd")
        for places in (2, 8, 16, 24)
        for _ in range(250)
    ]
    return [
        Bucket(
            start_time=START + n * DAY,
            end_time=START + (n + 1) * DAY,
            results=tuple(
                CostsResult(
                    project_id=chance.choice(projects),
                    line_item=chance.choice(items),
                    amount=chance.choice(amounts),
                )
                for _ in range(job.groups)
            ),
        )
        for n in range(job.pages * job.buckets)
    ]


def ours(bill: Bill, by: Sequence[str]) -> list[Decimal]:
    return [group.amount.value for group in totals(bill, by)]


def loop(bill: Bill, by: Sequence[str]) -> list[Decimal]:
    return by_month_and_model(bill) if "month" in by else by_project_and_line_item(bill)


def by_month_and_model(bill: Bill) -> list[Decimal]:
    sums: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for bucket in bill:
        month = bucket.start.strftime("%Y-%m")
        for result in bucket.results:
            model = (result.line_item or "").split(", ")[0]
            sums[month, model, result.amount.currency] += result.amount.value
    ordered = sorted(sums.items(), key=lambda item: (item[0][0], -item[1]))
    return [amount for _, amount in ordered]


def by_project_and_line_item(bill: Bill) -> list[Decimal]:
    sums: defaultdict[tuple[str | None, str | None, str], Decimal] = defaultdict(Decimal)
    for bucket in bill:
        for result in bucket.results:
            key = (result.project_id, result.line_item, result.amount.currency)
            sums[key] += result.amount.value
    ordered = sorted(sums.items(), key=lambda item: item[1], reverse=True)
    return [amount for _, amount in ordered]


def main(by: Sequence[str], add_up: Sums, job: Job) -> dict[str, float]:
    """Processor time of one pass: the least of several."""
    bill = bill_of(job)
    least, total, until = float("inf"), 0.0, time.perf_counter() + job.repeated_for
    repeats = 0
    while repeats < 3 or time.perf_counter() < until:
        gc.collect()
        before = time.process_time()
        sums = add_up(bill, by)
        least = min(least, time.process_time() - before)
        total = round(float(sum(sums)), 2)
        repeats += 1
    return {"seconds": least, "total": total}


CONTENDERS: dict[str, Sums] = {"totals": ours, "loop": loop}

if __name__ == "__main__":
    *by, contender, job = sys.argv[1:]
    print(json.dumps(main(by, CONTENDERS[contender], Job.from_json(job))))
