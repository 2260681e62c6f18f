"""Draw charts as SVG for the page, and as PNG for use on their own.

Vega renders without a browser, so the page needs no script. The SVG uses the page's CSS variables
as colours, so that the style sheet decides on light, dark and print. The title of a bar says what
it stands for.
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
"""The colours by name, for light and for dark mode. The colours of series come from a search: any
two of them, and each of them and the background, differ for every kind of colour blindness."""


@frozen
class Size:
    """The size of a chart in pixels."""

    width: int
    """The width of the whole chart."""
    height: int
    """The height of a chart with vertical bars, axes included."""
    labels: int
    """The most days or months that are named below the bars."""


LARGE = Size(960, 280, labels=12)
SMALL = Size(340, 240, labels=4)
HALF = Size(450, 190, labels=5)
ALONE = Size(960, 420, labels=12)

_HORIZONTAL_BAR_HEIGHT = 46
"""The height of a horizontal bar and the name above it, in pixels."""

_WIDEST_BAR = 64
"""The greatest width of a vertical bar, in pixels."""

_LARGEST = 10**15
"""The least number that has too many digits for the labels of an axis."""

_QUESTION_MARK_WIDTH = 8
"""The width that a bar needs for a question mark, in pixels."""

_SVG = "{http://www.w3.org/2000/svg}"

_DROPPED_ATTRIBUTES = {"class", "role", "font-family", "pointer-events"}
"""The SVG attributes that the page or its style sheet sets instead."""

_INSIGNIFICANT = re.compile(r"(\.\d\d)\d+")
"""Digits below a hundredth of a pixel."""


def svg(panel: Panel, size: Size) -> str:
    """Return the chart as an SVG element without ids or links, coloured by variables of the page.

    The title of a bar is its text, which browsers show when the pointer rests on the bar.
    """
    output = StringIO()
    _chart(panel, size, {name: f"var(--{name})" for name in COLOURS}).save(output, format="svg")
    ET.register_namespace("", _SVG.strip("{}"))
    root = ET.fromstring(output.getvalue())  # noqa: S314 - the SVG was rendered above
    root.attrib = {"viewBox": root.attrib["viewBox"], "aria-hidden": "true"}
    for element in root.iter():
        text = element.attrib.get("aria-label")
        if text and element.attrib.get("aria-roledescription") == "bar":
            ET.SubElement(element, f"{_SVG}title").text = text
        element.attrib = {
            name: _INSIGNIFICANT.sub(r"\1", value)
            for name, value in element.attrib.items()
            if name not in _DROPPED_ATTRIBUTES and (element is root or not name.startswith("aria"))
        }
    return ET.tostring(root, encoding="unicode")


def picture(panel: Panel, period: Period) -> bytes:
    """Return the chart as a PNG on white, with a title and a legend."""
    output = BytesIO()
    legend = alt.Legend(orient="bottom", title=None, columns=3, labelLimit=280, symbolType="square")
    chart = _chart(panel, ALONE, {name: light for name, (light, _) in COLOURS.items()}, legend)
    title = alt.TitleParams(panel.title, subtitle=list(subtitle(panel, period)))
    chart = chart.properties(title=title, background=COLOURS["surface"][0], padding=20)
    chart.save(output, format="png", scale_factor=2)
    return output.getvalue()


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


def _chart(
    panel: Panel, size: Size, colours: Mapping[str, str], legend: alt.Legend | None = None
) -> alt.LayerChart:
    height = len(panel.bars) * _HORIZONTAL_BAR_HEIGHT if panel.horizontal else size.height
    bars = alt.Chart(alt.InlineData(values=list(_marks(panel)))).mark_bar(
        stroke=colours["surface"],
        strokeWidth=min(1, size.width / len(panel.bars) / 20) if len(panel.series) > 1 else 0,
        height=16 if panel.horizontal else alt.Undefined,
        width=_WIDEST_BAR if size.width > 1.5 * _WIDEST_BAR * len(panel.bars) else alt.Undefined,
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
    """Yield a grey band for each unknown bar, with a question mark if there is room."""
    values = [{"bar": bar.label, "text": f"{bar.label}: unknown"} for bar in panel.unknown]
    if values:
        bands = alt.Chart(alt.InlineData(values=values)).encode(place, alt.Description("text:N"))
        yield bands.mark_bar(color=colours["line"], y=0, y2="height")
        if size.width > _QUESTION_MARK_WIDTH * len(panel.bars):
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
                    "text": f"{bar.text}, {series.label}: {panel.unit.rounded(value)}",
                }


def _names(panel: Panel, size: Size) -> alt.Axis:
    """Return the axis that names the bars, with as many days or months as there is room for."""
    if panel.horizontal:
        above = -_HORIZONTAL_BAR_HEIGHT / 2 + 6
        return alt.Axis(
            labelAlign="left",
            labelPadding=-4,
            labelOffset=above,
            labelLimit=0.75 * size.width,  # leave room, because the reader's font can be wider
            domain=False,
            ticks=False,
            labelColor=None,
        )
    step = -(-len(panel.bars) // size.labels)
    by_day = len(panel.bars[0].label) == len("2026-09-10") and len(panel.bars) < 300
    form = "%b %-d" if by_day else "%b %Y"  # Vega's format, so "%-d" works on every platform
    return alt.Axis(
        values=[bar.label for bar in panel.bars[::step]],
        labelAngle=0,
        labelExpr=f"utcFormat(toDate(datum.value), '{form}')",
        labelPadding=6,
    )


def _scale(panel: Panel) -> tuple[int, str]:
    """Return the factor and suffix of the unit in which the largest figure is short.

    Charts use floats, so a figure that might be too large for one is scaled by a power of ten.
    """
    values = (value for each in panel.series for value in each.values if value is not None)
    largest = max(map(abs, values))
    scale, after = panel.unit.scale(largest)
    if largest / scale < _LARGEST:
        return scale, after
    return 10 ** largest.adjusted(), f"e{largest.adjusted()}{panel.unit.suffix}"


def _amounts(panel: Panel) -> alt.Axis:
    """Return the axis of values, labelled like figures: `-$1.5K`."""
    # The name of a currency comes from the API: quote it, so that it cannot become code.
    before, after = json.dumps(panel.unit.prefix), json.dumps(_scale(panel)[1])
    return alt.Axis(
        labelExpr=f"(datum.value < 0 ? '-' : '') + {before} + format(abs(datum.value), ',~g')"
        f" + (datum.value == 0 ? '' : {after})",
        tickCount=5,
        domain=False,
        ticks=False,
    )
