"""The command of a row of the table: it asks the row's endpoint, and writes what comes."""

import asyncio
import inspect
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Annotated, Literal

from attrs import NOTHING, Attribute
from cyclopts import Group, Parameter

from openai_usage import Buckets, Endpoint, Gap, InvalidQueryError, RangeQuery, UsageError
from openai_usage._gap_text import describe_gaps
from openai_usage.cli.options.connection import Connection
from openai_usage.cli.options.names import NameOptions
from openai_usage.cli.options.output import OutputOptions
from openai_usage.cli.options.time_range import TimeRange
from openai_usage.cli.output.messages import say
from openai_usage.cli.output.rows import ResultRows

_GROUP = Group("Query", sort_key=2)
_RANGE, _OUTPUT, _NAMING, _CONNECTION = TimeRange(), OutputOptions(), NameOptions(), Connection()


class Interrupted(KeyboardInterrupt):
    """Ctrl-C in the middle of a walk."""

    def __init__(self, resume_from: int | None) -> None:
        super().__init__()
        self.resume_from = resume_from
        """Where to go on, in Unix seconds; None if nothing came out that could be used."""


def build_command(endpoint: Endpoint[..., object]) -> Callable[..., None]:
    """The command of a row. Its signature is made here: cyclopts reads the options from it."""

    def command(
        *,
        range: TimeRange = _RANGE,  # noqa: A002 - what it is
        output: OutputOptions = _OUTPUT,
        naming: NameOptions = _NAMING,
        connection: Connection = _CONNECTION,
        concurrency: int | Literal["auto"] = 1,
        **asked: object,
    ) -> None:
        if concurrency != "auto" and concurrency < 1:
            raise InvalidQueryError(
                f"--concurrency takes a positive number or auto, not {concurrency}",
                param="concurrency",
            )
        from openai_usage.cli.output.progress import ProgressTracker, shown  # noqa: PLC0415 - not for the help

        start_time, end_time = range.span()
        output.check()
        watch = ProgressTracker()
        gaps: list[Gap] = []

        async def walk() -> None:
            async with connection.client(on_gap=gaps.append) as client:
                buckets: Buckets[object] = getattr(client, endpoint.name)(
                    start_time=start_time, end_time=end_time, **asked
                )
                if concurrency != 1:
                    buckets = buckets.concurrently(None if concurrency == "auto" else concurrency)
                with shown(watch) if _is_seen(output) else nullcontext():
                    query = buckets.query
                    names = await naming.of(client, _grouped_by(query), query.project_ids)
                    walked = watch.over(buckets)
                    sheet = ResultRows(
                        buckets,
                        walked,
                        gaps,
                        names=names,
                        exact=output.exact,
                        money=output.money or "decimal",
                    )
                    await output.write(sheet)
                    watch.is_done = True
                names.tell()

        try:
            with nullcontext() if output.is_incremental else _interrupted_at_once():
                asyncio.run(walk())
        except KeyboardInterrupt:
            if not watch.is_done:  # too late to undo what is whole
                raise Interrupted(watch.place if output.is_incremental else None) from None
        except UsageError as error:
            error.resume_from = watch.place if output.is_incremental else None
            raise
        finally:
            for sentence in describe_gaps(gaps):
                say(sentence)

    options = [
        *(_option(each) for each in endpoint.parameters if each.name not in _IN_RANGE),
        *_COMMON,
    ]
    command.__doc__ = unwrapped(inspect.getdoc(endpoint.query) or "")
    command.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    command.__annotations__ = {option.name: option.annotation for option in options}
    return command


def _grouped_by(query: RangeQuery) -> Sequence[str]:
    """What a query groups by, be it by a parameter that this version does not know."""
    extra = query.extra_query or {}
    more = str(extra.get("group_by") or extra.get("group_by[]") or "")
    return [*(getattr(query, "group_by", None) or ()), *more.split(",")]


def unwrapped(text: str) -> str:
    """*text* with its paragraphs in one line each, for the terminal to wrap."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


@contextmanager
def _interrupted_at_once() -> Iterator[None]:
    """Have Ctrl-C interrupt whatever is done, such as the drawing of a long table.

    As asyncio has it, Ctrl-C waits for the next wait. Where rows are handed over that is right: a
    bucket's rows are then written all or not at all.
    """

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _is_seen(output: OutputOptions) -> bool:
    """Whether someone looks at stderr, on which nothing else appears meanwhile."""
    return sys.stderr.isatty() and not (output.is_incremental and sys.stdout.isatty())


def _option(parameter: "Attribute[object]") -> inspect.Parameter:
    """A parameter of the row as an option, of a type that can be typed."""
    spelling = " Spelt --extra-query.NAME VALUE." if parameter.name == "extra_query" else ""
    described = Parameter(
        help=parameter.metadata["doc"] + spelling,
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
    _keyword("output", OutputOptions, _OUTPUT),
    _keyword("naming", NameOptions, _NAMING),
    _keyword("connection", Connection, _CONNECTION),
    _keyword(
        "concurrency",
        Annotated[
            int | Literal["auto"],
            Parameter(
                group=_GROUP,
                help="Fetch that many windows of the range at once; `auto` finds out how many go "
                "well.",
            ),
        ],
        1,
    ),
)
