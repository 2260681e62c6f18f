"""The points that begin a report: what its figures say, in sentences."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from openai_usage._decimals import exact_difference, rounded
from openai_usage._gap_text import join
from openai_usage._number_format import (
    NOTHING,
    Unit,
    counted,
    precise_change,
    precise_share,
)
from openai_usage._text import with_full_stop
from openai_usage.analysis.daily import total
from openai_usage.analysis.groups import group_by
from openai_usage.analysis.prices import PriceChange
from openai_usage.report.budgets import on_budgets
from openai_usage.report.course import on_course
from openai_usage.report.data import Figures
from openai_usage.report.options import BREAKDOWNS
from openai_usage.report.spend import RankedItem, Ranking
from openai_usage.report.unusual_days import UnusualDay, unusual_days

_LEAST_MOVE = Decimal("0.005")
"""The least change of a model or project that is told, as a part of the costs before."""

_SHIFT = {
    True: "a larger part of more expensive kinds of use, such as output instead of cached input",
    False: "a larger part of cheaper kinds of use, such as cached input instead of output",
}
"""The words for an effect of the mix of kinds, by whether it is positive."""


@frozen
class Point:
    """The answer to one question."""

    head: str
    """The question in one or two words: `Spent`."""
    text: str
    """The answer in sentences."""


def points(figures: Figures, ranked: Sequence[Ranking]) -> list[Point]:
    """Return the points: first what was spent, last what could not be read.

    What is not known is left out.
    """
    by_currency = group_by(ranked, lambda each: each.currency).values()
    found = [("Spent", [*_nothing_spent(figures, ranked)])]
    for each in by_currency:
        found += _totals(figures, each[0])
    found.append(("Budgets", list(on_budgets(figures.answers.verdicts))))
    for each in by_currency:
        found += _parts(figures, each)
    found.append(("Not read", list(unread(figures))))
    return [Point(head, " ".join(map(with_full_stop, said))) for head, said in found if said]


def _nothing_spent(figures: Figures, ranked: Sequence[Ranking]) -> Iterator[str]:
    if figures.costs_are_unread:
        yield "The costs could not be read, so this report does not say what was spent."
    elif not ranked and not figures.missing_of("costs"):
        yield f"{_who(figures)} spent nothing {_when(figures)}."


def _totals(figures: Figures, ranking: Ranking) -> Iterator[tuple[str, list[str]]]:
    """Yield the points on everything in one currency, of which *ranking* has the totals."""
    costs = [spent(figures, ranking), *refunded(figures, ranking), *against(figures, ranking)]
    yield "Spent" + ranking.suffix, costs
    if ranking.everything.billed is None:
        return
    for course in figures.answers.courses:
        if course.currency == ranking.currency:
            yield "This month" + ranking.suffix, list(on_course(course, ranking.unit))


def _parts(figures: Figures, ranked: Sequence[Ranking]) -> Iterator[tuple[str, list[str]]]:
    """Yield the points on models and projects in one currency, and on unusual days."""
    main = ranked[0]
    if main.everything.billed is None:
        return
    rankings = {each.what: each for each in ranked}
    usual = [rankings[what] for what in BREAKDOWNS if what in rankings]
    yield "Largest" + main.suffix, list(carried(usual))
    yield "Changed most" + main.suffix, [text for each in usual for text in moved(figures, each)]
    labels = {what: each.labels for what, each in rankings.items()}
    days = list(unusual_days(figures, main.currency, labels))
    yield "Unusual" + main.suffix, list(odd(days, figures.answers.judged_days))


def spent(figures: Figures, ranking: Ranking) -> str:
    """Return what was spent, by whom and when."""
    billed = ranking.everything.billed
    if billed is None:
        return f"{_who(figures)} spent an unknown amount {_when(figures)}."
    known = " on the known days" if figures.missing_of("costs") else ""
    return f"{_who(figures)} spent {ranking.unit.rounded(billed)} {_when(figures)}{known}."


def _who(figures: Figures) -> str:
    name = figures.organization_name or "the organization"
    if figures.project_ids:
        count = len(figures.project_ids)
        which = "One project" if count == 1 else counted(count, "project")
        return f"{which} of {name}"
    return figures.organization_name or "The organization"


def _when(figures: Figures) -> str:
    name = figures.period.name
    if " to " in name:
        return f"from {name}"
    return f"in {name}" if figures.period.months else f"on {name}"


def against(figures: Figures, ranking: Ranking) -> Iterator[str]:
    """Yield the comparison with the months before, or with as many whole days before."""
    now, before = ranking.everything.compared, ranking.everything.before
    if before is None or ranking.everything.billed is None or now == before == 0:
        return
    days, then = counted(len(figures.compared_days), "complete day"), figures.days_before
    begin = "That is"
    if not figures.compares_all:
        begin = f"On {days} it was {ranking.unit.rounded(now)},"
    was = ranking.unit.rounded(before)
    if before == 0:
        yield f"{begin} against nothing in {then}."
    elif now == before:
        yield f"{begin} as much as in {then}."
    else:
        word = "more" if now > before else "less"
        change = precise_change(now, before)
        size = change.lstrip("+-") if change.endswith("%") else ""
        much = f"{size} {word}" if size else f"{ranking.unit.rounded(abs(now - before))} {word}"
        yield f"{begin} {much} than the {was} of {then}."
    yield from _a_day(figures, ranking)


def _a_day(figures: Figures, ranking: Ranking) -> Iterator[str]:
    """Yield the comparison of a day's costs, if the compared months have different lengths."""
    days, days_before = len(figures.compared_days), len(figures.compared_days_before)
    if days == days_before or not ranking.everything.before:
        return
    now = rounded(Fraction(ranking.everything.compared) / days, 10)
    before = rounded(Fraction(ranking.everything.before) / days_before, 10)
    relative = precise_change(now, before)
    change = "" if relative == NOTHING else f" ({relative})"
    a_day, was = (ranking.unit.rounded(each) for each in (now, before))
    yield f"A day cost {a_day} on average, after {was}{change}."


def refunded(figures: Figures, ranking: Ranking) -> Iterator[str]:
    """Yield the credits and other negative costs, which the amount spent includes."""
    refunds = total(
        min(each, Decimal(0))
        for spend in figures.spend
        if spend.currency == ranking.currency
        for days in spend.rows.values()
        for each in days
        if each is not None
    )
    if refunds:
        yield f"Credits and refunds of {ranking.unit.rounded(refunds.copy_abs())} are deducted."


def carried(ranked: Iterable[Ranking]) -> Iterator[str]:
    """Yield the model and the project that carry the most of the spend."""
    parts = []
    for ranking in ranked:
        first = ranking.items[0]
        share = precise_share(first.total, ranking.everything.total)
        if first.id is not None and share != NOTHING and first.total > 0:
            costs = ranking.unit.rounded(first.total)
            word = ranking.word_for(first)
            parts.append(f"{first.label} is the largest {word} with {share} ({costs})")
    if parts:
        yield f"{join(parts)}."


def moved(figures: Figures, ranking: Ranking) -> Iterator[str]:
    """Yield the model or project whose costs changed most, and for a model the reason."""
    before = ranking.everything.before
    most = next((each for each in ranking.movers() if each.id is not None), None)
    if before is None or most is None or abs(most.change) <= _LEAST_MOVE * abs(before):
        return
    unit, was = ranking.unit, most.before or Decimal(0)
    word = ranking.word_for(most)
    change = f"{word[0].upper()}{word[1:]} {most.label}: {unit.signed(most.change)}"
    if was == 0:
        yield f"{change}. It had no costs before."
    elif most.total == 0:
        yield f"{change}. It cost nothing in this range."
    else:
        yield f"{change}, from {unit.rounded(was)} to {unit.rounded(most.compared)}."
        if ranking.what == "model":
            yield from because(figures, ranking.currency, most, unit)


def because(figures: Figures, currency: str, most: RankedItem, unit: Unit) -> Iterator[str]:
    """Yield where the change of a model comes from: use, kinds of use, or prices."""
    for change in figures.answers.changes:
        if (change.labels["model"], change.currency) == (most.id, currency):
            yield reason(change, unit)


def reason(change: PriceChange, unit: Unit) -> str:
    """Return how much of a change comes from use, from kinds of use, and from prices."""
    volume = exact_difference(change.volume_effect, change.mix_effect)
    size = {
        f"{'more' if volume > 0 else 'less'} use": volume,
        _SHIFT[change.mix_effect > 0]: change.mix_effect,
        f"{'higher' if change.price_effect > 0 else 'lower'} prices": change.price_effect,
    }
    causes = sorted(size.items(), key=lambda each: abs(each[1]), reverse=True)
    parts = [
        f"{unit.signed(effect)} comes from {cause}" for cause, effect in causes if round(effect, 2)
    ]
    ending = "" if round(change.price_effect, 2) else ". Its prices did not change"
    *others, last = parts
    shown = f"{', '.join(others)}, and {last}" if others else last
    return f"Of that, {shown}{ending}."


def odd(days: Sequence[UnusualDay], judged: int) -> Iterator[str]:
    """Yield the unusual days: those of everything together, or else of one model or project."""
    whole = [each for each in days if not each.what]
    if whole:
        count = counted(len(whole), "day")
        yield f"{count} {_were(len(whole))} unusual as a whole. {_largest(whole)}"
    elif judged:
        yield f"None of {counted(judged, 'day')} was unusual as a whole."
    if parts := [each for each in days if each.what]:
        dates = len({each.date for each in parts})
        yield (f"On {counted(dates, 'day')}, a model or a project was unusual. {_largest(parts)}")


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _largest(days: Sequence[UnusualDay]) -> str:
    def size(each: UnusualDay) -> Decimal:
        return abs(exact_difference(Decimal(each.found.amount), each.found.usual))

    text = max(days, key=size).text.rpartition(" (")[0]
    return f"{'The largest: on' if days[1:] else 'On'} {text}."


def unread(figures: Figures) -> Iterator[str]:
    """Yield what could not be read, and why nothing is compared."""
    # What only one organization lacks is among what all together lack.
    missing = [
        part for part in figures.missing if part.is_due and not (part.gaps and part.organization)
    ]
    if missing:
        yield f"This report does not have {join(figures.without(missing))}."
    if figures.uncompared and figures.spend:
        yield "The costs of the days before could not be read, so nothing is compared."
