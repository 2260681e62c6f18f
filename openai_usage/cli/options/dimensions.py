"""The words of `--by`: what costs can be broken down by."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from openai_usage.analysis.charges import Dimension
from openai_usage.cli.wording import CommandError

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


def by_organization(words: Sequence[Word], labels: Sequence[str]) -> list[Word]:
    """Return *words* after `organization`, if there are several with these labels.

    Raises:
        CommandError: `organization` was typed, and there is only one.
    """
    if labels:
        return list(dict.fromkeys(["organization", *words]))
    if "organization" in words:
        raise CommandError(
            "--by organization needs several organizations. Add --organizations FILE."
        )
    return [*words]
