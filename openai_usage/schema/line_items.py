"""Parse line items: the free text that says what a cost was billed for.

The API does not document the text. These forms were recorded in the wild::

    gpt-4.1-2025-04-14, input
    gpt-5-nano, input_tokens
    evals | gpt-4o-mini, output
    assistants api | file search
"""

import re
from functools import lru_cache
from typing import Literal, TypeAlias

from attrs import frozen

__all__ = ["LINE_ITEM_PARTS", "LineItem", "LineItemPart", "line_item_label", "parse_line_item"]

LineItemPart: TypeAlias = Literal["product", "model", "kind"]
"""A part of a line item."""

LINE_ITEM_PARTS: tuple[LineItemPart, ...] = ("product", "model", "kind")
"""The parts of a line item, and the properties of a `CostsResult` that have them."""

_PRODUCT = r"(?P<product>[^|]*[^|\s]) \| "
# Names of models have no blanks; the digit or hyphen tells them from ordinary words.
_MODEL = r"(?P<model>(?=[^\s,|]*[0-9-])[A-Za-z][^\s,|]*)"
_KIND = r"(?P<kind>[^|]*[^|\s])"

_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"(?:{_PRODUCT})?{_MODEL}, {_KIND}",
        rf"(?:{_PRODUCT})?{_MODEL}",
        rf"{_PRODUCT}{_KIND}",
    )
)
"""The known forms of a line item. The first that matches the whole text is used."""

_SPELLINGS = {"input cached": "cached input", "input cache write": "cache write"}
"""The usual spelling of a kind, by other spellings."""


@frozen
class LineItem:
    """The parts of a line item. A part is None if the text does not name it."""

    text: str
    """The line item as the API sent it."""
    product: str | None = None
    """The product that used the model: `evals`, `assistants api`."""
    model: str | None = None
    """The model: `gpt-4.1-2025-04-14`."""
    kind: str | None = None
    """The kind of usage: `input`, `cached input`, `output`, `batch input`, `file search`, …"""


@lru_cache(maxsize=10_000)
def parse_line_item(text: str) -> LineItem:
    """Return the parts of a line item. Text of an unknown form has no parts."""
    match = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
    if match is None:
        return LineItem(text)
    parts = match.groupdict()
    kind = parts.get("kind")
    return LineItem(text, parts.get("product"), parts.get("model"), kind and _spell(kind))


def line_item_label(text: str | None, part: LineItemPart) -> str | None:
    """Return the label of a line item in sums by *part*.

    A line item that names no model stands for itself: it is not merged with others that have
    nothing in common with it.
    """
    if text is None:
        return None
    item = parse_line_item(text)
    found: str | None = getattr(item, part)
    return text if found is None and item.model is None else found


def _spell(kind: str) -> str:
    """Return *kind* in its usual spelling: `input` for `input_tokens`."""
    words = kind.lower().replace("_", " ").removesuffix(" tokens")
    return _SPELLINGS.get(words, words)
