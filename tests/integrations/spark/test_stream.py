"""Stream settled buckets: each once, whatever fails and is repeated."""

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

    def start(self, **trigger: Any) -> StreamingQuery:
        """Start or restart it."""
        return (
            self.spark.session.readStream.format("clocked_usage")
            .option("endpoint", "costs")
            .option("start_time", START)
            .option("group_by", "line_item")
            .option("organizations", str(self.organizations.path))
            .option("partitions", 2)
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
    query = stream.start(availableNow=True)
    query.awaitTermination()
    stream.check(START + 2 * DAY)
    stream.organizations.forget_requests()
    again = stream.start(availableNow=True)  # nothing is new
    again.awaitTermination()
    assert stream.organizations.acme.requests == []
    stream.at(START + MARGIN + 4 * DAY)
    later = stream.start(availableNow=True)
    later.awaitTermination()
    requests = [dict(each.query) for each in stream.organizations.acme.requests]
    assert {each["start_time"] for each in requests} == {str(START + 2 * DAY)}
    stream.check(START + 4 * DAY)


def test_a_micro_batch_that_failed_is_repeated_without_doubling(stream: Stream) -> None:
    stream.at(START + MARGIN + 2 * DAY)
    stream.start(availableNow=True).awaitTermination()
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
    stream.start(availableNow=True).awaitTermination()
    first = dict(stream.organizations.globex.requests[0].query)
    span = (first["start_time"], first["end_time"])
    assert span == (str(START + 2 * DAY), str(START + 5 * DAY))
    stream.start(availableNow=True).awaitTermination()  # Spark 4.1 needs another run
    stream.check(START + 7 * DAY)


def test_a_missing_bucket_is_not_passed_over(stream: Stream) -> None:
    stream.at(START + MARGIN + 3 * DAY)
    stream.organizations.acme.faults.missing_bucket(times=1)
    with pytest.raises(StreamingQueryException, match="acme: the API returned no bucket from"):
        stream.start(availableNow=True).awaitTermination()
    stream.start(availableNow=True).awaitTermination()
    stream.check(START + 3 * DAY)
