"""Write what a year takes, for the choice of a system: `python -m tests.support.yearly_reads`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

from openai_usage import Endpoints
from openai_usage.schema.range_query import BucketWidth
from openai_usage.schema.times import SECONDS
from openai_usage.schema.windows import windows_of

README = Path(__file__).parents[2] / "openai_usage" / "integrations" / "README.md"
BEGIN = "<!-- yearly reads: written by `python -m tests.support.yearly_reads` -->\n"
END = "<!-- end of yearly reads -->\n"

START, END_TIME = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2025, 2026))

ROWS: dict[BucketWidth, int] = {"1d": 100, "1m": 10}
"""The rows of an organization in a bucket, over all endpoints. A minute has fewer groups."""

REQUESTS_PER_SECOND = 1
"""The pace of an organization. OpenAI does not publish its limit."""

ROWS_PER_SECOND = 100_000
"""The rows that one processor decodes, passes on and writes. Measured were 108,000: 615,000 rows of
completions by the minute, through Spark 4.3 on `local[2]` into Parquet."""

NIGHT = 8
"""The hours in which slots read a year."""


def requests(width: BucketWidth) -> int:
    """Return the requests for a year of all endpoints of an organization. Costs have days only."""
    queries = [
        row.query_type(
            start_time=START,
            end_time=END_TIME,
            bucket_width=width if width in row.query_type.page_sizes else "1d",
        )
        for row in Endpoints.table().values()
    ]
    return sum(len([*windows_of(query, END_TIME)]) for query in queries)


def rows(width: BucketWidth) -> int:
    """Return the rows of an organization in a year."""
    return (END_TIME - START) // SECONDS[width] * ROWS[width]


def slot_hours(width: BucketWidth, organizations: int) -> float:
    """Return the hours for which tasks of Spark hold a slot, one task for each organization."""
    return organizations * requests(width) / REQUESTS_PER_SECOND / 3600


def slots(width: BucketWidth, organizations: int) -> int:
    """Return how many slots read a year in a night."""
    return ceil(slot_hours(width, organizations) / NIGHT)


def written(readme: str) -> str:
    """Return *readme* with the table as it is now."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "".join(f"{line}\n" for line in _lines()) + END + after


_WIDTHS: dict[BucketWidth, str] = {"1d": "a day", "1m": "a minute"}


def _lines() -> Iterator[str]:
    yield (
        "| organizations | buckets of | requests | rows | slot hours of requests "
        "| slots for a night | hours of a processor |"
    )
    yield "|---|---|---|---|---|---|---|"
    for width, name in _WIDTHS.items():
        for count in (1, 100, 1_000):
            cells = (
                f"{count:,}",
                name,
                f"{count * requests(width):,}",
                f"{count * rows(width):,}",
                _hours(slot_hours(width, count)),
                f"{slots(width, count):,}",
                _hours(count * rows(width) / ROWS_PER_SECOND / 3600),
            )
            yield f"| {' | '.join(cells)} |"


def _hours(hours: float) -> str:
    return f"{hours:,.1f}" if hours >= 0.1 else "less than 0.1"


if __name__ == "__main__":
    README.write_text(written(README.read_text()))
