"""The report: what an organization spent and used, in one HTML file. Needs the extra `[report]`.

It has charts and every figure in them, works offline, in print, on a phone, in light and dark, and
holds no script::

    from openai_usage.report import report

    made = await report(client, days_ago(90))
    Path("report.html").write_text(made.html(), encoding="utf-8")
"""

from collections.abc import Mapping

from attrs import frozen

from openai_usage.client import AsyncUsageClient
from openai_usage.report.figures import Figures, Missing, gather
from openai_usage.times import Timestamp

__all__ = ["Figures", "Missing", "Report", "report"]


@frozen
class Report:
    """A report, to be written as a page and as pictures."""

    figures: Figures
    """All that it tells."""

    @property
    def missing(self) -> tuple[Missing, ...]:
        """The parts that could not be read, and why; the page says so too."""
        return self.figures.missing

    def html(self) -> str:
        """The page, complete in one file, to be written as UTF-8."""
        from openai_usage.report.page import page  # noqa: PLC0415 - an extra may be missing

        return page(self.figures)

    def pictures(self) -> Mapping[str, bytes]:
        """The charts as PNG, by name: `spend-by-project`, `tokens-by-model`, …."""
        from openai_usage.report.charts import picture  # noqa: PLC0415

        return {}


async def report(
    client: AsyncUsageClient, start_time: Timestamp, end_time: Timestamp | None = None
) -> Report:
    return Report(await gather(client, start_time, end_time))
