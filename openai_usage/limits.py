"""Limits: the hard limits and alert thresholds that an organization has set for its spending."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from attrs import field, frozen

from openai_usage.schema.model import Model
from openai_usage.schema.results import Amount
from openai_usage.schema.unread import Unread

__all__ = ["Limits", "SpendAlert", "SpendLimit", "SpendLimits", "UnreadLimit"]

Kind: TypeAlias = Literal["projects", "spend_limit", "spend_alerts"]
"""The kind of a request: the list of projects, a hard limit, or a list of alerts."""


class _Threshold(Model):
    amount: Amount
    """The amount of money for each `interval`, exact: dollars, while the API sends cents."""
    interval: str
    """The interval in which spending is counted. The API documents only `month`. Any other is kept
    as it came."""

    @property
    def monthly(self) -> Amount | None:
        """The `amount` if its interval is a month, to compare a month's spending with it.

        None if the interval is another one: this package does not convert it.
        """
        return self.amount if self.interval == "month" else None


class SpendLimit(_Threshold):
    """A hard limit of spending."""

    enforcement: str
    """`enforcing`, `inactive` or a newer word of the API, which documents it as "whether the hard
    spend limit is currently enforcing". It does not say what a limit is that is not reached yet."""


class SpendAlert(_Threshold):
    """A threshold of spending at which the API notifies people. They are not requested here."""

    id: str
    """The id of the alert."""


class SpendLimits(Model):
    """The limits of the organization as a whole, or of one project."""

    limit: SpendLimit | None = None
    """The hard limit. None if none is set, or if it is in `unread` of the `Limits`."""
    alerts: tuple[SpendAlert, ...] = ()
    """The alerts, in the order of the API."""


class UnreadLimit(Unread):
    """A limit or a list that could not be read. `str()` says which one, and why."""

    kind: Kind
    """`spend_limit`, `spend_alerts`, or `projects` if it is not known which projects there are."""
    project_id: str | None = None
    """The project. None for the organization, and for the list of projects."""


@frozen(kw_only=True, repr=False)
class Limits:
    """The limits of an organization and of its projects."""

    organization: SpendLimits
    """The limits of the organization as a whole."""
    projects: Mapping[str, SpendLimits] = field(repr=False)
    """The limits of each project that was asked for, by its id."""
    unread: tuple[UnreadLimit, ...] = ()
    """The limits and lists that could not be read. Any other `limit` of None is not set."""

    def __repr__(self) -> str:
        return (
            f"<Limits of the organization and {len(self.projects)} projects, "
            f"{len(self.unread)} unread>"
        )
