"""Draw charts as SVG for the page, and as PNG for use on their own.

Vega renders without a browser, so the page needs no script. The SVG uses the page's CSS variables
as colours, so that the style sheet decides on light, dark and print. The title of a bar says what
it stands for.
"""

from collections.abc import Iterator
from textwrap import wrap

from vl_convert import vegalite_to_png, vegalite_to_svg

from openai_usage.analysis.daily import Period
from openai_usage.report.panels import OTHERS, Panel
from openai_usage.report.png import compress_png
from openai_usage.report.svg import compact_svg
from openai_usage.report.vega import Size, specify

COLOURS = {
    "series-1": ("#035383", "#B9C6EA"),
    "series-2": ("#E2752A", "#F4BB2A"),
    "series-3": ("#2A7F76", "#31C492"),
    "series-4": ("#941C32", "#DB70D3"),
    "series-5": ("#A248CD", "#AE43EB"),
    "series-6": ("#D23838", "#F04B23"),
    f"series-{OTHERS}": ("#8394A7", "#737A85"),
    "surface": ("#FFFFFF", "#15181D"),
    "text": ("#1B1F24", "#E6E8EB"),
    "quiet": ("#59636E", "#9DA5B0"),
    "line": ("#DDE1E6", "#333942"),
    "weekend": ("#F1F3F6", "#1E232A"),
}
"""The colours by name, for light and for dark mode. The colours of series come from a search: any
two of them, and each of them and the background, differ for every kind of colour blindness."""

LARGE = Size(960, 280, labels=12)
SMALL = Size(340, 240, labels=4, titles=False)
HALF = Size(450, 190, labels=5, titles=False)
ALONE = Size(960, 420, labels=12)


def svg(panel: Panel, size: Size) -> str:
    """Return the chart as an SVG element without ids or links, coloured by variables of the page.

    The title of a bar is its text, which browsers show when the pointer rests on the bar. Charts
    for phones, which have no pointer, and small charts have none: they would be most of the page.
    """
    chart = specify(panel, size, {name: f"var(--{name})" for name in COLOURS})
    drawn = vegalite_to_svg(chart, allowed_base_urls=[])
    return compact_svg(drawn, titles=size.titles)


def picture(panel: Panel, period: Period) -> bytes:
    """Return the chart as a PNG on white, with a title and a legend."""
    legend = {"orient": "bottom", "title": None, "columns": 3, "symbolType": "square"}
    colours = {name: light for name, (light, _) in COLOURS.items()}
    chart = {
        **specify(panel, ALONE, colours, {**legend, "labelLimit": 280}),
        "title": {"text": panel.title, "subtitle": list(subtitle(panel, period))},
        "background": colours["surface"],
        "padding": 20,
    }
    drawn = vegalite_to_png(chart, scale=2, allowed_base_urls=[])
    return compress_png(drawn)


def subtitle(panel: Panel, period: Period) -> Iterator[str]:
    """Yield the lines below the title of a PNG: the range, the total and the missing parts."""
    total = f"{panel.unit.rounded(panel.total)} {panel.unit.name}".strip()
    parts = [period.text, f"total {total}" if panel.adds_up else "", panel.omission]
    yield " · ".join(filter(None, parts))
    unknown = [bar.label for bar in panel.unknown]
    if pale := [bar.label for bar in panel.bars if not bar.whole and bar.label not in unknown]:
        yield from wrap(f"In part (paler): {', '.join(pale)}", 150)
    if unknown:
        yield from wrap(f"Unknown (grey): {', '.join(unknown)}", 150)
    yield from wrap(panel.note, 150)
