"""The readers alone, as Spark calls them in its processes."""

import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pyspark.sql.datasource import (
    EqualTo,
    Filter,
    GreaterThanOrEqual,
    InputPartition,
    IsNull,
    LessThan,
    Not,
)
from pyspark.sql.types import StructType

from openai_usage import InvalidOptionError
from openai_usage.integrations.spark import OpenAIUsage, StreamReader
from openai_usage.integrations.spark_partitions import Partition
from tests.conftest import DAY, TODAY
from tests.integrations.spark.conftest import MARKS, Organizations

pytestmark = MARKS

START = TODAY - 9 * DAY


def made(organizations: Organizations, **texts: Any) -> OpenAIUsage:
    options = {"endpoint": "costs", "start_time": START, "organizations": organizations.path}
    texts = {name: str(text) for name, text in {**options, **texts}.items()}
    return OpenAIUsage(texts)


@pytest.fixture
def schema(organizations: Organizations) -> StructType:
    return organizations.read(start_time=START, end_time=TODAY).schema


def test_a_reader_as_it_travels(organizations: Organizations, schema: StructType) -> None:
    source = made(organizations, end_time=TODAY, partitions=2)
    assert source.schema().startswith("`start` TIMESTAMP, `end` TIMESTAMP, `organization` STRING")
    kept = pickle.dumps(source.reader(schema))
    assert not any(key.encode() in kept for key in organizations.keys)
    reader = pickle.loads(kept)
    partitions = reader.partitions()
    assert [each.value for each in partitions] == [
        Partition(label, START, TODAY, siblings=1) for label in ("acme", "globex")
    ]
    [batch] = reader.read(partitions[1])
    assert batch.column("organization").unique().to_pylist() == ["globex"]
    assert [*reader.read(InputPartition(None))] == []


def test_the_end_stays_that_of_the_load(
    organizations: Organizations, schema: StructType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: TODAY + 7.0)
    source = made(organizations)
    source.schema()
    monkeypatch.setattr("time.time", lambda: TODAY + 99.0)
    [first, _] = pickle.loads(pickle.dumps(source)).reader(schema).partitions()
    assert first.value.end_time == TODAY + 7


def test_only_times_narrow_a_range(organizations: Organizations, schema: StructType) -> None:
    reader = made(organizations, end_time=TODAY, pushdown=True).reader(schema)
    third, fifth = (datetime.fromtimestamp(START + days * DAY, UTC) for days in (3, 5))
    filters: list[Filter] = [
        GreaterThanOrEqual(("start",), third),
        LessThan(("end",), fifth),
        Not(LessThan(("start",), fifth)),
        IsNull(("end",)),
        EqualTo(("amount",), 5),
        EqualTo(("start",), None),
        EqualTo(("start",), datetime(2026, 9, 1)),  # noqa: DTZ001 - no time zone is no moment
    ]
    assert reader.pushFilters(filters) is filters
    spans = {(each.value.start_time, each.value.end_time) for each in reader.partitions()}
    assert spans == {(START + 3 * DAY, START + 6 * DAY)}
    reader.pushFilters([LessThan(("end",), datetime(2020, 1, 1, tzinfo=UTC))])
    assert [each.value for each in reader.partitions()] == [None]


def test_another_schema_is_refused(organizations: Organizations, schema: StructType) -> None:
    other = StructType(schema.fields[:-1])
    for make in (made(organizations).reader, made(organizations).streamReader):
        with pytest.raises(InvalidOptionError, match=r"the columns of costs are start, .*\(…\)\."):
            make(other)


@pytest.fixture
def stream(organizations: Organizations, schema: StructType) -> Iterator[StreamReader]:
    reader = made(organizations).streamReader(schema)
    assert isinstance(reader, StreamReader)
    reader.now = lambda: TODAY + 5.0
    yield reader
    reader.commit({"settled_until": TODAY})
    reader.stop()


def test_offsets_never_go_back(stream: StreamReader) -> None:
    start = {"settled_until": START}
    assert stream.initialOffset() == start
    settled = {"settled_until": TODAY - 3 * DAY}
    assert stream.latestOffset() == stream.latestOffset(start, object()) == settled
    stream.now = lambda: float(START)
    assert stream.latestOffset() == stream.latestOffset(start) == settled
    later = {"settled_until": TODAY}  # a checkpoint of a clock that was ahead
    assert stream.latestOffset(later) == later


def test_what_is_available_now_stays(stream: StreamReader) -> None:
    stream.prepareForTriggerAvailableNow()
    stream.now = lambda: TODAY + 9.0 * DAY
    start = stream.initialOffset()
    assert stream.latestOffset(start) == {"settled_until": TODAY - 3 * DAY}


def test_a_micro_batch_has_the_buckets_between_two_offsets(stream: StreamReader) -> None:
    first, last = ({"settled_until": TODAY + days * DAY} for days in (-5, -4))
    assert stream.partitions(last, last) == []
    values = [each.value for each in stream.partitions(first, last)]
    assert [(each.start_time, each.end_time) for each in values] == [
        (TODAY - 5 * DAY, TODAY - 4 * DAY)
    ] * 2
    with pytest.raises(
        InvalidOptionError, match="the checkpoint has every bucket until 2026-09-06T"
    ):
        stream.partitions(last, first)
