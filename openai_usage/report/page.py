"""The page: figures and drawings in one HTML file, with no script and nothing from elsewhere."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from attrs import frozen
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from openai_usage._version import __version__
from openai_usage.report.charts import COLOURS, HALF, LARGE, SMALL, svg
from openai_usage.report.figures import Figures
from openai_usage.report.panels import Panel
from openai_usage.report.spend import Ranking, panels_of_spend, rankings
from openai_usage.report.sums import Period, total
from openai_usage.report.units import COUNT, change_in_percent, percent
from openai_usage.report.usage import panels_of_usage

__all__ = ["page"]


@frozen
class Card:
    """A figure in large type."""

    title: str
    figure: str
    more: str


@frozen
class Shown:
    """A panel as the page shows it."""

    panel: Panel
    text: str
    """What there is to be seen, for those who do not see it."""
    half: bool
    """Whether two of its kind stand side by side."""
    large: Markup
    small: Markup
    """As on a phone; empty where the large one does."""
    sums: tuple[Decimal, ...]
    """What each bar comes to, where it has several parts."""


def page(figures: Figures) -> str:
    """The whole page. Whatever the API said is text in it, never markup."""
    environment = Environment(
        loader=PackageLoader("openai_usage.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    ranked = rankings(figures)
    spend = [_shown(panel) for panel in panels_of_spend(figures, ranked)]
    usage = [_shown(panel) for panel in panels_of_usage(figures)]
    return environment.get_template("page.html").render(
        figures=figures,
        version=__version__,
        colours=COLOURS,
        range=_range(figures.period),
        about=list(_about(figures)),
        cards=[*_cards_of_spend(figures, ranked), *_cards_of_usage(usage)],
        spend=spend,
        usage=usage,
        rankings=ranked,
        movers=[ranking for ranking in ranked if ranking.movers()],
        several=len(figures.spend) > 1,
        costs_missing=any(part.what == "costs" for part in figures.missing),
        compared=_compared(figures),
        in_part=_in_part(figures.period),
        percent=percent,
        change_in_percent=change_in_percent,
    )


def _shown(panel: Panel) -> Shown:
    half = len(panel.series) == 1 and not panel.lying
    return Shown(
        panel=panel,
        text=_text(panel),
        half=half,
        large=Markup(svg(panel, HALF if half else LARGE)),  # noqa: S704 - its text is escaped
        small=Markup("" if half else svg(panel, SMALL)),  # noqa: S704
        sums=panel.sums if len(panel.series) > 1 else (),
    )


def _text(panel: Panel) -> str:
    first, last = panel.bars[0].label, panel.bars[-1].label
    bars = f"by model, from {first} to {last}" if panel.lying else f"from {first} to {last}"
    if not panel.adds_up:
        [values] = [each.values for each in panel.series]
        least, most = panel.unit.exact(min(values)), panel.unit.exact(max(values))
        return f"{panel.title} {bars}: from {least} to {most} a day."
    parts = ", ".join(f"{each.label} {panel.unit.headline(each.total)}" for each in panel.series)
    return f"{panel.title} {bars}: {parts}."


def _range(period: Period) -> str:
    return f"{_date(period.start)} to {_date(period.end - 1)}, in UTC"


def _date(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%-d %B %Y}"


def _about(figures: Figures) -> Iterator[tuple[str, str]]:
    start, end = (
        f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M}"
        for moment in (figures.period.start, figures.period.end)
    )
    yield "Covers", f"{start} to {end} UTC"
    yield "Organization", figures.organization or "that of the key"
    yield "Asked", figures.host
    yield "Made", f"{figures.generated:%Y-%m-%d %H:%M} UTC, with openai-usage-client {__version__}"


def _compared(figures: Figures) -> str:
    if figures.compared is None:
        return "No day is whole, so nothing is compared."
    days = figures.period.days[figures.period.whole_days]
    before = figures.compared.days
    return (
        f"Compared are the whole days alone: {_days(len(days))} from {days[0].date} to "
        f"{days[-1].date}, with as many before, from {before[0].date} to {before[-1].date}."
    )


def _in_part(period: Period) -> str:
    parts = [day.date for day in period.days if not day.whole]
    if not parts:
        return "All days are whole."
    return (
        f"Not whole {'is' if len(parts) == 1 else 'are'} {' and '.join(parts)}, because the range "
        "begins or ends within it, or because it was not over: such a day is in the totals, paler "
        "in the charts, marked “in part” in the tables, and left out of averages and comparisons."
    )


def _cards_of_spend(figures: Figures, ranked: Sequence[Ranking]) -> Iterator[Card]:
    whole = len(figures.compared.days) if figures.compared else 0
    everything = len(figures.period.days)
    for each in ranked:
        if each.what != "project":
            continue
        named = f" ({each.currency.upper()})" if len(figures.spend) > 1 else ""
        so_far = "" if whole == everything else ", in part" if whole == 0 else (
            f", {_days(everything - whole)} of them in part"
        )
        yield Card(f"Spent{named}", each.unit.headline(each.total), _days(everything) + so_far)
        if not whole:
            continue
        average = each.unit.headline(each.compared / whole)
        yield Card(f"Spent a day{named}", average, f"on average of {_days(whole)}")
        if each.before is not None:
            yield Card(
                f"Against {_days(whole)} before{named}",
                change_in_percent(each.compared, each.before),
                f"{each.unit.signed(each.change)}: from {each.unit.headline(each.before)} "
                f"to {each.unit.headline(each.compared)}",
            )


def _cards_of_usage(usage: Sequence[Shown]) -> Iterator[Card]:
    for shown in usage:
        if shown.panel.name in ("tokens-by-day", "requests"):
            amount = shown.panel.total
            yield Card(shown.panel.title, COUNT.short(amount), f"exactly {COUNT.exact(amount)}")


def _days(number: int) -> str:
    return f"{number:,} day{'' if number == 1 else 's'}"
