"""Summarize results for people: a line for each group, or for each bucket without grouping."""

from collections.abc import Mapping, Sequence

from attrs import frozen

from openai_usage import Bucket
from openai_usage._number_format import Number
from openai_usage._time_format import iso
from openai_usage.analysis.groups import Group, Totals, add_up, group_by
from openai_usage.analysis.measures import measures_of
from openai_usage.analysis.totals import TotalsBuilder
from openai_usage.cli.output.labels import Labels
from openai_usage.cli.output.rows import ResultRows
from openai_usage.schema.columns import columns_of
from openai_usage.schema.windows import Window, is_in_progress

PARTS: Mapping[str, str] = {"input_cached_tokens": "input_tokens"}
"""The measures that are a part of another one. People ask for their share."""


@frozen
class Summary:
    """Totals with labels for people, and how they developed from bucket to bucket."""

    totals: Totals
    """The groups, with text for labels and currencies. Each is a line of the table. The measures in
    `PARTS` are shown as shares of others."""
    starts: Sequence[int]
    """The starts of the buckets, in Unix seconds."""
    in_progress: Bucket[object] | None
    """The last bucket, if it is not over yet."""
    trends: Sequence[Sequence[Number]]
    """For each group, the main measure of each bucket that is over; empty for periods."""

    @property
    def trend(self) -> list[Number]:
        """The main measure of all groups by bucket; empty if currencies differ or it is a level."""
        is_one = len(self.totals.by_currency) == 1 and self.totals.main.adds_up
        if not is_one or not self.trends:
            return []
        return [add_up(bucket) for bucket in zip(*self.trends, strict=True)]


async def summarize(rows: ResultRows, now: int) -> Summary:
    """Return the totals of all results, as they were requested, at *now* in Unix seconds."""
    grouping, query = rows.grouping, rows.source.query
    result = rows.source.endpoint.result
    shown = [each.name for each in measures_of(result)]
    parts = [each.name for each in columns_of(result) if each.name in PARTS]
    builder = TotalsBuilder(
        result, list(dict.fromkeys([*grouping.lines, "start"])), [*shown, *parts]
    )
    starts: list[int] = []
    last: Bucket[object] | None = None
    async for bucket in rows.read(grouping.lines):
        starts.append(bucket.start_time)
        builder.add([bucket])
        last = bucket
    in_progress = last if last is not None and is_in_progress(query, last, now) else None
    by_bucket = builder.build()
    if has_trends := bool(grouping.by) and not grouping.has_period:
        by_bucket = grouping.with_rest(by_bucket)  # which has a trend, too
    totals = grouping.arrange(by_bucket.merged(grouping.lines))
    over = starts if in_progress is None else starts[:-1]
    labels = Labels(
        rows.names,
        in_progress=None if in_progress is None else in_progress.start,
        covered=None if last is None else Window(starts[0], last.end_time),
        has_times=query.bucket_width != "1d",
    )
    trends = _trends(by_bucket, totals, over) if has_trends else []
    return Summary(labels.written(totals), starts, in_progress, trends)


def _trends(by_bucket: Totals, totals: Totals, starts: Sequence[int]) -> list[list[Number]]:
    def key(group: Group) -> object:
        return (*(group.labels[name] for name in totals.by), group.currency)

    name = totals.main.name
    figures = {
        key: {group.labels["start"]: group.figures[name] for group in groups}
        for key, groups in group_by(by_bucket, key).items()
    }
    return [[figures[key(group)].get(iso(start), 0) for start in starts] for group in totals]
