"""Repeat `spend` for `--every`: read again and again, and post what is new to a webhook."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import NoReturn, TypeAlias

from openai_usage import APIError, SyncError
from openai_usage._pagination.round_timer import RoundTimer
from openai_usage._text import with_full_stop
from openai_usage.cli.answer import Answer
from openai_usage.cli.options.notify import NotifyOptions
from openai_usage.cli.output.messages import say
from openai_usage.cli.spend_check import findings
from openai_usage.cli.wording import as_typed

Ask: TypeAlias = Callable[[], Awaitable[Answer]]
"""A function that reads, and returns the answer."""

Show: TypeAlias = Callable[[Answer], Awaitable[int]]
"""A function that writes an answer, and returns the exit code."""


async def repeat(ask: Ask, show: Show, notify: NotifyOptions, every: timedelta) -> NoReturn:
    """Ask until interrupted. Show and post each answer that has something new.

    Report a failure that can be over soon, and read again later. With `--check`, post it if it
    happens twice in a row, and at once if waiting does not help. Errors of a copy are not posted.
    After a failed post, try again after the next read.

    Raises:
        APIError: The costs cannot be read, and waiting does not help. Not with `--check`.
    """
    timer = RoundTimer(every.total_seconds())
    posted: frozenset[object] = frozenset()
    while True:
        timer.begin()
        try:
            answer = await ask()
        except SyncError as error:  # another process may be writing the copy
            say(with_full_stop(as_typed(error)))
        except APIError as error:
            _say_delay(error, timer.fail(error))
        else:
            if answer.bill.error is None:
                timer.succeed()
            if answer.bill.error is None or not _is_first_failure(timer, answer.bill.error):
                posted = await _post_news(answer, posted, show, notify)
        await timer.wait()


async def _post_news(
    answer: Answer, posted: frozenset[object], show: Show, notify: NotifyOptions
) -> frozenset[object]:
    """Show and post the answer if it has more than what was *posted*, or if all is well again.

    Return what is posted now.
    """
    found = findings(answer)
    is_new = bool(found - posted) or (bool(posted) and not found)
    if is_new and not await notify.post(answer.notification(await show(answer))):
        return posted
    return found


def _is_first_failure(timer: RoundTimer, error: APIError) -> bool:
    """Note a failed read, and return whether it is the first, and can be over soon."""
    try:
        _say_delay(error, timer.fail(error))
    except APIError:
        return False
    return timer.failures == 1


def _say_delay(error: APIError, delay: float) -> None:
    say(f"{with_full_stop(as_typed(error))} The next read is in {delay:.0f} seconds.")
