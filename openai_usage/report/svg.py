"""Make the SVG of a chart small, and safe to put into a page."""

import re
from itertools import groupby
from xml.etree import ElementTree as ET

_SVG = "{http://www.w3.org/2000/svg}"

_DROPPED = {"class", "role", "font-family", "pointer-events", "stroke-miterlimit"}
"""The attributes that the page or its style sheet sets instead."""

_DEFAULTS = {"opacity": "1", "stroke-width": "1", "x2": "0", "y2": "0"}
"""Values that are the same as none at all."""

_OWN = ("transform", "d", "x2", "y2")
"""The attributes that an element of a group keeps."""

_INSIGNIFICANT = re.compile(r"(\.\d)\d+")
"""Digits below a tenth of a pixel."""

_ZERO = re.compile(r"\.0(?!\d)")


def compact_svg(text: str, *, titles: bool = True) -> str:
    """Return an SVG without ids or links, and without what cannot be seen.

    Args:
        text: The SVG as Vega renders it.
        titles: Give each bar a title with its text, which browsers show when the pointer rests on
            it. Without titles, the bars of one colour are one path.
    """
    ET.register_namespace("", _SVG.strip("{}"))
    root = ET.fromstring(text)  # noqa: S314 - the SVG was rendered by Vega
    root.attrib = {"viewBox": root.attrib["viewBox"], "aria-hidden": "true"}
    for element in list(root):
        _shorten(element, titles=titles)
    for element in list(root.iter()):
        _group(element)
    return ET.tostring(root, encoding="unicode")


def _shorten(element: ET.Element, *, titles: bool) -> None:
    text = element.attrib.get("aria-label")
    if titles and text and element.attrib.get("aria-roledescription") in ("bar", "point"):
        ET.SubElement(element, f"{_SVG}title").text = text
    element.attrib = {
        name: _ZERO.sub("", _INSIGNIFICANT.sub(r"\1", value))
        for name, value in element.attrib.items()
        if name not in _DROPPED and not name.startswith("aria") and _DEFAULTS.get(name) != value
    }
    for child in list(element):
        _shorten(child, titles=titles)
        if _is_invisible(child):
            element.remove(child)


def _is_invisible(element: ET.Element) -> bool:
    """Return whether an element draws nothing: an empty group, or a path without a colour."""
    if element.tag == f"{_SVG}g":
        return len(element) == 0
    return element.tag == f"{_SVG}path" and not {"fill", "stroke"} & element.attrib.keys()


def _group(parent: ET.Element) -> None:
    """Give elements in a row that look the same one group with their common attributes."""
    children = list(parent)
    for child in children:
        parent.remove(child)
    for (tag, look), alike in groupby(children, key=_look):
        same = list(alike)
        if len(same) == 1 or tag == f"{_SVG}g" or not look:
            parent.extend(same)
        elif tag == f"{_SVG}path" and not any(
            len(each) or "transform" in each.attrib for each in same
        ):
            path = "".join(each.attrib["d"] for each in same)
            ET.SubElement(parent, tag, {**dict(look), "d": path})
        else:
            group = ET.SubElement(parent, f"{_SVG}g", dict(look))
            for each in same:
                each.attrib = {name: each.attrib[name] for name in _OWN if name in each.attrib}
            group.extend(same)


def _look(element: ET.Element) -> tuple[str, tuple[tuple[str, str], ...]]:
    look = {name: value for name, value in element.attrib.items() if name not in _OWN}
    return element.tag, tuple(sorted(look.items()))
