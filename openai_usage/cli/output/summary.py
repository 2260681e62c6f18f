"""Summarize results for people: a line for each group, or for each bucket without grouping."""

from functools import partial

from openai_usage import Bucket
from openai_usage._text import label, labels_of
from openai_usage._time_format import iso
from openai_usage.analysis.totals import Group, Totals, TotalsBuilder, measures_of, values_of
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.cli.output.rows import ResultRows

WITHOUT_GROUPING = ("start",)
"""The head of the label column if a line is a bucket."""


async def summarize(rows: ResultRows) -> Totals[str]:
    """Return the totals of all results: the largest first, or in time order without grouping."""

    def labels(bucket: Bucket[object], result: object) -> tuple[object, ...]:
        return values_of(result, rows.grouped_by) or (_start(bucket),)

    heads = rows.grouped_by or WITHOUT_GROUPING
    builder = TotalsBuilder(heads, measures_of(rows.source.endpoint), labels)
    async for bucket in rows.buckets:
        rows.names.learn(bucket.results)
        builder.add(bucket)
    totals = builder.build()
    return _with_text(totals.largest_first() if rows.grouped_by else totals, rows.names)


def _with_text(totals: Totals[object], names: KnownNames) -> Totals[str]:
    """Return the same totals with labels and currencies as text, different for any two groups."""
    columns = [
        labels_of((group.labels[index] for group in totals.groups), partial(_label, names, head))
        for index, head in enumerate(totals.by)
    ]
    billed = (group.currency for group in totals.groups if group.currency is not None)
    currencies = labels_of(billed, label)
    groups = [
        Group(
            tuple(column[value] for column, value in zip(columns, group.labels, strict=True)),
            None if group.currency is None else currencies[group.currency],
            group.figures,
            group.by_bucket,
        )
        for group in totals.groups
    ]
    return Totals(totals.by, totals.measures, totals.starts, groups)


def _start(bucket: Bucket[object]) -> str:
    """Return the start of a bucket without trailing zeros: a date, or a date and a time."""
    start = iso(bucket.start).removesuffix("T00:00:00Z").removesuffix(":00Z")
    return start.replace("T", " ")


def _label(names: KnownNames, column: str, value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return str(value).lower()
        case _:
            # The text may come from anyone, so control characters must not reach the terminal.
            return label(names.labelled(column, str(value)))
