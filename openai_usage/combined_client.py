"""CombinedClient: read several organizations as if they were one, with a label on each result."""

import json
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

import msgspec
from attrs import frozen

from openai_usage._http.config import ClientConfig, OnGap
from openai_usage._http.no_transport import NoTransport
from openai_usage._pagination.at_once import for_each
from openai_usage._pagination.continuity import Continuity
from openai_usage._pagination.paginator import FetchedPage, Paginator, continuity_of, due_of
from openai_usage._text import listed
from openai_usage.buckets import Buckets
from openai_usage.client import AsyncUsageClient
from openai_usage.endpoints import Endpoint
from openai_usage.errors import (
    ONE_ORGANIZATION,
    APIError,
    InvalidQueryError,
    OrganizationsError,
    SyncError,
)
from openai_usage.gaps import Gap
from openai_usage.schema.pages import Bucket, Page
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.windows import Window

if TYPE_CHECKING:
    from openai_usage.limits import Limits
    from openai_usage.names import Names, WorkKind

__all__ = ["CombinedClient", "UnreadOrganization"]

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


@frozen(kw_only=True)
class UnreadOrganization:
    """An endpoint of an organization that could not be read, in whole or in part."""

    organization: str
    """The label of the organization."""
    endpoint: str
    """The name of the endpoint."""
    error: APIError | SyncError | None = None
    """The reason if nothing could be read. The results of the organization are left out."""
    gaps: Sequence[Gap] = ()
    """The parts of the range for which only this organization has no bucket."""

    @property
    def what(self) -> str:
        """The endpoint and the organization in words: `costs of acme`."""
        return f"{self.endpoint.replace('_', ' ')} of {self.organization}"


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
        self._transport = self._clients = _Clients(
            self._transport.options,
            clients,
            skip_unread=skip_unread,
            keep_partial=keep_partial,
        )

    @property
    def _labels(self) -> Sequence[str]:
        return [*self._clients.by_label]

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
        return listed([*self._clients.by_label] or ["no organization"], "and")

    def _response(self, endpoint: Endpoint[..., R], query: RangeQuery) -> Buckets[R]:
        return _CombinedBuckets(self._clients, endpoint, query)

    @property
    def _is_copy(self) -> bool:  # type: ignore[override]
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


class _Clients(NoTransport):
    """The clients of several organizations, in place of a connection."""

    def __init__(
        self,
        options: ClientConfig,
        by_label: Mapping[str, AsyncUsageClient],
        *,
        skip_unread: bool,
        keep_partial: bool,
    ) -> None:
        super().__init__(options, "a combined client")
        self.by_label = dict(by_label)
        self.skip_unread = skip_unread
        self.keep_partial = keep_partial
        self.unread: list[UnreadOrganization] = []


class _CombinedPaginator(Paginator[R_co]):
    """Read the pages of all organizations, and return them as one page."""

    transport: _Clients
    windows_at_once: int | None = 1

    async def first_page(self, query: RangeQuery) -> Page[R_co]:
        """Return one page, which has the whole range."""
        [fetched] = [each async for each in self.fetched_pages(query, 1)]
        return fetched.page

    def fetched_pages(
        self, query: RangeQuery, at_once: int | None
    ) -> AsyncGenerator[FetchedPage[R_co], None]:
        """Yield one page, which has the whole range."""
        if query.page is not None:
            raise InvalidQueryError(
                param="page",
                expected="the cursor of one organization",
                hint=ONE_ORGANIZATION,
            )
        self.windows_at_once = at_once
        return super().fetched_pages(query, 1)

    async def _follow_cursors(
        self, query: RangeQuery, continuity: Continuity
    ) -> AsyncGenerator[FetchedPage[R_co], None]:
        found = await self._read(query)
        gaps = {label: _gaps(buckets, query) for label, buckets in found.items()}
        buckets = _merged(found)
        if not self.transport.keep_partial:
            starts = [{each.start_time for each in own} for own in found.values()]
            common = set.intersection(*starts)
            buckets = tuple(each for each in buckets if each.start_time in common)
        continuity.check_page(buckets)
        for label, own in gaps.items():
            # What all of them lack is a gap of the whole.
            lacking = [each for each in own if any(each not in other for other in gaps.values())]
            if self.transport.keep_partial:
                continuity.add_gaps(lacking)
            self._note(label, gaps=[self.gap(each) for each in lacking])
        page = Page(data=buckets, has_more=False)
        yield FetchedPage(page, json.dumps(page.to_dict()).encode() if self.with_bodies else b"")

    async def _read(self, query: RangeQuery) -> Mapping[str, Sequence[Bucket[R_co]]]:
        """Return the buckets of each organization that can be read.

        Raises:
            OrganizationsError: One cannot be read, and it must not be left out.
        """

        async def buckets_of(
            client: AsyncUsageClient,
        ) -> list[Bucket[R_co]] | APIError | SyncError:
            buckets = client._response(self.endpoint, query)  # noqa: SLF001
            buckets = buckets.concurrently(self.windows_at_once)
            buckets._on_gap = _ignore  # noqa: SLF001 - gaps are found here, and have a label then
            try:
                return await buckets.collect()
            except (APIError, SyncError) as error:  # a copy can lack an endpoint
                return error

        answers = await for_each(self.transport.by_label, buckets_of)
        found = {label: each for label, each in answers.items() if isinstance(each, list)}
        errors = {label: each for label, each in answers.items() if not isinstance(each, list)}
        if errors and not (found and self.transport.skip_unread):
            raise OrganizationsError(errors, collected=found)
        for label, error in errors.items():
            self._note(label, error=error)
        return found

    def _note(self, label: str, **reason: Any) -> None:
        if any(reason.values()):
            unread = UnreadOrganization(organization=label, endpoint=self.endpoint.name, **reason)
            self.transport.unread.append(unread)


class _CombinedBuckets(Buckets[R_co]):
    _paginator = _CombinedPaginator


def _ignore(_: Gap) -> None:
    """Leave a gap to the paginator of all organizations."""


def _merged(found: Mapping[str, Iterable[Bucket[R]]]) -> tuple[Bucket[R], ...]:
    """Return the buckets of all organizations in time order, with a label on each result."""
    by_start: dict[int, list[Bucket[R]]] = {}
    for label, buckets in found.items():
        for bucket in buckets:
            for result in bucket.results:
                # Results are frozen for others, who have not seen these yet.
                msgspec.structs.force_setattr(cast("msgspec.Struct", result), "organization", label)
            by_start.setdefault(bucket.start_time, []).append(bucket)
    return tuple(
        Bucket(
            start_time=start,
            # The API can end the bucket in progress at the time of the request.
            end_time=max(each.end_time for each in same),
            results=tuple(chain.from_iterable(each.results for each in same)),
        )
        for start, same in sorted(by_start.items())
    )


def _gaps(buckets: Sequence[Bucket[R]], query: RangeQuery) -> list[Window]:
    """Return the gaps of one organization."""
    continuity = continuity_of(query)
    continuity.check_page(buckets)
    continuity.check_end(due_of(query))
    return continuity.take_gaps()


@cache
def with_organization(row: Endpoint[..., R]) -> Endpoint[..., R]:
    """Return a row of the endpoint table whose results have the label of an organization."""

    class Result(row.result):  # type: ignore[name-defined,misc]
        organization: str | None = None

    Result.__name__ = Result.__qualname__ = row.result.__name__
    Result.__doc__ = row.result.__doc__
    labelled: Endpoint[..., R] = Endpoint(row.path, row.query, Result)
    labelled.name = row.name
    return labelled


for _row in AsyncUsageClient.table().values():
    _labelled = with_organization(_row)
    setattr(CombinedClient, _row.name, _labelled)
    globals()[_labelled.result.__name__] = _labelled.result  # where pickle looks for it
