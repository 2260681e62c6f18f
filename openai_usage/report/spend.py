"""Costs by model, by project and so on, compared with the period before."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from attrs import frozen

from openai_usage._decimals import exact_difference
from openai_usage._number_format import Unit, money_with_symbol
from openai_usage._text import label, labels_of, unique_labels
from openai_usage.analysis.daily import Key, Rows, Values, subtotal, sums, total
from openai_usage.analysis.groups import group_by
from openai_usage.names import Names
from openai_usage.report.data import Figures, Spend
from openai_usage.report.panels import Panel, by_day, top_series
from openai_usage.report.unusual_days import marks, unusual_days
from openai_usage.schema.line_items import line_item_label, parse_line_item

_LABELS: Mapping[str, Callable[[Key], str | None]] = {
    "model": lambda key: line_item_label(key[1], "model"),
    "project": lambda key: key[0],
    "organization": lambda key: key[2],
    "user": lambda key: key[0],
    "API key": lambda key: key[0],
}
"""The label of a key of `Spend.rows` in each ranking."""

LARGEST = 25
"""The most items that a table lists before it is unfolded."""


@frozen
class RankedItem:
    """The costs of one project or one model, or of several small ones."""

    label: str
    """The display name."""
    id: str | None
    """The id from the API, or None for costs without one, and for several items."""
    days: Values
    """The costs of each day."""
    compared: Decimal
    """The costs of the days that are compared with `before`."""
    before: Decimal | None
    """The costs of the same days in the period before, or None if they are unknown."""

    @property
    def total(self) -> Decimal:
        """Return the costs of the known days."""
        return total(self.days)

    @property
    def billed(self) -> Decimal | None:
        """Return the costs of the known days, or None if they are zero and a day is missing."""
        return subtotal(self.days)

    @property
    def change(self) -> Decimal:
        """Return the change from the period before."""
        return exact_difference(self.compared, self.before or Decimal(0))


@frozen(kw_only=True)
class Ranking:
    """All projects, or all models, with costs in one currency, largest first."""

    what: str
    """`organization`, `model`, `project`, `user` or `API key`."""
    currency: str
    """The currency as the figures have it."""
    unit: Unit
    """The unit of the costs."""
    suffix: str
    """The currency, for titles. Empty if there is only one."""
    without: tuple[str, ...]
    """The missing days of costs, in words."""
    items: tuple[RankedItem, ...]
    """The projects or models, largest first."""
    everything: RankedItem
    """The total of all items."""

    @property
    def head(self) -> str:
        """Return what is ranked, as a heading."""
        return f"{self.what[0].upper()}{self.what[1:]}"

    def word_for(self, item: RankedItem) -> str:
        """Return the word for an item: `line item` for a line item that does not name a model."""
        is_line_item = self.what == "model" and parse_line_item(item.id or "").model is None
        return "line item" if is_line_item else self.what

    @property
    def column(self) -> str:
        """Return what is ranked, as the head of a column.

        Line items without a model, such as credits, stand among the models.
        """
        return "Model or line item" if self.what == "model" else self.head

    @property
    def labels(self) -> Mapping[str | None, str]:
        """Return the display names by id."""
        return {each.id: each.label for each in self.items}

    def movers(self, most: int = 5) -> list[RankedItem]:
        """Return the items with the largest changes, up or down."""
        moved = [each for each in self.items if each.before is not None and each.change]
        return sorted(moved, key=lambda each: abs(each.change), reverse=True)[:most]

    @property
    def largest(self) -> Sequence[RankedItem]:
        """Return the items that a table lists at once, and one item for all others."""
        if not self.others:
            return self.items
        compared = None if self.everything.before is None else _total(self.others, "before")
        rest = RankedItem(
            f"{len(self.others):,} more",
            None,
            sums(each.days for each in self.others),
            _total(self.others, "compared"),
            compared,
        )
        return [*self.items[:LARGEST], rest]

    @property
    def others(self) -> Sequence[RankedItem]:
        """Return the items that a table lists only when it is unfolded."""
        others = self.items[LARGEST:]
        return others if len(others) > 1 else ()


def _total(items: Iterable[RankedItem], name: str) -> Decimal:
    return total(tuple(getattr(each, name) for each in items))


def rankings(figures: Figures) -> list[Ranking]:
    """Return the rankings by organization, model and project, then of people, by currency."""
    breakdowns = [
        *((what, figures.spend) for what in figures.group_by),
        *figures.people.items(),
    ]
    return [each for what, spends in breakdowns for each in _rankings(figures, what, spends)]


def _rankings(figures: Figures, what: str, spends: Sequence[Spend]) -> Iterator[Ranking]:
    currencies = unique_labels(label(spend.currency).upper() for spend in spends)
    for spend, currency in zip(spends, currencies, strict=True):
        suffix = f", {currency}" if len(spends) > 1 else ""
        yield _ranking(figures, spend, currency, what, suffix)


def _ranking(figures: Figures, spend: Spend, currency: str, what: str, suffix: str) -> Ranking:
    now = _by(what, spend.rows)
    compared = figures.compared_days
    before = _by(what, spend.before) if compared and spend.before is not None else None
    missing_parts = figures.missing_of("costs")
    missing = figures.missing_days(missing_parts)
    nothing: Values = tuple(
        None if n in missing else Decimal(0) for n in range(len(figures.period.days))
    )

    def on(places: Sequence[int], rows: Iterable[Values]) -> Decimal:
        return total(*(map(days.__getitem__, places) for days in rows))

    ids = sorted({*now, *(before or ())}, key=str)
    has_names = what not in ("model", "organization")
    labels = _labels(ids, figures.names if has_names else None, f"(no {what})")

    def ranked_item(
        name: str, id_: str | None, days: Values, days_before: Iterable[Values]
    ) -> RankedItem:
        then = None if before is None else on(figures.compared_days_before, days_before)
        return RankedItem(name, id_, days, on(compared, [days]), then)

    items = [
        ranked_item(
            labels[each],
            each,
            now.get(each, nothing),
            [before[each]] if before and each in before else [],
        )
        for each in ids
    ]
    return Ranking(
        what=what,
        currency=spend.currency,
        unit=money_with_symbol("usd" if spend.currency == "usd" else currency),
        suffix=suffix,
        without=figures.without(missing_parts),
        items=tuple(sorted(items, key=lambda each: each.total, reverse=True)),
        everything=ranked_item(
            "Total", None, sums([nothing, *now.values()]), (before or {}).values()
        ),
    )


def _by(what: str, rows: Rows) -> Mapping[str | None, Values]:
    groups = group_by(rows, _LABELS[what])
    return {each: sums(rows[key] for key in keys) for each, keys in groups.items()}


def _labels(ids: list[str | None], names: Names | None, none: str) -> Mapping[str | None, str]:
    """Return a label for each id: its name, followed by the id if several ids share the name."""
    texts = {each: none if each is None else label(_named(each, names)) for each in ids}
    uses = Counter(texts.values())

    def text_of(each: str | None) -> str:
        id_ = texts[each] if each is None else label(each)
        shared = uses[texts[each]] > 1 and id_ != texts[each]
        return f"{texts[each]} ({id_})" if shared else texts[each]

    return labels_of(ids, text_of)


def _named(id_: str, names: Names | None) -> str:
    name = names.of(id_) if names is not None else None
    if name is None or (name.status == "unread" and name.name is None):
        return id_
    return str(name)


def panels_of_spend(figures: Figures, ranked: Sequence[Ranking]) -> list[Panel]:
    """Return the charts of costs by day: by model and by project, for each currency."""
    return [panel for each in ranked if (panel := panel_of(figures, each)).series]


def spend_title(ranking: Ranking) -> str:
    """Return the title of the chart of a ranking."""
    return f"Spend by {ranking.what}{ranking.suffix}"


def panel_of(figures: Figures, ranking: Ranking) -> Panel:
    """Return the chart of one ranking, which has no series if nothing was billed."""
    # A large refund matters as much as a large cost.
    largest = sorted(ranking.items, key=lambda one: abs(one.total), reverse=True)
    rows = [(one.label, one.days) for one in largest]
    panel = Panel(
        title=spend_title(ranking),
        unit=ranking.unit,
        series=top_series(rows),
        compact=ranking.what in figures.people,
        marks=marks(list(unusual_days(figures, ranking.currency, {ranking.what: ranking.labels}))),
    )
    if not panel.series:
        return panel
    return by_day(figures, panel, rows, figures.missing_of("costs"), figures.billed)
