"""Word errors of the library for a terminal: with options and variables instead of arguments."""

import re
from collections.abc import Mapping

from openai_usage import (
    APIStatusError,
    AsyncUsageClient,
    InvalidOptionError,
    InvalidQueryError,
    MissingAdminKeyError,
    UnreadList,
    UsageError,
)
from openai_usage._digits import MONEY_AS_TEXT, NOT_IN_A_TABLE
from openai_usage._http.config import INSECURE
from openai_usage._http.responses import NOT_FOUND, REDIRECTED, START_LATER, among_others
from openai_usage._http.retry import HOST_NOT_FOUND
from openai_usage._http.transport import TOO_LARGE, UNUSUALLY_LARGE
from openai_usage._time_format import typed_time
from openai_usage.errors import ALLOW_PERSONAL, NOT_IN_COPY, ONE_ORGANIZATION, OTHER_LAYOUT, takes
from openai_usage.integrations.focus import AS_ROWS, NO_ACCOUNT
from openai_usage.schema.validation import ONLY_AS_KEY

_NAMES: Mapping[str, str] = {
    **{
        each.name: f"--{each.name.replace('_', '-')}"
        for endpoint in AsyncUsageClient.table().values()
        for each in endpoint.parameters
    },
    "start_time": "--start",
    "end_time": "--end",
    "admin_api_key": "OPENAI_ADMIN_KEY",
    "base_url": "OPENAI_BASE_URL",
    "organization": "OPENAI_ORG_ID",
    "notify": "--notify",
    "endpoints": "--endpoints",
}
"""The option or the environment variable for each argument."""

_HINTS: Mapping[str, str] = {
    NOT_FOUND: "Check OPENAI_BASE_URL: OpenAI's own ends in /v1. If other endpoints answer, it is "
    "right and this endpoint is not available to your organization.",
    REDIRECTED: "Redirects are not followed, so that the key is sent to no other host. "
    "Set OPENAI_BASE_URL to the final address of the API.",
    HOST_NOT_FOUND: "Check OPENAI_BASE_URL and the network.",
    INSECURE: "The admin key would be sent unencrypted, which is only allowed on this machine.",
    ONLY_AS_KEY: "Set only OPENAI_ADMIN_KEY to the key.",
    START_LATER: "The API does not report on times that long ago. Use a later --start.",
    TOO_LARGE: UNUSUALLY_LARGE,
    NOT_IN_A_TABLE: "Use --format csv to keep every digit.",
    MONEY_AS_TEXT: "Use --money text to keep every digit.",
    AS_ROWS: "Use --output FILE.csv to keep every digit.",
    NO_ACCOUNT: "Read them with --organizations FILE, so that its label is the account.",
    NOT_IN_COPY: "Sync another file with another --group-by or --bucket-width.",
    ALLOW_PERSONAL: "Add --personal to use them.",
    ONE_ORGANIZATION: "Choose one with --organization LABEL.",
    OTHER_LAYOUT: "Use the same --bucket-width and --group-by, keep a second copy with --prefix, "
    "or replace this one with --rebuild.",
}
"""The hint for a terminal in place of each hint that only a program can follow."""


_QUOTED = re.compile(r"'([\w.-]+)'")
"""A value as Python shows it."""


class CommandError(Exception):
    """A command is not valid. The message has the words that were typed."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during the iteration."""

    def __init__(self, resume_from: int | None) -> None:
        super().__init__()
        self.resume_from = resume_from
        """The start to continue from, in Unix seconds; None if the output cannot be used."""


def unwrapped(text: str) -> str:
    """Return *text* with one line per paragraph, so that the terminal wraps it."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def as_typed(error: UsageError, *, others_answer: bool = False) -> str:
    """Return the message of *error* for people who type commands.

    If *others_answer*, the address is right, because other endpoints answer.
    """
    hint = _hint(error.hint, others_answer=others_answer)
    match error:
        case InvalidQueryError(param=name) | InvalidOptionError(option=name) if error.expected:
            return f"{_takes(_option(name), error.expected, error.value)} {hint}".rstrip()
        case APIStatusError(earliest_start=int() as start):
            return error.with_hint(f"Use --start {typed_time(start)} or later.")
        case MissingAdminKeyError():
            return f"OPENAI_ADMIN_KEY is not set. {hint} To try it without a key, add --sandbox."
        case _:
            return error.with_hint(hint)


def reason(unread: UnreadList, *, others_answer: bool = True) -> str:
    """Return why a list could not be read, for people who type commands."""
    hint = _hint(unread.hint, others_answer=others_answer)
    return f"{unread.why.removesuffix(unread.hint)}{hint}"


def _hint(hint: str, *, others_answer: bool) -> str:
    hint = among_others(hint) if others_answer else hint
    return _HINTS.get(hint, hint)


def _takes(option: str, expected: str, value: str) -> str:
    """Return what an option takes, with words as people type them: without quotes, or blank."""
    return takes(option, _QUOTED.sub(r"\1", expected), "" if value == "''" else value)


def _option(name: str) -> str:
    """Return the option for an argument: `--extra-query.a` for `extra_query['a']`."""
    argument, _, key = name.partition("['")
    return ".".join(filter(None, (_NAMES.get(argument, argument), key.removesuffix("']"))))
