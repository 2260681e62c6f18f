"""Keep a copy of usage and costs that stays right while the API revises them.

Each run reads what is new and what was not settled at the last run, and replaces it in a sink. A
bucket is replaced as a whole, so rows that changed or vanished do so in the copy, too::

    from openai_usage.sync import DuckDBSink, sync

    async with AsyncUsageClient() as client:
        with DuckDBSink("usage.duckdb") as sink:
            result = await sync({"acme": client}, sink, start_time=days_ago(90))

    for each in result.synced:
        print(each)  # acme, costs: 3,287 rows, 12 changed buckets

Needs the extra `[arrow]`, and that of the sink: `[duckdb]`, `[delta]` or `[dlt]`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from openai_usage._extras import require

require("arrow", "pyarrow")

from openai_usage.sync.engine import sync  # noqa: E402 - only once it is known what is missing
from openai_usage.sync.results import Change, Failed, Lag, Synced, SyncResult  # noqa: E402
from openai_usage.sync.sink import Sink, State  # noqa: E402
from openai_usage.sync.synced_client import SyncedClient  # noqa: E402

if TYPE_CHECKING:
    from openai_usage.sync.delta_sink import DeltaSink
    from openai_usage.sync.dlt_sink import DltSink
    from openai_usage.sync.duckdb_sink import DuckDBSink

__all__ = [
    "Change",
    "DeltaSink",
    "DltSink",
    "DuckDBSink",
    "Failed",
    "Lag",
    "Sink",
    "State",
    "SyncResult",
    "Synced",
    "SyncedClient",
    "sync",
]

_SINKS = {"DeltaSink": "delta_sink", "DltSink": "dlt_sink", "DuckDBSink": "duckdb_sink"}
"""The modules of sinks, whose libraries are only needed if they are used."""

if not TYPE_CHECKING:  # type checkers would accept names that do not exist

    def __getattr__(name: str) -> object:
        """Return a sink, whose library is only needed if it is used."""
        if name not in _SINKS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_SINKS[name]}"), name)
