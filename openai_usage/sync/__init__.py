"""Keep a copy of usage and costs that stays right while the API revises them.

Each run reads what is new and what was not settled at the last run, and replaces it in a sink. A
bucket is replaced as a whole, so rows that changed or vanished do so in the copy, too::

    from openai_usage.sync import DuckDBSink, sync

    async with AsyncUsageClient() as client:
        with DuckDBSink("usage.duckdb") as sink:
            result = await sync({"acme": client}, sink, start_time=days_ago(90))

    for each in result.synced:
        print(each)  # acme, costs: 3,287 rows in 90 days, 12 changes

Needs the extra `[arrow]`, and `[duckdb]` for the sink.
"""

from openai_usage.sync.duckdb_sink import DuckDBSink
from openai_usage.sync.engine import sync
from openai_usage.sync.results import Change, Failed, Synced, SyncResult
from openai_usage.sync.sink import Sink, State

__all__ = ["Change", "DuckDBSink", "Failed", "Sink", "State", "SyncResult", "Synced", "sync"]
