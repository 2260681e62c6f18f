"""CombinedBuckets: read the buckets of several organizations, and merge them by their start."""

import json
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar, cast

import msgspec

from openai_usage._http.config import ClientConfig
from openai_usage._http.no_transport import NoTransport
from openai_usage._pagination.at_once import for_each
from openai_usage._pagination.continuity import Continuity
from openai_usage._pagination.paginator import FetchedPage, Paginator
from openai_usage.buckets import Buckets
from openai_usage.client import AsyncUsageClient
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
from openai_usage.unread_organizations import UnreadOrganization

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Clients(NoTransport):
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

    transport: Clients
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
        every = _merged(found)
        continuity.check_page(every)
        starts = {label: {each.start_time for each in own} for label, own in found.items()}
        common = {
            each.start_time
            for each in every
            if all(each.start_time in own for own in starts.values())
        }
        # A bucket that another organization has is due, however late it is.
        continuity.add_gaps(_windows(each for each in every if each.start_time not in common))
        for label, own in starts.items():
            lacking = _windows(each for each in every if each.start_time not in own)
            self._note(label, gaps=[self.gap(each) for each in lacking])
        buckets = every
        if not self.transport.keep_partial:
            buckets = tuple(each for each in every if each.start_time in common)
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


class CombinedBuckets(Buckets[R_co]):
    """The response to a query of several organizations."""

    _transport: Clients
    _paginator = _CombinedPaginator

    def _reject_following(self) -> None:
        """Raise an error if an organization could be left out of what counts as settled."""
        super()._reject_following()
        clients = self._transport
        if clients.skip_unread or clients.keep_partial:
            raise InvalidQueryError(
                "follow() cannot leave out an organization: a bucket without it would count as "
                "settled.",
                param="skip_unread" if clients.skip_unread else "keep_partial",
                hint="Use combined() without skip_unread and keep_partial.",
            )
        for client in clients.by_label.values():
            client._response(self.endpoint, self.query)._reject_following()  # noqa: SLF001


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


def _windows(buckets: Iterable[Bucket[R]]) -> list[Window]:
    """Return the time of *buckets*, with those that follow each other as one."""
    found: list[Window] = []
    for each in buckets:
        start, end = each.start_time, each.end_time
        if found and found[-1].end_time == start:
            start = found.pop().start_time
        found.append(Window(start, end))
    return found
