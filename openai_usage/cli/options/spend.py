"""Options of `spend`: the month, what it is broken down by, and how much is shown."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated

from attrs import frozen
from cyclopts import Group, Parameter

from openai_usage.analysis.spending import Dimension
from openai_usage.cli.options.dimensions import Field, Word, dimensions_of, fields_of
from openai_usage.cli.options.flags import flag
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

    def first_day(self, today: date) -> date:
        """Return the first day of the month.

        Raises:
            CommandError: The month is not a month, or has not begun yet.
        """
        if self.month is None:
            return today.replace(day=1)
        if not re.fullmatch("20[0-9]{2}-(0[1-9]|1[0-2])", self.month):
            raise CommandError(f"--month takes a month such as 2026-10, not {self.month!r:.40}.")
        first = date.fromisoformat(f"{self.month}-01")
        if first > today:
            raise CommandError(f"--month {self.month} has not begun yet. Use an earlier month.")
        return first
