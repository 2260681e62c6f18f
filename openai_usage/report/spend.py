"""Everything that was billed, by project and by line item, compared with the period before."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from attrs import frozen

from openai_usage._decimals import exact_difference
from openai_usage._text import label, labels_of, unique_labels
from openai_usage.analysis.daily import Values, by, subtotal, sums, total
from openai_usage.names import Names
from openai_usage.report.figures import Figures, Spend
from openai_usage.report.panels import IN_COLOUR, Panel, attach_full_table, bars, top_series
from openai_usage.report.units import Unit, money

__all__ = ["RankedItem", "Ranking", "panels_of_spend", "rankings"]

_WHAT = ("project", "line item")
"""What costs belong to, in the order of the keys of `Spend.rows`."""


@frozen
class RankedItem:
    """One project, or one line item, among the others."""

    label: str
    """What people call it."""
    id: str | None
    """What the API calls it, as it came; None where a cost belongs to none, and for the total."""
    days: Values
    """What it cost on each day."""
    compared: Decimal
    """The costs of the days that are compared with `before`."""
    before: Decimal | None
    """What the same days cost before; None where that is not known."""

    @property
    def total(self) -> Decimal:
        """The costs of the known days."""
        return total(self.days)

    @property
    def billed(self) -> Decimal | None:
        """The costs of the known days, or None if those are zero and other days are missing."""
        return subtotal(self.days)

    @property
    def change(self) -> Decimal:
        """How much more it cost than before."""
        return exact_difference(self.compared, self.before or Decimal(0))


@frozen(kw_only=True)
class Ranking:
    """All projects, or all line items, that were billed in a currency, largest first."""

    what: str
    """`project` or `line item`."""
    unit: Unit
    suffix: str
    """What tells it from that of another currency; empty where there is one currency."""
    without: tuple[str, ...]
    """The days of costs that are missing, in words."""
    standings: tuple[RankedItem, ...]
    everything: RankedItem
    """All of them together."""

    def movers(self, most: int = 5) -> list[RankedItem]:
        """Those that changed most, up or down."""
        moved = [each for each in self.standings if each.before is not None and each.change]
        return sorted(moved, key=lambda each: abs(each.change), reverse=True)[:most]


def rankings(figures: Figures) -> list[Ranking]:
    """Two for each currency: its projects and its line items."""
    currencies = unique_labels(label(spend.currency).upper() for spend in figures.spend)
    return [
        _ranking(figures, spend, currency, place)
        for spend, currency in zip(figures.spend, currencies, strict=True)
        for place in range(len(_WHAT))
    ]


def _ranking(figures: Figures, spend: Spend, currency: str, place: int) -> Ranking:
    now = by(place, spend.rows)
    compared = figures.compared_days
    before = by(place, spend.before) if compared and spend.before is not None else None
    lacking = figures.missing_of("costs")
    missing = figures.missing_days(lacking)
    nothing: Values = tuple(
        None if n in missing else Decimal(0) for n in range(len(figures.period.days))
    )

    def in_compared_days(rows: Iterable[Values]) -> Decimal:
        return total(*(tuple(days[n] for n in compared) for days in rows))

    ids = sorted({*now, *(before or ())}, key=str)
    what = _WHAT[place]
    labels = _labels(ids, figures.names if what == "project" else None, f"(no {what})")

    def standing(
        called: str, id_: str | None, days: Values, days_before: Iterable[Values]
    ) -> RankedItem:
        then = None if before is None else in_compared_days(days_before)
        return RankedItem(called, id_, days, in_compared_days([days]), then)

    standings = [
        standing(
            labels[each],
            each,
            now.get(each, nothing),
            [before[each]] if before and each in before else [],
        )
        for each in ids
    ]
    return Ranking(
        what=what,
        unit=money("usd" if spend.currency == "usd" else currency),
        suffix=f", {currency}" if len(figures.spend) > 1 else "",
        without=figures.without(lacking),
        standings=tuple(sorted(standings, key=lambda each: each.total, reverse=True)),
        everything=standing("Total", None, sums([nothing, *now.values()]), (before or {}).values()),
    )


def _labels(ids: list[str | None], names: Names | None, none: str) -> Mapping[str | None, str]:
    """Return what people call each of the *ids*: its name, and its id too where others share it."""
    called = {each: none if each is None else label(_named(each, names)) for each in ids}
    having = Counter(called.values())

    def written(each: str | None) -> str:
        id_ = called[each] if each is None else label(each)
        shared = having[called[each]] > 1 and id_ != called[each]
        return f"{called[each]} ({id_})" if shared else called[each]

    return labels_of(ids, written)


def _named(id_: str, names: Names | None) -> str:
    name = names.of(id_) if names is not None else None
    if name is None or (name.status == "unread" and name.name is None):
        return id_
    return str(name)


_OF_ONE_MODEL = "What is billed for a model is drawn as one; the report lists each line item."


def _by_model(items: Sequence[RankedItem]) -> list[tuple[str, Values]]:
    """Line items such as `gpt-5, input`, of which there are many, with those of a model in one."""
    models: dict[str | None, list[RankedItem]] = {}
    for each in items:
        model = each.id if each.id is None else each.id.partition(", ")[0]
        models.setdefault(model, []).append(each)
    made = [
        (
            those[0].label if len(those) == 1 else label(str(model)),
            sums(each.days for each in those),
        )
        for model, those in models.items()
    ]
    return sorted(made, key=lambda each: abs(total(each[1])), reverse=True)


def panels_of_spend(figures: Figures, ranked: Sequence[Ranking]) -> list[Panel]:
    """What was billed, by day: by project and by line item, for each currency."""
    lacking = figures.missing_of("costs")
    missing = figures.missing_days(lacking)
    shown = bars(figures.billed, missing=missing)
    made = []
    for each in ranked:
        # A large refund is as much to be seen as a large cost.
        largest = sorted(each.standings, key=lambda one: abs(one.total), reverse=True)
        rows = [(one.label, one.days) for one in largest]
        grouped = _by_model(largest) if each.what == "line item" and len(rows) > IN_COLOUR else rows
        panel = Panel(
            title=f"Spend by {each.what}{each.suffix}",
            unit=each.unit,
            bars=shown,
            series=top_series(grouped, shown),
            note=_OF_ONE_MODEL if len(grouped) < len(rows) else "",
            without=figures.without(lacking),
        )
        if panel.series:
            made.append(attach_full_table(panel, figures.billed, rows, missing))
    return made
