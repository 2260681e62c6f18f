"""Tables in other people's hands: pandas, polars, DuckDB, Parquet; what is copied, and what not."""

from io import BytesIO
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

Totals = dict[str, Any]


def with_pandas(table: pa.Table, measures: list[str]) -> Totals:
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    assert list(frame.columns) == table.column_names
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
    return with_plain_pandas(read, measures)
