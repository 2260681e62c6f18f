"""Render a report as one HTML file with tables and charts, without scripts or external files."""

from collections.abc import Iterable, Iterator, Sequence

from attrs import frozen
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from openai_usage._gap_text import describe_spans, group_gaps, join
from openai_usage._number_format import COUNT, counted, precise_change
from openai_usage._spreadsheets import escape_formula
from openai_usage._time_format import date_and_time
from openai_usage._version import __version__
from openai_usage.analysis.daily import Day, total
from openai_usage.report.charts import COLOURS, HALF, LARGE, SMALL, svg
from openai_usage.report.data import Figures
from openai_usage.report.panels import Panel, bars, named, slugs
from openai_usage.report.spend import Ranking, panels_of_spend, rankings
from openai_usage.report.tables import tables_of_panels, tables_of_rankings
from openai_usage.report.usage import panels_of_usage
from openai_usage.schema.windows import Window

__all__ = ["page"]


@frozen
class Card:
    """A headline figure."""

    title: str
    figure: str
    more: str
    """The small print below the figure."""


@frozen
class Chart:
    """A chart in the page."""

    name: str
    """The name of its anchor."""
    panel: Panel
    """The data of the chart."""
    table: str
    """The name of the table that has its figures."""
    large: Markup
    """The SVG for large screens."""
    small: Markup
    """The SVG for phones. Empty if the large one fits."""


def page(figures: Figures) -> str:
    """Return the whole page. Text from the API is always escaped."""
    environment = Environment(
        loader=PackageLoader("openai_usage.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["escape_formula"] = escape_formula  # readers copy tables to spreadsheets
    ranked = rankings(figures)
    spend, usage = panels_of_spend(figures, ranked), panels_of_usage(figures)
    compared = _compared(figures)
    tables = [*tables_of_rankings(ranked, compared), *tables_of_panels([*spend, *usage])]
    anchors = dict(zip(slugs(table.title for table in tables), tables, strict=True))
    listed_in = {panel.title: name for name, table in anchors.items() for panel in table.panels}

    def chart(name: str, panel: Panel) -> Chart:
        large = svg(panel, HALF if panel.compact else LARGE)
        small = "" if panel.compact else svg(panel, SMALL)
        # Text from the API was escaped when the SVG was serialized.
        return Chart(name, panel, listed_in[panel.title], Markup(large), Markup(small))  # noqa: S704

    charts = [chart(name, panel) for name, panel in named([*spend, *usage]).items()]
    return environment.get_template("page.html").render(
        figures=figures,
        version=__version__,
        colours=COLOURS,
        range=figures.period.text,
        about=list(_about(figures)),
        cards=[*_cards_of_spend(figures, ranked), *_cards_of_usage(usage)],
        spend=charts[: len(spend)],
        usage=charts[len(spend) :],
        movers=[ranking for ranking in ranked if ranking.movers()],
        tables=anchors,
        no_spend=_no_spend(figures),
        no_usage=_no_usage(figures),
        compared=compared,
        unread=[part for part in figures.missing if not part.gaps],
        gaps=list(_gaps(figures)),
        in_part=list(_in_part(figures)),
    )


def _gaps(figures: Figures) -> Iterator[tuple[str, str]]:
    """Yield the missing days, each with the endpoints that miss the same days."""
    gaps = (gap for part in figures.missing for gap in part.gaps)
    for endpoints, spans in group_gaps(gaps):
        yield join(endpoints, len(endpoints)), describe_spans(spans, len(spans))


def _missing_days(figures: Figures, endpoint: str) -> int:
    """Return the number of whole days that are missing of an endpoint that could be read."""
    return len(figures.lost_days(figures.missing_of(endpoint)))


def _costs_are_missing(figures: Figures) -> bool:
    return any(part.what == "costs" and not part.gaps for part in figures.missing)


def _no_spend(figures: Figures) -> str:
    """Return the text that replaces the charts of costs if there are none."""
    missing = figures.missing_of("costs")
    if _costs_are_missing(figures):
        return "The costs could not be read."
    if _missing_days(figures, "costs") == len(figures.period.days):
        return "The API returned no costs for these days, so they are unknown."
    return f"Nothing was billed on {'the known' if missing else 'these'} days."


def _no_usage(figures: Figures) -> str:
    """Return the text that replaces the charts of usage if there are none."""
    if not any(part.what != "costs" for part in figures.missing):
        return "Nothing was used on these days."
    every_day = len(figures.period.days)
    if not figures.usage:
        return "Usage could not be read."
    if all(_missing_days(figures, usage.endpoint) == every_day for usage in figures.usage):
        return "The API returned no usage for these days, so it is unknown."
    return "Some usage could not be read. The rest shows no usage on these days."


def _about(figures: Figures) -> Iterator[tuple[str, str]]:
    start, end = map(date_and_time, (figures.period.start, figures.period.end))
    early = figures.from_midnight
    yield "Covers", f"{start} to {end} UTC{f'; {join(early)} from 00:00 on' if early else ''}"
    if figures.organization:
        yield "Organization", figures.organization
    is_here = figures.host in ("127.0.0.1", "localhost", "::1")
    # A local server is usually the sandbox: readers must not take its data for their own.
    yield "Source", f"{figures.host}, a server on this machine" if is_here else figures.host
    yield "Made", f"{date_and_time(figures.generated)} UTC, with openai-usage-client {__version__}"


def _compared(figures: Figures) -> str:
    """Return a sentence on the compared days, or "" if the page explains elsewhere why not."""
    whole = figures.billed.days[figures.billed.whole_days]
    if not whole:
        return "No day is complete, so nothing is compared."
    if figures.compared is None or figures.uncompared:
        return ""
    pairs = figures.compared_days
    if not pairs:
        return "No complete day has costs in both periods, so nothing is compared."
    now, before = (
        _dates(period.days[n] for n in pairs) for period in (figures.billed, figures.compared)
    )
    known = " that are known in both periods" if len(pairs) < len(whole) else ""
    return (
        f"Only complete days{known} are compared: {counted(len(pairs), 'day')}, {now}, with as many "
        f"before, {before}."
    )


def _dates(days_: Iterable[Day]) -> str:
    """Return days as dates, with consecutive days joined: `2026-09-01 to 2026-09-10`."""
    spans: list[Window] = []
    for day in days_:
        follows = spans and spans[-1].end_time == day.start
        start = spans.pop().start_time if follows else day.start
        spans.append(Window(start, day.end))
    return describe_spans(spans, len(spans))


def _in_part(figures: Figures) -> Iterator[str]:
    """Yield notes on days and months that are incomplete."""
    parts = [day.date for day in figures.period.days if not day.whole]
    if not parts:
        yield "Days are in UTC. All days are complete."
    else:
        left_out = "averages and comparisons" if _compared(figures) else "averages"
        yield (
            f"Days are in UTC. {_are(parts)} not complete, because the range begins or ends within "
            "the day, or because the day was not over. Such a day counts in totals, is paler in "
            f"charts of days, is marked “in part” in tables, and is left out of {left_out}."
        )
    if early := figures.from_midnight:
        yield (
            f"The API returns {join(early)} for whole days: the figures of "
            f"{figures.period.days[0].date} start at 00:00, although the range begins later."
        )
    if any(part.gaps for part in figures.missing):
        yield (
            "A day for which the API returned nothing is unknown: charts show a grey band with a "
            "question mark, and tables show a dash. No total, average or comparison includes it. "
            "If only a part of a day or month is unknown, it is marked “in part”."
        )
    shown = bars(figures.period)
    if len(shown) == len(figures.period.days):
        return
    text = "Because the range is long, charts show months where days can be summed."
    if parts := [bar.label for bar in shown if not bar.whole]:
        text += (
            f" {_are(parts)} not complete, because the range has only some days of the month. Such "
            "a month is paler and marked “in part”, too. Averages and comparisons use all complete "
            "days."
        )
    yield text


def _are(parts: Sequence[str]) -> str:
    return f"{' and '.join(parts)} {'is' if len(parts) == 1 else 'are'}"


def _covered(every: int, known: int, whole: int) -> str:
    """Return the number of days, of *known* days, and of days known in part, in words."""
    days = counted(every, "day")
    shown = f"{known} of {days}" if known < every else days
    if known == whole:
        return shown
    if known == every and not whole:
        return "part of a day" if every == 1 else f"part of {shown}"
    return f"{shown}, {f'{known - whole} of them in part' if whole else 'in part'}"


def _cards_of_spend(figures: Figures, ranked: Sequence[Ranking]) -> Iterator[Card]:
    whole, compared = len(figures.averaged_days), len(figures.compared_days)
    every_day, missing = len(figures.billed.days), _missing_days(figures, "costs")
    covered = _covered(every_day, every_day - missing, whole)
    unknown = covered if missing == every_day else f"nothing in {covered}"
    if not ranked and not _costs_are_missing(figures):
        is_known = not figures.missing_of("costs")
        yield Card("Spent", *(("nothing", covered) if is_known else ("unknown", unknown)))
    for each in ranked:
        if each.what != "project":
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
                f"Against {counted(compared, 'day')} before{each.suffix}",
                precise_change(all_.compared, all_.before),
                f"{each.unit.signed(all_.change)}: from {each.unit.rounded(all_.before)} "
                f"to {each.unit.rounded(all_.compared)}",
            )


def _cards_of_usage(usage: Sequence[Panel]) -> Iterator[Card]:
    for panel in usage:
        if panel.title in ("Tokens", "Requests to models"):
            counted = COUNT.exact(panel.total)
            more = f"{counted}, {panel.omission}" if panel.omission else f"exactly {counted}"
            yield Card(panel.title, COUNT.short(panel.total), more)
