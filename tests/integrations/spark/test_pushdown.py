"""Filters on times: the same rows with and without pushdown, with fewer requests."""

from collections.abc import Iterator

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from tests.conftest import DAY, TODAY
from tests.integrations.spark.conftest import MARKS, Organizations, Spark
from tests.integrations.spark.expected import rows_of_spark

pytestmark = MARKS

CONF = "spark.sql.python.filterPushdown.enabled"
SPAN = {"start_time": TODAY - 90 * DAY + 7200, "end_time": TODAY}


@pytest.fixture
def session(spark: Spark) -> Iterator[SparkSession]:
    yield spark.session
    spark.session.conf.unset(CONF)


def spans(organizations: Organizations) -> tuple[int, int]:
    """Return the first and the last time that acme was asked for."""
    queries = [dict(each.query) for each in organizations.acme.requests]
    return (
        min(int(each["start_time"]) for each in queries),
        max(int(each["end_time"]) for each in queries),
    )


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("start >= '2026-08-01' AND start < '2026-08-03'", ("2026-08-01", "2026-08-04")),
        ("start > '2026-08-01 12:00' AND end <= '2026-08-03'", ("2026-08-01", "2026-08-04")),
        ("start = '2026-08-01' AND amount > 0", ("2026-08-01", "2026-08-02")),
        ("start <=> '2026-08-01' AND project_id IS NULL", ("2026-08-01", "2026-08-02")),
        ("end = '2026-08-01'", ("2026-07-31", "2026-08-02")),
        ("end BETWEEN '2026-08-01' AND '2026-08-02'", ("2026-07-31", "2026-08-03")),
        ("NOT start < '2026-09-01'", ("2026-09-01", "2026-09-10")),
        ("currency = 'usd'", None),
    ],
)
def test_the_rows_are_the_same_with_fewer_requests(
    condition: str,
    expected: tuple[str, str] | None,
    organizations: Organizations,
    session: SparkSession,
) -> None:
    whole = organizations.read(**SPAN).where(condition)
    before = rows_of_spark(whole)
    session.conf.set(CONF, value=True)
    assert rows_of_spark(whole) == before
    organizations.forget_requests()
    assert rows_of_spark(organizations.read(**SPAN, pushdown=True).where(condition)) == before
    assert before.total() > 0
    first, last = SPAN.values()
    if expected is not None:
        first, last = (
            session.sql(f"SELECT unix_seconds(timestamp '{day}')").first()[0]  # type: ignore[index]
            for day in expected
        )
    assert spans(organizations) == (first, last)


def test_a_filter_that_nothing_can_pass_sends_nothing(
    organizations: Organizations, session: SparkSession
) -> None:
    session.conf.set(CONF, value=True)
    frame = organizations.read(**SPAN, pushdown=True)
    assert frame.where("start > '2027-01-01' AND end < '2028-01-01'").count() == 0
    assert organizations.acme.requests == organizations.globex.requests == []


def test_pushdown_needs_the_setting_of_spark(
    organizations: Organizations, session: SparkSession
) -> None:
    frame = organizations.read(**SPAN, pushdown=True).where("start > '2026-08-01'")
    with pytest.raises(PySparkException, match="filterPushdown"):
        frame.count()
