"""The commands: one for each row of the table, with the row's parameters as its options."""

import inspect
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Literal

from attrs import NOTHING, Attribute
from cyclopts import App, CycloptsError, Parameter

from openai_usage import (
    AsyncUsageClient,
    Endpoint,
    InvalidOptionError,
    InvalidQueryError,
    MissingAdminKeyError,
    UsageError,
    __version__,
)
from openai_usage.cli.formats import STREAMED, WRITERS
from openai_usage.cli.ranges import span
from openai_usage.cli.rows import rows
from openai_usage.cli.table import Layout

_THE_USERS = (CycloptsError, InvalidOptionError, InvalidQueryError, MissingAdminKeyError)
"""Errors that come from what was typed, or from the environment; all others are the API's."""


def run(words: Sequence[str]) -> int:
    """Carry out what was typed.

    Returns:
        The exit code: 0 if it went well, 1 if the API failed, 2 if it cannot be asked like this.
    """
    # Endpoints are spelt as in Python too: audio_speeches is audio-speeches.
    first, *rest = words or ["--help"]
    try:
        _app()(
            [first if first.startswith("-") else first.replace("_", "-"), *rest],
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
        sys.stdout.flush()
    except _THE_USERS as error:
        return _say(str(error), exit_code=2)
    except UsageError as error:
        place = error.resume_from
        go_on = f" What came before is complete: go on with --start-time {place}." if place else ""
        return _say(f"{error}{go_on}", exit_code=1)
    except (BrokenPipeError, SystemExit):  # rich makes one of the other where it shows the help
        _forget_output()  # whoever read this has read enough
    except OSError as error:
        _forget_output()
        return _say(error.strerror or str(error), exit_code=1)
    except KeyboardInterrupt:
        return 130
    return 0


def _say(sentence: str, *, exit_code: int) -> int:
    print(f"openai-usage: {' '.join(sentence.split())}", file=sys.stderr)
    return exit_code


def _forget_output() -> None:
    """Keep the interpreter from trying once more, at its end, to write what cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _app() -> App:
    app = App(
        name="openai-usage",
        help="What an organization uses and spends on OpenAI.",
        version=__version__,
        help_format="plaintext",
        suppress_keyboard_interrupt=False,
    )
    for endpoint in AsyncUsageClient.table().values():
        app.command(_command(endpoint), name=endpoint.name.replace("_", "-"))
    return app


def _command(endpoint: Endpoint[..., object]) -> Callable[..., Awaitable[None]]:
    """The command of a row. Its signature is made here: cyclopts reads the options from it."""

    async def command(
        *,
        start_time: str | None = None,
        end_time: str | None = None,
        last: str | None = None,
        format: str = "table",  # noqa: A002 - the option's name
        sandbox: bool = False,
        **asked: object,
    ) -> None:
        start, end = span(last, start_time, end_time)
        async with _client(sandbox=sandbox) as client:
            buckets = getattr(client, endpoint.name)(start_time=start, end_time=end, **asked)
            try:
                await WRITERS[format](Layout.of(buckets), rows(buckets))
            except UsageError as error:
                if format not in STREAMED:
                    error.resume_from = None  # nothing came out that could be used
                raise

    options = [*map(_option, endpoint.parameters), *_COMMON]
    command.__doc__ = inspect.getdoc(endpoint.query)
    command.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    command.__annotations__ = {option.name: option.annotation for option in options}
    return command


def _option(parameter: "Attribute[object]") -> inspect.Parameter:
    """A parameter of the row as an option, of a type that can be typed."""
    spelling = " Spelt --extra-query.NAME VALUE." if parameter.name == "extra_query" else ""
    described = Parameter(
        help=parameter.metadata["doc"] + spelling, consume_multiple=True, negative_iterable=()
    )
    default = None if parameter.default is NOTHING else parameter.default
    kind = _AS_TYPED.get(parameter.name, parameter.type)
    return _keyword(parameter.name, kind, described, default=default)


_AS_TYPED: Mapping[str, object] = {
    "start_time": str | None,
    "end_time": str | None,
    "extra_query": dict[str, str] | None,
}


def _keyword(
    name: str, kind: object, described: Parameter, *, default: object = None
) -> inspect.Parameter:
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind, described],
    )


_COMMON = (
    _keyword(
        "last",
        str | None,
        Parameter(
            help="The range that ends now and begins at a whole day, hour or minute in UTC: "
            "30d, 12h, 90m. Without any range: 7d."
        ),
    ),
    _keyword(
        "format",
        Literal["table", "json", "jsonl"],
        Parameter(help="A table for people, a JSON array, or a JSON object a line."),
        default="table",
    ),
    _keyword(
        "sandbox",
        bool,
        Parameter(help="Ask a made-up organization: no key and no network.", negative=()),
        default=False,
    ),
)


@asynccontextmanager
async def _client(*, sandbox: bool) -> AsyncIterator[AsyncUsageClient]:
    """A client of the API, or of a sandbox that lives as long as it does."""
    if not sandbox:
        async with AsyncUsageClient() as client:
            yield client
        return
    from openai_usage.sandbox import Sandbox  # noqa: PLC0415 - only where it is asked for

    async with (
        Sandbox() as server,
        AsyncUsageClient(server.admin_api_key, base_url=server.base_url) as client,
    ):
        yield client
