"""Name the measures of an endpoint: the figures that its results have."""

from collections.abc import Sequence
from decimal import Decimal
from typing import cast

import attrs
from attrs import frozen

from openai_usage import Endpoint
from openai_usage.schema.columns import columns_of
from openai_usage.schema.validation import choose

__all__ = ["Measure", "main_of", "measures_of"]

_FIGURES = (int, float, Decimal)


@frozen
class Measure:
    """A figure of the results of an endpoint."""

    name: str
    unit: str | None
    """`bytes`, `seconds`, or None for a count."""
    adds_up: bool
    """True if figures of several buckets can be added, false for a level such as stored bytes."""


def measures_of(
    results: Endpoint[..., object] | type, names: Sequence[str] | None = None
) -> list[Measure]:
    """Return the measures *names* of a class of results, from the metadata of its fields.

    The default is every measure that all results of the class have.

    Raises:
        InvalidQueryError: A measure does not exist.
    """
    result = results.result if isinstance(results, Endpoint) else results
    fields = attrs.fields_dict(cast("type[attrs.AttrsInstance]", result))
    if names is None:
        names = [name for name, field in fields.items() if field.default is attrs.NOTHING]
    else:
        figures = [each.name for each in columns_of(result) if each.kind in _FIGURES]
        names = [choose("measures", name, figures) for name in names]
    return [
        Measure(name, notes.get("unit"), notes.get("adds_up", True))
        for name, notes in ((name, fields[name].metadata) for name in names)
    ]


def main_of(measures: Sequence[Measure]) -> Measure:
    """Return the measure that gives the size of a group: not the requests if there is another.

    Raises:
        ValueError: *measures* is empty.
    """
    if not measures:
        raise ValueError("results without measures cannot be added up.")
    return next((each for each in measures if each.name != "num_model_requests"), measures[0])
