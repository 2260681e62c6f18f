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
from openai_usage.errors import APIError, InvalidOptionError, OrganizationsError
from openai_usage.integrations.spark_options import LEAST_PACE, SparkOptions
from openai_usage.integrations.spark_partitions import Partition
from openai_usage.organizations import client_of

__all__ = ["arrow_schema", "ddl", "read_rows"]

_TIMES = 2
"""The columns before the organization, as in tables of several organizations: `start`, `end`."""

_SQL = {
    "bool": "BOOLEAN",
    "double": "DOUBLE",
    "int64": "BIGINT",
    "string": "STRING",
    "timestamp[us, tz=UTC]": "TIMESTAMP",
    "decimal128(38, 24)": "DECIMAL(38,24)",
}
"""Spark's types for those of Arrow, by their names."""


def arrow_schema(options: SparkOptions) -> pa.Schema:
    """Return the schema of the rows. It depends on the endpoint and on `money` only.

    There is always a column `organization`. Text columns are plain, because Spark has no
    dictionaries. All columns are nullable, as Spark has them in the tables that it writes.

    Raises:
        ColumnError: A field of the results has a type without a column.
    """
    found = schema(options.row(), money=options.money)
    plain = [(each.name, _plain(each.type)) for each in found]
    return pa.schema([*plain[:_TIMES], ("organization", pa.string()), *plain[_TIMES:]])


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if isinstance(kind, pa.DictionaryType) else kind


def sql_types(found: pa.Schema) -> dict[str, str]:
    """Return Spark's types by column."""
    return {each.name: _SQL[str(each.type)] for each in found}


def ddl(found: pa.Schema) -> str:
    """Return a schema in SQL, as Spark takes it."""
    return ", ".join(f"`{name}` {kind}" for name, kind in sql_types(found).items())


def read_rows(options: SparkOptions, partition: Partition) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a partition, a batch for each page or several, reading pages ahead.

    Raises:
        OrganizationsError: The organization cannot be read.
        InvalidOptionError: Its key is not where the file says.
        MissingAdminKeyError: The environment has no key.
        ColumnError: A value does not fit into its column.
    """
    columns = arrow_schema(options)
    query = evolve(options.query, start_time=partition.start_time, end_time=partition.end_time)
    parameters = asdict(query, recurse=False)
    try:
        with _client(options, partition) as client:
            buckets = client.query(options.endpoint, **parameters).concurrently()
            for batch in buckets.arrow_batches(money=options.money):
                yield _labelled(batch, partition.organization, columns)
    except APIError as error:
        raise OrganizationsError({partition.organization: error}) from None


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
    return None if pace is None else max(LEAST_PACE, Decimal(pace) / partition.siblings)
