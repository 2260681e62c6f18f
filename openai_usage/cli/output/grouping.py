"""Grouping: the groups of results that were requested, and the sums that are shown for them."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from attrs import frozen

from openai_usage import Endpoint
from openai_usage.analysis.groups import Totals
from openai_usage.analysis.measures import measures_of
from openai_usage.analysis.periods import PERIODS
from openai_usage.cli.wording import CommandError
from openai_usage.schema.columns import columns_of
from openai_usage.schema.validation import choose

_BUCKET = "start"
"""The period of a row without another one: a bucket."""

_ORGANIZATION = "organization"
"""The first label of results that are read of several organizations."""

_LINE_ITEM = "line_item"
"""The field that costs must be grouped by, so that the model of a cost is known."""


@frozen
class Grouping:
    """The groups of results that were requested, and the sums that are shown for them."""

    by: Sequence[str] = ()
    """The labels as they were typed."""
    sent: Sequence[str] = ()
    """The fields by which the API groups results."""
    is_summed: bool = False
    """True if rows are sums of results, instead of results as the API returns them."""
    top: int | None = None
    """The number of groups that are shown, besides one for the others. None for all."""
    sort: str | None = None
    """The column that rows are ordered by. None for time, then size."""
    total: bool = False
    """True if a row is about the whole range."""

    @classmethod
    def of(
        cls,
        endpoint: Endpoint[..., object],
        by: Sequence[str],
        *,
        top: int | None,
        sort: str | None,
        total: bool,
    ) -> Self:
        """Return the grouping of results of *endpoint*, and of organizations if there are several.

        Raises:
            CommandError: *top* is not positive.
            InvalidQueryError: *sort* does not name a column.
        """
        is_of_several = any(each.name == _ORGANIZATION for each in columns_of(endpoint.result))
        labels = [_ORGANIZATION, *by] if is_of_several else [*by]
        sent = [name for name in by if name in endpoint.group_by]
        if any(name in derived_of(endpoint) for name in by):
            sent.append(_LINE_ITEM)
        is_changed = top is not None or sort is not None or total
        is_summed = is_changed or any(name not in endpoint.group_by for name in by)
        made = cls(
            labels,
            list(dict.fromkeys(sent)),
            is_summed,
            top,
            sort,
            total,
        )
        if top is not None and top < 1:
            raise CommandError(f"--top takes a positive number, not {top}.")
        if sort is not None:
            choose("sort", sort, [*(each.name for each in measures_of(endpoint)), *made.labels])
        return made

    def query(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return *params* for the API: with fields that it knows, and in hours if needed.

        Raises:
            CommandError: The buckets are longer than an hour.
        """
        changed: dict[str, object] = {"group_by": self.sent or None} if self.by else {}
        if "hour" in self.by:
            changed["bucket_width"] = params.get("bucket_width", "1h")
            if changed["bucket_width"] == "1d":
                raise CommandError(
                    "--group-by hour needs shorter buckets. Leave out --bucket-width."
                )
        return {**params, **changed}

    @property
    def has_period(self) -> bool:
        """True if a group is a period, such as a month."""
        return any(name in PERIODS for name in self.by)

    @property
    def lines(self) -> Sequence[str]:
        """The labels of a line in a table: those that were typed. Without any, it is a bucket."""
        return self.by or ([] if self.total else [_BUCKET])

    @property
    def labels(self) -> Sequence[str]:
        """The labels of a row: those that were typed, after the bucket if no period was typed."""
        return self.by if self.total or self.has_period else [_BUCKET, *self.by]

    def with_rest(self, totals: Totals) -> Totals:
        """Return *totals* with one group for all that `--top` leaves out."""
        return totals if self.top is None else totals.top(self.top)

    def arrange(self, totals: Totals) -> Totals:
        """Return the groups of *totals* that are shown, in the order of `--sort`."""
        shown = self.with_rest(totals)
        return shown.largest_first() if self.sort is None else shown.sorted_by(self.sort)


def derived_of(endpoint: Endpoint[..., object]) -> Sequence[str]:
    """Return the labels that are computed from the line item of costs."""
    return tuple(getattr(endpoint.result, "derived", ()))
