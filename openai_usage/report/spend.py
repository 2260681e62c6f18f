"""Costs by project and by line item, compared with the period before."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from attrs import frozen

from openai_usage._decimals import exact_difference
from openai_usage._number_format import Unit, money_with_symbol
from openai_usage._text import label, labels_of, unique_labels
from openai_usage.analysis.daily import Values, by, subtotal, sums, total
from openai_usage.names import Names
from openai_usage.report.data import Figures, Spend
from openai_usage.report.panels import IN_COLOUR, Panel, by_day, top_series

_DIMENSIONS = ("project", "line item")
"""The parts of a key of `Spend.rows`, in order."""


@frozen
class RankedItem:
    """The costs of one project or one line item."""

    label: str
    """The display name."""
    id: str | None
    """The id from the API, or None for costs without one and for the total."""
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
    """All projects, or all line items, with costs in one currency, largest first."""

    what: str
    """`project` or `line item`."""
    unit: Unit
    """The unit of the costs."""
    suffix: str
    """The currency, for titles. Empty if there is only one."""
    without: tuple[str, ...]
    """The missing days of costs, in words."""
    items: tuple[RankedItem, ...]
    """The projects or line items, largest first."""
    everything: RankedItem
    """The total of all items."""

    def movers(self, most: int = 5) -> list[RankedItem]:
        """Return the items with the largest changes, up or down."""
        moved = [each for each in self.items if each.before is not None and each.change]
        return sorted(moved, key=lambda each: abs(each.change), reverse=True)[:most]


def rankings(figures: Figures) -> list[Ranking]:
    """Return two rankings for each currency: by project and by line item."""
    currencies = unique_labels(label(spend.currency).upper() for spend in figures.spend)
    return [
        _ranking(figures, spend, currency, place)
        for spend, currency in zip(figures.spend, currencies, strict=True)
        for place in range(len(_DIMENSIONS))
    ]


def _ranking(figures: Figures, spend: Spend, currency: str, place: int) -> Ranking:
    now = by(place, spend.rows)
    compared = figures.compared_days
    before = by(place, spend.before) if compared and spend.before is not None else None
    missing_parts = figures.missing_of("costs")
    missing = figures.missing_days(missing_parts)
    nothing: Values = tuple(
        None if n in missing else Decimal(0) for n in range(len(figures.period.days))
    )

    def in_compared_days(rows: Iterable[Values]) -> Decimal:
        return total(*(tuple(days[n] for n in compared) for days in rows))

    ids = sorted({*now, *(before or ())}, key=str)
    what = _DIMENSIONS[place]
    labels = _labels(ids, figures.names if what == "project" else None, f"(no {what})")

    def ranked_item(
        name: str, id_: str | None, days: Values, days_before: Iterable[Values]
    ) -> RankedItem:
        then = None if before is None else in_compared_days(days_before)
        return RankedItem(name, id_, days, in_compared_days([days]), then)

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
        unit=money_with_symbol("usd" if spend.currency == "usd" else currency),
        suffix=f", {currency}" if len(figures.spend) > 1 else "",
        without=figures.without(missing_parts),
        items=tuple(sorted(items, key=lambda each: each.total, reverse=True)),
        everything=ranked_item(
            "Total", None, sums([nothing, *now.values()]), (before or {}).values()
        ),
    )


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


_GROUPED_BY_MODEL = "Line items of one model are grouped. The report lists each line item."


def _by_model(items: Sequence[RankedItem]) -> list[tuple[str, Values]]:
    """Group line items such as `gpt-5, input` and `gpt-5, output` by model, the largest first."""
    models: dict[str | None, list[RankedItem]] = {}
    for each in items:
        model = each.id if each.id is None else each.id.partition(", ")[0]
        models.setdefault(model, []).append(each)
    rows = [
        (
            group[0].label if len(group) == 1 else label(str(model)),
            sums(each.days for each in group),
        )
        for model, group in models.items()
    ]
    return sorted(rows, key=lambda row: abs(total(row[1])), reverse=True)


def panels_of_spend(figures: Figures, ranked: Sequence[Ranking]) -> list[Panel]:
    """Return the charts of costs by day: by project and by line item, for each currency."""
    panels = []
    for each in ranked:
        # A large refund matters as much as a large cost.
        largest = sorted(each.items, key=lambda one: abs(one.total), reverse=True)
        rows = [(one.label, one.days) for one in largest]
        grouped = _by_model(largest) if each.what == "line item" and len(rows) > IN_COLOUR else rows
        panel = Panel(
            title=f"Spend by {each.what}{each.suffix}",
            unit=each.unit,
            series=top_series(grouped),
            note=_GROUPED_BY_MODEL if len(grouped) < len(rows) else "",
        )
        if panel.series:
            panels.append(by_day(figures, panel, rows, figures.missing_of("costs"), figures.billed))
    return panels
