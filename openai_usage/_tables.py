"""Tables: the ways to read a response as an Arrow table or a data frame."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Generic, TypeVar

from openai_usage._extras import require
from openai_usage._pagination.resume_point import ResumePoint
from openai_usage.endpoints import Endpoint
from openai_usage.schema.results import MoneyType, Page

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    from pyarrow import RecordBatch, Table

R_co = TypeVar("R_co", covariant=True)


class Tables(ABC, Generic[R_co]):
    """A response whose results can be read as rows."""

    def __init__(self, endpoint: Endpoint[..., R_co]) -> None:
        self.endpoint = endpoint
        """The row of the endpoint table."""

    @abstractmethod
    def pages(self) -> AsyncGenerator[Page[R_co], None]:
        """Yield every page."""

    async def to_arrow(self, *, money: MoneyType = "decimal") -> "Table":
        """Return every result as a row of one Arrow table, or raise without returning any.

        The columns are the bucket's `start` and `end`, then the fields of the endpoint's results.
        Money has its `currency` in the next column. The columns do not depend on what was used.

        Args:
            money: The type of money and quantities. `decimal` is `decimal128(38, 24)`. What is
                rounded, half to even, at the 24th decimal is logged once, as a warning. `text` has
                every digit. `float` is for arithmetic, and has the 15 to 17 digits of a float.

        Raises:
            ModuleNotFoundError: pyarrow is missing, which comes with the extra `[arrow]`.
            ColumnError: A value does not fit into its column, such as an amount with more than 14
                digits before the point in a decimal column.
            InvalidQueryError: *money* is not one of these types; nothing was sent.
        """
        from openai_usage.arrow import table  # noqa: PLC0415 - an extra of its own

        with ResumePoint():  # all or nothing
            return table([batch async for batch in self.arrow_batches(money=money)])

    async def to_pandas(self, *, money: MoneyType = "decimal") -> "pd.DataFrame":
        """Return the rows of `to_arrow()` as a data frame of pandas.

        Times are `datetime64[us, UTC]`, text is `str`, and counts are `Int64`, which can be missing
        without becoming floats. Money and quantities are decimals in Arrow's type, whose sums are
        exact.

        Args:
            money: The type of money and quantities, as in `to_arrow()`. Use `float` for arithmetic
                other than sums, and for charts.

        Raises:
            ModuleNotFoundError: pandas or pyarrow is missing. Both come with the extra `[pandas]`.
            ColumnError: A value does not fit into its column.
            InvalidQueryError: *money* is not one of these types; nothing was sent.
        """
        require("pandas", "pandas", "pyarrow")
        from openai_usage._frames import pandas_frame  # noqa: PLC0415 - an extra of its own

        return pandas_frame(await self.to_arrow(money=money))

    async def to_polars(self, *, money: MoneyType = "decimal") -> "pl.DataFrame":
        """Return the rows of `to_arrow()` as a data frame of polars.

        Times are `Datetime` in UTC, text is `String`, counts are `Int64`, and money and quantities
        are `Decimal(38, 24)`.

        Args:
            money: The type of money and quantities, as in `to_arrow()`. Use `float` for arithmetic
                other than sums, and for charts.

        Raises:
            ModuleNotFoundError: polars or pyarrow is missing. Both come with the extra `[polars]`.
            ColumnError: A value does not fit into its column.
            InvalidQueryError: *money* is not one of these types; nothing was sent.
        """
        require("polars", "polars", "pyarrow")
        from openai_usage._frames import polars_frame  # noqa: PLC0415 - an extra of its own

        return polars_frame(await self.to_arrow(money=money))

    def arrow_batches(self, *, money: MoneyType = "decimal") -> "AsyncGenerator[RecordBatch, None]":
        """Return the rows of `to_arrow()` as they come: a batch for each page, or several.

        A page without results gives a batch without rows, so there is always a first batch, which
        has the schema. At most one page is held in memory. Each batch has its own dictionaries.

        Args:
            money: The type of money and quantities, as in `to_arrow()`. What is rounded is logged
                once, when the iteration ends.

        Raises:
            ModuleNotFoundError: pyarrow is missing, which comes with the extra `[arrow]`.
            ColumnError: A value does not fit into its column, on the way.
            InvalidQueryError: *money* is not one of these types; nothing was sent.
        """
        from openai_usage.arrow import record_batches  # noqa: PLC0415 - likewise

        return record_batches(self.endpoint, self.pages(), money=money)
