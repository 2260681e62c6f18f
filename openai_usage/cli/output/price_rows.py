"""Prices as flat rows, for every format, and as a table."""

from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from fractions import Fraction

from attrs import frozen
from rich.table import Table

from openai_usage import MoneyType
from openai_usage._decimals import rounded
from openai_usage._number_format import NOTHING, Unit, change, count, money
from openai_usage._text import label
from openai_usage.analysis.price_changes import Price
from openai_usage.analysis.prices import Prices
from openai_usage.analysis.quotes import quote_of
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.cli.output.layout import Layout
from openai_usage.cli.output.rows import Row
from openai_usage.cli.output.spend_text import head_of

_TEXT = ("per", "unit", "currency")
"""The columns of text besides labels."""


@frozen
class PriceRows:
    """Prices as rows, with the names and types of their columns."""

    prices: Prices
    names: KnownNames
    money: MoneyType = "decimal"
    """The type of money in Parquet."""

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self.kinds)

    @property
    def kinds(self) -> Mapping[str, type]:
        """The types of the columns, by name: labels, each id with its name, then figures."""
        kinds: dict[str, type] = {}
        for name in self.prices.by:
            kinds[name] = str
            if name.endswith("_id"):
                kinds[name.replace("_id", "_name")] = str
        figures = Prices((), [_BLANK]).rows()[0]
        return kinds | {name: str if name in _TEXT else Decimal for name in figures}

    async def __aiter__(self) -> AsyncIterator[list[Row]]:
        """Yield all rows at once."""
        yield [{name: row.get(name) for name in self.kinds} for row in map(self._row, self.prices)]

    def _row(self, price: Price) -> Row:
        names = {
            name.replace("_id", "_name"): self.names.beside(name, price.labels[name])
            for name in self.prices.by
            if name.endswith("_id")
        }
        [figures] = Prices(self.prices.by, [price]).rows()
        return {**figures, **names}

    def table(self, width: int) -> Table:
        """Return a table of what was bought, and of the price and its change."""
        prices = list(self.prices)
        # The title names the currency if there is only one.
        has_units = len({each.currency for each in prices}) > 1
        layout = Layout(width, show_footer=False)
        for name in self.prices.by:
            layout.add_labels(head_of(name), [self._label(name, each) for each in prices])
        amounts = [_money(each, has_units=has_units).rounded(each.amount) for each in prices]
        layout.add_figures("amount", amounts)
        layout.add_figures("quantity", [_count(each) for each in prices], if_fits=True)
        layout.add_figures("price", [_price(each, has_units=has_units) for each in prices])
        layout.add_labels("for", [each.per or "" for each in prices], makes_room=False)
        layout.add_figures("change", [_change(each) for each in prices])
        return layout.build()

    def _label(self, name: str, price: Price) -> str:
        value = price.labels[name]
        return NOTHING if value is None else label(self.names.known(name, str(value)))


_BLANK = Price({}, None, None, "", Decimal(0), None)
"""A price that shows which figures every price has."""


def _count(price: Price) -> str:
    """Return the quantity, with audio in the minutes that its price is for."""
    if price.quantity is None:
        return ""
    quote = quote_of(str(price.unit))
    if quote.per == "minute":
        return count(rounded(Fraction(price.quantity) / quote.size, 1))
    return count(price.quantity)


def _price(price: Price, *, has_units: bool) -> str:
    if price.price is None:
        return ""
    places = max(2, 2 - price.price.adjusted()) if price.price else 2  # three digits at least
    return _money(price, places, has_units=has_units).rounded(price.price)


def _money(price: Price, places: int = 2, *, has_units: bool) -> Unit:
    return money(price.currency, places) if has_units else Unit(places=places)


def _change(price: Price) -> str:
    if price.price is None or price.amount_before is None:
        return ""
    if price.price_before is not None:
        return change(price.price, price.price_before)
    return "new" if price.quantity_before is None else ""
