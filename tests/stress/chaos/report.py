"""Write the counts of a run to `tests/README.md`: `python -m tests.stress.chaos.report`."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attrs import asdict

from tests.stress.chaos.engine import Tally

COUNTS = Path(__file__).parent.parent / "chaos.json"
README = Path(__file__).parents[2] / "README.md"
BEGIN = "<!-- chaos: written by `python -m tests.stress.chaos.report` -->\n"
END = "<!-- end of chaos -->\n"


def table(counts: Mapping[str, Any]) -> str:
    """The counts of a run, in Markdown."""
    faults = sorted(counts["faults"].items(), key=lambda each: (-each[1], each[0]))
    rows = [
        ("iterations", counts["iterations"]),
        ("requests", counts["requests"]),
        ("faults injected", sum(counts["faults"].values())),
        ("buckets checked", counts["buckets"]),
        ("gaps reported", counts["gaps"]),
        ("**lost**", counts["lost"]),
        ("**doubled**", counts["doubled"]),
    ]
    return "\n".join(
        [
            f"| {' | '.join(name for name, _ in rows)} |",
            "|---" * len(rows) + "|",
            f"| {' | '.join(f'{count:,}' for _, count in rows)} |",
            "",
            f"The faults: {', '.join(f'{kind} ({count:,})' for kind, count in faults)}.",
            f"Run on {counts['date']} with the seeds from {counts['seed']} on.",
            "",
        ]
    )


def written(readme: str, counts: Mapping[str, Any]) -> str:
    """*readme* with the *counts* of a run."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table(counts) + END + after


def write(tally: Tally, seed: int) -> None:
    """Keep what a run came to, and write it to the README."""
    counts = asdict(tally, filter=lambda attribute, _: attribute.name != "wrongs")
    known = {"date": datetime.now(UTC).date().isoformat(), "seed": seed, **counts}
    COUNTS.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
    README.write_text(written(README.read_text(), known))


if __name__ == "__main__":
    README.write_text(written(README.read_text(), json.loads(COUNTS.read_text())))
