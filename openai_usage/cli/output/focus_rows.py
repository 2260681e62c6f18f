"""Results of costs as rows of FOCUS, with a message about those that lack a quantity."""

from collections.abc import AsyncIterator
from typing import Any, cast

from attrs import define

from openai_usage import Bucket, CostsResult
from openai_usage._number_format import counted
from openai_usage.cli.output.messages import say
from openai_usage.cli.output.rows import ResultRows
from openai_usage.integrations.focus import FocusRow, count_without_quantity, focus_rows
from openai_usage.integrations.focus_columns import focus_columns


@define
class FocusRows:
    """Results of costs as rows, with the columns of FOCUS in place of their own."""

    results: ResultRows
    without_quantity: int = 0
    """The number of rows of usage without a quantity so far."""

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return [each.name for each in focus_columns(self.results.focus_version)]

    @property
    def options(self) -> dict[str, Any]:
        """The options of `focus_rows` and `focus_table`, with the names that are known so far."""
        return {
            "version": self.results.focus_version,
            "names": self.results.names.names,
            "billing_account": self.results.billing_account,
        }

    async def __aiter__(self) -> AsyncIterator[list[FocusRow]]:
        """Yield the rows of one bucket after the other."""
        async for bucket in self.results.read():
            rows = focus_rows([cast("Bucket[CostsResult]", bucket)], **self.options)
            self.without_quantity += count_without_quantity(rows)
            yield rows

    def say_without_quantity(self) -> None:
        """Say on stderr how many rows of usage lack the quantity that FOCUS requires."""
        if self.without_quantity:
            rows = counted(self.without_quantity, "row")
            say(f"the API gave no quantity for {rows} of usage, which FOCUS requires.")
