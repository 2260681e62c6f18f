"""The parts of spending as flat rows, for every format except the table and JSON."""

from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal

from attrs import frozen

from openai_usage import MoneyType
from openai_usage.analysis.spending import Dimension, Spending
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.cli.output.rows import Row
from openai_usage.cli.output.spend_json import part_figures

_AMOUNTS = ("this_month", "last_month", "this_month_compared", "last_month_compared")


@frozen
class SpendRows:
    """The parts of spending as rows: by each dimension, and the total."""

    spendings: Sequence[Spending]
    """The spending in each currency."""
    by: Sequence[Dimension]
    """The labels that the spending is broken down by."""
    names: KnownNames
    money: MoneyType = "decimal"
    """The type of money in Parquet."""

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self.kinds)

    @property
    def kinds(self) -> Mapping[str, type]:
        """The types of the columns, by name."""
        labels = ("month", "by", "label", "name")
        return {**dict.fromkeys(labels, str), **dict.fromkeys(_AMOUNTS, Decimal), "currency": str}

    async def __aiter__(self) -> AsyncIterator[list[Row]]:
        """Yield the rows of each currency."""
        for spending in self.spendings:
            total = part_figures(spending, spending.total, KnownNames(), "line_item")
            rows = [{"by": "total", "label": None, "name": None, **total}]
            rows += [
                {"by": each, "label": part.of, "name": self.names.beside(each, part.of), **figures}
                for each in self.by
                for part in spending.by(each)
                for figures in [part_figures(spending, part, KnownNames(), each)]
            ]
            month = f"{spending.month:%Y-%m}"
            found = ({"month": month, **row, "currency": spending.currency} for row in rows)
            yield [{name: row[name] for name in self.kinds} for row in found]
