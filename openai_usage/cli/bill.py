"""The bill of a month, as far as it could be read."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from openai_usage import APIError, AsyncUsageClient, Bucket, CostsResult, Gap, Limits
from openai_usage._gap_text import describe_gaps
from openai_usage._pagination.continuity import LATE
from openai_usage._text import printable
from openai_usage.analysis import Budget, Unusual, costs_group_by, unusual
from openai_usage.analysis.charges import Field
from openai_usage.analysis.months import end_of_month, start_of_last_month
from openai_usage.analysis.spending import Dimension
from openai_usage.cli.ids import find_project_ids
from openai_usage.cli.options.budget import names_for
from openai_usage.cli.options.connection import Connection
from openai_usage.cli.options.names import NameOptions
from openai_usage.cli.options.spend import SpendOptions
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.cli.output.unread import describe_unread
from openai_usage.cli.wording import as_typed
from openai_usage.schema.times import unix_seconds

if TYPE_CHECKING:
    from openai_usage import UnreadOrganization

_RECENT = timedelta(days=2)
"""The age of an unusual day that matters although its month is over. Two days, because costs can
come a day late."""

_HISTORY = timedelta(weeks=8)
"""The time before a day that shows whether the day is unusual."""


@frozen(kw_only=True)
class Bill:
    """The costs of a month, and of the month before, as far as they could be read."""

    month: date
    """The first day of the month."""
    buckets: Sequence[Bucket[CostsResult]] = ()
    history: Sequence[Bucket[CostsResult]] = ()
    """The costs of the weeks before, which only unusual days are compared with."""
    gaps: Sequence[Gap] = ()
    """The parts of the range without a bucket."""
    error: APIError | None = None
    """The reason why nothing could be read."""
    names: KnownNames = field(factory=KnownNames)
    limits: Limits | None = None
    """The limits of spending, if they were requested."""
    is_of_copy: bool = False
    """True if the costs were read from a copy."""
    unread_organizations: "Sequence[UnreadOrganization]" = ()
    """The organizations that could not be read, in whole or in part."""

    @property
    def unknown(self) -> str:
        """The unknown parts of the range as a sentence; empty if everything is known."""
        of_one = [gap for each in self.unread_organizations for gap in each.gaps]
        of_all = (gap for gap in self.gaps if gap not in of_one)
        sentences = [
            *describe_gaps(of_all, of_copy=self.is_of_copy),
            *describe_unread(self.unread_organizations),
        ]
        return printable(as_typed(self.error)) if self.error else " ".join(sentences)

    @property
    def left_out(self) -> Sequence[str]:
        """The labels of the organizations whose costs could not be read."""
        return [each.organization for each in self.unread_organizations if each.error is not None]

    def has_today(self, now: datetime) -> bool:
        """Return whether a bucket or a gap reaches into today, or today begins at *now*."""
        start = unix_seconds(now.date(), param="today")
        if self.month < now.date().replace(day=1):
            return True  # today does not matter
        return start == int(now.timestamp()) or start < self._end(default=0)

    def up_to(self, now: datetime, *, check: bool) -> "Bill":
        """Return the bill, with a gap up to *now* added if an expected bucket is missing.

        A bucket is expected once it is `LATE`; a *check* always expects one of this month.
        """
        following = unix_seconds(end_of_month(self.month) + timedelta(days=1), param="end")
        end, month = min(int(now.timestamp()), following), unix_seconds(self.month, param="month")
        start = self._end(default=unix_seconds(start_of_last_month(self.month), param="start"))
        if end - start < LATE and not (check and start <= month < end):
            return self
        gap = Gap(endpoint="costs", start_time=start, end_time=end)
        return evolve(self, gaps=[*self.gaps, gap])

    def unusual_days(self, by: Sequence[Dimension], now: datetime) -> list[Unusual]:
        """Return the unusual days of the month, the latest first: of everything, and by label.

        The last two days before *now* are among them, although their month can be over: on the
        first of a month, nobody has heard of the day before.
        """
        buckets = [*self.history, *self.buckets]
        found = [
            each
            for one in ([], *([label] for label in by))
            for each in unusual(buckets, one, now=now)
        ]
        latest = sorted(found, key=lambda each: (each.day, abs(each.score)), reverse=True)
        first = min(self.month, now.date() - _RECENT)
        return [each for each in latest if each.day >= first]

    def recent(self, days: Iterable[Unusual], now: datetime) -> list[Unusual]:
        """Return those of the unusual *days* that a check reports."""
        return [each for each in days if now.date() - each.day <= _RECENT]

    def named(self, day: Unusual) -> Unusual:
        """Return *day* with names in place of ids, where names are known."""
        labels = {
            name.removesuffix("_id"): label and self.names.known(name, str(label))
            for name, label in day.labels.items()
        }
        return evolve(day, labels=labels)

    def _end(self, *, default: int) -> int:
        return max((part.end_time for part in (*self.buckets, *self.gaps)), default=default)


async def fetch_bill(
    connection: Connection,
    month: date,
    now: datetime,
    options: SpendOptions,
    naming: NameOptions,
    *,
    budgets: Sequence[Budget] = (),
) -> Bill:
    """Fetch the costs of the month and of the month before, with names and limits if requested.

    If unusual days are wanted, fetch the weeks before that they are compared with, too.
    """
    gaps: list[Gap] = []
    start = start_of_last_month(month)
    first = unix_seconds(start, param="start")
    history = min(start, month - _RECENT - _HISTORY) if options.unusual else start
    end = datetime.combine(end_of_month(month) + timedelta(days=1), datetime.min.time(), UTC)
    group_by: list[Field] = list(dict.fromkeys([*options.group_by, *costs_group_by(budgets)]))
    naming = names_for(budgets, naming)
    async with connection.client(on_gap=gaps.append, reading="costs") as client:
        options = evolve(options, project_ids=await find_project_ids(client, options.project_ids))
        query = client.costs(
            start_time=history,
            end_time=min(end, now),
            group_by=group_by,
            project_ids=options.project_ids,
        )
        buckets, names, limits = await asyncio.gather(
            query.concurrently().collect(),
            naming.of(client, group_by, options.project_ids),
            _limits_of(client, options),
        )

    def is_early(gap: Gap) -> bool:
        """Return whether a gap is a day that has just begun, whose bucket can still come."""
        return gap.start_time > now.timestamp() - LATE

    return Bill(
        month=month,
        buckets=[each for each in buckets if each.start_time >= first],
        history=[each for each in buckets if each.start_time < first],
        gaps=[each for each in gaps if each.end_time > first and not is_early(each)],
        names=names.with_results(result for bucket in buckets for result in bucket.results),
        limits=limits,
        is_of_copy=connection.from_ is not None,
        unread_organizations=[
            evolve(each, gaps=own)
            for each in client._unread  # noqa: SLF001 - of a combined client
            if (own := [gap for gap in each.gaps if not is_early(gap)]) or each.error is not None
        ],
    )


async def _limits_of(client: AsyncUsageClient, options: SpendOptions) -> Limits | None:
    """Return the limits of the organization, or those of the projects that were chosen."""
    return await client.limits(project_ids=options.project_ids or ()) if options.limits else None
