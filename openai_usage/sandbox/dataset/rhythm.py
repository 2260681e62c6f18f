"""When things happen: how many there have been up to any moment, by day, week and chance.

Everything in the sandbox is a difference of two such counts. That is why its totals agree for
every bucket width and every grouping, and why a month costs no more than a minute.
"""

import random
from itertools import accumulate
from math import exp

from attrs import frozen

FOUNDED = 1_672_531_200
"""2023-01-01, when the sandbox's organization began; before it, nothing happened."""

_DAY = 86_400


@frozen
class Weights:
    """How the days of a week and the hours of a day, in UTC, compare with each other."""

    days: tuple[float, ...]
    """From Monday."""
    hours: tuple[float, ...]


# fmt: off
OFFICE = Weights(
    days=(1.0, 1.05, 1.1, 1.05, 0.9, 0.18, 0.12),
    hours=(
        1, 1, 0, 0, 0, 1, 3, 10, 40, 80, 95, 90,
        60, 85, 100, 95, 80, 55, 25, 12, 8, 5, 3, 2,
    ),
)
"""People at work."""

ALWAYS = Weights(
    days=(1.0, 1.0, 1.0, 1.0, 1.0, 0.9, 0.9),
    hours=(
        60, 55, 50, 48, 48, 50, 58, 66, 76, 86, 92, 96,
        96, 98, 100, 98, 94, 90, 86, 82, 78, 72, 68, 64,
    ),
)
"""What runs by itself, around the clock."""
# fmt: on


class ArrivalProcess:
    """The flow of events of one kind.

    Args:
        chance: Decides how one day differs from the next.
        per_day: How many events there are on an average working day, at the beginning.
        weights: Of the days of the week and the hours of the day: `OFFICE` or `ALWAYS`.
        ended_at: When it came to an end, in Unix seconds; None: it goes on.
    """

    def __init__(
        self,
        chance: random.Random,
        per_day: float,
        weights: Weights,
        ended_at: int | None = None,
    ) -> None:
        # Its own generator: days are drawn when they are first asked for, in whatever order
        # the sources are.
        self._chance = random.Random(chance.random())
        self._per_day = per_day
        self._ended_at = ended_at
        self._weekdays = weights.days
        self._hours = [hour / sum(weights.hours) for hour in weights.hours]
        self._until_hour = [0.0, *accumulate(self._hours)]
        self._until_day = [0.0]
        self._of_day: list[float] = []

    def count(self, moment: int) -> int:
        """How many events there were before *moment*, in Unix seconds."""
        if moment <= FOUNDED:
            return 0
        moment = min(moment, self._ended_at or moment)
        day, second = divmod(moment - FOUNDED, _DAY)
        while len(self._of_day) <= day:
            self._live_a_day()
        hour, second = divmod(second, 3600)
        passed = self._until_hour[hour] + self._hours[hour] * second / 3600
        return int(self._until_day[day] + self._of_day[day] * min(1.0, passed))

    def _live_a_day(self) -> None:
        day = len(self._of_day)
        weekday = self._weekdays[(day + 6) % 7]  # the first of 2023 was a Sunday
        growth = 1 + day / 1500
        events = self._per_day * weekday * growth * exp(self._chance.gauss(0, 0.18))
        self._of_day.append(events)
        self._until_day.append(self._until_day[-1] + events)


class CyclicAmounts:
    """An amount that differs from event to event, and adds up in one step over any number.

    Args:
        chance: Decides the amounts.
        low: The least that one event takes.
        high: The most.
    """

    def __init__(self, chance: random.Random, low: int, high: int) -> None:
        # After a prime number of events the amounts come round again, out of step with any clock.
        amounts = [chance.randint(low, high) for _ in range(97)]
        self._until = [0, *accumulate(amounts)]

    def between(self, before: int, after: int) -> int:
        """What the events from number *before* to number *after* take together."""
        return self._upto(after) - self._upto(before)

    def _upto(self, events: int) -> int:
        rounds, rest = divmod(events, len(self._until) - 1)
        return rounds * self._until[-1] + self._until[rest]
