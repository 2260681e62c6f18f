"""A data source for Apache Spark: usage and costs of one or many organizations as a DataFrame.

Register it once in a session, then read and stream with it::

    spark.dataSource.register(OpenAIUsage)
    costs = (
        spark.read.format("openai_usage")
        .option("endpoint", "costs")
        .option("start_time", "2026-01-01")
        .option("group_by", "project_id,line_item")
        .load()
    )

The README of this folder has all options. Needs the extra `[spark]`.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from importlib import import_module
from typing import ClassVar, TypeAlias

from openai_usage._extras import missing_library
from openai_usage._text import listed
from openai_usage._time_format import iso
from openai_usage.blocking import UsageClient
from openai_usage.errors import InvalidOptionError
from openai_usage.integrations.spark_options import SparkOptions, parse_options

try:
    import pyarrow as pa
    from pyspark.sql.datasource import (
        DataSource,
        DataSourceReader,
        DataSourceStreamReader,
        InputPartition,
    )
    from pyspark.sql.types import StructType
except ModuleNotFoundError as error:
    raise missing_library(str(error.name).partition(".")[0], "spark") from None

from openai_usage.integrations.spark_partitions import partitions_of, settled_until
from openai_usage.integrations.spark_rows import arrow_schema, ddl, read_rows, sql_types
from openai_usage.schema.windows import Window

__all__ = ["OpenAIUsage"]


class OpenAIUsage(DataSource):
    """The data source `openai_usage`.

    To read endpoints of your own, subclass it and set `client` to your subclass of `UsageClient`.
    """

    client: ClassVar[type[UsageClient]] = UsageClient
    """The class of the clients that read."""

    @classmethod
    def name(cls) -> str:
        """Return the name of the format."""
        return "openai_usage"

    @cached_property
    def _options(self) -> SparkOptions:
        # Spark asks for the schema on load(), and then keeps this object. So all reads of a
        # DataFrame have the same range.
        return parse_options(self.options, self.client)

    def schema(self) -> str:
        """Return the schema of the rows, which depends on the endpoint and on `money` only."""
        return ddl(arrow_schema(self._options))

    def reader(self, schema: StructType) -> DataSourceReader:
        """Return a reader of the range."""
        return _Reader(self._options, schema)

    def streamReader(self, schema: StructType) -> DataSourceStreamReader:  # noqa: N802 - Spark's
        """Return a reader of settled buckets."""
        return StreamReader(self._options, schema)


class _PartitionReader:
    """The part that both readers share: check the schema, and read partitions."""

    def __init__(self, options: SparkOptions, schema: StructType) -> None:
        self._options = options
        _check_schema(options, schema)

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a partition."""
        if partition.value is not None:
            yield from read_rows(self._options, partition.value)

    def _partitions(self, window: Window) -> list[InputPartition]:
        return [InputPartition(each) for each in partitions_of(self._options, window)]


def _check_schema(options: SparkOptions, schema: StructType) -> None:
    """Reject a schema that was passed to Spark, unless it is that of the rows."""
    ours = sql_types(arrow_schema(options))
    # In the same order, because Spark 4.1 matches the columns of batches by position.
    if [*ours.items()] != [(each.name, each.dataType.simpleString()) for each in schema]:
        raise InvalidOptionError(
            f"the columns of {options.endpoint} are {listed(ours, 'and')}. Leave out .schema(…).",
            option="schema",
        )


class _Reader(_PartitionReader, DataSourceReader):
    """Reads a range once."""

    def __init__(self, options: SparkOptions, schema: StructType) -> None:
        super().__init__(options, schema)
        self._window = options.window()

    def partitions(self) -> Sequence[InputPartition]:
        """Return the parts of the range of each organization."""
        return self._partitions(self._window) or [InputPartition(None)]  # Spark needs one


Offset: TypeAlias = dict[str, int]
"""The time up to which buckets were read, as `{"settled_until": 1790000000}`."""


class StreamReader(_PartitionReader, DataSourceStreamReader):
    """Reads each bucket once, when it is settled.

    A micro-batch is all that was settled since the one before. Its bounds are times, so it has the
    same buckets if it is repeated.
    """

    now: Callable[[], float] = staticmethod(time.time)
    """A function that returns the time in Unix seconds."""

    def __init__(self, options: SparkOptions, schema: StructType) -> None:
        super().__init__(options, schema)
        self._reached = options.query.start_time
        self._fixed: int | None = None

    def initialOffset(self) -> Offset:  # noqa: N802 - Spark's
        """Return the start of the range. A stream with a checkpoint begins there instead."""
        return {"settled_until": self._options.query.start_time}

    def latestOffset(  # noqa: N802 - Spark's
        self,
        start: Offset | None = None,
        limit: object = None,  # noqa: ARG002 - a micro-batch has all that is settled
    ) -> Offset:
        """Return the end of the last settled bucket, or the offset that was reached, if later.

        Spark 4.1 passes no arguments. Before that, it calls `partitions` with the checkpoint.
        """
        reached = self._reached if start is None else start["settled_until"]
        return {"settled_until": max(reached, self._settled_until())}

    def prepareForTriggerAvailableNow(self) -> None:  # noqa: N802 - Spark's
        """Fix the end at what is settled now, where a query with `availableNow` ends."""
        self._fixed = self._settled_until()

    def _settled_until(self) -> int:
        return settled_until(self._options, self.now()) if self._fixed is None else self._fixed

    def partitions(self, start: Offset, end: Offset) -> Sequence[InputPartition]:
        """Return the parts of the range between two offsets, if it is settled.

        Raises:
            InvalidOptionError: A repeated micro-batch is not settled under the current
                options.
        """
        window = Window(start["settled_until"], end["settled_until"])
        self._reached = window.end_time
        settled = self._settled_until()
        if window.end_time > max(window.start_time, settled):
            raise InvalidOptionError(
                f"the checkpoint has a micro-batch until {iso(window.end)}, but only the buckets "
                f"until {iso(settled)} are settled now. Use the previous end_time "
                "and settled_after, or start the stream again later.",
                option="settled_after",
            )
        return self._partitions(window)


with suppress(ModuleNotFoundError):  # Spark 4.1 ends after one micro-batch instead
    import_module("pyspark.sql.streaming.datasource").SupportsTriggerAvailableNow.register(
        StreamReader
    )
