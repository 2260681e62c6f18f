"""Options for the time range: `--last 7d`, `--month 2026-10`, `--start 2026-01-01` and others."""

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeAlias

from attrs import frozen
from cyclopts import Group, Parameter

from openai_usage import days_ago, month_start
from openai_usage.cli.options.flags import flag
from openai_usage.cli.wording import CommandError
from openai_usage.schema.times import DAY, parse_time

_SECONDS = {"m": 60, "h": 3600, "d": DAY, "w": 7 * DAY}
_Span: TypeAlias = tuple[int, int | None]
"""The start and the end of a range in Unix seconds. An end of None is now."""

_EPOCH = datetime.fromtimestamp(0, UTC)
_GROUP = Group("Range", sort_key=1)


@Parameter(name="*", group=_GROUP)
@frozen(kw_only=True)
class TimeRange:
    """Options for the time range; the default is the last seven days."""

    last: Annotated[
        str | None,
        Parameter(
            help="The last weeks, days, hours or minutes until now, such as 2w, 30d, 12h or 90m. "
            "It starts at a whole day, hour or minute in UTC. Default: 7d."
        ),
    ] = None
    start: Annotated[
        str | None,
        Parameter(
            name=("--start", "--start-time"),
            help="Start of the range, inclusive: 2025-12-06 (midnight in UTC), 2025-12-06T12:00Z, "
            "or Unix seconds.",
        ),
    ] = None
    end: Annotated[
        str | None,
        Parameter(
            name=("--end", "--end-time"),
            help="End of the range, exclusive. Default: now.",
        ),
    ] = None
    this_month: Annotated[
        bool,
        flag("From the first day of this month, in UTC, until now."),
    ] = False
    last_month: Annotated[
        bool,
        flag("The whole month before this one, in UTC."),
    ] = False
    month: Annotated[
        str | None,
        Parameter(help="A month in UTC, such as 2026-10. This month ends now."),
    ] = None
    today: Annotated[
        bool,
        flag("From the last midnight in UTC until now."),
    ] = False
    yesterday: Annotated[
        bool,
        flag("The whole day before today, in UTC."),
    ] = False

    def span(self) -> _Span:
        """Return the start and the end of the range in Unix seconds; an end of None is now.

        Raises:
            CommandError: A time is invalid, or options contradict each other.
        """
        given = [name for name in (*_SPANS, "start") if getattr(self, name) not in (None, False)]
        if len(given) > 1:
            options = [f"--{name.replace('_', '-')}" for name in given]
            raise CommandError(
                f"{' and '.join(options)} contradict each other. Use only one of them."
            )
        if self.end is not None and self.start is None:
            raise CommandError("--end was given without a start. Add --start TIME.")
        if self.start is not None:
            return _from_to(self.start, self.end)
        if not given:
            return _last("7d")
        [name] = given
        return _SPANS[name](getattr(self, name))


def _from_to(start: str, end: str | None) -> _Span:
    start_time = moment(start, "--start")
    end_time = moment(end, "--end") if end is not None else None
    if end_time is not None and end_time <= start_time:
        raise CommandError(f"--end {end} is not after --start {start}. Use a later end.")
    return start_time, end_time


def _last(text: str) -> _Span:
    """Return the last `2w`, `30d`, `12h` or `90m`, from a whole day, hour or minute on."""
    match = re.fullmatch(r"([1-9][0-9]{0,8})([mhdw])", text)
    if match is None:
        raise CommandError(f"--last takes a span such as 2w, 30d, 12h or 90m, not {text!r:.40}.")
    seconds = _SECONDS[match[2]]
    # With an uneven start, the first bucket would be partial and look like a quiet day.
    unit = min(seconds, DAY)
    start = int(time.time()) // unit * unit - int(match[1]) * seconds
    if start < 0:
        raise CommandError(f"--last {text} begins before 1970. Use a shorter span.")
    return start, None


def month_of(text: str) -> datetime:
    """Return the start of the month that *text*, the value of `--month`, names: `2026-10`.

    Raises:
        CommandError: *text* is not a month, or the month has not begun yet.
    """
    try:
        first = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise CommandError(f"--month takes a month such as 2026-10, not {text!r:.40}.") from None
    if first < _EPOCH:
        raise CommandError(f"--month {text} is before 1970. Use a later month.")
    if first > month_start():
        raise CommandError(f"--month {text} has not begun yet. Use an earlier month.")
    return first


def _month(text: str) -> _Span:
    """Return a month such as `2026-10`. The month in progress ends now."""
    first = month_of(text)
    following = (first + timedelta(days=31)).replace(day=1)
    is_over = first < month_start()
    return int(first.timestamp()), int(following.timestamp()) if is_over else None


def _months_ago(months: int) -> _Span:
    end_time = int(month_start(months - 1).timestamp()) if months else None
    return int(month_start(months).timestamp()), end_time


def _midnight(days: int) -> int:
    return int(days_ago(days).timestamp())


_SPANS: Mapping[str, Callable[[str], _Span]] = {
    "last": _last,
    "this_month": lambda _: _months_ago(0),
    "last_month": lambda _: _months_ago(1),
    "month": _month,
    "today": lambda _: (_midnight(0), None),
    "yesterday": lambda _: (_midnight(1), _midnight(0)),
}
"""The function that returns the range of each option, from the value of the option."""


def moment(text: str, option: str) -> int:
    """Parse *text*, the value of *option*, and return Unix seconds.

    Raises:
        CommandError: *text* is not a time.
    """
    found = parse_time(text)
    if found is None:
        raise CommandError(
            f"{option} takes 2025-12-06, 2025-12-06T12:00Z or Unix seconds of 9 to 12 digits, "
            f"not {text!r:.40}."
        )
    if isinstance(found, int):
        return found
    if found.tzinfo is None:
        raise CommandError(f"{option} {text} needs a time zone. Add Z for UTC, or an offset.")
    if found < _EPOCH:
        raise CommandError(f"{option} {text} is before 1970. Use a later time.")
    return int(found.timestamp())
