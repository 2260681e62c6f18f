"""Count synthetic events up to any moment, by time of day, day of the week and chance.

Every figure of the sandbox is a difference of two such counts. Therefore totals agree for every
bucket width and every grouping, and a month takes no longer to compute than a minute.
"""

import random
from datetime import UTC, datetime
from itertools import accumulate
from math import exp
from threading import Lock

from attrs import frozen

from openai_usage.schema.times import DAY

FOUNDED = 1_672_531_200
"""The start of the organization: 2023-01-01. There is no usage before."""

_GENERATING = Lock()
"""Held while days are generated, because sandboxes of several threads share an organization."""


@frozen
class Weights:
    """The relative number of events by day of the week and by hour of the day, in UTC."""

    days: tuple[float, ...]
    """The weight of each day, from Monday."""
    hours: tuple[float, ...]
    """The weight of each hour, from midnight."""


# fmt: off
OFFICE = Weights(
    days=(1.0, 1.05, 1.1, 1.05, 0.9, 0.18, 0.12),
    hours=(
        1, 1, 0, 0, 0, 1, 3, 10, 40, 80, 95, 90,
        60, 85, 100, 95, 80, 55, 25, 12, 8, 5, 3, 2,
    ),
)
"""Requests of people during office hours."""

ALWAYS = Weights(
    days=(1.0, 1.0, 1.0, 1.0, 1.0, 0.9, 0.9),
    hours=(
        60, 55, 50, 48, 48, 50, 58, 66, 76, 86, 92, 96,
        96, 98, 100, 98, 94, 90, 86, 82, 78, 72, 68, 64,
    ),
)
"""Requests of services that run around the clock."""
# fmt: on


class ArrivalProcess:
    """The times of the events of one kind.

    Args:
        chance: The random generator of the differences between days.
        per_day: The number of events on an average working day in the first days.
        weights: The distribution over a week and a day: `OFFICE` or `ALWAYS`.
        unusual: The number of events on one day in four weeks, as a multiple of the usual number.
        started_at: The Unix time of the start of the events.
        ended_at: The Unix time of the end of the events, or None if they go on.
    """

    def __init__(
        self,
        chance: random.Random,
        per_day: float,
        weights: Weights,
        *,
        unusual: float = 1.0,
        started_at: int = FOUNDED,
        ended_at: int | None = None,
    ) -> None:
        # Days are generated on first use, and requests decide which source comes first. A generator
        # of its own makes the result independent of that order.
        self._chance = random.Random(chance.random())
        self._per_day = per_day
        self._unusual = unusual
        self._unusual_week = self._chance.randrange(4) if unusual != 1 else 0
        self._unusual_day = -1
        self._started_at = started_at
        self._ended_at = ended_at
        self._weekdays = weights.days
        self._hours = [hour / sum(weights.hours) for hour in weights.hours]
        self._until_hour = [0.0, *accumulate(self._hours)]
        self._until_day = [0.0]
        self._of_day: list[float] = []

    def count(self, moment: int) -> int:
        """Return the number of the last event before *moment*, in Unix seconds.

        The first event need not have the number 1: only differences of two counts have a meaning.
        """
        moment = max(moment, self._started_at)
        moment = min(moment, self._ended_at or moment)
        day, second = divmod(moment - FOUNDED, DAY)
        if len(self._of_day) <= day:
            with _GENERATING:
                while len(self._of_day) <= day:
                    self._generate_day()
        hour, second = divmod(second, 3600)
        share = self._until_hour[hour] + self._hours[hour] * second / 3600
        return int(self._until_day[day] + self._of_day[day] * min(1.0, share))

    def _generate_day(self) -> None:
        day = len(self._of_day)
        weekday = self._weekdays[(day + 6) % 7]  # the first of 2023 was a Sunday
        growth = 1 + day / 1500
        events = self._per_day * weekday * growth * exp(self._chance.gauss(0, 0.18))
        if self._unusual != 1:
            events *= self._times_usual(day)
        self._of_day.append(events)
        self._until_day.append(self._until_day[-1] + events)

    def _times_usual(self, day: int) -> float:
        """Return how many times the usual number of events the *day* has.

        Every four weeks, a day from Monday to Wednesday of the same week is unusual, so that there
        is one in any 30 whole days.
        """
        if day % 28 == 1:  # a Monday, as the second day of 2023
            monday = day + 7 * self._unusual_week
            self._unusual_day = monday + self._chance.randrange(3)
        return self._unusual if day == self._unusual_day else 1.0


@frozen
class MonthlyEvent:
    """One event a month, in the first second of a day."""

    day: int
    """The day of the month, from 1 to 28."""

    def count(self, moment: int) -> int:
        """Return the number of the last event before *moment*, in Unix seconds."""
        last = datetime.fromtimestamp(max(moment, FOUNDED) - 1, UTC)
        return last.year * 12 + last.month - (last.day < self.day)


class CyclicAmounts:
    """Amounts of events that repeat in a cycle, so that any number of them is summed in one step.

    Args:
        chance: The random generator of the amounts.
        low: The least amount of one event.
        high: The greatest amount of one event.
    """

    def __init__(self, chance: random.Random, low: int, high: int) -> None:
        # The cycle has a prime length, so that it does not line up with hours or days.
        amounts = chance.choices(range(low, high + 1), k=97)
        self._until = [0, *accumulate(amounts)]

    def between(self, before: int, after: int) -> int:
        """Return the sum of the amounts of the events from number *before* to number *after*."""
        return self._upto(after) - self._upto(before)

    def _upto(self, events: int) -> int:
        rounds, rest = divmod(events, len(self._until) - 1)
        return rounds * self._until[-1] + self._until[rest]
