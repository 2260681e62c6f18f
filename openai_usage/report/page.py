"""Render a report as one HTML file with tables and charts, without scripts or external files."""

from attrs import frozen
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from openai_usage._spreadsheets import escape_formula
from openai_usage._version import __version__
from openai_usage.report import notes
from openai_usage.report.cards import cards_of_spend, cards_of_usage
from openai_usage.report.charts import COLOURS, HALF, LARGE, SMALL, svg
from openai_usage.report.data import Figures
from openai_usage.report.panels import Panel, named, slugs
from openai_usage.report.spend import panels_of_spend, rankings
from openai_usage.report.tables import tables_of_panels, tables_of_rankings
from openai_usage.report.usage import panels_of_usage


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
        about=list(notes.about(figures)),
        cards=[*cards_of_spend(figures, ranked), *cards_of_usage(usage)],
        spend=charts[: len(spend)],
        usage=charts[len(spend) :],
        movers=[ranking for ranking in ranked if ranking.movers()],
        tables=anchors,
        no_spend=notes.no_spend(figures),
        no_usage=notes.no_usage(figures),
        compared=compared,
        unread=[part for part in figures.missing if not part.gaps],
        gaps=list(notes.gaps_in_words(figures)),
        in_part=list(notes.incomplete_days(figures)),
    )
