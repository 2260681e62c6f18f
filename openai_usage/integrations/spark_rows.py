"""Read the rows of a partition as Arrow batches, in the schema that Spark knows."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path

import pyarrow as pa
from attrs import asdict, evolve

from openai_usage._organizations_file import read_entries
from openai_usage._toml import shown_path
from openai_usage.arrow import schema
from openai_usage.blocking import UsageClient
from openai_usage.errors import (
    APIError,
    ColumnError,
    InvalidOptionError,
    MissingAdminKeyError,
    OrganizationsError,
    UsageError,
)
from openai_usage.integrations.spark_options import WHERE_KEYS_BELONG, SparkOptions
from openai_usage.integrations.spark_partitions import Partition
from openai_usage.organizations import client_of

__all__ = ["arrow_schema", "ddl", "read_rows", "sql_types"]

_TIME_COLUMNS = 2
"""The number of columns before the organization, as in other tables: `start` and `end`."""

_TYPES = {
    "bool": "boolean",
    "double": "double",
    "int64": "bigint",
    "string": "string",
    "timestamp[us, tz=UTC]": "timestamp",
    "decimal128(38, 24)": "decimal(38,24)",
}
"""Spark's types for those of Arrow, by their names."""

_IN_DDL = {"timestamp": "timestamp_ltz"}
"""Types with another name in DDL, where `timestamp` depends on `spark.sql.timestampType`."""


def arrow_schema(options: SparkOptions) -> pa.Schema:
    """Return the schema of the rows. It depends on the endpoint and on `money` only.

    There is always a column `organization`. Text columns are plain, because Spark has no
    dictionaries. All columns are nullable, as Spark has them in the tables that it writes.

    Raises:
        ColumnError: A field of the results has a type without a column.
    """
    found = schema(options.row(), money=options.money)
    plain = [(each.name, _plain(each.type)) for each in found]
    return pa.schema(
        [*plain[:_TIME_COLUMNS], ("organization", pa.string()), *plain[_TIME_COLUMNS:]]
    )


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if isinstance(kind, pa.DictionaryType) else kind


def sql_types(found: pa.Schema) -> dict[str, str]:
    """Return Spark's types by column."""
    return {each.name: _TYPES[str(each.type)] for each in found}


def ddl(found: pa.Schema) -> str:
    """Return a schema in SQL, as Spark takes it."""
    types = sql_types(found).items()
    return ", ".join(f"`{name}` {_IN_DDL.get(kind, kind)}" for name, kind in types)


def read_rows(options: SparkOptions, partition: Partition) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a partition, a batch for each page or several, reading pages ahead.

    Raises:
        OrganizationsError: The API cannot be read.
        UsageError: The key is missing, or a value does not fit into its column.
    """
    columns = arrow_schema(options)
    query = evolve(options.query, start_time=partition.start_time, end_time=partition.end_time)
    parameters = asdict(query, recurse=False)
    try:
        with _client(options, partition) as client:
            buckets = client.query(options.endpoint, **parameters).concurrently()
            for batch in buckets.arrow_batches(money=options.money):
                yield _labelled(batch, partition.organization, columns)
    except UsageError as error:
        raise _named(partition.organization, error) from None


def _named(label: str, error: UsageError) -> UsageError:
    """Return *error* with the label of its organization, and with advice for users of Spark."""
    if isinstance(error, APIError):
        return OrganizationsError({label: error})
    message = error.message
    if isinstance(error, MissingAdminKeyError):
        message = f"the environment of the executor has no OPENAI_ADMIN_KEY. {WHERE_KEYS_BELONG}"
    elif isinstance(error, ColumnError) and error.hint:
        message = error.with_hint("Set the option money to text.")
    return UsageError(f"{label}: {message.removeprefix(f'{label}: ')}")


def _labelled(batch: pa.RecordBatch, label: str, columns: pa.Schema) -> pa.RecordBatch:
    labels = pa.repeat(label, batch.num_rows)
    return pa.RecordBatch.from_arrays(
        [
            labels if each.name == "organization" else batch[each.name].cast(each.type)
            for each in columns
        ],
        schema=columns,
    )


def _client(options: SparkOptions, partition: Partition) -> UsageClient:
    """Return a client of the organization of a partition, with its share of the pace."""
    make = partial(options.client, on_gap=options.on_gap)
    if options.organizations is None:
        pace = _share(options.requests_per_second, partition)
        return make(requests_per_second=None if pace is None else float(pace))
    path = Path(options.organizations)
    for entry in read_entries(path):
        if entry.label == partition.organization:
            pace = _share(entry.requests_per_second or options.requests_per_second, partition)
            return client_of(evolve(entry, requests_per_second=pace), path.parent, make)
    raise InvalidOptionError(
        f"{shown_path(path)} has no organization {partition.organization} here, but has it on the "
        "driver. Use the same file on the driver and on every executor.",
        option="organizations",
    )


def _share(pace: Decimal | int | None, partition: Partition) -> Decimal | None:
    return None if pace is None else Decimal(pace) / partition.siblings
