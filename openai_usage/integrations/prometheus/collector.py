"""Collector: read usage and costs in the background, and give Prometheus what was read last."""

import asyncio
import logging
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from datetime import timedelta
from functools import partial
from itertools import chain
from traceback import format_exc
from typing import cast

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector as BaseCollector

from openai_usage._pagination.follower import seconds_between_rounds
from openai_usage._refusals import without_arguments_in_tracebacks
from openai_usage._text import without_keys
from openai_usage._version import __version__
from openai_usage.analysis.budget import Budget
from openai_usage.analysis.budgets import costs_group_by
from openai_usage.client import AsyncUsageClient
from openai_usage.endpoints import Endpoint
from openai_usage.errors import InvalidOptionError
from openai_usage.integrations.prometheus.budgets import Budgets, validate_budgets
from openai_usage.integrations.prometheus.labels import Label, group_by_of, validate_labels
from openai_usage.integrations.prometheus.metrics import families
from openai_usage.integrations.prometheus.reader import Read, Reader
from openai_usage.integrations.prometheus.samples import Sample, figures, name_samples
from openai_usage.integrations.prometheus.spend import (
    limit_samples,
    projections,
    spending_of,
    unusual_days,
)
from openai_usage.integrations.prometheus.status import FailureLog, Poller, Status
from openai_usage.limits import Limits
from openai_usage.names import Names, WorkKind
from openai_usage.schema.pages import Bucket
from openai_usage.schema.results import CostsResult
from openai_usage.schema.validation import choose

__all__ = ["Collector"]

_log = logging.getLogger("openai_usage")

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
        every: The time from one read to the next: a timedelta, or seconds. Each read sends one
            request for each endpoint and organization; the first read sends a few.
        endpoints: The names of the endpoints: `costs`, `completions`. Default: all. What budgets
            and unusual days need is in `costs`.
        labels: The labels of costs and usage. Each combination is a time series of its own for
            each measure and period, so choose few. An endpoint that does not have a label leaves it
            empty.
        personal: True to allow the labels `user` and `key`, and budgets of them. They belong to
            people.
        names: True to read the names of projects (always, if budgets need them), and with
            *personal* those of the chosen `user` and `key`.
        limits: True to read the limits of spending that are set at OpenAI.
        budgets: The budgets that costs are compared with.

    Raises:
        InvalidQueryError: An argument is not valid, or a client cannot follow, such as that of a
            copy.
        InvalidOptionError: Two budgets are for the same costs, one is for a person without
            *personal*, or there are budgets but the endpoint `costs` is not read.
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
        self._labels = validate_labels(labels, personal=personal)
        self._budgets = Budgets(validate_budgets(budgets, personal=personal))
        logs = {label: FailureLog(label) for label in by_label}
        self._readers = [
            Reader(client, label, row.name, self._group_by(row), pause, logs[label], self._note)
            for label, client in by_label.items()
            for row in _rows(client, endpoints)
        ]
        for each in self._readers:
            each.follow()  # to raise now and not in run(). It sends nothing yet
        if budgets and not any(each.endpoint == "costs" for each in self._readers):
            raise InvalidOptionError("budgets need the endpoint costs. Add it.", option="budgets")
        names = names or any(each.needs_names for each in self._budgets.planned)
        self._names = [
            Poller(
                Status(label, "names", pause, logs[label]),
                self._names_of(client),
                self._update_names,
            )
            for label, client in by_label.items()
            if names
        ]
        self._limits = [
            Poller(Status(label, "limits", pause, logs[label]), client.limits, lambda: None)
            for label, client in by_label.items()
            if limits
        ]
        self._rounds: asyncio.Queue[tuple[Reader, Read]]
        self._costs: dict[str, Read] = {}
        self._figures: dict[Reader, Sequence[Sample]] = {}
        self._name_samples: Sequence[Sample] = ()

    async def run(self) -> None:
        """Read now and then once per interval, until cancelled.

        After a failed read, try again later, whatever the reason, and log each reason once.
        """
        self._rounds = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._compute_samples())
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
        yield from self._budgets.samples
        yield from self._name_samples
        for limits in self._limits:
            if limits.latest is not None:
                yield from limit_samples(limits.latest, organization=limits.status.organization)
        yield Sample("openai_usage_build_info", {"version": __version__}, 1)

    @property
    def _pollers(self) -> Iterator[Poller[Names] | Poller[Limits]]:
        yield from self._names
        yield from self._limits

    def _note(self, reader: Reader, read: Read) -> None:
        self._rounds.put_nowait((reader, read))

    async def _compute_samples(self) -> None:
        """Compute the samples of each round, in steps, so that a scrape need not wait for all."""
        while True:
            reader, read = await self._rounds.get()
            try:
                found: list[Sample] = []
                for step in self._steps(reader, read):
                    found += step
                    await asyncio.sleep(0)
                self._figures[reader] = found
                if reader.endpoint == "costs":
                    self._costs[reader.organization] = read
                    self._update_budgets()
                self._update_name_samples()
            except Exception as error:  # noqa: BLE001 - an odd figure must not stop the others
                _log.debug("%s", without_keys(format_exc()))
                reader.status.fail(error)
            else:
                if read.is_fresh:
                    reader.status.succeed(read.now)

    def _steps(self, reader: Reader, read: Read) -> Iterator[Iterable[Sample]]:
        """Yield the samples of a round."""
        of, labels = reader.organization, self._labels
        row = reader.client.table()[reader.endpoint]
        yield figures(row, read.buckets, labels, organization=of, now=read.now)
        if reader.endpoint == "costs":
            costs = _buckets_of(read)
            yield projections(spending_of(costs, read.now), labels, organization=of)
            for label in (None, *labels):
                yield unusual_days(costs, label, read.now, organization=of)

    def _update_names(self) -> None:
        """Compute what depends on names."""
        self._update_name_samples()
        self._update_budgets()

    def _update_name_samples(self) -> None:
        figures_of_all = chain.from_iterable(self._figures.values())
        self._name_samples = [*name_samples(figures_of_all, self._known_names())]

    def _update_budgets(self) -> None:
        costs = self._costs
        now = max((each.now for each in costs.values()), default=0)
        self._budgets.update(
            {label: spending_of(_buckets_of(each), now) for label, each in costs.items()},
            self._known_names(),
            unread={each.organization for each in self._readers} - costs.keys(),
        )

    def _group_by(self, row: Endpoint[..., object]) -> Sequence[str]:
        """Return the fields by which the API groups results, for labels and budgets."""
        found = group_by_of(row, self._labels)
        if row.name == "costs":
            found += costs_group_by(self._budgets.planned)
        return list(dict.fromkeys(found))

    def _names_of(self, client: AsyncUsageClient) -> Callable[[], Awaitable[Names]]:
        """Return a function that reads the names that labels and budgets need."""
        needed = {
            *self._labels,
            *(each.owner for each in self._budgets.planned if each.needs_names),
        }
        kinds: list[WorkKind] = ["projects"]
        if "key" in needed:
            kinds.append("api_keys")
        return partial(client.names, kinds=kinds, personal="user" in needed)

    def _known_names(self) -> Names:
        """Return the names of all organizations that are known so far."""
        lists = (each.latest.known for each in self._names if each.latest is not None)
        known = {id_: name for each in lists for id_, name in each.items()}
        buckets = chain.from_iterable(each.buckets for each in self._costs.values())
        return Names(known=known).with_names_from(
            result for bucket in buckets for result in bucket.results
        )


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


def _buckets_of(read: Read) -> "Sequence[Bucket[CostsResult]]":
    """Return the buckets of costs."""
    return cast("Sequence[Bucket[CostsResult]]", read.buckets)
