"""The words of `--by`: what costs can be broken down by."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from openai_usage.analysis.charges import Dimension

Word: TypeAlias = Literal[
    "organization", "model", "project", "kind", "product", "line-item", "user", "key"
]
"""A word that people type."""

_DIMENSIONS: dict[Word, Dimension] = {
    "organization": "organization",
    "model": "model",
    "project": "project_id",
    "kind": "kind",
    "product": "product",
    "line-item": "line_item",
    "user": "user_id",
    "key": "api_key_id",
}
"""The label of costs for each word."""


def dimensions_of(words: Sequence[Word]) -> list[Dimension]:
    """Return the labels of costs that are meant by *words*."""
    return [_DIMENSIONS[word] for word in dict.fromkeys(words)]
