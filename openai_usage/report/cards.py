"""The cards of a page: the headline figures at its top."""

from collections.abc import Iterator, Sequence

from attrs import frozen

from openai_usage._number_format import COUNT, counted, precise_change
from openai_usage.analysis.daily import total
from openai_usage.report.data import Figures
from openai_usage.report.panels import Panel
from openai_usage.report.spend import Ranking
from openai_usage.report.usage import REQUESTS, TOKENS


@frozen
class Card:
    """A headline figure."""

    title: str
    figure: str
    more: str
    """The small print below the figure."""


def cards_of_spend(figures: Figures, ranked: Sequence[Ranking]) -> Iterator[Card]:
    """Yield what was spent, what a day cost, and the change, for each currency."""
    whole = len(figures.averaged_days)
    every_day, missing = len(figures.billed.days), figures.count_lost_days("costs")
    covered = _covered(every_day, every_day - missing, whole)
    unknown = covered if missing == every_day else f"nothing in {covered}"
    if not ranked and not figures.costs_are_unread:
        is_known = not figures.missing_of("costs")
        yield Card("Spent", *(("nothing", covered) if is_known else ("unknown", unknown)))
    for each in ranked:
        if each.what != ranked[0].what:
            continue
        all_ = each.everything
        billed = all_.billed
        yield Card(
            f"Spent{each.suffix}",
            *(("unknown", unknown) if billed is None else (each.unit.rounded(billed), covered)),
        )
        if not whole:
            continue
        averaged = total(tuple(all_.days[n] for n in figures.averaged_days))
        average = each.unit.rounded(averaged / whole)
        yield Card(f"Spent a day{each.suffix}", average, f"average of {counted(whole, 'day')}")
        if all_.before is not None:
            yield Card(
                f"Against {figures.days_before.removeprefix('the ')}{each.suffix}",
                precise_change(all_.compared, all_.before),
                f"{each.unit.signed(all_.change)} on {each.unit.rounded(all_.before)}",
            )


def cards_of_usage(usage: Sequence[Panel]) -> Iterator[Card]:
    """Yield the tokens and the requests, if there are any."""
    for panel in usage:
        if panel.title in (TOKENS, REQUESTS):
            exact = COUNT.exact(panel.total)
            more = f"{exact}, {panel.omission}" if panel.omission else f"exactly {exact}"
            yield Card(panel.title, COUNT.short(panel.total), more)


def _covered(every: int, known: int, whole: int) -> str:
    """Return the number of days, of *known* days, and of days known in part, in words."""
    days = counted(every, "day")
    shown = f"{known} of {days}" if known < every else days
    if known == whole:
        return shown
    if known == every and not whole:
        return "part of a day" if every == 1 else f"part of {shown}"
    return f"{shown}, {f'{known - whole} of them in part' if whole else 'in part'}"
