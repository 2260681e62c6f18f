"""Convert Arrow tables of results to data frames of pandas and polars, with types they expect.

Text becomes strings. Arrow has it as dictionaries, whose categories can be neither joined nor
filled with other text. Counts that can be missing stay whole numbers, and money keeps its digits.
"""

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    from pandas.api.extensions import ExtensionDtype


def pandas_frame(table: pa.Table) -> "pd.DataFrame":
    """Return *table* as a frame of pandas."""
    import pandas as pd  # noqa: PLC0415 - an extra

    types: dict[pa.DataType, ExtensionDtype] = {
        pa.int64(): pd.Int64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
    }

    def type_of(arrow: pa.DataType) -> "ExtensionDtype | None":
        # Otherwise pandas would hold decimals as objects, and round their sums.
        return pd.ArrowDtype(arrow) if pa.types.is_decimal(arrow) else types.get(arrow)

    return _with_strings(table).to_pandas(types_mapper=type_of)


def polars_frame(table: pa.Table) -> "pl.DataFrame":
    """Return *table* as a frame of polars."""
    import polars as pl  # noqa: PLC0415 - an extra

    return pl.DataFrame(_with_strings(table))


def _with_strings(table: pa.Table) -> pa.Table:
    """Return *table* with columns of strings instead of those of dictionaries."""
    return table.cast(
        pa.schema(
            field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field
            for field in table.schema
        )
    )
