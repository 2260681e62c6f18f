"""Sink: a place that keeps rows, with the state of each organization and endpoint."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, Self

from attrs import evolve, frozen

from openai_usage.schema.windows import Window

if TYPE_CHECKING:
    from pyarrow import Table

__all__ = ["Sink", "State"]


@frozen(kw_only=True)
class State:
    """The state of one endpoint of one organization in a sink. It is stored with the rows."""

    layout: str
    """The bucket width and the labels of the rows: `1d by line_item, project_id`."""
    organization_id: str | None = None
    """The id of the organization that answered, if the API said it."""
    started: int
    """The start of the first bucket that was read, in Unix seconds."""
    settled_until: int
    """The watermark: the end of the buckets that were settled when they were read. The next run
    reads from here on, or from before."""
    read_until: int
    """The end of the buckets that were read."""
    read_at: int
    """The time at which the last of them was read."""

    def not_after(self, now: int) -> Self:
        """Return the state without times in the future, which a wrong clock has left."""
        return evolve(
            self,
            settled_until=min(self.settled_until, now),
            read_until=min(self.read_until, now),
            read_at=min(self.read_at, now),
        )


class Sink(Protocol):
    """A place that keeps rows. Its methods block, and are called one at a time, in a thread.

    A table has the rows of one endpoint, of all organizations. Its columns are those of the
    endpoint's Arrow schema, after `organization` and `read_at`.
    """

    def state(self, endpoint: str, organization: str) -> State | None:
        """Return the state of an endpoint, or None if nothing was stored."""

    def layouts(self, endpoint: str) -> Mapping[str, str]:
        """Return the layout of the rows of an endpoint, by organization."""
        ...

    def rows(self, endpoint: str, organization: str, span: Window) -> "Table | None":
        """Return the rows whose buckets start in *span*, or None before their table exists."""

    def replace(
        self,
        endpoint: str,
        organization: str,
        span: Window,
        *,
        rows: "Table",
        state: State,
        changes: "Table",
        rebuild: bool = False,
    ) -> None:
        """Replace the rows whose buckets start in *span*, and store the state and the changes.

        With *rebuild*, first remove all rows and changes of the endpoint and the organization. All
        of it happens in one transaction, or nothing does.
        """
