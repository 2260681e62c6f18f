"""Sync one endpoint of one organization: read it chunk by chunk, and replace each in the sink."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property

import pyarrow as pa
from attrs import evolve, frozen

from openai_usage._pagination.continuity import LATE, find_gaps
from openai_usage.arrow import record_batch
from openai_usage.buckets import Buckets
from openai_usage.client import AsyncUsageClient
from openai_usage.errors import APIError, ColumnError, PaginationError
from openai_usage.gaps import Gap
from openai_usage.schema.pages import Bucket
from openai_usage.schema.settling import settles_after
from openai_usage.schema.windows import SECONDS, Window
from openai_usage.sync.changes import changes_between, changes_table
from openai_usage.sync.chunks import chunks_of, first_to_read
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
    params: Mapping[str, object]
    """The parameters of the query, without an end."""

    @cached_property
    def whole(self) -> Buckets[object]:
        """The buckets of the whole copy."""
        return self.client.query(self.name, **self.params)

    @property
    def layout(self) -> str:
        """The bucket width and the grouping: `1d by project_id, line_item`."""
        group_by = getattr(self.whole.query, "group_by", None) or ()
        return f"{self.whole.query.bucket_width} by {', '.join(group_by)}".removesuffix(" by ")

    @property
    def _width(self) -> int:
        return SECONDS[self.whole.query.bucket_width]

    async def run(self, store: Store) -> Synced | Failed:
        """Read what can have changed, and replace it."""
        now = int(time.time())
        state = await store.run(lambda: store.sink.state(self.name, self.label))
        start = first_to_read(self.whole.query, state, now)
        rows, changes = 0, list[Change]()
        try:
            for chunk in chunks_of(self.whole.query, start, now):
                read = await self._read(chunk, now)
                state, changed = await self._replace(store, chunk, read, state, now)
                rows, changes = rows + read.num_rows, changes + changed
        except (APIError, ColumnError) as error:
            return Failed(organization=self.label, endpoint=self.name, error=error)
        return Synced(
            organization=self.label,
            endpoint=self.name,
            start_time=start,
            end_time=now,
            rows=rows,
            changes=changes,
        )

    async def _read(self, chunk: Window, now: int) -> pa.Table:
        """Return the rows of a chunk, with the organization and the time of the read.

        Raises:
            PaginationError: A bucket is missing, so what was used then is unknown.
        """
        span: dict[str, object] = {"start_time": chunk.start_time, "end_time": chunk.end_time}
        query = self.client.query(self.name, **{**self.params, **span})
        buckets = await query.concurrently().collect()
        self._reject_gaps(buckets, chunk, now)
        return await asyncio.to_thread(self._rows, buckets, now)

    def _reject_gaps(self, buckets: Sequence[Bucket[object]], chunk: Window, now: int) -> None:
        """Reject missing buckets, unless they are the latest, which can still come."""
        for gap in find_gaps(buckets, chunk.start_time, chunk.end_time, self._width):
            start, end = gap.start_time, gap.end_time
            if start <= now - LATE or end < chunk.end_time:
                raise PaginationError(f"{Gap(endpoint=self.name, start_time=start, end_time=end)}.")

    def _rows(self, buckets: Sequence[Bucket[object]], now: int) -> pa.Table:
        rows = pa.Table.from_batches([record_batch(self.whole.endpoint, buckets)])
        labels = pa.array([self.label]).dictionary_encode().take(pa.repeat(0, rows.num_rows))
        read_at = pa.repeat(pa.scalar(_utc(now), pa.timestamp("us", tz="UTC")), rows.num_rows)
        return rows.add_column(0, "organization", labels).add_column(1, "read_at", read_at)

    async def _replace(
        self, store: Store, chunk: Window, rows: pa.Table, state: State | None, now: int
    ) -> tuple[State, list[Change]]:
        """Replace a chunk in the sink. Return the new state, and what changed."""
        # A bucket is replaced as a whole, even if it is in progress.
        span = Window(chunk.start_time, -(-chunk.end_time // self._width) * self._width)
        new = self._state(chunk, state, now)

        def replace() -> list[Change]:
            name, label = self.name, self.label
            before = store.sink.rows(name, label, span)
            changes = list[Change]()
            if state is not None and before is not None:
                started, over_at = map(_utc, (state.started, min(state.read_at, state.read_until)))
                changes = changes_between(before, rows, started=started, over_at=over_at)
            table = changes_table(changes, read_at=_utc(now), organization=label, endpoint=name)
            store.sink.replace(name, label, span, rows=rows, state=new, changes=table)
            return changes

        return new, await store.run(replace)

    def _state(self, chunk: Window, before: State | None, now: int) -> State:
        """Return the state of the sink with *chunk*, as of the moment of reading.

        Buckets that were not settled then are read again by the next sync, however late it runs.
        """
        margin = int(settles_after(self.whole.endpoint.result).total_seconds())
        state = State(
            layout=self.layout,
            started=chunk.start_time,
            settled_until=min(chunk.end_time, now - margin) // self._width * self._width,
            read_until=chunk.end_time,
            read_at=now,
        )
        if before is None:
            return state
        state = evolve(state, started=min(chunk.start_time, before.started))
        if chunk.end_time >= before.read_until:
            return state
        # What comes after the chunk was read earlier.
        return evolve(state, read_until=before.read_until, read_at=before.read_at)


def _utc(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
