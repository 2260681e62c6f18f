"""The JSON that `spend --notify` posts to a webhook."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from openai_usage._digits import digits
from openai_usage._text import printable, with_full_stop
from openai_usage._time_format import iso
from openai_usage.analysis.spending import Spending

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
"""The characters that Slack asks to be escaped. A name such as `<!channel>` would notify people."""


def notification(
    sentences: Iterable[str],
    amounts: Iterable[Mapping[str, object]] = (),
    *,
    exit_code: int,
    until: datetime,
) -> dict[str, object]:
    """Return the JSON of a notification.

    Args:
        sentences: The lines of `text`, for people.
        amounts: The figures, for programs, with `what` each is about, its `currency`, and money as
            text with every digit: from `spending_amounts()`, `BudgetVerdict.to_dict()` and
            `LimitNotice.to_dict()`.
        exit_code: The exit code of the command.
        until: The time up to which costs are included.
    """
    lines = [with_full_stop(printable(each)).translate(_ESCAPES) for each in sentences]
    return {
        "text": "\n".join(lines),
        "exit_code": exit_code,
        "until": iso(until),
        "amounts": [dict(each) for each in amounts],
    }


def spending_amounts(spending: Spending) -> dict[str, object]:
    """Return the figures of a month for a notification."""
    used = spending.known(spending.total.this_month, spending.month)
    projection = spending.projection
    return {
        "what": "spending",
        "currency": spending.currency,
        "month": f"{spending.month:%Y-%m}",
        "used": None if used is None else digits(used),
        "projected": digits(projection.total) if projection.is_known else None,
    }
