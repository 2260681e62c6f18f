"""The page: figures and drawings in one HTML file, with no script and nothing from elsewhere."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from attrs import frozen
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from openai_usage._spreadsheets import harmless
from openai_usage._version import __version__
from openai_usage.report.charts import COLOURS, HALF, LARGE, SMALL, svg
from openai_usage.report.figures import Figures
from openai_usage.report.panels import Panel
from openai_usage.report.spend import Ranking, panels_of_spend, rankings
from openai_usage.report.sums import Period
from openai_usage.report.tables import tables_of_panels, tables_of_rankings
from openai_usage.report.units import COUNT, change_in_percent
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
    table: str
    """The name of the table that has its figures."""
    large: Markup
    small: Markup
    """As on a phone; empty where the large one does."""


def page(figures: Figures) -> str:
    """The whole page. Whatever the API said is text in it, never markup."""
    environment = Environment(
        loader=PackageLoader("openai_usage.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["harmless"] = harmless  # for tables that end up in spreadsheets
    ranked = rankings(figures)
    spend, usage = panels_of_spend(figures, ranked), panels_of_usage(figures)
    compared = _compared(figures)
    tables = tables_of_panels([*spend, *usage])
    listed_in = {panel.name: table.name for table in tables for panel in table.panels}

    def shown(panel: Panel) -> Shown:
        large = svg(panel, HALF if panel.half else LARGE)
        small = "" if panel.half else svg(panel, SMALL)
        # What the API said is text in them, escaped as in all XML.
        return Shown(panel, listed_in[panel.name], Markup(large), Markup(small))  # noqa: S704

    return environment.get_template("page.html").render(
        figures=figures,
        version=__version__,
        colours=COLOURS,
        range=_range(figures.period),
        about=list(_about(figures)),
        cards=[*_cards_of_spend(figures, ranked), *_cards_of_usage(usage)],
        spend=[shown(panel) for panel in spend],
        usage=[shown(panel) for panel in usage],
        movers=[ranking for ranking in ranked if ranking.movers()],
        tables=[*tables_of_rankings(ranked, compared), *tables],
        costs_missing=_costs_are_missing(figures),
        compared=compared,
        in_part=_in_part(figures.period),
    )


def _costs_are_missing(figures: Figures) -> bool:
    return any(part.what == "costs" for part in figures.missing)


def _range(period: Period) -> str:
    first, last = _date(period.start), _date(period.end - 1)
    return f"{first}, in UTC" if first == last else f"{first} to {last}, in UTC"


def _date(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%-d %B %Y}"


def _about(figures: Figures) -> Iterator[tuple[str, str]]:
    start, end = (
        f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M}"
        for moment in (figures.period.start, figures.period.end)
    )
    yield "Covers", f"{start} to {end} UTC"
    yield "Organization", figures.organization or "that of the key"
    yield "Source", figures.host
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
    covered = _days(len(figures.period.days))
    if parts := len(figures.period.days) - whole:
        covered += f", {parts} of them in part" if whole else ", in part"
    if not ranked and not _costs_are_missing(figures):
        yield Card("Spent", "nothing", covered)
    for each in ranked:
        if each.what != "project":
            continue
        yield Card(f"Spent{each.suffix}", each.unit.headline(each.total), covered)
        if not whole:
            continue
        average = each.unit.headline(each.compared / whole)
        yield Card(f"Spent a day{each.suffix}", average, f"on average of {_days(whole)}")
        if each.before is not None:
            yield Card(
                f"Against {_days(whole)} before{each.suffix}",
                change_in_percent(each.compared, each.before),
                f"{each.unit.signed(each.change)}: from {each.unit.headline(each.before)} "
                f"to {each.unit.headline(each.compared)}",
            )


def _cards_of_usage(usage: Sequence[Panel]) -> Iterator[Card]:
    for panel in usage:
        if panel.name in ("tokens", "requests-to-models"):
            exactly = f"exactly {COUNT.exact(panel.total)}"
            yield Card(panel.title, COUNT.short(panel.total), exactly)


def _days(number: int) -> str:
    return f"{number:,} day{'' if number == 1 else 's'}"
