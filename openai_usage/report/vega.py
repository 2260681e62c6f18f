"""Specify charts in Vega-Lite: the bars of a panel, their axes and their texts."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import TypeAlias

from attrs import frozen

from openai_usage.report.panels import Bar, Panel

Spec: TypeAlias = dict[str, object]
"""A part of a Vega-Lite specification, which is JSON."""


@frozen
class Size:
    """The size of a chart in pixels."""

    width: int
    """The width of the whole chart."""
    height: int
    """The height of a chart with vertical bars, axes included."""
    labels: int
    """The most days or months that are named below the bars."""
    titles: bool = True
    """True if each bar has a title, for the pointer."""


_HORIZONTAL_BAR_HEIGHT = 46
"""The height of a horizontal bar and the name above it, in pixels."""

_WIDEST_BAR = 64
"""The greatest width of a vertical bar, in pixels."""

_LARGEST = 10**15
"""The least number that has too many digits for the labels of an axis."""

_QUESTION_MARK_WIDTH = 8
"""The width that a bar needs for a question mark, in pixels."""

_TEXT: Spec = {"description": {"field": "text", "type": "nominal"}}
"""The encoding that says in words what a mark stands for."""

_FULL_HEIGHT: Spec = {"y": 0, "y2": "height"}
"""The bounds of a mark as high as the chart."""


def specify(
    panel: Panel, size: Size, colours: Mapping[str, str], legend: Spec | None = None
) -> Spec:
    """Return the chart of a panel as a Vega-Lite specification, which Vega renders."""
    height = len(panel.bars) * _HORIZONTAL_BAR_HEIGHT if panel.horizontal else size.height
    across = "y" if panel.horizontal else "x"
    place: Spec = {
        across: {
            "field": "bar",
            "type": "nominal",
            "sort": None,
            "title": None,
            "axis": _names(panel, size),
            "scale": {"domain": [bar.label for bar in panel.bars], "padding": 0.15},
        }
    }
    return {
        "layer": [
            *_weekends(panel, place, colours),
            *_unknown(panel, place, size, colours),
            _bars(panel, place, size, colours, legend),
            *_unusual(panel, place, colours),
        ],
        "width": size.width,
        "height": height,
        "background": "transparent",
        "padding": 2,
        "autosize": {"type": "fit", "contains": "padding"},
        "config": _look(colours),
    }


def _look(colours: Mapping[str, str]) -> Spec:
    return {
        "font": "Helvetica, Arial, sans-serif",
        "view": {"stroke": None},
        "title": {
            "anchor": "start",
            "fontSize": 18,
            "offset": 16,
            "color": colours["text"],
            "subtitleFontSize": 13,
            "subtitleColor": colours["quiet"],
            "subtitlePadding": 6,
        },
        "axis": {
            "labelFontSize": 12,
            "labelColor": colours["quiet"],
            "gridColor": colours["line"],
            "domainColor": colours["quiet"],
            "tickColor": colours["quiet"],
        },
        "legend": {"labelFontSize": 12, "labelColor": colours["text"], "offset": 16},
    }


def _bars(
    panel: Panel, place: Spec, size: Size, colours: Mapping[str, str], legend: Spec | None
) -> Spec:
    along = "x" if panel.horizontal else "y"
    line = min(1, size.width / len(panel.bars) / 20) if len(panel.series) > 1 else 0
    mark: dict[str, object] = {"stroke": colours["surface"], "strokeWidth": line}
    if panel.horizontal:
        mark["height"] = 16
    if size.width > 1.5 * _WIDEST_BAR * len(panel.bars):
        mark["width"] = _WIDEST_BAR
    return {
        "data": {"values": list(_marks(panel))},
        "mark": {"type": "bar", **mark},
        "encoding": {
            **place,
            along: {
                "field": "value",
                "type": "quantitative",
                "title": None,
                "axis": _amounts(panel),
            },
            "color": {
                "field": "series",
                "type": "nominal",
                "legend": legend,
                "scale": {
                    "domain": [each.label for each in panel.series],
                    "range": [colours[f"series-{each.colour}"] for each in panel.series],
                },
            },
            "opacity": {"field": "shade", "type": "quantitative", "scale": None},
            "order": {"field": "order", "type": "quantitative"},
            **_TEXT,
        },
    }


def _weekends(panel: Panel, place: Spec, colours: Mapping[str, str]) -> Iterator[Spec]:
    """Yield a shade behind every Saturday and Sunday of a chart of days."""
    values = [{"bar": bar.label} for bar in panel.bars if panel.is_daily and _weekday(bar) >= 5]
    if values:
        # Somewhat wider than a bar, so that the two days of a weekend are one band.
        band = {"type": "bar", "color": colours["weekend"], "width": {"band": 1.18}, "aria": False}
        yield {
            "data": {"values": values},
            "mark": {**band, **_FULL_HEIGHT},
            "encoding": place,
        }


def _unusual(panel: Panel, place: Spec, colours: Mapping[str, str]) -> Iterator[Spec]:
    """Yield a triangle above every unusual day of a chart of days."""
    values = [
        {"bar": bar.label, "text": panel.marks[bar.label]}
        for bar in panel.bars
        if bar.label in panel.marks
    ]
    if values:
        triangle = {"type": "point", "shape": "triangle-down", "filled": True, "size": 32}
        yield {
            "data": {"values": values},
            "mark": {**triangle, "color": colours["text"], "y": -4, "opacity": 1},
            "encoding": {**place, **_TEXT},
        }


def _weekday(bar: Bar) -> int:
    return date.fromisoformat(bar.label).weekday()


def _unknown(panel: Panel, place: Spec, size: Size, colours: Mapping[str, str]) -> Iterator[Spec]:
    """Yield a grey band for each unknown bar, with a question mark if there is room."""
    values = [{"bar": bar.label, "text": f"{bar.label}: unknown"} for bar in panel.unknown]
    if values:
        shown: Spec = {"data": {"values": values}, "encoding": {**place, **_TEXT}}
        yield {**shown, "mark": {"type": "bar", "color": colours["line"], **_FULL_HEIGHT}}
        if size.width > _QUESTION_MARK_WIDTH * len(panel.bars):
            text = {"type": "text", "text": "?", "color": colours["quiet"], "fontSize": 12}
            yield {**shown, "mark": {**text, "y": "height", "dy": -8}}


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


def _names(panel: Panel, size: Size) -> Spec:
    """Return the axis that names the bars, with as many days or months as there is room for."""
    if panel.horizontal:
        return {
            "labelAlign": "left",
            "labelPadding": -4,
            "labelOffset": -_HORIZONTAL_BAR_HEIGHT / 2 + 6,
            "labelLimit": 0.75 * size.width,  # leave room: the reader's font can be wider
            "domain": False,
            "ticks": False,
            "labelColor": None,
        }
    by_day = panel.is_daily and len(panel.bars) < 300
    form = "%-d %b" if by_day else "%b %Y"  # Vega's format, so "%-d" works on every platform
    # Weeks begin on Mondays. A few days are all named.
    named = [bar for bar in panel.bars if by_day and _weekday(bar) == 0]
    if not by_day or len(panel.bars) <= size.labels:
        named = list(panel.bars)
    step = -(-len(named) // size.labels) or 1
    return {
        "values": [bar.label for bar in named[::step]],
        "labelAngle": 0,
        "labelExpr": f"utcFormat(toDate(datum.value), '{form}')",
        "labelPadding": 6,
    }


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


def _amounts(panel: Panel) -> Spec:
    """Return the axis of values, labelled like figures: `-$1.5K`."""
    # The name of a currency comes from the API: quote it, so that it cannot become code.
    before, after = json.dumps(panel.unit.prefix), json.dumps(_scale(panel)[1])
    return {
        "labelExpr": f"(datum.value < 0 ? '-' : '') + {before} + format(abs(datum.value), ',~g')"
        f" + (datum.value == 0 ? '' : {after})",
        "tickCount": 5,
        "domain": False,
        "ticks": False,
    }
