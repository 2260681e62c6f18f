"""Results of costs as rows with the columns of the export of costs on OpenAI's own dashboard.

Scripts read these columns. The form of their values was taken from exports that people published.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import cast

from attrs import frozen

from openai_usage import Bucket, CostsResult
from openai_usage._text import currency_code
from openai_usage.cli.output.rows import ResultRows, Row

_COLUMNS = (
    *("start_time", "end_time", "start_time_iso", "end_time_iso"),
    *("amount_value", "amount_currency", "quantity", "quantity_unit", "line_item"),
    *("user_id", "api_key_id", "project_id", "organization_id"),
    *("project_name", "organization_name", "user_email", "api_source"),
)


@frozen
class DashboardRows:
    """Results of costs as rows, with the columns of the dashboard in place of their own."""

    results: ResultRows

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(_COLUMNS)

    async def __aiter__(self) -> AsyncIterator[list[Row]]:
        """Yield the rows of one bucket after the other. A day without costs is a row, too."""
        async for bucket in self.results.read():
            times: Row = {
                "start_time": bucket.start_time,
                "end_time": bucket.end_time,
                "start_time_iso": _iso(bucket.start),
                "end_time_iso": _iso(bucket.end),
            }
            costs = cast("Bucket[CostsResult]", bucket).results
            yield [
                {name: row.get(name) for name in _COLUMNS}
                for row in ({**times, **self._cells(each)} for each in costs)
            ] or [{name: times.get(name) for name in _COLUMNS}]

    def _cells(self, cost: CostsResult) -> Row:
        names = self.results.names.names
        return {
            "amount_value": cost.amount.value,
            "amount_currency": currency_code(cost.amount.currency),
            "quantity": cost.quantity,
            "quantity_unit": cost.quantity_unit,
            "line_item": cost.line_item,
            "user_id": cost.user_id,
            "api_key_id": cost.api_key_id,
            "project_id": cost.project_id,
            "organization_id": cost.organization_id,
            "project_name": cost.project_name or names.of(cost.project_id).name,
            "organization_name": cost.organization_name,
            "user_email": names.of(cost.user_id).email,
            "api_source": cost.api_source,
        }


def _iso(moment: datetime) -> str:
    """Return a time with `+00:00`, as the dashboard writes it."""
    return moment.isoformat()
