"""The words of `--by`: what costs can be broken down by."""

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from openai_usage.analysis.spending import Dimension

Word: TypeAlias = Literal["model", "project", "kind", "product", "line-item", "user", "key"]
"""A word that people type."""

Field: TypeAlias = Literal["project_id", "line_item", "user_id", "api_key_id"]
"""A field that the API can group costs by."""

_DIMENSIONS: dict[Word, Dimension] = {
    "model": "model",
    "project": "project_id",
    "kind": "kind",
    "product": "product",
    "line-item": "line_item",
    "user": "user_id",
    "key": "api_key_id",
}
"""The label of costs for each word."""

_FIELDS: dict[Dimension, Field] = {
    "model": "line_item",
    "project_id": "project_id",
    "kind": "line_item",
    "product": "line_item",
    "line_item": "line_item",
    "user_id": "user_id",
    "api_key_id": "api_key_id",
}
"""The field by which the API has to group costs, for each label."""


def dimensions_of(words: Sequence[Word]) -> list[Dimension]:
    """Return the labels of costs that are meant by *words*."""
    return [_DIMENSIONS[word] for word in dict.fromkeys(words)]


def fields_of(dimensions: Iterable[Dimension]) -> list[Field]:
    """Return the fields by which the API has to group costs for these labels."""
    return list(dict.fromkeys(_FIELDS[each] for each in dimensions))
