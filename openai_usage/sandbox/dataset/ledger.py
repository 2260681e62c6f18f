"""Filter, group and add up the organization's usage for each bucket of a query."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

from attrs import fields, frozen

from openai_usage.endpoints import Endpoint
from openai_usage.sandbox.dataset.organization import Organization, Source
from openai_usage.sandbox.dataset.restatements import Restatements
from openai_usage.sandbox.dataset.workloads import Label, email_of
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.windows import Window

Totals = dict[str, int | Decimal]
Row = dict[str, object]
_Events = tuple[int, int]
"""Consecutive events: the number of the one before, and of the last."""

_FILTERS = {
    "project_ids": "project_id",
    "user_ids": "user_id",
    "api_key_ids": "api_key_id",
    "models": "model",
    "sources": "source",
    "sizes": "size",
    "vector_store_ids": "vector_store_id",
    "context_levels": "context_level",
    "line_items": "line_item",
    "batch": "batch",
}
"""The label that each filter compares."""

_COMPOSED = {
    "input_uncached_tokens": ("input_text_tokens", "input_audio_tokens", "input_image_tokens"),
    "input_cached_tokens": (
        "input_cached_text_tokens",
        "input_cached_audio_tokens",
        "input_cached_image_tokens",
    ),
    "input_cache_write_tokens": ("input_cache_write_30m_tokens", "input_cache_write_12h_tokens"),
    "input_tokens": ("input_uncached_tokens", "input_cached_tokens", "input_cache_write_tokens"),
    "output_tokens": ("output_text_tokens", "output_audio_tokens", "output_image_tokens"),
}
"""The token counts that are sums of others. A count comes after those it is computed from."""


@frozen
class Ledger:
    """The usage and costs of the organization, in the form of any of the twelve endpoints."""

    organization: Organization
    """The organization whose usage it is."""
    restatements: Callable[[Endpoint[..., object]], Restatements] | None = None
    """A function that returns the restatements of an endpoint. None if nothing is restated."""

    def results(
        self,
        endpoint: Endpoint[..., object],
        query: RangeQuery,
        buckets: Sequence[Window],
        *,
        until: int,
        now: int,
    ) -> list[list[Row]]:
        """Return the results of each of the *buckets*, as of *now*.

        Events at or after *until* are left out.
        """
        group_by: tuple[str, ...] = getattr(query, "group_by", None) or ()
        starts = [bucket.start_time for bucket in buckets]
        groups: list[dict[tuple[Label, ...], tuple[Source, Totals]]] = [{} for _ in buckets]
        # The line items of one workload have the same events.
        events_of: dict[int, list[list[_Events]]] = {}
        restatements = self.restatements and self.restatements(endpoint)
        for source in self._matching(endpoint, query):
            group = tuple(source.labels.get(name) for name in group_by)
            if source.workload not in events_of:
                events_of[source.workload] = (
                    _restated(source, buckets, restatements, until, now)
                    if restatements
                    else _events(source, buckets, until)
                )
            events = events_of[source.workload]
            for bucket, day, runs in zip(groups, starts, events, strict=True):
                for before, after in runs:
                    if after > before:
                        _, totals = bucket.setdefault(group, (source, {}))
                        source.add(totals, before, after, day)
        blank = _blank(endpoint)
        return [
            [
                self._row(blank, dict(zip(group_by, group, strict=True)), source, totals)
                for group, (source, totals) in sorted(bucket.items(), key=lambda item: str(item[0]))
            ]
            for bucket in groups
        ]

    def _matching(self, endpoint: Endpoint[..., object], query: RangeQuery) -> Iterator[Source]:
        wanted = {
            label: value if isinstance(value, tuple) else (value,)
            for name, label in _FILTERS.items()
            if (value := getattr(query, name, None)) is not None
        }
        for source in self.organization.sources:
            if source.endpoint == endpoint.name and all(
                source.labels.get(label) in values for label, values in wanted.items()
            ):
                yield source

    def _row(
        self,
        blank: Row,
        group: Mapping[str, Label],
        source: Source,
        totals: Totals,
    ) -> Row:
        """Return one result as the API writes it. *source* is any of the sources it sums up."""
        if _COMPOSED.keys() <= blank.keys():
            totals = _composed(totals)
        row = {**blank, **totals, **group}
        if "amount" in blank:
            row |= self._bill(group, source, totals)
        return row

    def _bill(self, group: Mapping[str, Label], source: Source, totals: Totals) -> Row:
        project, user = group.get("project_id"), group.get("user_id")
        has_quantity = "line_item" in group and source.unit is not None
        return {
            "amount": {"value": totals["amount"], "currency": "usd"},
            "quantity": totals["quantity"] if has_quantity else None,
            "quantity_unit": source.unit if has_quantity else None,
            # These fields are not in the specification, but the API has been seen to send them.
            "organization_id": self.organization.id,
            "organization_name": "Sandbox Organization",
            "project_name": self.organization.projects.get(str(project)),
            "user_email": email_of(self.organization.users.get(str(user))),
        }


def _events(source: Source, buckets: Sequence[Window], until: int) -> list[list[_Events]]:
    """Return the events of a source in each bucket."""
    edges = [*(bucket.start_time for bucket in buckets), *(each.end_time for each in buckets[-1:])]
    counts = [source.arrivals.count(min(edge, until)) for edge in edges]
    return [[pair] for pair in pairwise(counts)]


def _restated(
    source: Source, buckets: Sequence[Window], restatements: Restatements, until: int, now: int
) -> list[list[_Events]]:
    """Return the events of a source in each bucket, as often as they count at *now*."""
    count = source.arrivals.count
    return [
        [
            (count(each.start), count(each.end))
            for each in restatements.counted(
                source.workload, bucket.start_time, min(bucket.end_time, until), now
            )
            for _ in range(each.times)
        ]
        for bucket in buckets
    ]


def _composed(totals: Totals) -> Totals:
    composed = {name: totals.get(name, 0) for parts in _COMPOSED.values() for name in parts}
    composed |= totals
    for name, parts in _COMPOSED.items():
        composed[name] = sum(composed[part] for part in parts)
    return composed


def _blank(endpoint: Endpoint[..., object]) -> Row:
    """Return a result of *endpoint* in which every field is null."""
    known = fields(endpoint.result)  # type: ignore[arg-type]
    return {**{attribute.name: None for attribute in known}, "object": known.object.default}
