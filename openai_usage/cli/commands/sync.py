"""`openai-usage sync`: keep a copy of usage and costs that follows the API's revisions."""

import asyncio
import re
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

from openai_usage.cli.options.connection import Connection, ignore
from openai_usage.cli.options.endpoints import Endpoints, names_of
from openai_usage.cli.options.flags import flag
from openai_usage.cli.options.place import EXAMPLES, open_place
from openai_usage.cli.options.time_range import TimeRange
from openai_usage.cli.output.messages import say
from openai_usage.cli.output.sync_text import describe_failed, print_lags, print_synced
from openai_usage.cli.wording import CommandError
from openai_usage.schema.range_query import BucketWidth
from openai_usage.sync.layouts import GROUP_BY

if TYPE_CHECKING:
    from openai_usage.sync import SyncResult
    from openai_usage.sync.stored_sink import StoredSink

_GROUP = Group("Sync", sort_key=1)
_CONNECTION = Connection()


def sync(
    *,
    to: Annotated[
        str,
        Parameter(
            group=_GROUP,
            help=f"The place of the copy, such as {EXAMPLES}.",
        ),
    ],
    last: Annotated[
        str | None,
        Parameter(
            group=_GROUP,
            help="The weeks, days, hours or minutes before the first sync that the copy has, such "
            "as 12w. Default: those of the copy, or else 90d.",
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
    endpoints: Annotated[Endpoints, Parameter(group=_GROUP)] = None,
    bucket_width: Annotated[
        BucketWidth | None,
        Parameter(
            group=_GROUP,
            help="The width of usage buckets. Those of costs are always days. Default: that of the "
            "copy, or else 1d.",
        ),
    ] = None,
    group_by: Annotated[
        list[str] | None,
        Parameter(
            group=_GROUP,
            consume_multiple=True,
            negative=(),
            help="The labels of rows. Each endpoint takes those that it has. Default: those of the "
            f"copy, or else {' '.join(GROUP_BY)}.",
        ),
    ] = None,
    label: Annotated[
        str | None,
        Parameter(
            group=_GROUP,
            help="The name in the copy of the organization of OPENAI_ADMIN_KEY. Default: default; "
            "with --sandbox, sandbox.",
        ),
    ] = None,
    rebuild: Annotated[
        bool,
        flag(
            "Replace what the copy has of these endpoints by what the API still has. What the API "
            "no longer has is lost."
        ),
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
    it was read last, and at least the last full page. What is read replaces what the copy had. So
    the copy follows rows that are revised or removed. A sync that is interrupted continues where
    it was.

    If an endpoint cannot be read, it keeps what it had, and the exit code is 1.
    """
    if connection.from_ is not None:
        raise CommandError("--from is not possible here: a copy is made of the API.")
    of_file = connection.organizations is not None or connection.organization is not None
    if of_file and label is not None:
        raise CommandError(
            "--label and --organizations contradict each other: the file has the labels. Leave out "
            "one of them."
        )
    prefix = connection.prefix
    start_time = None
    if last is not None or start is not None:
        start_time, _ = TimeRange(last=last, start=start).span()
    if label is not None and not re.fullmatch("[a-z0-9-]+", label):
        raise CommandError(f"--label takes small letters, digits and hyphens, not {label!r:.40}.")

    async def run(sink: "StoredSink") -> "SyncResult":
        from openai_usage.sync import sync as bring_up_to_date  # noqa: PLC0415 - needs an extra

        # The engine finds missing buckets itself.
        async with connection.clients(on_gap=ignore, label=label, reading="what is new") as clients:
            return await bring_up_to_date(
                clients,
                sink,
                start_time=start_time,
                endpoints=names_of(endpoints),
                bucket_width=bucket_width,
                group_by=group_by and [each for name in group_by for each in name.split(",")],
                rebuild=rebuild,
            )

    with open_place(to, "--to", prefix=prefix, read_only=lag) as sink:
        if lag:
            print_lags(sink.lags())
            return 0
        try:
            result = asyncio.run(run(sink))
        except KeyboardInterrupt:
            say("interrupted. The next sync goes on from here.")
            return 130
    print_synced(result)
    for sentence in describe_failed(result.failed):
        say(sentence)
    return 1 if result.failed else 0
