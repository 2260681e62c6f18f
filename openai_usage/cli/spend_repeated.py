"""Repeat `spend` for `--every`: read again and again, and post what is new to a webhook."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeAlias

from openai_usage import APIError
from openai_usage._pagination.pace import Pace
from openai_usage._text import with_full_stop
from openai_usage.cli.answer import Answer
from openai_usage.cli.options.notify import NotifyOptions
from openai_usage.cli.output.messages import say
from openai_usage.cli.wording import as_typed

Ask: TypeAlias = Callable[[], Awaitable[Answer]]
"""A function that reads, and returns the answer."""

Show: TypeAlias = Callable[[Answer], Awaitable[int]]
"""A function that writes an answer, and returns the exit code."""


async def repeat(ask: Ask, show: Show, notify: NotifyOptions, every: timedelta) -> int:
    """Ask until interrupted. Show and post each answer that has something new.

    A failure that can be over soon is said, and waited out. What could not be posted is posted
    after the next read.

    Raises:
        APIError: The costs cannot be read, and waiting does not help.
    """
    pace = Pace(every.total_seconds())
    posted: frozenset[object] = frozenset()
    while True:
        pace.begin()
        try:
            answer = await ask()
        except APIError as error:
            delay = pace.fail(error)
            say(f"{with_full_stop(as_typed(error))} The next read is in {delay:.0f} seconds.")
        else:
            pace.succeed()
            found = answer.findings
            if found != posted and await notify.post(answer.notification(await show(answer))):
                posted = found
        await pace.wait()
