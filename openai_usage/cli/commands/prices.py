"""`openai-usage prices`: what a unit cost, by model and kind, and how that changed."""

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter
from rich.text import Text

from openai_usage import AsyncUsageClient, Bucket, CostsResult, Gap
from openai_usage._gap_text import describe_span
from openai_usage._text import listed
from openai_usage.analysis.charges import fields_of
from openai_usage.analysis.daily import Period
from openai_usage.analysis.prices import prices as prices_of
from openai_usage.analysis.selection import split
from openai_usage.cli.ids import find_project_ids
from openai_usage.cli.options.connection import Connection
from openai_usage.cli.options.dimensions import Word, by_organization, dimensions_of
from openai_usage.cli.options.names import NameOptions
from openai_usage.cli.options.output import Destination
from openai_usage.cli.options.time_range import TimeRange
from openai_usage.cli.output.console import console_on
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.cli.output.messages import say
from openai_usage.cli.output.price_rows import PriceRows
from openai_usage.cli.output.unread import no_data_of, say_unread
from openai_usage.schema.times import DAY
from openai_usage.schema.windows import Window

if TYPE_CHECKING:
    from openai_usage import UnreadOrganization

_GROUP = Group("Prices", sort_key=1)
_RANGE, _OUTPUT, _NAMING, _CONNECTION = TimeRange(), Destination(), NameOptions(), Connection()

_Bill = Sequence[Bucket[CostsResult]]


def _before(window: Window) -> Window:
    """Return as many days before a range, or as many months before whole months."""
    period = Period(window.start_time, window.end_time)
    earlier = period.before() if period.months else None
    first = window.start_time - len(period.days) * DAY if earlier is None else earlier.start
    return Window(max(0, first), window.start_time)


def prices(
    *,
    range: TimeRange = _RANGE,  # noqa: A002 - what it is
    by: Annotated[
        Sequence[Word],
        Parameter(
            group=_GROUP,
            help="What prices are broken down by; several are possible.",
            consume_multiple=True,
            negative_iterable=(),
        ),
    ] = ("model", "kind"),
    project_ids: Annotated[
        Sequence[str] | None,
        Parameter(
            group=_GROUP, help="Only these projects.", consume_multiple=True, negative_iterable=()
        ),
    ] = None,
    output: Destination = _OUTPUT,
    naming: NameOptions = _NAMING,
    connection: Connection = _CONNECTION,
) -> int:
    """Show what a unit cost, and the change against as many days or whole months before.

    The price is what was billed, divided by the quantity: for 1M tokens, an image, a minute of
    audio and the like. It contains discounts and free units. Costs without a quantity, such as
    credits, are lines without a price.

    If days are missing, a sentence on stderr names them, and the exit code is 1.
    """
    output.check()
    now = int(time.time())
    start, end = range.span()
    window = Window(start // DAY * DAY, now if end is None else min(end, now))
    before = _before(window)
    dimensions = dimensions_of(by_organization(by, connection.labels))
    group_by = fields_of((*dimensions, "line_item"))
    gaps: list[Gap] = []

    async def fetch() -> tuple[_Bill, _Bill, KnownNames, "Sequence[UnreadOrganization]"]:
        async with connection.client(on_gap=gaps.append, reading="costs") as client:
            ids = await find_project_ids(client, project_ids)

            async def bill_of(client: AsyncUsageClient, part: Window) -> _Bill:
                query = client.costs(
                    start_time=part.start_time,
                    end_time=part.end_time,
                    group_by=group_by,
                    project_ids=ids,
                )
                return await query.concurrently().collect()

            reading = asyncio.ensure_future(bill_of(client, window))
            if client._labels:  # noqa: SLF001 - of a combined client
                await reading  # which says what organizations can be compared
            whole = client._whole(skip_unread=True)  # noqa: SLF001 - likewise
            bill, bill_before, names = await asyncio.gather(
                reading, bill_of(whole, before), naming.of(client, group_by, ids)
            )
            unread = [*client._unread, *whole._unread]  # noqa: SLF001 - likewise
            left_out = [each.organization for each in whole._unread if each.error]  # noqa: SLF001
            if left_out:
                bill, _ = split(bill, lambda result: result.organization not in left_out)
            return bill, bill_before, names, unread

    bill, bill_before, names, unread = asyncio.run(fetch())
    names = names.with_results(
        result for bucket in (*bill, *bill_before) for result in bucket.results
    )
    rows = PriceRows(prices_of(bill, bill_before, by=dimensions), names)
    with output.opened() as file:
        if output.chosen.is_table:
            currencies = dict.fromkeys(each.currency for each in rows.prices)
            money = f", in {listed(currencies, 'and')}" if currencies else ""
            title = f"Prices, {describe_span(window)} UTC{money}, change on {describe_span(before)}"
            with console_on(file) as console:
                console.print(Text(title, style="italic"), soft_wrap=True)
                for line in dict.fromkeys(map(no_data_of, unread)):
                    console.print(Text(line, style="italic"))
                console.print(rows.table(console.width), crop=False)
        else:
            asyncio.run(output.chosen.write(rows, file))
    names.warn_of_unread()
    of_one = [gap for each in unread for gap in each.gaps]
    for sentence in connection.describe_gaps(gap for gap in gaps if gap not in of_one):
        say(sentence)
    return say_unread(unread) or int(bool(gaps))
