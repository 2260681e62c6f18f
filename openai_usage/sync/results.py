"""The results of a sync: what each endpoint of each organization came to."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Literal, Self, TypeAlias

from attrs import field, frozen

from openai_usage._number_format import counted
from openai_usage.errors import APIError, ColumnError
from openai_usage.schema.pages import Span

__all__ = ["Change", "Failed", "Kind", "Lag", "SyncResult", "Synced"]

Kind: TypeAlias = Literal["added", "restated", "removed"]
"""The kinds of changes of a bucket."""


@frozen(kw_only=True)
class Change(Span):
    """The total of one measure in a bucket that had been over at an earlier sync."""

    start_time: int
    """The start of the bucket, in Unix seconds."""
    end_time: int
    """The end of the bucket, in Unix seconds."""
    kind: Kind
    """`added` if the bucket was empty before, `removed` if it is now, or else `restated`."""
    measure: str
    """The measure, or `rows` for the number of rows. If only the rows differ, and not their
    totals, it is `rows` with the same number before and after."""
    currency: str | None = None
    """The currency of an amount. None for other measures."""
    before: Decimal
    """The total that was stored, rounded to 12 decimals."""
    after: Decimal
    """The total now, rounded to 12 decimals."""


@frozen(kw_only=True)
class Lag:
    """The time after which buckets of an endpoint still changed."""

    endpoint: str
    """The name of the endpoint."""
    buckets: int
    """The number of buckets that changed after they were over."""
    latest: timedelta
    """The longest time from the end of a bucket to the sync that found a change. Syncs are some
    time apart, so the change itself was earlier."""


@frozen(kw_only=True)
class Synced(Span):
    """An endpoint of an organization that was read and stored."""

    organization: str
    """The label of the organization."""
    endpoint: str
    """The name of the endpoint: `costs`."""
    start_time: int
    """The start of what was read, in Unix seconds."""
    end_time: int
    """The end of what was read, in Unix seconds."""
    rows: int
    """The rows that were stored."""
    changes: Sequence[Change] = ()
    """The totals that changed, in time order."""

    @property
    def changed_buckets(self) -> int:
        """The buckets that had been over at an earlier sync, and are different now."""
        return len({each.start_time for each in self.changes})

    def __str__(self) -> str:
        found = f"{counted(self.rows, 'row')}, {counted(self.changed_buckets, 'changed bucket')}"
        return f"{self.organization}, {self.endpoint.replace('_', ' ')}: {found}"


@frozen(kw_only=True)
class Failed:
    """An endpoint of an organization that could not be read. What it had stored before stays."""

    organization: str
    """The label of the organization."""
    endpoint: str
    """The name of the endpoint."""
    error: APIError | ColumnError
    """The reason."""

    def __str__(self) -> str:
        return f"{self.organization}, {self.endpoint.replace('_', ' ')}: {self.error}"


@frozen(kw_only=True)
class SyncResult:
    """The result of a sync, in the order of the organizations and of the endpoint table."""

    synced: Sequence[Synced] = field(factory=list)
    """The endpoints that were read and stored."""
    failed: Sequence[Failed] = field(factory=list)
    """The endpoints that could not be read. The next sync begins where these ended."""

    @classmethod
    def of(cls, results: Iterable[Synced | Failed]) -> Self:
        """Return the result that consists of the *results* of endpoints."""
        found = list(results)
        return cls(
            synced=[each for each in found if isinstance(each, Synced)],
            failed=[each for each in found if isinstance(each, Failed)],
        )

    @property
    def rows(self) -> int:
        """The rows that were stored."""
        return sum(each.rows for each in self.synced)

    @property
    def changed_buckets(self) -> int:
        """The buckets that had been over at an earlier sync, and are different now."""
        return sum(each.changed_buckets for each in self.synced)
