"""The HTML report: an organization's spend and usage in one file. Needs the extra `[report]`.

The file has charts and tables with every figure. It works offline, in print, on a phone, and in
light and dark mode. It contains no script::

    from openai_usage.report import report

    made = await report(client, days_ago(90))  # with UsageClient: made = report(client, …)
    Path("report.html").write_text(made.html(), encoding="utf-8")
"""

import time
from collections.abc import Collection, Coroutine, Mapping
from typing import overload

from attrs import frozen

from openai_usage._extras import require
from openai_usage._html import html_table
from openai_usage._number_format import counted
from openai_usage.analysis.budget import Budget
from openai_usage.blocking import UsageClient
from openai_usage.client import AsyncUsageClient
from openai_usage.names import Names
from openai_usage.report.cards import cards_of_spend
from openai_usage.report.data import Figures, Missing
from openai_usage.report.fetch import gather, period_of
from openai_usage.report.options import Breakdown, Options
from openai_usage.report.panels import named
from openai_usage.report.spend import panels_of_spend, rankings
from openai_usage.report.usage import panels_of_usage
from openai_usage.schema.times import Timestamp

__all__ = ["Figures", "Missing", "Report", "check", "report"]


@frozen(repr=False)
class Report:
    """The data of a report, with methods that render it as an HTML page or as pictures.

    Rendering takes some seconds of CPU time. In an async service, run it in a thread.
    """

    figures: Figures
    """The data that the report shows."""

    @property
    def missing(self) -> tuple[Missing, ...]:
        """Return the endpoints that could not be read or have missing days, with the reason.

        The page shows the same list. A day that has just begun is unknown until its bucket
        arrives, but does not count as missing here.
        """
        return tuple(part for part in self.figures.missing if part.is_due)

    def html(self) -> str:
        """Return the page as one self-contained HTML file. Write it as UTF-8."""
        from openai_usage.report.page import page  # noqa: PLC0415 - an extra, and slow to load

        return page(self.figures)

    def pictures(self) -> Mapping[str, bytes]:
        """Return the charts as PNG, by name: `spend-by-project`, `tokens-by-model` and so on."""
        from openai_usage.report.charts import picture  # noqa: PLC0415 - an extra, slow to load

        panels = [
            *panels_of_spend(self.figures, rankings(self.figures)),
            *panels_of_usage(self.figures),
        ]
        period = self.figures.period
        return {name: picture(panel, period) for name, panel in named(panels).items()}

    def __repr__(self) -> str:
        return f"Report({self.figures.period.text}, {counted(len(self.missing), 'part')} missing)"

    def _repr_html_(self) -> str:
        """Return the headline figures. The whole page would stay in the file of the notebook."""
        cards = cards_of_spend(self.figures, rankings(self.figures))
        missing = [("Missing", part.what, part.why) for part in self.missing]
        return html_table(
            f"Report of {self.figures.period.text}",
            ["", "figure", "about"],
            [*((card.title, card.figure, card.more) for card in cards), *missing],
            note="Write the whole page to a file with "
            'Path("report.html").write_text(made.html(), encoding="utf-8").',
        )


def check(start_time: Timestamp, end_time: Timestamp | None = None) -> None:
    """Validate the arguments as `report` does, without sending a request.

    Raises:
        InvalidQueryError: The range is empty or has not begun yet.
        ModuleNotFoundError: The extra `[report]` is not installed.
    """
    require("report", "jinja2", "vl_convert")
    period_of(start_time, end_time, int(time.time()))


@overload
def report(
    client: AsyncUsageClient,
    start_time: Timestamp,
    end_time: Timestamp | None = None,
    *,
    names: Names | None = None,
    group_by: Collection[Breakdown] = (),
    project_ids: Collection[str] | None = None,
    organization_name: str | None = None,
    personal: bool = False,
    is_sample: bool = False,
    budgets: Collection[Budget] = (),
) -> Coroutine[object, object, Report]: ...
@overload
def report(
    client: UsageClient,
    start_time: Timestamp,
    end_time: Timestamp | None = None,
    *,
    names: Names | None = None,
    group_by: Collection[Breakdown] = (),
    project_ids: Collection[str] | None = None,
    organization_name: str | None = None,
    personal: bool = False,
    is_sample: bool = False,
    budgets: Collection[Budget] = (),
) -> Report: ...
def report(
    client: AsyncUsageClient | UsageClient,
    start_time: Timestamp,
    end_time: Timestamp | None = None,
    *,
    names: Names | None = None,
    group_by: Collection[Breakdown] = (),
    project_ids: Collection[str] | None = None,
    organization_name: str | None = None,
    personal: bool = False,
    is_sample: bool = False,
    budgets: Collection[Budget] = (),
) -> Coroutine[object, object, Report] | Report:
    """Fetch the data of a report from all endpoints concurrently.

    With an `AsyncUsageClient`, await the result. With a `UsageClient`, the result is the report.

    An endpoint that fails is listed in `missing` and on the page; the figures of the other
    endpoints are complete. Days for which an endpoint returns no bucket are listed there too. Their
    values are None in `figures`, and no average or comparison includes them. If the costs of the
    period before cannot be read, `missing` does not list them: the report leaves out the
    comparison, and the page says so. A hard limit that cannot be read is left out.

    Args:
        client: The client that sends the requests.
        start_time: The start of the range, inclusive.
        end_time: The end of the range, exclusive. Default: now. A later end is cut to now.
        names: The result of the client's `names()`, to show projects, users and API keys by name.
            Default: by id.
        group_by: The breakdowns of spend that come first: `model`, `project`. The other follows.
        project_ids: The projects to report. Default: all.
        organization_name: The name in the title. Default: the one that the API returns with costs.
        personal: Add spend by user and by API key, with two more requests.
        is_sample: Label the report as sample data, because it is made up.
        budgets: The budgets to compare with the costs of the month in which the range ends, with
            one more request. Names in them need *names*. They are for the costs of all projects, so
            *project_ids* cannot be given, too.

    Raises:
        APIError: No endpoint could be read.
        InvalidQueryError: The range is empty or has not begun yet, or an argument is not valid. No
            request was sent.
        InvalidOptionError: The name in a budget stands for several ids.
        ModuleNotFoundError: The extra `[report]` is not installed. No request was sent.
    """

    async def fetch() -> Report:
        check(start_time, end_time)
        options = Options.of(
            group_by=group_by,
            project_ids=project_ids,
            organization_name=organization_name,
            personal=personal,
            is_sample=is_sample,
            budgets=budgets,
        )
        return Report(await gather(client, start_time, end_time, names=names, options=options))

    if isinstance(client, UsageClient):
        return client._background.run(fetch)  # noqa: SLF001 - the loop of this client
    return fetch()
