"""`openai-usage`: one command for each row of the table, and the others; errors and exit codes."""

import inspect
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pkgutil import resolve_name

from cyclopts import App, CycloptsError, Group

from openai_usage import (
    AsyncUsageClient,
    InvalidOptionError,
    InvalidQueryError,
    MissingAdminKeyError,
    UsageError,
    __version__,
)
from openai_usage._text import with_full_stop
from openai_usage.cli.commands.query import Interrupted, build_command, unwrapped
from openai_usage.cli.output.console import silence_stdout
from openai_usage.cli.output.messages import say
from openai_usage.cli.wording import as_typed

_THE_USERS = (InvalidOptionError, InvalidQueryError, MissingAdminKeyError)
"""Errors of ours that come from what was typed, or set; all others are the API's."""

_OF_EXTRAS = ("altair", "jinja2", "pyarrow", "vl_convert")
"""Libraries that may be missing; where another one is, it is our mistake."""

_OTHERS: Mapping[str, str] = {
    "spend": "What this month has cost, beside last month and a budget.",
    "endpoints": "What each endpoint can be asked, and what it measures.",
    "doctor": "Check the key, the connection and every endpoint.",
    "sandbox": "Serve a made-up organization, for other programs to ask.",
    "report": "Spend and usage as one HTML file, with charts and all figures in them.",
}
"""The commands beside those of the rows, each in a file of its name, with what the help says."""


def run(words: Sequence[str]) -> int:
    """Carry out what was typed.

    Returns:
        The exit code: 0 if it went well, 1 if the API failed, 2 if it cannot be asked like this,
        130 if it was interrupted; what else a command says of itself.
    """
    try:
        code = _carry_out(words or ["--help"])
        sys.stdout.flush()
    except CycloptsError as error:
        code = _say(str(error), exit_code=2)
    except ModuleNotFoundError as error:
        if error.name not in _OF_EXTRAS:
            raise
        code = _say(str(error), exit_code=2)
    except UsageError as error:
        is_the_users = isinstance(error, _THE_USERS)
        said, done = as_typed(error), _go_on(error.resume_from)
        said = f"{with_full_stop(said)}{done}" if done else said
        code = _say(said, exit_code=2 if is_the_users else 1)
    except Interrupted as error:
        silence_stdout()
        done = _go_on(error.resume_from) or " Nothing whole was written."
        code = _say(f"interrupted.{done}", exit_code=130)
    except KeyboardInterrupt:
        code = 130
    except SystemExit as error:
        # Rich makes one of a broken pipe where it shows the help, cyclopts of an unknown shell.
        is_well = isinstance(error.__context__, BrokenPipeError)
        silence_stdout()
        code = 0 if is_well else 2
    except OSError as error:
        is_stdout = error.filename is None  # files that were named are named in their errors
        if is_stdout:
            silence_stdout()
        # Whoever read stdout has read enough; whoever was to read a file has not.
        is_well = is_stdout and isinstance(error, BrokenPipeError)
        code = 0 if is_well else _say(_about(error), exit_code=1)
    return code


def _carry_out(words: Sequence[str]) -> int:
    # Endpoints are spelt as in Python too: audio_speeches is audio-speeches.
    first, *rest = words
    code: int | None = _app(first)(
        [first if first.startswith("-") else first.replace("_", "-"), *rest],
        exit_on_error=False,
        print_error=False,
        result_action="return_value",
    )
    return code or 0


def _about(error: OSError) -> str:
    return ": ".join(filter(None, (error.filename, error.strerror or str(error))))


def _go_on(place: int | None) -> str:
    if place is None:
        return ""
    moment = datetime.fromtimestamp(place, UTC).isoformat().replace("+00:00", "Z")
    return f" What came before is complete: go on with --start {moment}."


def _say(sentence: str, *, exit_code: int) -> int:
    say(sentence)
    return exit_code


def _app(asked: str) -> App:
    app = App(
        name="openai-usage",
        help="What an organization uses and spends on OpenAI.",
        version=__version__,
        help_format="plaintext",
        suppress_keyboard_interrupt=False,
    )
    endpoints = Group("Endpoints", sort_key=1)
    for endpoint in AsyncUsageClient.table().values():
        app.command(build_command(endpoint), name=endpoint.name.replace("_", "-"), group=endpoints)
    for name, says in _OTHERS.items():  # loaded when they are asked for, and then say more
        place = f"openai_usage.cli.commands.{name}:{name}"
        said = inspect.getdoc(resolve_name(place)) if name == asked else None
        app.command(place, name=name, help=unwrapped(said or says))
    app.register_install_completion_command(help="Have the shell complete these commands.")
    return app
