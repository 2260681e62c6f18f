"""`openai-usage exporter`: usage, costs and budgets for Prometheus, until interrupted."""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from cyclopts import Group, Parameter
from cyclopts.validators import Number

from openai_usage import AsyncUsageClient, Retry
from openai_usage.analysis import Budget, read_budgets
from openai_usage.cli.options.budget import BudgetOptions, of_one
from openai_usage.cli.options.connection import Connection, ignore
from openai_usage.cli.options.endpoints import Endpoints, names_of
from openai_usage.cli.options.every import duration
from openai_usage.cli.options.flags import flag
from openai_usage.cli.output.messages import say
from openai_usage.cli.stopping import stopping
from openai_usage.cli.wording import CommandError

if TYPE_CHECKING:
    from openai_usage.integrations.prometheus import Collector, Label

_GROUP = Group("Exporter", sort_key=1)
_CONNECTION, _BUDGET = Connection(), BudgetOptions()

_Word: TypeAlias = Literal["project", "model", "kind", "product", "line-item", "user", "key"]

_WORDS: "Mapping[_Word, Label]" = {
    "project": "project",
    "model": "model",
    "kind": "kind",
    "product": "product",
    "line-item": "line_item",
    "user": "user",
    "key": "key",
}
"""The label of gauges for each word that people type."""

_LABELS: "Sequence[Label]" = ("project", "model")


def exporter(
    *,
    port: Annotated[
        int,
        Parameter(
            group=_GROUP,
            help="The port to listen on; 0 means any free port.",
            validator=Number(gte=0, lt=2**16),
        ),
    ] = 9186,
    host: Annotated[
        str,
        Parameter(
            group=_GROUP,
            help="The address to listen on. Default: only this machine. 0.0.0.0 means all of its "
            "addresses: everybody who reaches them can read the figures.",
            show_default=False,
        ),
    ] = "127.0.0.1",
    every: Annotated[
        timedelta | None,
        Parameter(
            group=_GROUP,
            help="The time from one read to the next, such as 5m or 1h. Scrapes in between get the "
            "same figures. Default: 5m.",
            converter=duration,
        ),
    ] = None,
    endpoints: Annotated[Endpoints, Parameter(group=_GROUP)] = None,
    label: Annotated[
        list[_Word] | None,
        Parameter(
            group=_GROUP,
            consume_multiple=True,
            negative_iterable=(),
            help="The labels of costs and usage. Each combination is a time series, so choose few. "
            "Default: project model.",
        ),
    ] = None,
    personal: Annotated[
        bool,
        flag("Allow the labels user and key, and budgets of them. They belong to people."),
        Parameter(group=_GROUP),
    ] = False,
    names: Annotated[
        bool,
        flag("Read the names of projects, and of users and keys if they are labels."),
        Parameter(group=_GROUP),
    ] = False,
    limits: Annotated[
        bool,
        flag("Read the limits of spending and the alerts that are set at OpenAI."),
        Parameter(group=_GROUP),
    ] = False,
    dashboard: Annotated[
        bool,
        flag("Print a dashboard for Grafana as JSON, and send nothing."),
        Parameter(group=_GROUP),
    ] = False,
    rules: Annotated[
        bool,
        flag("Print alert rules for Prometheus as YAML, and send nothing."),
        Parameter(group=_GROUP),
    ] = False,
    budget: BudgetOptions = _BUDGET,
    connection: Connection = _CONNECTION,
) -> None:
    """Serve usage, costs and budgets to Prometheus until Ctrl-C or SIGTERM.

    It reads in the background, also while nobody scrapes, and keeps the last figures if a read
    fails: openai_usage_up is 0 then. /metrics has the figures, and /healthz answers as long as the
    exporter runs.
    """
    if dashboard and rules:
        raise CommandError("--dashboard and --rules are two files. Print one at a time.")
    if dashboard or rules:
        file = "grafana.json" if dashboard else "prometheus_rules.yml"
        sys.stdout.write(files("openai_usage.integrations").joinpath(file).read_text("utf-8"))
        return
    _check(connection)
    budget.validate()
    from openai_usage.integrations.prometheus import Collector  # noqa: PLC0415 - an extra

    make = partial(
        Collector,
        endpoints=names_of(endpoints),
        labels=_LABELS if label is None else [_WORDS[each] for each in label],
        personal=personal,
        names=names,
        limits=limits,
        budgets=_budgets(budget, connection),
    )
    if every is not None:
        make = partial(make, every=every)
    asyncio.run(_serve(make, host, port, connection))


def _check(connection: Connection) -> None:
    """Reject options that would change nothing.

    Raises:
        CommandError: There is one.
    """
    if connection.from_ is not None or connection.prefix:
        raise CommandError("--from and --prefix are not possible here: the exporter reads the API.")
    if connection.on_gap != "warn":
        raise CommandError(
            "--on-gap is not possible here: openai_usage_missing_buckets counts the missing days."
        )


def _budgets(options: BudgetOptions, connection: Connection) -> list[Budget]:
    """Return the budgets of the command line, of its file, and of the file of organizations."""
    of_file = [] if options.budgets is None else read_budgets(options.budgets)
    found = [*connection.budgets, *of_one(of_file, connection.organization)]
    if options.budget is not None:
        found.append(Budget(amount=options.budget, currency=options.currency))
    return found


async def _serve(
    make: "Callable[[Mapping[str, AsyncUsageClient]], Collector]",
    host: str,
    port: int,
    connection: Connection,
) -> None:
    from openai_usage.integrations.prometheus.server import serve  # noqa: PLC0415 - an extra

    stopped = asyncio.Event()
    with stopping(stopped):
        # The collector says what cannot be read, and finds missing buckets itself.
        async with (
            connection.clients(on_gap=ignore, on_retry=_be_silent) as clients,
            serve(collector := make(clients), host, port) as url,
        ):
            say(f"serving {url}/metrics until Ctrl-C.")
            reading = asyncio.create_task(collector.run())
            waiting = asyncio.create_task(stopped.wait())
            await asyncio.wait([reading, waiting], return_when=asyncio.FIRST_COMPLETED)
            for task in (reading, waiting):
                task.cancel()
            with suppress(asyncio.CancelledError):
                await reading


def _be_silent(_: Retry) -> None:
    """Ignore a retry: the collector reports a read that fails after the last one."""
