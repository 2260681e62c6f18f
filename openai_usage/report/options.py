"""The choices of a report, apart from its range."""

from collections.abc import Collection, Sequence
from typing import Literal, Self, TypeAlias, cast, get_args

from attrs import frozen

from openai_usage.analysis.budget import Budget
from openai_usage.errors import InvalidQueryError
from openai_usage.schema.validation import validate

Breakdown: TypeAlias = Literal["model", "project"]
"""A label by which a report breaks down spend."""

BREAKDOWNS: Sequence[Breakdown] = get_args(Breakdown)


@frozen(kw_only=True)
class Options:
    """The choices of a report, apart from its range."""

    group_by: Sequence[Breakdown] = BREAKDOWNS
    """The breakdowns of spend, in the order of the page."""
    project_ids: Sequence[str] = ()
    """The projects. Empty for all."""
    organization_name: str = ""
    """The name in the title. Empty for the one that the API returns."""
    personal: bool = False
    """True if spend is broken down by user and API key, too."""
    is_sample: bool = False
    """True if the data is made up."""
    budgets: Sequence[Budget] = ()
    """The budgets that the costs of the last month are compared with."""

    @classmethod
    def of(
        cls,
        *,
        group_by: Collection[Breakdown] = (),
        project_ids: Collection[str] | None = None,
        organization_name: str | None = None,
        personal: bool = False,
        is_sample: bool = False,
        budgets: Collection[Budget] = (),
    ) -> Self:
        """Return the options, with every breakdown: those of *group_by* first.

        Raises:
            InvalidQueryError: A value is not valid.
        """
        first = cast("Sequence[Breakdown]", validate("group_by", group_by, Sequence[Breakdown]))
        ids = validate("project_ids", project_ids, Sequence[str] | None)
        name = validate("organization_name", organization_name, str | None)
        if budgets and ids:
            raise InvalidQueryError(
                "budgets and project_ids contradict each other: budgets are for all costs of the "
                "organization, a project, a model, a user or a key. Leave out one of them.",
                param="budgets",
            )
        return cls(
            group_by=tuple(dict.fromkeys([*first, *BREAKDOWNS])),
            project_ids=tuple(cast("Sequence[str]", ids or ())),
            organization_name=str(name or ""),
            personal=personal,
            is_sample=is_sample,
            budgets=tuple(budgets),
        )
