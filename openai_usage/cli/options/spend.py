"""Options of `spend`: the month, what it is broken down by, and how much is shown."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Self

from attrs import evolve, frozen
from cyclopts import Group, Parameter

from openai_usage import month_start
from openai_usage.analysis.charges import Dimension, Field, fields_of
from openai_usage.cli.options.dimensions import Word, by_organization, dimensions_of
from openai_usage.cli.options.flags import flag
from openai_usage.cli.options.time_range import month_of
from openai_usage.cli.wording import CommandError

_GROUP = Group("Spending", sort_key=1)


@Parameter(name="*", group=_GROUP)
@frozen(kw_only=True)
class SpendOptions:
    """Options for the month and its parts."""

    month: Annotated[
        str | None,
        Parameter(help="A month in UTC, such as 2026-10. Default: this month, up to now."),
    ] = None
    by: Annotated[
        Sequence[Word],
        Parameter(
            help="What the spending is broken down by; several are possible.",
            consume_multiple=True,
            negative_iterable=(),
        ),
    ] = ("model", "project")
    top: Annotated[
        int, Parameter(help="Lines for each breakdown; the rest is one more line: 41 more.")
    ] = 4
    project_ids: Annotated[
        Sequence[str] | None,
        Parameter(help="Only these projects.", consume_multiple=True, negative_iterable=()),
    ] = None
    limits: Annotated[
        bool,
        flag(
            "Read the organization's own limit of spending and its alerts, and say when they are "
            "reached at this rate."
        ),
    ] = False
    unusual: Annotated[
        bool,
        flag(
            "Look for days that differ from the same weekdays of the eight weeks before. With "
            "--check, exit with 6 if yesterday is one, or the day before."
        ),
    ] = False
    details: Annotated[
        bool, flag("Also show every day, both months in full, and how the month is projected.")
    ] = False

    def for_organizations(self, labels: Sequence[str]) -> Self:
        """Return these options for several organizations, which come first.

        Raises:
            CommandError: The options need several organizations, or only one.
        """
        if labels and self.limits:
            raise CommandError(
                "--limits is only possible for one organization. Choose it with --organization "
                "LABEL."
            )
        return evolve(self, by=by_organization(self.by, labels))

    def validate(self) -> None:
        """Reject invalid options before a request is sent.

        Raises:
            CommandError: `--top` is not positive.
        """
        if self.top < 1:
            raise CommandError(f"--top takes a positive number, not {self.top}.")

    @property
    def dimensions(self) -> Sequence[Dimension]:
        """The labels of costs that the spending is broken down by."""
        return dimensions_of(self.by)

    @property
    def all_dimensions(self) -> Sequence[Dimension]:
        """The labels of costs that are known, because they are needed for `dimensions`."""
        return list(dict.fromkeys([*self.dimensions, *self.group_by]))

    @property
    def group_by(self) -> Sequence[Field]:
        """The fields by which the API has to group costs."""
        return fields_of(self.dimensions)

    @property
    def first_day(self) -> date:
        """The first day of the month.

        Raises:
            CommandError: The month is not a month, or has not begun yet.
        """
        return (month_start() if self.month is None else month_of(self.month)).date()
