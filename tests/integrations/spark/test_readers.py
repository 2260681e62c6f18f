"""The readers, called as Spark calls them in its processes."""

import pickle
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from pyspark.sql.datasource import InputPartition
from pyspark.sql.types import StructType

from openai_usage import InvalidOptionError
from openai_usage.integrations.spark import Offset, OpenAIUsage, StreamReader
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
    assert source.schema().startswith("`start` timestamp_ltz, `end` timestamp_ltz, `organization` ")
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


def test_another_schema_is_refused(organizations: Organizations, schema: StructType) -> None:
    first, second, *rest = schema.fields
    for other in (schema.fields[:-1], [second, first, *rest]):
        for make in (made(organizations).reader, made(organizations).streamReader):
            with pytest.raises(InvalidOptionError, match=r"of costs are start, .*\(…\)\."):
                make(StructType(other))


Make: TypeAlias = Callable[..., StreamReader]


@pytest.fixture
def make(organizations: Organizations, schema: StructType) -> Make:
    """Return a function that makes a stream today."""

    def make(**texts: Any) -> StreamReader:
        reader = made(organizations, **texts).streamReader(schema)
        assert isinstance(reader, StreamReader)
        reader.now = lambda: TODAY + 5.0
        return reader

    return make


def at(days: int) -> Offset:
    """Return the offset of a day before or after today."""
    return {"settled_until": TODAY + days * DAY}


def test_offsets_never_go_back(make: Make) -> None:
    stream = make()
    assert stream.initialOffset() == at(-9)
    assert stream.latestOffset() == stream.latestOffset(at(-9), object()) == at(-3)
    assert stream.latestOffset(at(0)) == at(0)  # a checkpoint of a clock that was ahead
    stream.partitions(at(-9), at(-3))
    stream.commit(at(-3))
    stream.now = lambda: TODAY - 9.0 * DAY
    assert stream.latestOffset() == stream.latestOffset(at(-3)) == at(-3)
    stream.stop()


def test_what_is_available_now_stays(make: Make) -> None:
    stream = make()
    stream.prepareForTriggerAvailableNow()
    stream.now = lambda: TODAY + 9.0 * DAY
    assert stream.latestOffset(stream.initialOffset()) == at(-3)


def test_a_micro_batch_has_the_buckets_between_two_offsets(make: Make) -> None:
    stream = make()
    assert stream.partitions(at(-4), at(-4)) == []
    values = [each.value for each in stream.partitions(at(-5), at(-4))]
    assert [(each.start_time, each.end_time) for each in values] == [
        (TODAY - 5 * DAY, TODAY - 4 * DAY)
    ] * 2


def test_what_is_not_settled_is_never_in_a_micro_batch(make: Make) -> None:
    stream = make(settled_after=5 * DAY)
    message = "a micro-batch until 2026-09-07T00:00:00Z, but only the buckets until 2026-09-05T"
    with pytest.raises(InvalidOptionError, match=message):
        stream.partitions(at(-9), at(-3))
    assert len(stream.partitions(at(-9), at(-5))) == 2
    assert stream.partitions(at(-3), at(-3)) == []


@pytest.mark.parametrize("days", [-20, -1, 30])
@pytest.mark.parametrize("settled", [-3, -2])
def test_the_checkpoint_wins_over_the_start(make: Make, days: int, settled: int) -> None:
    checkpoint = at(-3)
    new, old = make(start_time=TODAY + days * DAY), make(start_time=TODAY + days * DAY)
    new.now = old.now = lambda: TODAY + (settled + 3) * DAY + 5.0
    assert new.latestOffset(checkpoint, object()) == at(settled)
    assert old.partitions(checkpoint, checkpoint) == []  # as Spark 4.1 tells the checkpoint
    assert old.latestOffset() == at(settled)


def test_a_stream_that_begins_later_waits(make: Make) -> None:
    stream = make(start_time=TODAY + 30 * DAY)
    assert stream.latestOffset() == stream.latestOffset(stream.initialOffset()) == at(30)
    assert stream.partitions(at(30), at(30)) == []
    uneven = make(start_time=TODAY - 4 * DAY + 3600)  # in the last settled bucket
    assert uneven.latestOffset(uneven.initialOffset()) == at(-3)
    [first, _] = uneven.partitions(uneven.initialOffset(), at(-3))
    assert first.value.start_time == TODAY - 4 * DAY + 3600
