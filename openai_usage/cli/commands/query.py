"""Commands for endpoints: query an endpoint and write its results."""

import asyncio
import inspect
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Annotated, Any, Literal

from attrs import NOTHING, Attribute
from cyclopts import Group, Parameter

from openai_usage import AsyncUsageClient, Buckets, Endpoint, Gap, RangeQuery
from openai_usage.cli.ids import find_ids
from openai_usage.cli.options.connection import Connection
from openai_usage.cli.options.names import NameOptions
from openai_usage.cli.options.output import OutputOptions
from openai_usage.cli.options.sums import SumOptions, group_by_option
from openai_usage.cli.options.time_range import TimeRange
from openai_usage.cli.output.messages import say, shows_progress
from openai_usage.cli.output.rows import ResultRows
from openai_usage.cli.output.unread import say_unread
from openai_usage.cli.unmatched import explain_nothing
from openai_usage.cli.wording import CommandError, Interrupted, unwrapped

_GROUP = Group("Query", sort_key=2)
_RANGE, _SUMS, _OUTPUT = TimeRange(), SumOptions(), OutputOptions()
_NAMING, _CONNECTION = NameOptions(), Connection()


def __getattr__(name: str) -> Callable[..., int]:
    """Return the command for an endpoint by its name. Only the one that is called is built."""
    if name not in AsyncUsageClient.table():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return build_command(AsyncUsageClient.table()[name])


def build_command(endpoint: Endpoint[..., object]) -> Callable[..., int]:
    """Return the command for an endpoint; cyclopts reads its options from the signature."""

    def command(
        *,
        range: TimeRange = _RANGE,  # noqa: A002 - what it is
        sums: SumOptions = _SUMS,
        output: OutputOptions = _OUTPUT,
        naming: NameOptions = _NAMING,
        connection: Connection = _CONNECTION,
        concurrency: int | Literal["auto"] = 1,
        **params: Any,
    ) -> int:
        if concurrency != "auto" and concurrency < 1:
            raise CommandError(f"--concurrency takes a positive number or auto, not {concurrency}.")
        from openai_usage.cli.output.progress import (  # noqa: PLC0415 - slow, and help needs none
            ProgressTracker,
            show_progress,
        )

        start_time, end_time = range.span()
        row = _row_for(endpoint, connection)
        grouping = sums.grouping(row, output.grouped_by(params.get("group_by") or ()))
        output.check(row, grouping, with_zeros=sums.days_without_usage)
        is_incremental = output.is_incremental(grouping)
        tracker = ProgressTracker(is_incremental=is_incremental)
        is_shown = shows_progress() and not (is_incremental and sys.stdout.isatty())
        on_retry = tracker.count_retry if is_shown else None
        gaps: list[Gap] = []
        of_one: list[Gap] = []

        async def fetch_and_write() -> int:
            async with connection.client(
                on_gap=gaps.append, on_retry=on_retry, keep_partial=True
            ) as client:
                span = {"start_time": start_time, "end_time": end_time}
                wanted = {**grouping.query(params), **span}
                client.query(row, **wanted)  # rejects what is invalid before names are read
                wanted = await find_ids(client, wanted)
                buckets: Buckets[object] = client.query(row, **wanted)
                if concurrency != 1:
                    buckets = buckets.concurrently(None if concurrency == "auto" else concurrency)
                with show_progress(tracker) if is_shown else nullcontext():
                    query = buckets.query
                    names = await naming.of(client, _grouped_by(query), query.project_ids)
                    rows = ResultRows(
                        buckets,
                        grouping,
                        tracker.track(buckets),
                        gaps,
                        unread=client._unread,  # noqa: SLF001 - of a combined client
                        names=names,
                        exact=output.exact,
                        money=output.money or "decimal",
                        with_zeros=sums.days_without_usage,
                        focus_version=output.focus_version or "1.2",
                        billing_account=connection.organization,
                    )
                    is_written = await output.write(rows)
                    tracker.is_done = True
                names.warn_of_unread()
                unread = client._unread  # noqa: SLF001 - of a combined client
                of_one.extend(gap for each in unread for gap in each.gaps)
                code = say_unread(unread)
                if is_written or code:
                    return code
                return await explain_nothing(client, rows, for_people=output.chosen.is_table)

        try:
            interruptible = nullcontext() if is_incremental else _interrupt_immediately()
            with tracker.written, interruptible:
                return asyncio.run(fetch_and_write())
        except KeyboardInterrupt:
            if not tracker.is_done:  # otherwise the output is complete
                raise Interrupted(tracker.written.end_time) from None
            return 0
        finally:
            of_all = (gap for gap in gaps if gap not in of_one)
            for sentence in connection.describe_gaps(of_all):
                say(sentence)

    options = [
        *(_option(endpoint, each) for each in endpoint.parameters if each.name not in _IN_RANGE),
        *_COMMON,
    ]
    command.__doc__ = unwrapped(inspect.getdoc(endpoint.query) or "")
    command.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    command.__annotations__ = {option.name: option.annotation for option in options}
    return command


def _row_for(endpoint: Endpoint[..., object], connection: Connection) -> Endpoint[..., object]:
    """Return the row of *endpoint*, with labels in its results if organizations are several."""
    if not connection.labels:
        return endpoint
    from openai_usage import CombinedClient  # noqa: PLC0415 - slow, and rarely used

    return CombinedClient.table()[endpoint.name]


def _grouped_by(query: RangeQuery) -> Sequence[str]:
    """Return the fields that a query groups by, including those in `extra_query`."""
    extra = query.extra_query or {}
    more = str(extra.get("group_by") or extra.get("group_by[]") or "")
    return [*(getattr(query, "group_by", None) or ()), *more.split(",")]


@contextmanager
def _interrupt_immediately() -> Iterator[None]:
    """Let Ctrl-C interrupt code that does not await, such as the rendering of a long table.

    asyncio delays Ctrl-C until the next await. Incremental output needs that delay, so that the
    rows of a bucket are written together or not at all.
    """

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _option(endpoint: Endpoint[..., object], parameter: "Attribute[object]") -> inspect.Parameter:
    """Return a query parameter as an option, with a type that can be parsed from text."""
    if parameter.name == "group_by":
        return _keyword("group_by", group_by_option(endpoint, _GROUP), None)
    syntax = " Type --extra-query.NAME VALUE." if parameter.name == "extra_query" else ""
    described = Parameter(
        help=parameter.metadata["doc"] + syntax,
        group=_GROUP,
        consume_multiple=True,
        negative_iterable=(),
    )
    default = None if parameter.default is NOTHING else parameter.default
    kind = _AS_TYPED.get(parameter.name, parameter.type)
    return _keyword(parameter.name, Annotated[kind, described], default)


def _keyword(name: str, kind: object, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


_IN_RANGE = ("start_time", "end_time")

_AS_TYPED: Mapping[str, object] = {"extra_query": dict[str, str] | None}

_COMMON = (
    _keyword("range", TimeRange, _RANGE),
    _keyword("sums", SumOptions, _SUMS),
    _keyword("output", OutputOptions, _OUTPUT),
    _keyword("naming", NameOptions, _NAMING),
    _keyword("connection", Connection, _CONNECTION),
    _keyword(
        "concurrency",
        Annotated[
            int | Literal["auto"],
            Parameter(
                group=_GROUP,
                help="Fetch this many windows of the range at once; `auto` finds the best number.",
            ),
        ],
        1,
    ),
)
