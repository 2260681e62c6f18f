"""Collector: read usage and costs in the background, and give Prometheus what was read last."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import cast

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector as BaseCollector

from openai_usage._pagination.follower import seconds_between_rounds
from openai_usage._refusals import without_arguments_in_tracebacks
from openai_usage._version import __version__
from openai_usage.analysis.budget import Budget
from openai_usage.analysis.budgets import costs_group_by
from openai_usage.analysis.spending import Spending
from openai_usage.client import AsyncUsageClient
from openai_usage.endpoints import Endpoint
from openai_usage.errors import ALLOW_PERSONAL, InvalidOptionError, InvalidQueryError
from openai_usage.integrations.prometheus.labels import PERSONAL, Label, group_by_of
from openai_usage.integrations.prometheus.metrics import families
from openai_usage.integrations.prometheus.reader import Reader
from openai_usage.integrations.prometheus.samples import Sample, figures, name_samples
from openai_usage.integrations.prometheus.spend import (
    budget_samples,
    limit_samples,
    projections,
    spending_of,
    unusual_days,
)
from openai_usage.integrations.prometheus.status import Poller, Status
from openai_usage.limits import Limits
from openai_usage.names import Names, WorkKind
from openai_usage.schema.pages import Bucket
from openai_usage.schema.results import CostsResult
from openai_usage.schema.validation import choose, validate

__all__ = ["Collector"]

EVERY = timedelta(minutes=5)
"""The default time from one read to the next."""


class Collector(BaseCollector):
    """Usage, costs and budgets as gauges, for a registry of prometheus_client.

    Nothing is read while Prometheus scrapes. `run()` reads in the background, and a scrape gets
    what was read last. A read that fails keeps those figures, and `openai_usage_up` is 0::

        async with AsyncUsageClient() as client:
            collector = Collector(client, labels=["project"])
            REGISTRY.register(collector)
            await collector.run()

    Args:
        clients: A client, or a client for each organization by label. The label is the value of
            `organization`; that of a single client is `default`.
        every: The time from one read to the next: a timedelta, or seconds. It is a request for
            each endpoint and organization, in the first read a few.
        endpoints: The names of the endpoints: `costs`, `completions`. Default: all. What budgets
            and unusual days need is in `costs`.
        labels: The labels of costs and usage. Each combination is a time series of its own for
            each measure and period, so choose few. An endpoint that does not have a label leaves it
            empty.
        personal: True to allow the labels `user` and `key`, which belong to people.
        names: True to read the names of projects, and with *personal* those of the chosen
            `user` and `key`.
        limits: True to read the limits of spending that are set at OpenAI.
        budgets: The budgets that costs are compared with.

    Raises:
        InvalidQueryError: An argument is not valid, or a client cannot follow, such as that of a
            copy.
        InvalidOptionError: Two budgets are for the same costs, or costs are not read.
    """

    @without_arguments_in_tracebacks
    def __init__(
        self,
        clients: AsyncUsageClient | Mapping[str, AsyncUsageClient],
        *,
        every: timedelta | float = EVERY,
        endpoints: Collection[str] | None = None,
        labels: Collection[Label] = ("project", "model"),
        personal: bool = False,
        names: bool = False,
        limits: bool = False,
        budgets: Collection[Budget] = (),
    ) -> None:
        by_label = {"default": clients} if isinstance(clients, AsyncUsageClient) else {**clients}
        pause = seconds_between_rounds(every)
        self._labels = _chosen(labels, personal=personal)
        self._budgets = _distinct(budgets)
        self._readers = [
            Reader(client, label, row.name, self._group_by(row), pause, self._update)
            for label, client in by_label.items()
            for row in _rows(client, endpoints)
        ]
        for each in self._readers:
            each.follow()  # which raises, and sends nothing yet
        if budgets and not any(each.endpoint == "costs" for each in self._readers):
            raise InvalidOptionError("budgets need the endpoint costs. Add it.", option="budgets")
        names = names or any(each.needs_names for each in self._budgets)
        self._names = [
            Poller(Status(label, "names", pause), self._names_of(client), self._update_rest)
            for label, client in by_label.items()
            if names
        ]
        self._limits = [
            Poller(Status(label, "limits", pause), client.limits, lambda: None)
            for label, client in by_label.items()
            if limits
        ]
        self._figures: dict[Reader, Sequence[Sample]] = {}
        self._spending: dict[str, Sequence[Spending]] = {}
        self._rest: Sequence[Sample] = ()

    async def run(self) -> None:
        """Read now and again until cancelled.

        What cannot be read is tried again later, whatever the reason, and the log says so once.
        """
        async with asyncio.TaskGroup() as group:
            for reader in self._readers:
                group.create_task(reader.run())
            for poller in self._pollers:
                group.create_task(poller.run())

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics. prometheus_client calls this for each scrape, in any thread."""
        return families(self._samples())

    def _samples(self) -> Iterator[Sample]:
        for each in self._readers:
            yield from each.samples()
        for poller in self._pollers:
            yield from poller.status.samples()
        for own in [*self._figures.values()]:
            yield from own
        yield from self._rest
        for limits in self._limits:
            if limits.latest is not None:
                yield from limit_samples(limits.latest, organization=limits.status.organization)
        yield Sample("openai_usage_build_info", {"version": __version__}, 1)

    @property
    def _pollers(self) -> Iterator[Poller[Names] | Poller[Limits]]:
        yield from self._names
        yield from self._limits

    def _update(self, reader: Reader) -> None:
        """Compute the samples of what was just read."""
        of, now, labels = reader.organization, reader.status.read_at, self._labels
        found = [
            *figures(
                reader.client.table()[reader.endpoint],
                reader.buckets,
                labels,
                organization=of,
                now=now,
                settled_until=reader.settled_until,
            )
        ]
        if reader.endpoint == "costs":
            costs = self._costs_of(reader)
            self._spending[of] = spending_of(costs, now)
            found += projections(self._spending[of], labels, organization=of)
            found += unusual_days(costs, labels, now, organization=of)
        self._figures[reader] = found
        self._update_rest()

    def _update_rest(self) -> None:
        """Compute what depends on names, and on the costs of all organizations."""
        names = self._known_names()
        every = {each.organization for each in self._readers}
        self._rest = [
            *budget_samples(
                self._budgets, self._spending, names, unread=every - self._spending.keys()
            ),
            *name_samples(chain.from_iterable(self._figures.values()), names),
        ]

    def _group_by(self, row: Endpoint[..., object]) -> Sequence[str]:
        """Return what the API has to group results by, for labels and for budgets."""
        found = group_by_of(row, self._labels)
        if row.name == "costs":
            found += costs_group_by(self._budgets)
        return list(dict.fromkeys(found))

    def _names_of(self, client: AsyncUsageClient) -> Callable[[], Awaitable[Names]]:
        """Return a function that reads the names that labels and budgets need."""
        needed = {*self._labels, *(each.owner for each in self._budgets if each.needs_names)}
        kinds: list[WorkKind] = ["projects"]
        if "key" in needed:
            kinds.append("api_keys")
        return partial(client.names, kinds=kinds, personal="user" in needed)

    def _known_names(self) -> Names:
        """Return the names of all organizations that are known so far."""
        lists = (each.latest.known for each in self._names if each.latest is not None)
        known = {id_: name for each in lists for id_, name in each.items()}
        costs = (self._costs_of(each) for each in self._readers if each.endpoint == "costs")
        buckets = chain.from_iterable(costs)
        return Names(known=known).with_names_from(
            result for bucket in buckets for result in bucket.results
        )

    @staticmethod
    def _costs_of(reader: Reader) -> "Sequence[Bucket[CostsResult]]":
        return cast("Sequence[Bucket[CostsResult]]", reader.buckets)


def _chosen(labels: Collection[Label], *, personal: bool) -> Sequence[Label]:
    """Return *labels*, each of them once.

    Raises:
        InvalidQueryError: One of them does not exist, or belongs to people.
    """
    chosen = list(
        dict.fromkeys(cast("Sequence[Label]", validate("labels", labels, Sequence[Label])))
    )
    if not personal and not set(PERSONAL).isdisjoint(chosen):
        raise InvalidQueryError(
            "the labels user and key belong to people.", param="labels", hint=ALLOW_PERSONAL
        )
    return chosen


def _rows(
    client: AsyncUsageClient, names: Collection[str] | None
) -> Iterator[Endpoint[..., object]]:
    """Yield the rows of the chosen endpoints, or of all.

    Raises:
        InvalidQueryError: An endpoint does not exist.
    """
    table = client.table()
    for name in table if names is None else dict.fromkeys(names):
        yield table[choose("endpoints", name, list(table))]


def _distinct(budgets: Collection[Budget]) -> Sequence[Budget]:
    """Return *budgets*.

    Raises:
        InvalidOptionError: Two of them are for the same costs, so Prometheus could not tell them
            apart.
    """
    found = {(each.owner, each.of, each.per, each.currency): each for each in budgets}
    if len(found) < len(budgets):
        raise InvalidOptionError(
            "two budgets are for the same costs. Leave out one of them.", option="budgets"
        )
    return [*budgets]
