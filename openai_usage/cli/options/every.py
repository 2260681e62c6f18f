"""The option for the time from one read to the next: `--every 5m`."""

import re
from collections.abc import Sequence
from datetime import timedelta

from cyclopts import Token

from openai_usage.cli.wording import CommandError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(_: object, tokens: Sequence[Token]) -> timedelta:
    """Return the time that was typed: `30s`, `5m`, `1h` or `1d`.

    Raises:
        CommandError: It has another form.
    """
    text = tokens[0].value
    match = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text)
    if match is None:
        raise CommandError(f"--every takes a time such as 30s, 5m, 1h or 1d, not {text!r:.40}.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
