"""The engine of a sync: every endpoint of every organization, some of them at the same time."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from attrs import frozen

from openai_usage.client import AsyncUsageClient
from openai_usage.schema.range_query import BucketWidth
from openai_usage.schema.times import Timestamp, unix_seconds
from openai_usage.schema.validation import choose, validate
from openai_usage.sync.endpoint_sync import EndpointSync
from openai_usage.sync.results import Failed, Synced, SyncResult
from openai_usage.sync.sink import Sink
from openai_usage.sync.store import Store

__all__ = ["GROUP_BY", "sync"]

GROUP_BY = ("project_id", "line_item", "model", "batch", "service_tier")
"""The default grouping: what people ask for most, without persons and API keys."""

_AT_ONCE = 8
"""The endpoints that are read at the same time, over all organizations."""


async def sync(
    organizations: Mapping[str, AsyncUsageClient],
    sink: Sink,
    *,
    start_time: Timestamp,
    endpoints: Collection[str] | None = None,
    bucket_width: BucketWidth = "1d",
    group_by: Sequence[str] = GROUP_BY,
    rebuild: bool = False,
    on_result: Callable[[Synced | Failed], None] | None = None,
) -> SyncResult:
    """Bring the copy in *sink* up to date.

    The first sync reads from *start_time* to now. Later ones read what is new, what was not settled
    when it was read last, and at least the last full page: 31 days, 7 days of hours, or a day of
    minutes. Each chunk of some pages is read whole and replaced in one transaction, with the
    watermark at which the next sync begins. So a sync can be killed at any moment. An endpoint that
    cannot be read keeps what it had, and does not stop the others.

    Args:
        organizations: A client for each organization, by a label that is stored with its rows.
        sink: The place that keeps the rows.
        start_time: The start of the copy. If it is earlier than that of the sync before, everything
            is read again.
        endpoints: The names of the endpoints: `costs`, `completions`. Default: all.
        bucket_width: The width of usage buckets. Those of costs are always days.
        group_by: The grouping. Each endpoint takes those that it has.
        rebuild: True to remove what the copy has of the endpoints first. It is needed to change
            the bucket width or the grouping.
        on_result: A function to call with the result of each endpoint as soon as it is known.

    Raises:
        InvalidQueryError: An argument is not valid; nothing was sent.
        SyncError: The copy has other bucket widths or groupings, or cannot be written.
    """
    wanted = _Wanted(unix_seconds(start_time, param="start_time"), bucket_width, group_by)
    syncs = [
        each
        for label, client in organizations.items()
        for each in wanted.of(label, client, endpoints)
    ]
    store = Store(sink)
    for endpoint, layout in dict.fromkeys((each.name, each.layout) for each in syncs):
        await store.prepare(endpoint, layout, rebuild=rebuild)
    at_once = asyncio.Semaphore(_AT_ONCE)

    async def run(each: EndpointSync) -> Synced | Failed:
        async with at_once:
            result = await each.run(store)
        if on_result is not None:
            on_result(result)
        return result

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run(each)) for each in syncs]
    except BaseExceptionGroup as errors:  # the first one has stopped the others
        raise errors.exceptions[0] from None
    return SyncResult.of(task.result() for task in tasks)


@frozen
class _Wanted:
    """The part of every organization that is read."""

    start_time: int
    bucket_width: BucketWidth
    group_by: Sequence[str]

    def of(
        self, label: str, client: AsyncUsageClient, endpoints: Collection[str] | None
    ) -> Iterator[EndpointSync]:
        """Yield the sync of each endpoint of one organization.

        Raises:
            InvalidQueryError: A value is not valid.
        """
        validate("bucket_width", self.bucket_width, BucketWidth)
        table = client.table()
        labels = dict.fromkeys(label for row in table.values() for label in row.group_by)
        group_by = [choose("group_by", each, list(labels)) for each in self.group_by]
        for name in table if endpoints is None else endpoints:
            row = table[choose("endpoints", name, list(table))]
            widths = row.query_type.page_sizes
            own = [each for each in group_by if each in row.group_by]
            params = {
                "start_time": self.start_time,
                "bucket_width": self.bucket_width if self.bucket_width in widths else "1d",
                **({"group_by": own} if own else {}),
            }
            yield EndpointSync(label, client, row.name, params)
