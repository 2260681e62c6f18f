"""Summarize results for people: a line for each group, or for each bucket without grouping."""

from collections.abc import Sequence
from functools import partial

from attrs import evolve, frozen

from openai_usage._number_format import Number
from openai_usage._text import label, labels_of
from openai_usage._time_format import iso
from openai_usage.analysis.groups import Group, Rest, Totals, add_up, group_by
from openai_usage.analysis.totals import TotalsBuilder
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.cli.output.rows import ResultRows


@frozen
class Summary:
    """Totals with labels for people, and how they developed from bucket to bucket."""

    totals: Totals
    """The groups, with text for labels and currencies. Each is a line of the table."""
    starts: Sequence[int]
    """The starts of the buckets, in Unix seconds."""
    trends: Sequence[Sequence[Number]]
    """For each group, the main measure of each bucket; empty if a group is a period."""

    @property
    def trend(self) -> list[Number]:
        """The main measure of all groups by bucket; empty if currencies differ or it is a level."""
        is_one = len(self.totals.by_currency) == 1 and self.totals.main.adds_up
        if not is_one or not self.trends:
            return []
        return [add_up(bucket) for bucket in zip(*self.trends, strict=True)]


async def summarize(rows: ResultRows) -> Summary:
    """Return the totals of all results: the largest first, or in time order without grouping."""
    grouping = rows.grouping
    by = grouping.lines
    builder = TotalsBuilder(rows.source.endpoint.result, list(dict.fromkeys([*by, "start"])))
    starts: list[int] = []
    async for bucket in rows.buckets:
        rows.names.learn(bucket.results)
        starts.append(bucket.start_time)
        builder.add([bucket])
    by_bucket = builder.build()
    if has_trends := bool(grouping.by) and not grouping.has_period:
        by_bucket = grouping.with_rest(by_bucket)  # which has a trend, too
    totals = grouping.arrange(by_bucket.merged(by))
    trends = _trends(by_bucket, totals, starts) if has_trends else []
    return Summary(_with_text(totals, rows.names), starts, trends)


def _trends(by_bucket: Totals, totals: Totals, starts: Sequence[int]) -> list[list[Number]]:
    def key(group: Group) -> object:
        return (*(group.labels[name] for name in totals.by), group.currency)

    name = totals.main.name
    figures = {
        key: {group.labels["start"]: group.figures[name] for group in groups}
        for key, groups in group_by(by_bucket, key).items()
    }
    return [[figures[key(group)].get(iso(start), 0) for start in starts] for group in totals]


def _with_text(totals: Totals, names: KnownNames) -> Totals:
    """Return the same totals with labels and currencies as text, different for any two groups."""
    texts = {
        name: labels_of((group.labels[name] for group in totals), partial(_label, names, name))
        for name in totals.by
    }
    billed = (group.currency for group in totals if group.currency is not None)
    currencies = labels_of(billed, label)
    groups = [
        evolve(
            group,
            labels={name: texts[name][value] for name, value in group.labels.items()},
            currency=None if group.currency is None else currencies[group.currency],
        )
        for group in totals
    ]
    return evolve(totals, groups=groups)


def _label(names: KnownNames, column: str, value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return str(value).lower()
        case Rest():
            return value
        case _ if column == "start":
            # Without trailing zeros: a date, or a date and a time.
            return str(value).removesuffix("T00:00:00Z").removesuffix(":00Z").replace("T", " ")
        case _:
            # The text may come from anyone, so control characters must not reach the terminal.
            return label(names.labelled(column, str(value)))
