"""Render a report as one HTML file with tables and charts, without scripts or external files."""

from collections.abc import Sequence

from attrs import frozen
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from openai_usage._spreadsheets import escape_formula
from openai_usage._text import printable
from openai_usage._version import __version__
from openai_usage.analysis.deviations import LEAST_SHARE, SCORE, WEEKS
from openai_usage.report import notes, summary
from openai_usage.report.answer_tables import (
    changed_prices,
    table_of_months,
    table_of_prices,
    table_of_ranking,
    table_of_shares,
)
from openai_usage.report.budgets import table_of_budgets
from openai_usage.report.cards import cards_of_spend, cards_of_usage
from openai_usage.report.charts import COLOURS, HALF, LARGE, SMALL, svg
from openai_usage.report.data import Figures
from openai_usage.report.panels import Panel, named, slugs
from openai_usage.report.spend import Ranking, panels_of_spend, rankings, spend_title
from openai_usage.report.tables import tables_of_panels
from openai_usage.report.unusual_days import unusual_days
from openai_usage.report.usage import panels_of_usage

_MOST_CHANGED_PRICES = 8
"""The most changes of prices that the page tells before its table of prices."""


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
    compared = notes.compared_days(figures)
    # The daily spend of people would be most of the page.
    tables = tables_of_panels([*(each for each in spend if not each.compact), *usage])
    listed = [table_of_ranking(each, compared) for each in ranked]
    names = slugs(table.title for table in [*listed, *tables])
    anchors = dict(zip(names[len(listed) :], tables, strict=True))
    listed_in = {spend_title(each): name for each, name in zip(ranked, names, strict=False)}
    listed_in |= {panel.title: name for name, table in anchors.items() for panel in table.panels}

    def chart(name: str, panel: Panel) -> Chart:
        large = svg(panel, HALF if panel.compact else LARGE)
        small = "" if panel.compact else svg(panel, SMALL)
        # Text from the API was escaped when the SVG was serialized.
        return Chart(name, panel, listed_in[panel.title], Markup(large), Markup(small))  # noqa: S704

    charts = [chart(name, panel) for name, panel in named([*spend, *usage]).items()]
    drawn = {each.panel.title: each for each in charts[: len(spend)]}
    months, prices = table_of_months(figures, ranked), table_of_prices(figures)
    shares, movers = table_of_shares(figures), [each for each in ranked if each.movers()]
    unusual, budgets = _unusual(figures, ranked), table_of_budgets(figures)
    contents = {
        "spend": "Spend",
        "budgets": "Budgets" if budgets else "",
        "movers": "Largest changes" if movers else "",
        "months": "Spend by month" if months else "",
        "prices": "Prices" if prices else "",
        "shares": "Cached and batch shares" if shares else "",
        "unusual": "Unusual days" if unusual else "",
        "usage": "Usage",
        "notes": "About these figures",
        "tables": "Figures of the charts" if tables else "",
    }
    return environment.get_template("page.html").render(
        figures=figures,
        version=__version__,
        colours=COLOURS,
        title=_title(figures),
        range=figures.period.text,
        summary=summary.points(figures, ranked),
        contents=[(id_, text) for id_, text in contents.items() if text],
        about=list(notes.about(figures)),
        cards=[*cards_of_spend(figures, ranked), *cards_of_usage(usage)],
        spend=drawn,
        breakdowns=[
            (drawn.get(spend_title(ranking)), name, table)
            for ranking, name, table in zip(ranked, names, listed, strict=False)
        ],
        usage=charts[len(spend) :],
        budgets=budgets,
        movers=movers,
        months=months,
        prices=prices,
        changed_prices=list(changed_prices(figures))[:_MOST_CHANGED_PRICES],
        shares=shares,
        unusual=unusual,
        unusual_weeks=WEEKS,
        unusual_score=SCORE,
        unusual_least=round(100 * SCORE * LEAST_SHARE),
        tables=anchors,
        no_spend=notes.no_spend(figures),
        no_usage=notes.no_usage(figures),
        compared=compared,
        unread=[part for part in figures.missing if not part.gaps or part.organization],
        gaps=list(notes.gaps_in_words(figures)),
        in_part=list(notes.incomplete_days(figures)),
    )


def _title(figures: Figures) -> str:
    name = printable(figures.organization_name)
    return f"{name}: OpenAI usage and costs" if name else "OpenAI usage and costs"


def _unusual(figures: Figures, ranked: Sequence[Ranking]) -> list[str]:
    """Return the unusual days, those of everything together first, then the newest first."""
    days = [
        day
        for currency in dict.fromkeys(each.currency for each in ranked)
        for day in unusual_days(
            figures,
            currency,
            {each.what: each.labels for each in ranked if each.currency == currency},
        )
    ]
    newest = sorted(days, key=lambda day: day.date, reverse=True)
    return [day.text for day in sorted(newest, key=lambda day: bool(day.what))]
