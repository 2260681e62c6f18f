"""Encode a query as the parameters of a URL."""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from openai_usage.schema.range_query import RangeQuery

if TYPE_CHECKING:
    from cattrs import Converter

Params: TypeAlias = list[tuple[str, str]]
"""The parameters of a URL in order, as pairs of name and value."""


@cache
def _converter() -> "Converter":
    # Imported with the first query, because it would slow down `import openai_usage`.
    from cattrs.preconf.msgspec import make_converter  # noqa: PLC0415

    return make_converter()


def to_params(query: RangeQuery) -> Params:
    """Return the URL parameters of *query*, without those that are None."""
    values = _converter().unstructure(query)
    extra = values.pop("extra_query") or {}
    return [pair for name, value in {**values, **extra}.items() for pair in _pairs(name, value)]


def _pairs(name: str, value: object) -> Iterator[tuple[str, str]]:
    match value:
        case None:
            return
        case list() | tuple():
            # The API also accepts `a=1&a=2` and `a=1,2`, but official SDKs send brackets.
            yield from ((f"{name.removesuffix('[]')}[]", str(item)) for item in value)
        case bool():
            yield name, "true" if value else "false"
        case _:
            yield name, str(value)
