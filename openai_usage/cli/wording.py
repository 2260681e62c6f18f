"""What the library says is wrong, in the words of a terminal: options and variables there."""

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
"""What an argument is called on the command line."""

_VARIABLES: Mapping[str, str] = {
    "admin_api_key": "OPENAI_ADMIN_KEY",
    "base_url": "OPENAI_BASE_URL",
}
"""Where there is no option, but a variable; these are no words of English, wherever they stand."""

_ARGUMENT = re.compile(
    rf"(?<![\w'\"-])({'|'.join(_OPTIONS)})=([\w'\"[-]?)|\b({'|'.join(_VARIABLES)})\b"
)
"""An argument as Python has it, and how its value begins; not one in what is quoted."""

_FOR_PROGRAMS = re.compile(r", or (?:pass|say) [a-z_]+=\w*")
"""A way out that only a program has."""


def as_typed(error: UsageError) -> str:
    """What *error* says, with what was typed or set called as it is at a terminal."""
    said = str(error).replace("collect()", "--format csv")
    match error:
        case InvalidQueryError(param=name) | InvalidOptionError(option=name):
            said = re.sub(rf"^{name}(?= )", _OPTIONS.get(name, name), said)
    return for_terminal(said)


def for_terminal(text: str) -> str:
    """Return *text* with options and variables in the place of arguments and other ways out."""
    return _ARGUMENT.sub(_option, _FOR_PROGRAMS.sub("", text))


def _option(argument: re.Match[str]) -> str:
    name, value, variable = argument.groups()
    return _VARIABLES[variable] if variable else f"{_OPTIONS[name]} {value}".rstrip()
