"""Summarize results for people: a line for each group, or for each bucket without grouping."""

from collections.abc import Sequence
from functools import partial

from attrs import evolve, frozen

from openai_usage._number_format import Number
from openai_usage._text import label, labels_of
from openai_usage._time_format import iso
from openai_usage.analysis.groups import Group, Totals, add_up, group_by
from openai_usage.analysis.totals import TotalsBuilder
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.cli.output.rows import ResultRows

WITHOUT_GROUPING = ("start",)
"""The label of a line if a line is a bucket."""


@frozen
class Summary:
    """Totals with labels for people, and how they developed from bucket to bucket."""

    totals: Totals
    """The groups, with text for labels and currencies. Each is a line of the table."""
    starts: Sequence[int]
    """The starts of the buckets, in Unix seconds."""
    trends: Sequence[Sequence[Number]]
    """For each group, the main measure of each bucket."""

    @property
    def trend(self) -> list[Number]:
        """The main measure of all groups by bucket; empty if currencies differ or it is a level."""
        if len(self.totals.by_currency) != 1 or not self.totals.main.adds_up:
            return []
        return [add_up(bucket) for bucket in zip(*self.trends, strict=True)]


async def summarize(rows: ResultRows) -> Summary:
    """Return the totals of all results: the largest first, or in time order without grouping."""
    by = tuple(rows.grouped_by) or WITHOUT_GROUPING
    builder = TotalsBuilder(rows.source.endpoint.result, tuple(dict.fromkeys([*by, "start"])))
    starts: list[int] = []
    async for bucket in rows.buckets:
        rows.names.learn(bucket.results)
        starts.append(bucket.start_time)
        builder.add([bucket])
    by_bucket = builder.build()
    totals = by_bucket.merged(by).largest_first()
    sizes = group_by(by_bucket, lambda group: _key(group, by))
    trends = [_trend(sizes[_key(group, by)], totals.main.name, starts) for group in totals]
    return Summary(_with_text(totals, rows.names), starts, trends)


def _key(group: Group, by: Sequence[str]) -> object:
    return (*(group.labels[name] for name in by), group.currency)


def _trend(groups: Sequence[Group], measure: str, starts: Sequence[int]) -> list[Number]:
    figures = {group.labels["start"]: group.figures[measure] for group in groups}
    return [figures.get(iso(start), 0) for start in starts]


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
        case _ if column == "start":
            # Without trailing zeros: a date, or a date and a time.
            return str(value).removesuffix("T00:00:00Z").removesuffix(":00Z").replace("T", " ")
        case _:
            # The text may come from anyone, so control characters must not reach the terminal.
            return label(names.labelled(column, str(value)))
