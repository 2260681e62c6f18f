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
from openai_usage.report.panels import Panel, bars, named, slugs
from openai_usage.report.spend import Ranking, panels_of_spend, rankings
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

    name: str
    """What links lead to."""
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
    tables = [*tables_of_rankings(ranked, compared), *tables_of_panels([*spend, *usage])]
    anchors = dict(zip(slugs(table.title for table in tables), tables, strict=True))
    listed_in = {panel.title: name for name, table in anchors.items() for panel in table.panels}

    def shown(name: str, panel: Panel) -> Shown:
        large = svg(panel, HALF if panel.half else LARGE)
        small = "" if panel.half else svg(panel, SMALL)
        # What the API said is text in them, escaped as in all XML.
        return Shown(name, panel, listed_in[panel.title], Markup(large), Markup(small))  # noqa: S704

    drawn = [shown(name, panel) for name, panel in named([*spend, *usage]).items()]
    return environment.get_template("page.html").render(
        figures=figures,
        version=__version__,
        colours=COLOURS,
        range=figures.period.text,
        about=list(_about(figures)),
        cards=[*_cards_of_spend(figures, ranked), *_cards_of_usage(usage)],
        spend=drawn[: len(spend)],
        usage=drawn[len(spend) :],
        movers=[ranking for ranking in ranked if ranking.movers()],
        tables=anchors,
        no_spend=_no_spend(figures),
        no_usage=_no_usage(figures),
        compared=compared,
        in_part=list(_in_part(figures)),
    )


def _costs_are_missing(figures: Figures) -> bool:
    return any(part.what == "costs" for part in figures.missing)


def _no_spend(figures: Figures) -> str:
    """What is said in the place of charts of spend."""
    if _costs_are_missing(figures):
        return "The costs could not be read."
    return "Nothing was billed in these days."


def _no_usage(figures: Figures) -> str:
    """What is said in the place of charts of usage."""
    if not any(part.what != "costs" for part in figures.missing):
        return "Nothing was used in these days."
    if not figures.usage:
        return "Usage could not be read."
    return "Not all of it could be read; in what could, nothing was used in these days."


def _about(figures: Figures) -> Iterator[tuple[str, str]]:
    start, end = (
        f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M}"
        for moment in (figures.period.start, figures.period.end)
    )
    yield "Covers", f"{start} to {end} UTC"
    if figures.organization:
        yield "Organization", figures.organization
    is_here = figures.host in ("127.0.0.1", "localhost", "::1")
    # A made-up organization, as a rule: nobody is to take it for their own.
    yield "Source", f"{figures.host}, a server on the machine itself" if is_here else figures.host
    yield "Made", f"{figures.generated:%Y-%m-%d %H:%M} UTC, with openai-usage-client {__version__}"


def _compared(figures: Figures) -> str:
    """Which days are compared with which; empty where none are, for a reason said elsewhere."""
    days = figures.period.days[figures.period.whole_days]
    if not days:
        return "No day is whole, so nothing is compared."
    if figures.compared is None or figures.uncompared:
        return ""
    before = figures.compared.days
    return (
        f"Compared are the whole days alone: {_days(len(days))} from {days[0].date} to "
        f"{days[-1].date}, with as many before, from {before[0].date} to {before[-1].date}."
    )


def _in_part(figures: Figures) -> Iterator[str]:
    """What is to be known of days and months of which something is missing."""
    parts = [day.date for day in figures.period.days if not day.whole]
    if not parts:
        yield "A day is a day in UTC. All days are whole."
    else:
        left_out = "averages and comparisons" if _compared(figures) else "averages"
        yield (
            f"A day is a day in UTC. Not whole {_are(parts)}, because the range begins or ends "
            "within it, or because it was not over: such a day is in the totals, paler in charts "
            f"of days, marked “in part” in the tables, and left out of {left_out}."
        )
    shown = bars(figures.period)
    if len(shown) == len(figures.period.days):
        return
    text = "So many days are drawn by month, where they can be added up."
    if parts := [bar.label for bar in shown if not bar.whole]:
        text += (
            f" Not whole {_are(parts)}, of which the range has only some days: such a month is "
            "paler and marked “in part”, too. Averages and comparisons are of days, and have all "
            "that are whole."
        )
    yield text


def _are(parts: Sequence[str]) -> str:
    return f"{'is' if len(parts) == 1 else 'are'} {' and '.join(parts)}"


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
        all_ = each.everything
        yield Card(f"Spent{each.suffix}", each.unit.headline(all_.total), covered)
        if not whole:
            continue
        average = each.unit.headline(all_.compared / whole)
        yield Card(f"Spent a day{each.suffix}", average, f"on average of {_days(whole)}")
        if all_.before is not None:
            yield Card(
                f"Against {_days(whole)} before{each.suffix}",
                change_in_percent(all_.compared, all_.before),
                f"{each.unit.signed(all_.change)}: from {each.unit.headline(all_.before)} "
                f"to {each.unit.headline(all_.compared)}",
            )


def _cards_of_usage(usage: Sequence[Panel]) -> Iterator[Card]:
    for panel in usage:
        if panel.title in ("Tokens", "Requests to models"):
            counted = COUNT.exact(panel.total)
            more = f"{counted}, {panel.lacks}" if panel.lacks else f"exactly {counted}"
            yield Card(panel.title, COUNT.short(panel.total), more)


def _days(number: int) -> str:
    return f"{number:,} day{'' if number == 1 else 's'}"
