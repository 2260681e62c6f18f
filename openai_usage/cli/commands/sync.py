"""`openai-usage sync`: keep a copy of usage and costs that follows the API's revisions."""

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from openai_usage._text import with_full_stop
from openai_usage.cli.options.connection import Connection
from openai_usage.cli.options.flags import flag
from openai_usage.cli.options.time_range import TimeRange
from openai_usage.cli.output.messages import say
from openai_usage.cli.output.sync_text import print_lags, print_synced
from openai_usage.cli.wording import CommandError
from openai_usage.schema.range_query import BucketWidth
from openai_usage.sync import SyncResult
from openai_usage.sync import sync as bring_up_to_date
from openai_usage.sync.duckdb_sink import DuckDBSink
from openai_usage.sync.engine import GROUP_BY

_GROUP = Group("Sync", sort_key=1)
_CONNECTION = Connection()


def sync(
    *,
    to: Annotated[
        str,
        Parameter(
            group=_GROUP,
            help="The place of the copy, such as duckdb:usage.duckdb, a file of DuckDB.",
        ),
    ],
    last: Annotated[
        str | None,
        Parameter(
            group=_GROUP,
            help="The weeks, days, hours or minutes before the first sync that the copy has, such "
            "as 12w or 90d. Default: 90d.",
        ),
    ] = None,
    start: Annotated[
        str | None,
        Parameter(
            name=("--start", "--start-time"),
            group=_GROUP,
            help="The start of the copy, in place of --last: 2025-12-06, 2025-12-06T12:00Z, or "
            "Unix seconds.",
        ),
    ] = None,
    endpoints: Annotated[
        list[str] | None,
        Parameter(
            group=_GROUP,
            consume_multiple=True,
            negative=(),
            help="Only these endpoints, such as costs completions. Default: all.",
        ),
    ] = None,
    bucket_width: Annotated[
        BucketWidth,
        Parameter(group=_GROUP, help="The width of usage buckets. Those of costs are always days."),
    ] = "1d",
    group_by: Annotated[
        list[str] | None,
        Parameter(
            group=_GROUP,
            consume_multiple=True,
            negative=(),
            help="The labels of rows. Each endpoint takes those that it has. Default: "
            f"{' '.join(GROUP_BY)}.",
        ),
    ] = None,
    label: Annotated[
        str, Parameter(group=_GROUP, help="The organization's name in the copy.")
    ] = "default",
    organizations: Annotated[
        Path | None,
        Parameter(
            group=_GROUP,
            help="A TOML file of organizations, each with its own key. Default: that of "
            "OPENAI_USAGE_ORGANIZATIONS, or else the organization of OPENAI_ADMIN_KEY.",
        ),
    ] = None,
    prefix: Annotated[
        str,
        Parameter(
            group=_GROUP, help="The beginning of the names of all tables, for a second copy."
        ),
    ] = "",
    rebuild: Annotated[
        bool,
        flag("Remove what the copy has of these endpoints, and read everything again."),
        Parameter(group=_GROUP),
    ] = False,
    lag: Annotated[
        bool,
        flag(
            "Show how long after the end of buckets the syncs so far have found changes, and send "
            "nothing."
        ),
        Parameter(group=_GROUP),
    ] = False,
    connection: Connection = _CONNECTION,
) -> int:
    """Keep a copy of usage and costs that follows the API's revisions.

    The first sync reads the whole range. Later ones read what is new, what could still change when
    it was read last, and at least the last full page. What is read replaces what the copy had, so
    that rows which were revised or removed are so in the copy, too. A sync that is interrupted
    continues where it was.

    If an endpoint cannot be read, it keeps what it had, and the exit code is 1.
    """
    kind, _, path = to.partition(":")
    if kind != "duckdb" or not path:
        raise CommandError(f"--to takes duckdb:FILE, such as duckdb:usage.duckdb, not {to!r:.60}.")
    span = TimeRange(last="90d" if last is None and start is None else last, start=start)
    start_time, _ = span.span()
    names = None if endpoints is None else [each.replace("-", "_") for each in endpoints]

    async def run(sink: DuckDBSink) -> SyncResult:
        async with connection.clients(organizations, label, reading="what is new") as clients:
            return await bring_up_to_date(
                clients,
                sink,
                start_time=start_time,
                endpoints=names,
                bucket_width=bucket_width,
                group_by=[each for name in group_by or GROUP_BY for each in name.split(",")],
                rebuild=rebuild,
            )

    with DuckDBSink(path, prefix=prefix) as sink:
        if lag:
            print_lags(sink.lags())
            return 0
        result = asyncio.run(run(sink))
    print_synced(result)
    for failed in result.failed:
        say(with_full_stop(str(failed)))
    return 1 if result.failed else 0
