"""Stream settled buckets: each once, whatever fails and is repeated."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from pyspark.errors import StreamingQueryException
from pyspark.sql.streaming.query import StreamingQuery

from openai_usage.sandbox.api import USAGE
from openai_usage.schema.settling import COSTS_SETTLE_AFTER
from tests.conftest import DAY, TODAY
from tests.integrations.spark.conftest import MARKS, Organizations, Spark
from tests.integrations.spark.expected import rows_of_api, rows_of_spark

pytestmark = MARKS

START = TODAY - 20 * DAY
MARGIN = int(COSTS_SETTLE_AFTER.total_seconds())


@frozen
class Stream:
    """A stream of costs into Parquet."""

    spark: Spark
    organizations: Organizations
    folder: Path

    def at(self, moment: int) -> None:
        """Set the time of the stream and of the API."""
        self.organizations.acme.now = self.organizations.globex.now = moment
        self.set_clock(moment)

    def set_clock(self, moment: int) -> None:
        # In one step, because the stream reads it at any time.
        new = self.spark.clock.with_suffix(".new")
        new.write_text(str(moment))
        new.replace(self.spark.clock)

    def run(self, **options: object) -> None:
        """Read what is available now, with some options other than usual."""
        self.start(options, availableNow=True).awaitTermination()

    def start(self, options: Mapping[str, object] | None = None, **trigger: Any) -> StreamingQuery:
        """Start or restart it."""
        return (
            self.spark.session.readStream.format("clocked_usage")
            .option("endpoint", "costs")
            .option("start_time", START)
            .option("group_by", "line_item")
            .option("organizations", str(self.organizations.path))
            .option("partitions", 2)
            .options(**{name: str(value) for name, value in (options or {}).items()})
            .load()
            .writeStream.format("parquet")
            .option("checkpointLocation", str(self.folder / "checkpoint"))
            .option("path", str(self.folder / "costs"))
            .trigger(**(trigger or {"processingTime": "0 seconds"}))
            .start()
        )

    def check(self, settled_until: int) -> None:
        """Check that every settled row is there once."""
        frame = self.spark.session.read.parquet(str(self.folder / "costs"))
        both = {"acme": self.organizations.acme, "globex": self.organizations.globex}
        assert rows_of_spark(frame) == rows_of_api(
            both, start_time=START, end_time=settled_until, group_by=["line_item"]
        )

    def settled(self, query: StreamingQuery) -> list[tuple[str, str]]:
        """Return the bounds of the micro-batches that had rows."""
        return [
            (each["sources"][0]["startOffset"], each["sources"][0]["endOffset"])
            for each in query.recentProgress
            if each["numInputRows"]
        ]


@pytest.fixture
def stream(spark: Spark, organizations: Organizations, tmp_path: Path) -> Stream:
    return Stream(spark, organizations, tmp_path)


def test_each_settled_bucket_comes_once(stream: Stream) -> None:
    stream.at(START + MARGIN + 5 * DAY + 1000)
    query = stream.start()
    query.processAllAvailable()
    stream.check(START + 5 * DAY)
    for days in (6, 9):  # and the API has revised what was not settled
        stream.at(START + MARGIN + days * DAY + 10)
        query.processAllAvailable()
        stream.check(START + days * DAY)
    stream.set_clock(START + MARGIN)  # it goes back
    query.processAllAvailable()
    assert len(stream.settled(query)) == 3
    query.stop()
    stream.check(START + 9 * DAY)


def test_it_goes_on_from_its_checkpoint(stream: Stream) -> None:
    stream.at(START + MARGIN + 2 * DAY)
    stream.run()
    stream.check(START + 2 * DAY)
    stream.organizations.forget_requests()
    stream.run()  # nothing is new
    assert stream.organizations.acme.requests == []
    stream.at(START + MARGIN + 4 * DAY)
    stream.run()
    requests = [dict(each.query) for each in stream.organizations.acme.requests]
    assert {each["start_time"] for each in requests} == {str(START + 2 * DAY)}
    stream.check(START + 4 * DAY)


def test_a_micro_batch_that_failed_is_repeated_without_doubling(stream: Stream) -> None:
    stream.at(START + MARGIN + 2 * DAY)
    stream.run()
    stream.at(START + MARGIN + 5 * DAY)
    stream.organizations.globex.scopes.clear()
    query = stream.start(availableNow=True)
    with pytest.raises(StreamingQueryException, match="globex: the API answered 403") as raised:
        query.awaitTermination()
    assert not any(key in str(raised.value) for key in stream.organizations.keys)
    stream.organizations.globex.scopes.add(USAGE)
    stream.check(START + 2 * DAY)
    stream.organizations.forget_requests()
    stream.at(START + MARGIN + 7 * DAY)  # later, and yet the micro-batch that failed is the same
    stream.run()
    first = dict(stream.organizations.globex.requests[0].query)
    span = (first["start_time"], first["end_time"])
    assert span == (str(START + 2 * DAY), str(START + 5 * DAY))
    stream.run()  # Spark 4.1 needs another run
    stream.check(START + 7 * DAY)


def test_a_missing_bucket_is_not_passed_over(stream: Stream) -> None:
    stream.at(START + MARGIN + 3 * DAY)
    stream.organizations.acme.faults.missing_bucket(times=1)
    with pytest.raises(StreamingQueryException, match="acme: the API returned no bucket from"):
        stream.run()
    stream.run()
    stream.check(START + 3 * DAY)


@pytest.mark.parametrize("days", [-30, 4, 400])
def test_its_checkpoint_wins_over_another_start(days: int, stream: Stream) -> None:
    stream.at(START + MARGIN + 2 * DAY)
    stream.run()
    for settled in (2, 3, 5):
        stream.at(START + MARGIN + settled * DAY + 100)
        stream.run(start_time=START + days * DAY)
        stream.check(START + settled * DAY)


def test_a_start_that_moves_with_the_days_reads_only_what_is_settled(stream: Stream) -> None:
    for day in range(5):
        stream.at(START + day * DAY + 2 * DAY + 100)
        stream.run(start_time=START + day * DAY)  # two days ago, where three settle a bucket
        if day > 1:
            stream.check(START + (day - 1) * DAY)
        else:
            assert stream.organizations.acme.requests == []


def test_a_longer_margin_waits(stream: Stream) -> None:
    stream.at(START + MARGIN + 5 * DAY)
    stream.run()
    longer = MARGIN + 2 * DAY
    for days, settled in ((6, 5), (7, 5), (8, 6)):
        stream.at(START + MARGIN + days * DAY)
        stream.run(settled_after=longer)
        stream.check(START + settled * DAY)


def test_a_longer_margin_also_holds_for_a_micro_batch_that_failed(stream: Stream) -> None:
    stream.at(START + MARGIN + 2 * DAY)
    stream.organizations.globex.scopes.clear()
    with pytest.raises(StreamingQueryException, match="globex: the API answered 403"):
        stream.run()
    stream.organizations.globex.scopes.add(USAGE)
    with pytest.raises(StreamingQueryException, match=r"only the buckets until .* are settled"):
        stream.run(settled_after=MARGIN + 2 * DAY)
    stream.at(START + MARGIN + 4 * DAY)
    stream.run(settled_after=MARGIN + 2 * DAY)
    stream.check(START + 2 * DAY)
