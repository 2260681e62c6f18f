"""The report: what an organization spent and used, in one HTML file. Needs the extra `[report]`.

It has charts and every figure in them, works offline, in print, on a phone, in light and dark, and
holds no script::

    from openai_usage.report import report

    made = await report(client, days_ago(90))
    Path("report.html").write_text(made.html(), encoding="utf-8")
"""

import time
from collections.abc import Mapping
from importlib.util import find_spec

from attrs import frozen

from openai_usage.client import AsyncUsageClient
from openai_usage.names import Names
from openai_usage.report.fetch import gather, period_of
from openai_usage.report.figures import Figures, Missing
from openai_usage.report.panels import named
from openai_usage.report.spend import panels_of_spend, rankings
from openai_usage.report.usage import panels_of_usage
from openai_usage.schema.times import Timestamp

__all__ = ["Figures", "Missing", "Report", "check", "report"]


@frozen
class Report:
    """A report, to be written as a page and as pictures.

    Both draw, which keeps the processor busy for some seconds: in a service, do it in a thread.
    """

    figures: Figures
    """All that it tells."""

    @property
    def missing(self) -> tuple[Missing, ...]:
        """The endpoints that could not be read, or lack days, and why; the page says so too.

        A day that has just begun is unknown on the page until its bucket comes, but is not missing.
        """
        return tuple(part for part in self.figures.missing if part.is_due)

    def html(self) -> str:
        """The page, complete in one file, to be written as UTF-8."""
        from openai_usage.report.page import page  # noqa: PLC0415 - an extra, and slow to load

        return page(self.figures)

    def pictures(self) -> Mapping[str, bytes]:
        """The charts as PNG, by name: `spend-by-project`, `tokens-by-model` and so on."""
        from openai_usage.report.charts import picture  # noqa: PLC0415 - an extra, likewise

        panels = [
            *panels_of_spend(self.figures, rankings(self.figures)),
            *panels_of_usage(self.figures),
        ]
        period = self.figures.period
        return {name: picture(panel, period) for name, panel in named(panels).items()}


def check(start_time: Timestamp, end_time: Timestamp | None = None) -> None:
    """Refuse what `report` would refuse, for those who have something to ask before.

    Raises:
        InvalidQueryError: The range is none, or has not begun yet.
        ModuleNotFoundError: The extra `[report]` is not installed.
    """
    for library in ("altair", "jinja2", "vl_convert"):
        if find_spec(library) is None:
            raise ModuleNotFoundError(
                f"{library} is missing, which comes with the extra for reports: "
                "pip install 'openai-usage-client[report]'",
                name=library,
            )
    period_of(start_time, end_time, int(time.time()))


async def report(
    client: AsyncUsageClient,
    start_time: Timestamp,
    end_time: Timestamp | None = None,
    *,
    names: Names | None = None,
) -> Report:
    """Ask *client* for all that a report tells of a range of time, all endpoints at once.

    An endpoint that fails is told of in `missing`, here and on the page; the others' figures are
    complete. So are days for which an endpoint returns no bucket: what they came to is None in
    `figures`, and no average or comparison includes them. Costs of the days before that cannot be
    read are not missing: these days are not compared then, as the page says.

    Args:
        client: Whom to ask.
        start_time: Where the range begins, inclusive.
        end_time: Where it ends, exclusive. Default: now, which no range goes beyond.
        names: What the client's `names()` gave, to show projects by name. Default: by id.

    Raises:
        APIError: Nothing at all could be read.
        InvalidQueryError: The range is none, or has not begun yet; nothing was sent.
        ModuleNotFoundError: The extra `[report]` is not installed; nothing was sent.
    """
    check(start_time, end_time)
    return Report(await gather(client, start_time, end_time, names=names))
