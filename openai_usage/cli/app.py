"""`openai-usage`: one command for each row of the table, and the others; errors and exit codes."""

import inspect
import os
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
from openai_usage._shown import legible
from openai_usage.cli.ask import Interrupted, asking, unwrapped

_THE_USERS = (CycloptsError, InvalidOptionError, InvalidQueryError, MissingAdminKeyError)
"""Errors that come from what was typed, or from the environment; all others are the API's."""

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
    except _THE_USERS as error:
        code = _say(str(error), exit_code=2)
    except ModuleNotFoundError as error:
        code = _say(str(error), exit_code=2)
    except UsageError as error:
        code = _say(f"{error}{_go_on(error.resume_from)}", exit_code=1)
    except Interrupted as error:
        done = _go_on(error.resume_from) or " Nothing whole was written."
        code = _say(f"interrupted.{done}", exit_code=130)
    except KeyboardInterrupt:
        code = 130
    except (BrokenPipeError, SystemExit):  # rich makes one of the other where it shows the help
        _forget_output()  # whoever read this has read enough
        code = 0
    except OSError as error:
        _forget_output()
        code = _say(_about(error), exit_code=1)
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
    return ": ".join(str(each) for each in (error.filename, error.strerror) if each) or str(error)


def _go_on(place: int | None) -> str:
    if place is None:
        return ""
    moment = datetime.fromtimestamp(place, UTC).isoformat().replace("+00:00", "Z")
    return f" What came before is complete: go on with --start {moment}."


def _say(sentence: str, *, exit_code: int) -> int:
    print(f"openai-usage: {legible(sentence)}", file=sys.stderr)
    return exit_code


def _forget_output() -> None:
    """Keep the interpreter from trying once more, at its end, to write what cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
        app.command(asking(endpoint), name=endpoint.name.replace("_", "-"), group=endpoints)
    for name, says in _OTHERS.items():  # loaded when they are asked for, and then say more
        place = f"openai_usage.cli.{name}:{name}"
        said = inspect.getdoc(resolve_name(place)) if name == asked else None
        app.command(place, name=name, help=unwrapped(said or says))
    app.register_install_completion_command(help="Have the shell complete these commands.")
    return app
