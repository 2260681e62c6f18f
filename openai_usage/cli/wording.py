"""Translate messages of the library for a terminal: options instead of keyword arguments."""

import re
from collections.abc import Mapping

from openai_usage import AsyncUsageClient, InvalidOptionError, InvalidQueryError, UsageError

_OPTIONS: Mapping[str, str] = {
    **{
        each.name: f"--{each.name.replace('_', '-')}"
        for endpoint in AsyncUsageClient.table().values()
        for each in endpoint.parameters
    },
    "start_time": "--start",
    "end_time": "--end",
    "organization": "OPENAI_ORG_ID",
    "money": "--money",
}
"""The option of the command line for each argument."""

_VARIABLES: Mapping[str, str] = {
    "admin_api_key": "OPENAI_ADMIN_KEY",
    "base_url": "OPENAI_BASE_URL",
}
"""The environment variable for each argument without an option.

These names are not English words, so they can be replaced anywhere in a sentence.
"""

_ARGUMENT = re.compile(
    rf"(?<![\w'\"-])({'|'.join(_OPTIONS)})=([\w'\"[-]?)|\b({'|'.join(_VARIABLES)})\b"
)
"""A keyword argument in Python's syntax and the start of its value, outside of quotes."""

_FOR_PROGRAMS = re.compile(r", or (?:pass|say) [a-z_]+=\w*")
"""Advice that only a program can follow."""


def as_typed(error: UsageError) -> str:
    """Return the message of *error* with the names of options and environment variables."""
    message = str(error).replace("collect()", "--format csv")
    match error:
        case InvalidQueryError(param=name) | InvalidOptionError(option=name):
            message = re.sub(rf"^{name}(?= )", _OPTIONS.get(name, name), message)
    return for_terminal(message)


def for_terminal(text: str) -> str:
    """Return *text* with options and variables instead of arguments, without advice on code."""
    return _ARGUMENT.sub(_option, _FOR_PROGRAMS.sub("", text))


def _option(argument: re.Match[str]) -> str:
    name, value, variable = argument.groups()
    return _VARIABLES[variable] if variable else f"{_OPTIONS[name]} {value}".rstrip()
