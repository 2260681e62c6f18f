"""The application `openai-usage`: its commands, error messages and exit codes."""

import inspect
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pkgutil import resolve_name
from typing import Literal

from cyclopts import (
    App,
    ArgumentCollection,
    CoercionError,
    CycloptsError,
    Group,
    Token,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)

from openai_usage import (
    AsyncUsageClient,
    InvalidOptionError,
    InvalidQueryError,
    MissingAdminKeyError,
    UsageError,
    __version__,
)
from openai_usage._text import did_you_mean, similar, with_full_stop
from openai_usage._time_format import iso
from openai_usage.cli.output.console import silence_stdout
from openai_usage.cli.output.messages import say
from openai_usage.cli.wording import CommandError, Interrupted, as_typed, unwrapped

_USER_ERRORS = (InvalidOptionError, InvalidQueryError, MissingAdminKeyError)
"""Errors caused by options or the environment; all others are caused by the API."""

_OPTIONAL_LIBRARIES = (
    "deltalake",
    "dlt",
    "duckdb",
    "jinja2",
    "prometheus_client",
    "pyarrow",
    "vl_convert",
    "xlsxwriter",
)
"""Libraries of extras. If another library is missing, that is a bug."""

_IN_WORDS: Mapping[object, str] = {
    int: "a whole number",
    int | Literal["auto"]: "a whole number or auto",
    bool: "true or false",
}
"""The values that options of these types take, in words."""

_OTHERS: Mapping[str, str] = {
    "spend": "Compare the costs of this month with last month and a budget.",
    "prices": "Show what a unit cost, by model and kind, and how that changed.",
    "endpoints": "List the parameters and measures of each endpoint.",
    "doctor": "Check the key, the connection and every endpoint.",
    "sandbox": "Serve a synthetic organization to other programs.",
    "sync": "Keep a copy of usage and costs that follows the API's revisions.",
    "exporter": "Serve usage, costs and budgets to Prometheus.",
    "report": "Write spend and usage as one HTML file, with charts and all their figures.",
}
"""Help texts of the commands that are not endpoints. Each is in a module of the same name."""


def run(words: Sequence[str]) -> int:
    """Run the command that was typed.

    Returns:
        The exit code: 0 for success, 1 if the API failed, 2 if the command or the environment is
        invalid, 130 if the command was interrupted, or another code that the command documents.
    """
    try:
        code = _dispatch(words or ["--help"])
        sys.stdout.flush()
    except (CommandError, CycloptsError) as error:
        code = _say(_misuse(error), exit_code=2)
    except ModuleNotFoundError as error:
        if error.name not in _OPTIONAL_LIBRARIES:
            raise
        code = _say(str(error), exit_code=2)
    except UsageError as error:
        message, advice = as_typed(error), _resume_advice(error.resume_from)
        message = f"{with_full_stop(message)}{advice}" if advice else message
        code = _say(message, exit_code=2 if isinstance(error, _USER_ERRORS) else 1)
    except Interrupted as error:
        silence_stdout()
        advice = _resume_advice(error.resume_from) or " No complete output was written."
        code = _say(f"interrupted.{advice}", exit_code=130)
    except KeyboardInterrupt:
        code = _say("interrupted.", exit_code=130)
    except SystemExit as error:
        # Rich exits on a broken pipe while it prints the help, cyclopts on an unknown shell.
        is_broken_pipe = isinstance(error.__context__, BrokenPipeError)
        silence_stdout()
        code = 0 if is_broken_pipe else 2
    except OSError as error:
        is_stdout = error.filename is None  # errors of files carry the file's name
        if is_stdout:
            silence_stdout()
        # The reader of stdout may stop early, as `head` does. A named pipe needs all of it.
        is_closed = is_stdout and isinstance(error, BrokenPipeError)
        code = 0 if is_closed else _say(_describe(error), exit_code=1)
    return code


def _dispatch(words: Sequence[str]) -> int:
    # Accept the Python spelling of endpoints too: audio_speeches for audio-speeches.
    first, *rest = words
    code: int | None = _app(first if first in _OTHERS else "")(
        [first if first.startswith("-") else first.replace("_", "-"), *rest],
        exit_on_error=False,
        print_error=False,
        result_action="return_value",
    )
    return code or 0


def _misuse(error: CommandError | CycloptsError) -> str:
    """Return what is wrong with a command, in plainer words than those of cyclopts."""
    match error:
        case UnknownCommandError(unused_tokens=[first, *_]):
            commands = [name.replace("_", "-") for name in AsyncUsageClient.table()] + [*_OTHERS]
            words = (f"{first!r:.40} is not a command.", did_you_mean(first, commands))
            return " ".join(filter(None, (*words, "openai-usage --help lists all commands.")))
        case UnusedCliTokensError(unused_tokens=[first, *_]):
            return f"{first!r:.40} belongs to no option. The option --help lists all options."
        case UnknownOptionError(token=Token(keyword=str() as typed)):
            return _unknown_option(typed, error.argument_collection)
        case CoercionError(target_type=kind, token=Token(keyword=str() as option, value=value)) if (
            kind in _IN_WORDS
        ):
            return f"{option} takes {_IN_WORDS[kind]}, not {value!r:.40}."
        case _:
            return str(error)


def _unknown_option(typed: str, options: ArgumentCollection) -> str:
    known = {name.lstrip("-"): name for option in options for name in option.names}
    close = similar(typed.lstrip("-"), known)
    question = f"Did you mean {known[close[0]]}?" if close else ""
    words = (f"{typed} is not an option of this command.", question)
    return " ".join(filter(None, (*words, "The option --help lists all options.")))


def _describe(error: OSError) -> str:
    return ": ".join(filter(None, (error.filename, error.strerror or str(error))))


def _resume_advice(resume_from: int | None) -> str:
    if resume_from is None:
        return ""
    return f" The output before that is complete. Continue with --start {iso(resume_from)}."


def _say(message: str, *, exit_code: int) -> int:
    say(message)
    return exit_code


@cache
def _app(command: str) -> App:
    """Return the application, with the whole help of *command* if it is not an endpoint."""
    app = App(
        name="openai-usage",
        help="Usage and costs of an organization on OpenAI.",
        version=__version__,
        help_format="plaintext",
        suppress_keyboard_interrupt=False,
    )
    # Commands are imported and built only if they are called, for a fast start.
    endpoints = Group("Endpoints", sort_key=1)
    for name, endpoint in AsyncUsageClient.table().items():
        app.command(
            f"openai_usage.cli.commands.query:{name}",
            name=name.replace("_", "-"),
            group=endpoints,
            help=unwrapped(inspect.getdoc(endpoint.query) or ""),
        )
    for name, summary in _OTHERS.items():
        path = f"openai_usage.cli.commands.{name}:{name}"
        full_help = inspect.getdoc(resolve_name(path)) if name == command else None
        app.command(path, name=name, help=unwrapped(full_help or summary))
    app.register_install_completion_command(help="Install completion of commands in the shell.")
    return app
