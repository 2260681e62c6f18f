"""The tables of spend: by model or project, by month, prices of units, and shares of tokens."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from attrs import evolve

from openai_usage._gap_text import join
from openai_usage._number_format import (
    COUNT,
    NOTHING,
    TENTHS_OF_PERCENT,
    Unit,
    money_with_symbol,
    precise_change,
    precise_share,
)
from openai_usage._text import label, unique_labels
from openai_usage._time_format import written_date
from openai_usage.analysis.daily import total
from openai_usage.analysis.price_steps import PriceStep
from openai_usage.analysis.prices import Price
from openai_usage.report.data import Figures, ModelShares, has_moved
from openai_usage.report.panels import monthly_bars
from openai_usage.report.spend import RankedItem, Ranking
from openai_usage.report.tables import Cell, Table, amount_cell

_MOST_PRICES = 200
"""The most rows in a table of prices."""


def table_of_ranking(ranking: Ranking, compared: str) -> Table:
    """Return a table of the largest models or projects, with the others to be unfolded."""
    is_compared = ranking.everything.before is not None
    omission = f"; no data for {join(ranking.without)}" if ranking.without else ""
    rest = Table(
        title=f"Every other {ranking.what}{ranking.suffix}",
        caption="Costs, largest first.",
        heads=(ranking.column, "Spend", *(["Change"] if is_compared else [])),
        rows=tuple(_short(ranking, each) for each in ranking.others),
    )
    return Table(
        title=f"Every {ranking.what}{ranking.suffix}",
        caption=f"Costs, largest first{omission}. {compared}".strip(),
        heads=(ranking.column, "Spend", *(["Change"] if is_compared else [])),
        rows=tuple(_costs(ranking, each) for each in ranking.largest),
        foot=_costs(ranking, ranking.everything),
        rest=rest if rest.rows else None,
    )


def _head(item: RankedItem) -> Cell:
    """Return the name of an item, with its id below if the name does not have it."""
    id_ = "" if item.id is None else label(item.id)
    return Cell(item.label, below="" if id_ in item.label else id_)


def _costs(ranking: Ranking, each: RankedItem) -> tuple[Cell, ...]:
    unit, billed = ranking.unit, each.billed
    share = "" if billed is None else precise_share(billed, ranking.everything.total)
    costs = (_head(each), amount_cell(unit, billed, share))
    if each.before is None:
        return costs
    return (*costs, _change(unit, each))


def _short(ranking: Ranking, each: RankedItem) -> tuple[Cell, ...]:
    # Names differ. Ids would make the table of thousands of projects too long.
    costs = (Cell(each.label), amount_cell(ranking.unit, each.billed))
    return costs if each.before is None else (*costs, Cell(ranking.unit.signed(each.change)))


def _change(unit: Unit, each: RankedItem) -> Cell:
    before = each.before or Decimal(0)
    exact = f"{unit.exact(each.change)}: from {unit.exact(before)} to {unit.exact(each.compared)}"
    # The amounts that the change is from and to: a day in part is in the spend, but not in these.
    relative = precise_change(each.compared, before)
    below = f"{unit.rounded(before)} to {unit.rounded(each.compared)}"
    percent = "" if relative == NOTHING else f" ({relative})"
    return Cell(unit.signed(each.change), exact, f"{below}{percent}")


def table_of_months(figures: Figures, ranked: Sequence[Ranking]) -> Table | None:
    """Return the spend of each month, or None if there is only one month."""
    bars = monthly_bars(figures.billed, figures.missing_days(figures.missing_of("costs")))
    totals = list({each.currency: each for each in reversed(ranked)}.values())[::-1]
    if len(bars) < 2 or not totals:
        return None
    averaged = set(figures.averaged_days)
    rows = []
    for bar in bars:
        places = range(len(figures.period.days))[bar.days]
        whole = [place for place in places if place in averaged]
        row = [Cell(bar.text)]
        for each in totals:
            days = each.everything.days
            billed = evolve(each.everything, days=days[bar.days]).billed
            a_day = total(tuple(days[place] for place in whole)) / len(whole) if whole else None
            row += [amount_cell(each.unit, billed), _a_day(each.unit, a_day)]
        rows.append(tuple(row))
    foot = [Cell("Total")]
    for each in totals:
        foot += [amount_cell(each.unit, each.everything.billed), Cell(NOTHING)]
    heads = [f"{head}{each.suffix}" for each in totals for head in ("Spend", "Spend a day")]
    return Table(
        title="Spend by month",
        caption="Months in UTC. The spend of a day is the mean of complete days.",
        heads=("Month", *heads),
        rows=tuple(rows),
        foot=tuple(foot),
        by_day=True,
    )


def _a_day(unit: Unit, value: Decimal | None) -> Cell:
    return Cell(NOTHING) if value is None else Cell(unit.rounded(value))


def table_of_prices(figures: Figures) -> Table | None:
    """Return the price of a unit by model and kind, or None if no price is known."""
    priced = [each for each in figures.answers.prices if each.price is not None]
    if not priced:
        return None
    names = unique_labels(_priced(each) for each in priced)
    rows = [
        (
            Cell(name),
            _price(each, each.price, f"per {_per(each)}"),
            _price_change(each),
            amount_cell(money_with_symbol(each.currency), each.amount),
        )
        for name, each in zip(names, priced, strict=True)
    ]
    more = (
        f" The {len(rows) - _MOST_PRICES:,} smallest are left out." if rows[_MOST_PRICES:] else ""
    )
    return Table(
        title="Prices by model and kind",
        caption="What a unit cost, with discounts and free units, highest costs first. "
        f"The change is from the mean price of the days before.{more}",
        heads=("Model and kind", "Price", "Change", "Spend"),
        rows=tuple(rows[:_MOST_PRICES]),
    )


def _priced(each: Price) -> str:
    return ", ".join(label(str(part)) for part in dict.fromkeys(each.labels.values()) if part)


def _per(each: Price) -> str:
    """Return the quantity that a price is for, in the singular if it is one of a newer unit."""
    is_newer = each.per == each.unit
    return str(each.per).removesuffix("s").replace("_", " ") if is_newer else str(each.per)


def _price(each: Price, value: Decimal | None, below: str = "") -> Cell:
    return Cell(NOTHING) if value is None else Cell(*price_text(each, value), below)


def price_text(each: Price, value: Decimal) -> tuple[str, str]:
    """Return a price with at least three digits that count, and the exact price."""
    unit = money_with_symbol(each.currency)
    places = max(2, 2 - value.adjusted()) if value else 2
    return evolve(unit, places=places).rounded(value), unit.exact(value)


def _price_change(each: Price) -> Cell:
    now, before, change = each.price, each.price_before, each.price_change
    if now is None or before is None or change is None:
        return Cell("new" if each.amount_before == 0 else NOTHING)
    was, exact = price_text(each, before)
    relative = precise_change(now, before) if change else "0.0 %"
    return Cell(relative, f"from {exact}", f"from {was}" if change else "")


def changed_prices(figures: Figures) -> Iterator[str]:
    """Yield a sentence for each price that changed, the largest costs first.

    It tells the days on which the price changed, or else the means of the range and before.
    """
    for each in filter(has_moved, figures.answers.prices):
        steps = [step for step in figures.answers.steps if _is_of(step, each)]
        means = (each.price_before or Decimal(0), each.price or Decimal(0), "on average")
        changes = [
            f"from {price_text(each, before)[0]} to {price_text(each, now)[0]} per {_per(each)} "
            f"{when} ({precise_change(now, before)})"
            for before, now, when in (
                [(step.price_before, step.price, f"on {written_date(step.day)}") for step in steps]
                or [means]
            )
        ]
        yield f"{_priced(each)}: {', then '.join(changes)}"


def _is_of(step: PriceStep, price: Price) -> bool:
    return (step.labels, step.per, step.currency) == (price.labels, price.per, price.currency)


def table_of_shares(figures: Figures) -> Table | None:
    """Return the shares of cached input and of batch requests, or None without any tokens."""
    found = figures.answers.shares
    models = [each for each in found if not each.is_total]
    if not models:
        return None
    names = unique_labels(
        "(no model)" if each.model is None else label(each.model) for each in models
    )
    rows = [_shares(name, each) for name, each in zip(names, models, strict=True)]
    [everything] = [each for each in found if each.is_total]
    return Table(
        title="Cached and batch shares",
        caption="Shares of completions and decisions. Cached is the part of the input tokens that "
        "came from the cache. Batch is the part of all tokens that batch requests used.",
        heads=("Model", "Input tokens", "Cached", "Batch"),
        rows=tuple(rows[:_MOST_PRICES]),
        foot=_shares("Total", everything),
    )


def _shares(name: str, each: ModelShares) -> tuple[Cell, ...]:
    requests = f"{COUNT.short(each.requests)} requests"
    tokens = Cell(COUNT.short(each.input_tokens), COUNT.exact(each.input_tokens), requests)
    return Cell(name), tokens, _part(each.cached), _part(each.batch)


def _part(value: Decimal | None) -> Cell:
    return Cell(NOTHING) if value is None else Cell(TENTHS_OF_PERCENT.rounded(100 * value))
