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

if TYPE_CHECKING:
    from openai_usage.sync.delta_sink import DeltaSink
    from openai_usage.sync.dlt_sink import DltSink
    from openai_usage.sync.duckdb_sink import DuckDBSink
    from openai_usage.sync.engine import sync
    from openai_usage.sync.results import Change, Failed, Lag, Synced, SyncResult
    from openai_usage.sync.sink import Sink, State
    from openai_usage.sync.synced_client import SyncedClient

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

_MODULES = {
    "DeltaSink": "delta_sink",
    "DltSink": "dlt_sink",
    "DuckDBSink": "duckdb_sink",
    "Sink": "sink",
    "State": "sink",
    "SyncedClient": "synced_client",
    "sync": "engine",
}
"""The modules of the names that are not results."""

_NEEDS = {
    "DeltaSink": ("delta", "deltalake", "pyarrow"),
    "DltSink": ("dlt", "dlt", "pyarrow"),
    "DuckDBSink": ("duckdb", "duckdb", "pyarrow"),
}
"""The extra of each sink, and the libraries that are needed if it is used."""

if not TYPE_CHECKING:  # type checkers would accept names that do not exist

    def __getattr__(name: str) -> object:
        """Return what is imported only if it is used, once it is known what is missing."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        require(*_NEEDS.get(name, ("arrow", "pyarrow")))
        return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'results')}"), name)
