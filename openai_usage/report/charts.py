"""Draws panels: as SVG to stand in the page, in its colours, and as PNG to stand alone.

Vega renders without a browser. In the page no script is left: colours are the page's variables, so
that light, dark and print are up to its style, and what a bar stands for is its title.
"""

import json
import re
from collections.abc import Iterator, Mapping
from io import BytesIO, StringIO
from xml.etree import ElementTree as ET

import altair as alt
from attrs import frozen

from openai_usage.report.panels import OTHERS, Panel
from openai_usage.report.units import BYTES

__all__ = ["COLOURS", "HALF", "LARGE", "SMALL", "Size", "picture", "svg"]

COLOURS = {
    "series-1": ("#035383", "#B9C6EA"),
    "series-2": ("#E77835", "#F4BB2A"),
    "series-3": ("#2A7F76", "#31C492"),
    "series-4": ("#941C32", "#DB70D3"),
    "series-5": ("#A248CD", "#AE43EB"),
    "series-6": ("#D23838", "#F04B23"),
    f"series-{OTHERS}": ("#9098A3", "#737A85"),
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

_LYING = 46
"""The height of a bar that lies, and of its name above it."""

_WIDEST = 64
"""The width of a bar that stands, where there is room for more."""

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


def picture(panel: Panel) -> bytes:
    """The panel as a PNG on white, with its title and a legend."""
    drawn = BytesIO()
    chart = _chart(panel, LARGE, {name: light for name, (light, _) in COLOURS.items()})
    legend = alt.Legend(orient="bottom", title=None, columns=3, labelLimit=280, symbolType="square")
    chart = chart.encode(color=chart.encoding.color.legend(legend))
    chart = chart.properties(title=panel.title, background=COLOURS["surface"][0], padding=20)
    chart.save(drawn, format="png", scale_factor=2)
    return drawn.getvalue()


def _chart(panel: Panel, size: Size, colours: Mapping[str, str]) -> alt.Chart:
    height = len(panel.bars) * _LYING if panel.lying else size.height
    bars = alt.Chart(alt.InlineData(values=list(_marks(panel)))).mark_bar(
        stroke=colours["surface"],
        strokeWidth=min(1, size.width / len(panel.bars) / 20) if len(panel.series) > 1 else 0,
        height=16 if panel.lying else alt.Undefined,
        width=_WIDEST if size.width > 1.5 * _WIDEST * len(panel.bars) else alt.Undefined,
    )
    across, along = (alt.Y, alt.X) if panel.lying else (alt.X, alt.Y)
    encodings = (
        across("bar:N", sort=None, title=None, axis=_names(panel, size)).scale(
            domain=[bar.label for bar in panel.bars], padding=0.15
        ),
        along("value:Q", title=None, axis=_amounts(panel)),
        alt.Color("series:N", legend=None).scale(
            domain=[each.label for each in panel.series],
            range=[colours[f"series-{each.colour}"] for each in panel.series],
        ),
        alt.Opacity("shade:Q", scale=None),
        alt.Order("order:Q"),
        alt.Description("text:N"),
    )
    chart: alt.Chart = (
        bars.encode(*encodings)
        .properties(
            width=size.width,
            height=height,
            background="transparent",
            padding=2,
            autosize=alt.AutoSizeParams(type="fit", contains="padding"),
        )
        .configure(font="Helvetica, Arial, sans-serif")
        .configure_view(stroke=None)
        .configure_title(anchor="start", fontSize=18, offset=16, color=colours["text"])
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


def _marks(panel: Panel) -> Iterator[dict[str, object]]:
    for order, series in enumerate(panel.series):
        for bar, value in zip(panel.bars, series.values, strict=True):
            if value:
                yield {
                    "bar": bar.label,
                    "series": series.label,
                    "order": order,
                    "value": float(value),
                    "shade": 1 if bar.whole else 0.55,
                    "text": f"{bar.text}, {series.label}: {panel.unit.headline(value)}",
                }


def _names(panel: Panel, size: Size) -> alt.Axis:
    """The axis that names the bars; of days and months, as many as there is room for."""
    if panel.lying:
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
    form = "%b %-d" if by_day else "%b %Y"
    return alt.Axis(
        values=[bar.label for bar in panel.bars[::step]],
        labelAngle=0,
        labelExpr=f"utcFormat(toDate(datum.value), '{form}')",
        labelPadding=6,
    )


def _amounts(panel: Panel) -> alt.Axis:
    """The axis that measures the bars, in thousands (K), millions (M) and billions (B)."""
    most = max((abs(value) for each in panel.series for value in each.values), default=0)
    digits = f"format(datum.value, '{'~s' if most >= 1000 else '~g'}')"
    if panel.unit is not BYTES:
        digits = f"replace(replace({digits}, 'k', 'K'), 'G', 'B')"
    # A currency's name is the API's: it goes into the expression as a string, whatever it holds.
    before, after = json.dumps(panel.unit.before), json.dumps(panel.unit.after.strip())
    return alt.Axis(
        labelExpr=f"{before} + {digits} + {after}",
        tickCount=5,
        domain=False,
        ticks=False,
    )
