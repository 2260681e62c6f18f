"""CombinedClient: read several organizations as if they were one, with a label on each result."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Self, TypeVar, cast

import msgspec

from openai_usage._combined_buckets import Clients, CombinedBuckets
from openai_usage._http.config import OnGap
from openai_usage._pagination.at_once import for_each
from openai_usage._text import listed
from openai_usage.buckets import Buckets
from openai_usage.client import AsyncUsageClient
from openai_usage.endpoints import Endpoint
from openai_usage.errors import ONE_ORGANIZATION, InvalidQueryError
from openai_usage.schema.range_query import RangeQuery
from openai_usage.unread_organizations import UnreadOrganization

if TYPE_CHECKING:
    from openai_usage.limits import Limits
    from openai_usage.names import Names, WorkKind

__all__ = ["CombinedClient"]

R = TypeVar("R")


class CombinedClient(AsyncUsageClient):
    """Read several organizations with the methods of `AsyncUsageClient`, as if they were one.

    A bucket has the results of all organizations. Their attribute `organization` is the label, and
    tables have a column of this name. `Organizations.combined()` returns such a client::

        async with Organizations.from_file("organizations.toml") as organizations:
            made = await report(organizations.combined(), days_ago(90))

    Every organization is read whole before the first bucket is yielded. So an organization that
    cannot be read is left out whole. A bucket that an organization lacks is a gap, as if nothing
    were known of it, because a sum of the others would be wrong. A page has the whole range,
    whatever its `limit`. Limits of spending belong to one organization, and cannot be read here.

    Args:
        clients: A client for each organization, by label. Closing this client leaves them open.
        on_gap: The reaction if an organization lacks a bucket, as for a client.
        skip_unread: If an organization cannot be read, yield the results of the others, and add the
            reason to `unread`. Otherwise, and if none can be read, an `OrganizationsError` is
            raised.
        keep_partial: True to yield a bucket that an organization lacks with the results of the
            others, although it is a gap. `unread` has the organization.
    """

    def __init__(
        self,
        clients: Mapping[str, AsyncUsageClient],
        *,
        on_gap: OnGap = "warn",
        skip_unread: bool = False,
        keep_partial: bool = False,
    ) -> None:
        # The key is not one, and is never sent.
        address = "https://organizations.invalid"
        super().__init__("none", base_url=address, organization="", on_gap=on_gap)
        self._transport = self._clients = Clients(
            self._transport.options,
            clients,
            skip_unread=skip_unread,
            keep_partial=keep_partial,
        )

    @property
    def _labels(self) -> Sequence[str]:
        return [*self._clients.by_label]

    def _fresh(self) -> Self:
        clients, options = self._clients, self._clients.options
        return type(self)(
            clients.by_label,
            on_gap=options.on_gap,
            skip_unread=clients.skip_unread,
            keep_partial=clients.keep_partial,
        )

    def _whole(self, *, skip_unread: bool = False) -> Self:
        left_out = {each.organization for each in self.unread if each.error is not None}
        clients = {
            label: each for label, each in self._clients.by_label.items() if label not in left_out
        }
        return type(self)(clients, on_gap=self._clients.options.on_gap, skip_unread=skip_unread)

    @property
    def _unread(self) -> Sequence[UnreadOrganization]:
        return self.unread

    @property
    def unread(self) -> Sequence[UnreadOrganization]:
        """The parts that could not be read so far. Each query adds its own."""
        return self._clients.unread

    @property
    def base_url(self) -> str:
        """The labels of the organizations, since each can have another address."""
        return self._source

    @property
    def _source(self) -> str:
        names = [*self._clients.by_label]
        if self._is_copy:
            names = [each._source for each in self._clients.by_label.values()]  # noqa: SLF001
        return listed(names or ["no organization"], "and")

    def _response(self, endpoint: Endpoint[..., R], query: RangeQuery) -> Buckets[R]:
        return CombinedBuckets(self._clients, endpoint, query)

    @property
    def _is_copy(self) -> bool:
        return any(each._is_copy for each in self._clients.by_label.values())  # noqa: SLF001

    async def _names(
        self,
        *,
        personal: bool,
        kinds: "Collection[WorkKind]",
        project_ids: Collection[str] | None,
    ) -> "Names":
        from openai_usage.names import Names  # noqa: PLC0415 - on use

        async def names_of(client: AsyncUsageClient) -> Names:
            own = project_ids
            if project_ids is not None and "api_keys" in kinds:
                # An organization would reject a request for the keys of another one's project.
                projects = await client.names(kinds=["projects"])
                own = [each for each in project_ids if each in projects.known or projects.unread]
            return await client.names(personal=personal, kinds=kinds, project_ids=own)

        found = await for_each(self._clients.by_label, names_of)
        return Names(
            known={id_: name for names in found.values() for id_, name in names.known.items()},
            unread=tuple(
                msgspec.structs.replace(each, path=f"{label}: {each.path}")
                for label, names in found.items()
                for each in names.unread
            ),
            kinds=tuple(kinds),
            personal=personal,
        )

    async def _limits(self, project_ids: Collection[str] | None) -> "Limits":  # noqa: ARG002
        raise InvalidQueryError(
            "limits belong to one organization, and cannot be read for several together.",
            param="limits",
            hint=ONE_ORGANIZATION,
        )


def with_organization(row: Endpoint[..., R]) -> Endpoint[..., R]:
    """Return a row of the endpoint table whose results have the label of an organization."""

    class Result(row.result):  # type: ignore[name-defined,misc]
        organization: str | None = None

    Result.__name__ = Result.__qualname__ = row.result.__name__
    Result.__doc__ = row.result.__doc__
    labelled: Endpoint[..., R] = Endpoint(row.path, row.query, cast("type[R]", Result))
    labelled.name = row.name
    return labelled


for _row in AsyncUsageClient.table().values():
    _labelled = with_organization(_row)
    setattr(CombinedClient, _row.name, _labelled)
    globals()[_labelled.result.__name__] = _labelled.result  # where pickle looks for it
