"""Draws panels: as SVG to stand in the page, in its colours, and as PNG to stand alone.

Vega renders without a browser. In the page no script is left: colours are the page's variables, so
that light, dark and print are up to its style, and what a bar stands for is its title.
"""

import json
import re
from collections.abc import Iterator, Mapping
from io import BytesIO, StringIO
from textwrap import wrap
from xml.etree import ElementTree as ET

import altair as alt
from attrs import frozen

from openai_usage.analysis.daily import Period
from openai_usage.report.panels import OTHERS, Panel

__all__ = ["COLOURS", "HALF", "LARGE", "SMALL", "Size", "picture", "subtitle", "svg"]

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
}
"""Every colour by its name, on paper and in the dark. The first ones were searched for: any two of
them can be told apart with any kind of colour blindness, and from what is behind them."""


@frozen
class Size:
    """How large a drawing is, in pixels of the text in it."""

    width: int
    height: int
    """Of bars that stand, with all that is around them."""
    labels: int
    """How many days or months are named below them, at most."""


LARGE = Size(960, 280, labels=12)
SMALL = Size(340, 240, labels=4)
HALF = Size(450, 190, labels=5)
ALONE = Size(960, 420, labels=12)

_LYING = 46
"""The height of a bar that lies, and of its name above it."""

_WIDEST = 64
"""The width of a bar that stands, where there is room for more."""

_LARGEST = 10**15
"""Where figures in the largest unit begin to have too many digits for an axis."""

_MARK = 8
"""The room that a question mark needs."""

_SVG = "{http://www.w3.org/2000/svg}"

_SAID_ELSEWHERE = {"class", "role", "font-family", "pointer-events"}
"""Attributes that the page makes up for."""

_INSIGNIFICANT = re.compile(r"(\.\d\d)\d+")
"""What is beyond hundredths of a pixel."""


def svg(panel: Panel, size: Size) -> str:
    """The panel as an SVG element whose colours are variables of the page, with no id and no link.

    A bar has its text as its title, which a pointer that rests on it shows.
    """
    drawn = StringIO()
    _chart(panel, size, {name: f"var(--{name})" for name in COLOURS}).save(drawn, format="svg")
    ET.register_namespace("", _SVG.strip("{}"))
    root = ET.fromstring(drawn.getvalue())  # noqa: S314 - it was drawn here
    root.attrib = {"viewBox": root.attrib["viewBox"], "aria-hidden": "true"}
    for element in root.iter():
        text = element.attrib.get("aria-label")
        if text and element.attrib.get("aria-roledescription") == "bar":
            ET.SubElement(element, f"{_SVG}title").text = text
        element.attrib = {
            name: _INSIGNIFICANT.sub(r"\1", value)
            for name, value in element.attrib.items()
            if name not in _SAID_ELSEWHERE and (element is root or not name.startswith("aria"))
        }
    return ET.tostring(root, encoding="unicode")


def picture(panel: Panel, period: Period) -> bytes:
    """The panel as a PNG on white that stands alone: it says what it shows, and has a legend."""
    drawn = BytesIO()
    legend = alt.Legend(orient="bottom", title=None, columns=3, labelLimit=280, symbolType="square")
    chart = _chart(panel, ALONE, {name: light for name, (light, _) in COLOURS.items()}, legend)
    title = alt.TitleParams(panel.title, subtitle=list(subtitle(panel, period)))
    chart = chart.properties(title=title, background=COLOURS["surface"][0], padding=20)
    chart.save(drawn, format="png", scale_factor=2)
    return drawn.getvalue()


def subtitle(panel: Panel, period: Period) -> Iterator[str]:
    """What a picture has to say of itself, where there is no page around it."""
    total = f"{panel.unit.headline(panel.total)} {panel.unit.name}".strip()
    parts = [period.text, f"total {total}" if panel.adds_up else "", panel.lacks]
    yield " · ".join(filter(None, parts))
    unknown = [bar.label for bar in panel.unknown]
    if pale := [bar.label for bar in panel.bars if not bar.whole and bar.label not in unknown]:
        yield from wrap(f"In part, and so paler: {', '.join(pale)}", 150)
    if unknown:
        yield from wrap(f"Unknown, and so grey: {', '.join(unknown)}", 150)
    yield from wrap(panel.note, 150)


def _chart(
    panel: Panel, size: Size, colours: Mapping[str, str], legend: alt.Legend | None = None
) -> alt.LayerChart:
    height = len(panel.bars) * _LYING if panel.horizontal else size.height
    bars = alt.Chart(alt.InlineData(values=list(_marks(panel)))).mark_bar(
        stroke=colours["surface"],
        strokeWidth=min(1, size.width / len(panel.bars) / 20) if len(panel.series) > 1 else 0,
        height=16 if panel.horizontal else alt.Undefined,
        width=_WIDEST if size.width > 1.5 * _WIDEST * len(panel.bars) else alt.Undefined,
    )
    across, along = (alt.Y, alt.X) if panel.horizontal else (alt.X, alt.Y)
    place = across("bar:N", sort=None, title=None, axis=_names(panel, size)).scale(
        domain=[bar.label for bar in panel.bars], padding=0.15
    )
    encodings = (
        place,
        along("value:Q", title=None, axis=_amounts(panel)),
        alt.Color("series:N", legend=legend).scale(
            domain=[each.label for each in panel.series],
            range=[colours[f"series-{each.colour}"] for each in panel.series],
        ),
        alt.Opacity("shade:Q", scale=None),
        alt.Order("order:Q"),
        alt.Description("text:N"),
    )
    chart: alt.LayerChart = (
        alt.LayerChart(layer=[*_unknown(panel, place, size, colours), bars.encode(*encodings)])
        .properties(
            width=size.width,
            height=height,
            background="transparent",
            padding=2,
            autosize=alt.AutoSizeParams(type="fit", contains="padding"),
        )
        .configure(font="Helvetica, Arial, sans-serif")
        .configure_view(stroke=None)
        .configure_title(
            anchor="start",
            fontSize=18,
            offset=16,
            color=colours["text"],
            subtitleFontSize=13,
            subtitleColor=colours["quiet"],
            subtitlePadding=6,
        )
        .configure_axis(
            labelFontSize=12,
            labelColor=colours["quiet"],
            gridColor=colours["line"],
            domainColor=colours["quiet"],
            tickColor=colours["quiet"],
        )
        .configure_legend(labelFontSize=12, labelColor=colours["text"], offset=16)
    )
    return chart


def _unknown(
    panel: Panel, place: alt.X | alt.Y, size: Size, colours: Mapping[str, str]
) -> Iterator[alt.Chart]:
    """A grey band for each bar of which nothing is known, with a question mark if there is room."""
    values = [{"bar": bar.label, "text": f"{bar.label}: unknown"} for bar in panel.unknown]
    if values:
        bands = alt.Chart(alt.InlineData(values=values)).encode(place, alt.Description("text:N"))
        yield bands.mark_bar(color=colours["line"], y=0, y2="height")
        if size.width > _MARK * len(panel.bars):
            yield bands.mark_text(text="?", color=colours["quiet"], fontSize=12, y="height", dy=-8)


def _marks(panel: Panel) -> Iterator[dict[str, object]]:
    scale, _ = _scale(panel)
    for order, series in enumerate(panel.series):
        for bar, value in zip(panel.bars, series.values, strict=True):
            if value:
                yield {
                    "bar": bar.label,
                    "series": series.label,
                    "order": order,
                    "value": float(value / scale),
                    "shade": 1 if bar.whole else 0.55,
                    "text": f"{bar.text}, {series.label}: {panel.unit.headline(value)}",
                }


def _names(panel: Panel, size: Size) -> alt.Axis:
    """The axis that names the bars; of days and months, as many as there is room for."""
    if panel.horizontal:
        above = -_LYING / 2 + 6
        return alt.Axis(
            labelAlign="left",
            labelPadding=-4,
            labelOffset=above,
            labelLimit=0.75 * size.width,  # fonts differ in width
            domain=False,
            ticks=False,
            labelColor=None,
        )
    step = -(-len(panel.bars) // size.labels)
    by_day = len(panel.bars[0].label) == len("2026-09-10") and len(panel.bars) < 300
    form = "%b %-d" if by_day else "%b %Y"  # as Vega reads it, on every platform
    return alt.Axis(
        values=[bar.label for bar in panel.bars[::step]],
        labelAngle=0,
        labelExpr=f"utcFormat(toDate(datum.value), '{form}')",
        labelPadding=6,
    )


def _scale(panel: Panel) -> tuple[int, str]:
    """The unit in which the largest figure is short, in which all of them are drawn.

    Figures are drawn as floats, so one that could be beyond those is drawn in its power of ten.
    """
    values = (value for each in panel.series for value in each.values if value is not None)
    largest = max(map(abs, values))
    scale, after = panel.unit.scale(largest)
    if largest / scale < _LARGEST:
        return scale, after
    return 10 ** largest.adjusted(), f"e{largest.adjusted()}{panel.unit.after}"


def _amounts(panel: Panel) -> alt.Axis:
    """The axis that measures the bars, written as figures are: `-$1.5K`."""
    # A currency's name is the API's: it goes into the expression as a string, whatever it holds.
    before, after = json.dumps(panel.unit.before), json.dumps(_scale(panel)[1])
    return alt.Axis(
        labelExpr=f"(datum.value < 0 ? '-' : '') + {before} + format(abs(datum.value), ',~g')"
        f" + (datum.value == 0 ? '' : {after})",
        tickCount=5,
        domain=False,
        ticks=False,
    )
