"""Moments and spans of time as people type them."""

import re
import time
from datetime import UTC, datetime

from openai_usage import InvalidQueryError

_SECONDS = {"m": 60, "h": 3600, "d": 86400}


def span(last: str | None, start: str | None, end: str | None) -> tuple[int, int | None]:
    """Where the range begins and ends that was asked for, in Unix seconds.

    Raises:
        InvalidQueryError: Something is no time, or two things contradict each other.
    """
    if start is None:
        if end is not None:
            raise InvalidQueryError("--end-time goes with --start-time", param="end_time")
        return _start_of_last("7d" if last is None else last), None
    if last is not None:
        raise InvalidQueryError("give --last or --start-time, not both", param="last")
    start_time = _moment(start, "start_time")
    end_time = _moment(end, "end_time") if end is not None else None
    if end_time is not None and end_time <= start_time:
        raise InvalidQueryError(
            f"--end-time {end} is not after --start-time {start}", param="end_time"
        )
    return start_time, end_time


def _start_of_last(text: str) -> int:
    """Where the last `30d`, `12h` or `90m` began: at a whole day, hour or minute in UTC."""
    match = re.fullmatch(r"([1-9][0-9]*)([mhd])", text)
    if match is None:
        raise InvalidQueryError(
            f"--last takes a span such as 30d, 12h or 90m, not {text!r}", param="last"
        )
    seconds = _SECONDS[match[2]]
    # The first bucket of an uneven start would be a part of one, and look like a quiet day.
    return max(0, (int(time.time()) // seconds - int(match[1])) * seconds)


def _moment(text: str, param: str) -> int:
    option = f"--{param.replace('_', '-')}"
    if re.fullmatch("[0-9]{9,12}", text):
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidQueryError(
            f"{option} takes 2025-12-06, 2025-12-06T12:00Z or Unix seconds, not {text!r}",
            param=param,
        ) from None
    if re.fullmatch("[0-9]{4}-?[0-9]{2}-?[0-9]{2}", text):
        moment = moment.replace(tzinfo=UTC)
    if moment.tzinfo is None:
        raise InvalidQueryError(
            f"{option} {text} could mean any time zone: add Z for UTC, or an offset", param=param
        )
    return int(moment.timestamp())
