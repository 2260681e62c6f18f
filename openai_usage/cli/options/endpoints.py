"""The option for the endpoints to read: `--endpoints costs completions`."""

from typing import Annotated, TypeAlias

from cyclopts import Parameter

Endpoints: TypeAlias = Annotated[
    list[str] | None,
    Parameter(
        consume_multiple=True,
        negative=(),
        help="Only these endpoints, such as costs completions. Default: all.",
    ),
]
"""The option."""


def names_of(endpoints: list[str] | None) -> list[str] | None:
    """Return the names of the endpoints as Python spells them, or None for all."""
    return None if endpoints is None else [each.replace("-", "_") for each in endpoints]
