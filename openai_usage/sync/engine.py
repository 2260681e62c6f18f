"""The engine of a sync: every endpoint of every organization, some of them at the same time."""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from openai_usage.client import AsyncUsageClient
from openai_usage.schema.range_query import BucketWidth
from openai_usage.schema.times import Timestamp, days_ago, unix_seconds
from openai_usage.schema.validation import choose, reject, validate
from openai_usage.sync.endpoint_sync import EndpointSync
from openai_usage.sync.layouts import layout_of
from openai_usage.sync.results import Failed, Synced, SyncResult
from openai_usage.sync.sink import Sink
from openai_usage.sync.store import Store

__all__ = ["sync"]

_DAYS = 90
"""The days before the first sync that a copy has by default."""

_AT_ONCE = 64
"""The endpoints that are read at the same time, over all organizations."""

_OF_ONE = 6
"""The endpoints of one organization that are read at the same time, so that a slow one does not
delay the others."""


async def sync(
    organizations: Mapping[str, AsyncUsageClient],
    sink: Sink,
    *,
    start_time: Timestamp | None = None,
    endpoints: Collection[str] | None = None,
    bucket_width: BucketWidth | None = None,
    group_by: Sequence[str] | None = None,
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
            is read again. If it is later, it changes nothing. Default: that of the copy, or else 90
            days ago.
        endpoints: The names of the endpoints: `costs`, `completions`. Default: all.
        bucket_width: The width of usage buckets. Those of costs are always days. Default: that of
            the copy, or else `1d`.
        group_by: The labels. Each endpoint takes those that it has. Default: those of the copy, or
            else `project_id`, `line_item`, `model`, `batch` and `service_tier`.
        rebuild: True to replace the rows of these organizations and endpoints by what the API still
            has. It is needed to change the bucket width or the labels.
        on_result: A function to call with the result of each endpoint as soon as it is known.

    Raises:
        InvalidQueryError: An argument is not valid; nothing was sent.
        SyncError: The copy has another bucket width or other labels, a label stands for another
            organization than before, or the copy cannot be written.
    """
    start = None if start_time is None else unix_seconds(start_time, param="start_time")
    if start is not None and start >= time.time():
        reject("start_time", start, "a time in the past")
    for label in organizations:
        if not re.fullmatch("[a-z0-9-]+", label):
            reject("organizations", label, "labels of small letters, digits and hyphens")
    validate("bucket_width", bucket_width, BucketWidth | None)
    store = Store(sink)
    syncs: list[EndpointSync] = []
    for label, client in organizations.items():
        table = client.table()
        known = dict.fromkeys(name for row in table.values() for name in row.group_by)
        for name in group_by or ():
            choose("group_by", name, list(known))
        for name in table if endpoints is None else endpoints:
            row = table[choose("endpoints", name, list(table))]
            layout = layout_of(
                row,
                await store.run(lambda name=row.name: sink.layouts(name)),  # type: ignore[misc]
                bucket_width=bucket_width,
                group_by=group_by,
                replaced=list(organizations) if rebuild else (),
            )
            begin = await _start_of(store, [row.name, *table], label) if start is None else start
            syncs.append(EndpointSync(label, client, row.name, layout, begin, rebuild))
    at_once = asyncio.Semaphore(_AT_ONCE)
    of_one: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(_OF_ONE))

    async def run(each: EndpointSync) -> Synced | Failed:
        async with of_one[each.label], at_once:
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


async def _start_of(store: Store, endpoints: Iterable[str], label: str) -> int:
    """Return the start of the copy of the first endpoint that has one, or else the default."""
    for endpoint in endpoints:
        state = await store.run(lambda name=endpoint: store.sink.state(name, label))  # type: ignore[misc]
        if state is not None:
            found: int = state.started
            return found
    return unix_seconds(days_ago(_DAYS), param="start_time")
