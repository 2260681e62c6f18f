"""Labels: what the gauges of usage and costs are broken down by."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, TypeAlias, cast

from openai_usage.analysis.charges import Dimension, fields_of
from openai_usage.endpoints import Endpoint
from openai_usage.errors import ALLOW_PERSONAL, InvalidQueryError
from openai_usage.schema.columns import columns_of
from openai_usage.schema.validation import validate

__all__ = [
    "DIMENSIONS",
    "NAMED",
    "PERSONAL",
    "Label",
    "group_by_of",
    "labels_of",
    "validate_labels",
]

Label: TypeAlias = Literal["project", "model", "kind", "product", "line_item", "user", "key"]
"""A label of the gauges. Only costs have `kind`, `product` and `line_item`."""

DIMENSIONS: Mapping[Label, Dimension] = {
    "project": "project_id",
    "model": "model",
    "kind": "kind",
    "product": "product",
    "line_item": "line_item",
    "user": "user_id",
    "key": "api_key_id",
}
"""The label of results for each label of gauges."""

NAMED: Sequence[Label] = ("project", "user", "key")
"""The labels whose values are ids, which have names."""

PERSONAL: Sequence[Label] = ("user", "key")
"""The labels that belong to people."""


def labels_of(endpoint: Endpoint[..., object], labels: Sequence[Label]) -> list[Label]:
    """Return those of *labels* that the results of an endpoint have."""
    columns = {each.name for each in columns_of(endpoint.result)}
    return [each for each in labels if DIMENSIONS[each] in columns]


def group_by_of(endpoint: Endpoint[..., object], labels: Sequence[Label]) -> list[str]:
    """Return the fields by which the API has to group results for these labels.

    A label that the API cannot group by, such as the model of costs, is a part of the line item.
    """
    dimensions: list[Dimension] = [DIMENSIONS[each] for each in labels_of(endpoint, labels)]
    derived: list[Dimension] = [each for each in dimensions if each not in endpoint.group_by]
    return [*(each for each in dimensions if each in endpoint.group_by), *fields_of(derived)]


def validate_labels(labels: Collection[Label], *, personal: bool) -> Sequence[Label]:
    """Return *labels*, each of them once.

    Raises:
        InvalidQueryError: One of them does not exist, or belongs to people.
    """
    chosen = list(
        dict.fromkeys(cast("Sequence[Label]", validate("labels", labels, Sequence[Label])))
    )
    if not personal and not set(PERSONAL).isdisjoint(chosen):
        raise InvalidQueryError(
            "the labels user and key belong to people.", param="labels", hint=ALLOW_PERSONAL
        )
    return chosen
