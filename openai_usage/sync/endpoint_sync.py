"""Sync one endpoint of one organization: read it chunk by chunk, and replace each in the sink."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property

import pyarrow as pa
from attrs import evolve, frozen

from openai_usage._gap_text import describe_gaps
from openai_usage._pagination.continuity import LATE, find_gaps
from openai_usage.arrow import record_batch
from openai_usage.buckets import Buckets
from openai_usage.client import AsyncUsageClient
from openai_usage.errors import APIError, APIStatusError, ColumnError, PaginationError, SyncError
from openai_usage.gaps import Gap
from openai_usage.schema.pages import Bucket
from openai_usage.schema.settling import settles_after
from openai_usage.schema.windows import Window
from openai_usage.sync.changes import changes_between, changes_table
from openai_usage.sync.layouts import Layout
from openai_usage.sync.range_to_read import chunks_of, first_to_read
from openai_usage.sync.results import Change, Failed, Synced
from openai_usage.sync.sink import State
from openai_usage.sync.store import Store


@frozen
class EndpointSync:
    """The sync of one endpoint of one organization."""

    label: str
    """The label of the organization."""
    client: AsyncUsageClient
    name: str
    """The name of the endpoint."""
    layout: Layout
    start_time: int
    """The start of the copy, in Unix seconds."""
    rebuild: bool = False
    """True if the rows that the copy has are removed first."""

    async def run(self, store: Store) -> Synced | Failed:
        """Read what can have changed, and replace it."""
        now = int(time.time())
        before = None
        if not self.rebuild:
            before = await store.run(lambda: store.sink.state(self.name, self.label))
        run = _Run(self, store, now, before and before.not_after(now))
        try:
            return await run.result()
        except (APIError, ColumnError) as error:
            return Failed(organization=self.label, endpoint=self.name, error=error)

    def query(self, start_time: int, end_time: int | None = None) -> Buckets[object]:
        """Return the buckets of a range."""
        return self.client.query(
            self.name,
            start_time=start_time,
            end_time=end_time,
            bucket_width=self.layout.bucket_width,
            # An empty list would be sent as nothing, too.
            **({"group_by": self.layout.group_by} if self.layout.group_by else {}),
        )

    @cached_property
    def whole(self) -> Buckets[object]:
        """The buckets of the whole copy."""
        return self.query(self.start_time)

    @property
    def width(self) -> int:
        """The seconds in a bucket."""
        return self.layout.width

    @property
    def margin(self) -> int:
        """The seconds after its end at which a bucket is settled."""
        return int(settles_after(self.whole.endpoint.result).total_seconds())


class _Run:
    """One run of the sync of an endpoint, with what was stored before it."""

    def __init__(self, sync: EndpointSync, store: Store, now: int, before: State | None) -> None:
        self.sync = sync
        self.store = store
        self.now = now
        self.before = before
        self.state = before
        self.rows = 0
        self.changes: list[Change] = []

    async def result(self) -> Synced:
        """Read and replace every chunk."""
        start = first_to_read(self.sync.whole.query, self.before, self.now)
        try:
            await self._chunks(start)
        except APIStatusError as error:
            if self.before is None or error.earliest_start is None or self.rows:
                raise
            # The API does not go back that far any more. The copy keeps what it has of that time.
            width = self.sync.width
            start = max(start, -(-error.earliest_start // width) * width)
            if start > self.before.read_until:  # what is between would be lost without a trace
                raise
            await self._chunks(start)
        return Synced(
            organization=self.sync.label,
            endpoint=self.sync.name,
            start_time=start,
            end_time=self.now,
            rows=self.rows,
            changes=self.changes,
        )

    async def _chunks(self, start: int) -> None:
        for chunk in chunks_of(self.sync.whole.query, start, self.now):
            buckets = await self._read(chunk)
            if buckets:
                await self._replace(start, chunk.start_time, buckets)

    async def _read(self, chunk: Window) -> Sequence[Bucket[object]]:
        """Return the buckets of a chunk, without the latest if the API does not have them yet.

        Raises:
            PaginationError: Another bucket is missing, so what was used then is unknown.
        """
        buckets = await self.sync.query(chunk.start_time, chunk.end_time).concurrently().collect()
        for gap in find_gaps(buckets, chunk.start_time, chunk.end_time, self.sync.width):
            start, end = gap.start_time, gap.end_time
            if start <= self.now - LATE or end < self.now:
                found = Gap(endpoint=self.sync.name, start_time=start, end_time=end)
                raise PaginationError(*describe_gaps([found]))
        return buckets

    async def _replace(self, first: int, start: int, buckets: Sequence[Bucket[object]]) -> None:
        """Replace the buckets of a chunk in the sink, whole, even the one in progress.

        Args:
            first: The start of this run.
            start: The start of the chunk.
            buckets: The buckets of the chunk.
        """
        sync, width = self.sync, self.sync.width
        end = (buckets[-1].start_time // width + 1) * width
        span = Window(start, end)
        if self.before is None:
            await self.store.run(self._reject_second_label)
        state = self._state_after(first, span)
        rows = await asyncio.to_thread(self._rows, buckets)
        is_first = self.state is None

        def replace() -> list[Change]:
            sink = self.store.sink
            changes = self._changes(span, rows)
            about = {"organization": sync.label, "endpoint": sync.name}
            sink.replace(
                sync.name,
                sync.label,
                span,
                rows=rows,
                state=state,
                changes=changes_table(changes, read_at=_utc(self.now), **about),
                rebuild=is_first and sync.rebuild,
            )
            return changes

        self.changes += await self.store.run(replace)
        self.rows += rows.num_rows
        self.state = state

    def _reject_second_label(self) -> None:
        """Reject an organization that is in the copy already, because sums would count it twice.

        Raises:
            SyncError: Another label stands for it.
        """
        name, id_ = self.sync.name, self.sync.client._transport.organization  # noqa: SLF001
        for label in self.store.sink.layouts(name):
            state = self.store.sink.state(name, label)
            if id_ and label != self.sync.label and state and state.organization_id == id_:
                raise SyncError(
                    f"{id_} is in the copy already, with the label {label}.",
                    hint="Use this label, or another file or prefix for a second copy.",
                )

    def _rows(self, buckets: Sequence[Bucket[object]]) -> pa.Table:
        """Return the rows of buckets, with the organization and the time of the read.

        The API can end the bucket in progress at the time of the request. Here all are whole.
        """
        width = self.sync.width
        whole = [
            Bucket(
                start_time=each.start_time,
                end_time=(each.start_time // width + 1) * width,
                results=each.results,
            )
            for each in buckets
        ]
        rows = pa.Table.from_batches([record_batch(self.sync.whole.endpoint, whole)])
        count = rows.num_rows
        labels = pa.array([self.sync.label]).dictionary_encode().take(pa.repeat(0, count))
        read_at = pa.repeat(pa.scalar(_utc(self.now), pa.timestamp("us", tz="UTC")), count)
        return rows.add_column(0, "organization", labels).add_column(1, "read_at", read_at)

    def _changes(self, span: Window, rows: pa.Table) -> list[Change]:
        """Return what changed since the run before, in buckets that were over then."""
        stored = None
        if self.before is not None:
            stored = self.store.sink.rows(self.sync.name, self.sync.label, span)
        if self.before is None or stored is None:
            return []
        over_at = min(self.before.read_at, self.before.read_until)
        return changes_between(
            stored, rows, started=_utc(self.before.started), over_at=_utc(over_at)
        )

    def _state_after(self, first: int, span: Window) -> State:
        """Return the state of the sink with a span, as of the moment of reading.

        Buckets that were not settled then are read again by the next sync, however late it runs.

        Raises:
            SyncError: The key belongs to another organization than the rows of this label.
        """
        sync, before, state = self.sync, self.before, self.state
        read_until = min(span.end_time, self.now)
        new = State(
            layout=str(sync.layout),
            organization_id=sync.client._transport.organization,  # noqa: SLF001 - of the answers
            started=first,
            settled_until=min(read_until, self.now - sync.margin) // sync.width * sync.width,
            read_until=read_until,
            read_at=self.now,
        )
        if before is None or state is None:
            return new
        ids = (before.organization_id, new.organization_id)
        if None not in ids and ids[0] != ids[1]:
            raise SyncError(
                f"the label {sync.label} has rows of {ids[0]}, and the key belongs to {ids[1]}.",
                hint="Use another label for another organization.",
            )
        new = evolve(new, organization_id=new.organization_id or before.organization_id)
        # Until a run that begins earlier has reached the rows of before, they begin where they did.
        new = evolve(
            new,
            started=min(first, state.started) if read_until >= before.started else before.started,
        )
        if read_until >= before.read_until:
            return new
        # What comes after the chunk was read earlier.
        return evolve(new, read_until=before.read_until, read_at=before.read_at)


def _utc(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
