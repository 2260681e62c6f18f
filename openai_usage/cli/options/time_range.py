"""Options for the time range: `--last 7d`, `--this-month`, `--start 2026-01-01` and others."""

import re
import time
from datetime import UTC, datetime
from typing import Annotated

from attrs import frozen
from cyclopts import Group, Parameter

from openai_usage import month_start
from openai_usage.cli.options.flags import flag
from openai_usage.cli.wording import CommandError
from openai_usage.schema.times import DAY

_SECONDS = {"m": 60, "h": 3600, "d": DAY}
_EPOCH = datetime.fromtimestamp(0, UTC)
_GROUP = Group("Range", sort_key=1)


@Parameter(name="*", group=_GROUP)
@frozen(kw_only=True)
class TimeRange:
    """Options for the time range; the default is the last seven days."""

    last: Annotated[
        str | None,
        Parameter(
            help="The last days, hours or minutes until now, such as 30d, 12h or 90m. It starts at "
            "a whole day, hour or minute in UTC. Default: 7d."
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

    def span(self) -> tuple[int, int | None]:
        """Return the start and the end of the range in Unix seconds; an end of None is now.

        Raises:
            CommandError: A time is invalid, or options contradict each other.
        """
        names = ("last", "start", "this_month", "last_month")
        options = [
            f"--{name.replace('_', '-')}"
            for name in names
            if getattr(self, name) not in (None, False)
        ]
        if len(options) > 1:
            raise CommandError(
                f"{' and '.join(options)} contradict each other. Use only one of them."
            )
        if self.end is not None and self.start is None:
            raise CommandError("--end was given without a start. Add --start TIME.")
        if self.start is not None:
            return _from_to(self.start, self.end)
        if self.this_month:
            return int(month_start().timestamp()), None
        if self.last_month:
            return int(month_start(1).timestamp()), int(month_start().timestamp())
        return _start_of_last("7d" if self.last is None else self.last), None


def _from_to(start: str, end: str | None) -> tuple[int, int | None]:
    start_time = moment(start, "--start")
    end_time = moment(end, "--end") if end is not None else None
    if end_time is not None and end_time <= start_time:
        raise CommandError(f"--end {end} is not after --start {start}. Use a later end.")
    return start_time, end_time


def _start_of_last(text: str) -> int:
    """Return the start of the last `30d`, `12h` or `90m`: a whole day, hour or minute in UTC."""
    match = re.fullmatch(r"([1-9][0-9]{0,8})([mhd])", text)
    if match is None:
        raise CommandError(f"--last takes a span such as 30d, 12h or 90m, not {text!r:.40}.")
    seconds = _SECONDS[match[2]]
    # With an uneven start, the first bucket would be partial and look like a quiet day.
    start = (int(time.time()) // seconds - int(match[1])) * seconds
    if start < 0:
        raise CommandError(f"--last {text} begins before 1970. Use a shorter span.")
    return start


def moment(text: str, option: str) -> int:
    """Parse *text*, the value of *option*, and return Unix seconds.

    Raises:
        CommandError: *text* is not a time.
    """
    if re.fullmatch("[0-9]{9,12}", text):
        return int(text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(
            f"{option} takes 2025-12-06, 2025-12-06T12:00Z or Unix seconds of 9 to 12 digits, "
            f"not {text!r:.40}."
        ) from None
    if re.fullmatch("[0-9]{4}-?[0-9]{2}-?[0-9]{2}", text):
        found = found.replace(tzinfo=UTC)
    if found.tzinfo is None:
        raise CommandError(f"{option} {text} needs a time zone. Add Z for UTC, or an offset.")
    if found < _EPOCH:
        raise CommandError(f"{option} {text} is before 1970. Use a later time.")
    return int(found.timestamp())
