"""Tables in other people's hands: pandas, polars, DuckDB, Parquet; what is copied, and what not."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from openai_usage import AsyncUsageClient, Buckets, Endpoint
from openai_usage.arrow import schema
from tests.conftest import TODAY
from tests.support.arrow_values import LABEL, MOMENT, MONEY, grouped, rows_of
from tests.support.rows import ROWS, each_row

Totals = dict[str, Any]

COUNT, TRUTH = pa.int64(), pa.bool_()


def with_pandas(table: pa.Table, measures: list[str]) -> Totals:
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return {name: frame[name].sum() for name in measures}


def with_plain_pandas(table: pa.Table, measures: list[str]) -> Totals:
    frame = table.to_pandas()
    return {name: frame[name].dropna().sum() for name in measures}


def with_polars(table: pa.Table, measures: list[str]) -> Totals:
    frame = pl.DataFrame(table)
    return {name: frame[name].sum() for name in measures}


def with_duckdb(table: pa.Table, measures: list[str]) -> Totals:
    sums = ", ".join(f"coalesce(sum({name}), 0)" for name in measures)
    [row] = duckdb.from_arrow(table).aggregate(sums).fetchall()
    return dict(zip(measures, row, strict=True))


def with_parquet(table: pa.Table, measures: list[str]) -> Totals:
    file = BytesIO()
    pq.write_table(table, file)
    read = pq.read_table(file)
    assert read.equals(table)
    return with_pandas(read, measures)


WAYS = (with_pandas, with_plain_pandas, with_polars, with_duckdb, with_parquet)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@each_row
async def test_totals_are_those_of_the_sdk(
    row: Endpoint[..., object],
    way: Callable[[pa.Table, list[str]], Totals],
    client: AsyncUsageClient,
) -> None:
    buckets = grouped(client, row)
    results = rows_of(await buckets.collect())
    measures = [each.name for each in schema(row) if each.type in (COUNT, MONEY)]
    expected = {
        name: sum(each[name] for each in results if each[name] is not None) for name in measures
    }
    assert any(expected.values())
    totals = way(await buckets.to_arrow(), measures)
    assert totals == expected
    for name, total in expected.items():
        assert isinstance(totals[name], Decimal) or not isinstance(total, Decimal)


# ----------------------------------------------------------------- types


@each_row
async def test_columns_keep_their_types(
    row: Endpoint[..., object], client: AsyncUsageClient
) -> None:
    table = await grouped(client, row).to_arrow()
    types = [field.type for field in table.schema]

    pandas = table.to_pandas(types_mapper=pd.ArrowDtype)
    assert list(pandas.columns) == table.column_names
    assert list(pandas.dtypes) == [pd.ArrowDtype(each) for each in types]

    in_polars: dict[pa.DataType, pl.DataType] = {
        MOMENT: pl.Datetime("us", "UTC"),
        LABEL: pl.Categorical(),
        MONEY: pl.Decimal(38, 24),
        COUNT: pl.Int64(),
        TRUTH: pl.Boolean(),
    }
    polars = pl.DataFrame(table)
    assert polars.columns == table.column_names
    assert polars.dtypes == [in_polars[each] for each in types]

    in_duckdb = {
        MOMENT: "TIMESTAMP WITH TIME ZONE",
        LABEL: "VARCHAR",
        MONEY: "DECIMAL(38,24)",
        COUNT: "BIGINT",
        TRUTH: "BOOLEAN",
    }
    relation = duckdb.from_arrow(table)
    assert relation.columns == table.column_names
    assert list(map(str, relation.types)) == [in_duckdb[each] for each in types]


async def test_plain_pandas_has_types_of_its_own(client: AsyncUsageClient) -> None:
    frame = (await grouped(client, ROWS["costs"]).to_arrow()).to_pandas()
    assert str(frame["start"].dtype) == "datetime64[us, UTC]"
    assert frame["line_item"].dtype == "category"
    assert {type(each) for each in frame["amount"]} == {Decimal}
    # Integers, of which some may be missing, are floats to it then.
    some = pa.table({"input_audio_tokens": pa.array([2**53 + 1, None])})
    assert some.to_pandas()["input_audio_tokens"][0] == 2**53
    kept = some.to_pandas(types_mapper=pd.ArrowDtype)["input_audio_tokens"]
    assert kept[0] == 2**53 + 1


# ----------------------------------------------------------------- what is copied


def where(column: "pa.ChunkedArray[Any]") -> list[int | None]:
    """The addresses of all that a column in one piece is made of."""
    [piece] = column.chunks
    return [buffer.address if buffer else None for buffer in piece.buffers()]


@each_row
async def test_pandas_with_arrow_types_shares_every_column(
    row: Endpoint[..., object], client: AsyncUsageClient
) -> None:
    table = await grouped(client, row).to_arrow()
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    for name in table.column_names:
        assert where(frame[name].array.__arrow_array__()) == where(table[name]), name


@each_row
async def test_polars_shares_every_column_but_labels(
    row: Endpoint[..., object], client: AsyncUsageClient
) -> None:
    table = await grouped(client, row).to_arrow()
    shared = pl.DataFrame(table).to_arrow()
    for name in table.column_names:
        its, ours = where(shared[name])[-1], where(table[name])[-1]
        assert (its == ours) is (table[name].type != LABEL), name


async def test_duckdb_keeps_no_table_of_its_own(client: AsyncUsageClient) -> None:
    table = await grouped(client, ROWS["completions"]).to_arrow()
    held = "SELECT sum(memory_usage_bytes) FROM duckdb_memory() WHERE tag = 'IN_MEMORY_TABLE'"
    with duckdb.connect() as connection:
        connection.from_arrow(table).create_view("usage")
        counted = connection.execute("SELECT count(*) FROM usage WHERE input_tokens > 0")
        assert counted.fetchone() == (table.num_rows,)
        assert connection.execute(held).fetchone() == (0,)
        connection.execute("CREATE TABLE copied AS SELECT * FROM usage")
        assert connection.execute(held).fetchone() != (0,)


async def test_plain_pandas_copies(client: AsyncUsageClient) -> None:
    table = await grouped(client, ROWS["completions"]).to_arrow()
    frame = table.to_pandas()
    for name in ("num_model_requests", "input_tokens"):
        values = frame[name].to_numpy()
        assert values.__array_interface__["data"][0] not in where(table[name])


# ----------------------------------------------------------------- batch by batch


def minutes(client: AsyncUsageClient) -> Buckets[Any]:
    """Half an hour in which not everybody used everything all the time, on ten pages."""
    range_ = {"start_time": TODAY - 1800, "bucket_width": "1m", "limit": 3}
    return grouped(client, ROWS["completions"], **range_)


async def test_batches_with_labels_of_their_own_are_one_parquet_file(
    client: AsyncUsageClient, tmp_path: Path
) -> None:
    file, known, labels = tmp_path / "usage.parquet", schema(ROWS["completions"]), set()
    with pq.ParquetWriter(file, known) as writer:
        async for batch in minutes(client).arrow_batches():
            labels.add(str(batch["model"].unique()))
            writer.write_batch(batch)
    assert len(labels) > 1  # or this would show nothing
    table = await minutes(client).to_arrow()
    read = pq.read_table(file)
    assert read.schema == known
    assert read.to_pylist() == table.to_pylist()
    assert pl.read_parquet(file).equals(pl.DataFrame(table))
    by_model = "model, sum(input_tokens)"
    assert set(duckdb.read_parquet(str(file)).aggregate(by_model).fetchall()) == set(
        duckdb.from_arrow(table).aggregate(by_model).fetchall()
    )


async def test_so_are_they_one_frame(client: AsyncUsageClient) -> None:
    batches = [batch async for batch in minutes(client).arrow_batches()]
    assert len(batches) == 10
    expected: Counter[str] = Counter()
    for each in rows_of(await minutes(client).collect()):
        expected[each["model"]] += each["input_tokens"]

    polars = pl.concat(pl.DataFrame(batch) for batch in batches)
    assert polars.equals(pl.DataFrame(await minutes(client).to_arrow()))
    by_model = polars.group_by("model").agg(pl.col("input_tokens").sum())
    assert dict(by_model.iter_rows()) == expected

    reader = pa.RecordBatchReader.from_batches(batches[0].schema, batches)
    grouping = duckdb.from_arrow(reader).aggregate("model, sum(input_tokens)")
    assert dict(grouping.fetchall()) == expected

    pieces = pa.Table.from_batches(batches)
    for frame in (pieces.to_pandas(), pieces.to_pandas(types_mapper=pd.ArrowDtype)):
        text = frame.assign(model=frame["model"].astype(str))
        assert text.groupby("model")["input_tokens"].sum().to_dict() == expected
