"""Figures made by hand, for reports of what the sandbox's organization would never do."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from aiohttp import web

from openai_usage.analysis.daily import Period, Rows, Values
from openai_usage.report.data import Figures, Spend, Usage
from openai_usage.sandbox import Sandbox
from openai_usage.sandbox.api_errors import ApiError
from openai_usage.sandbox.faults import Answer
from tests.conftest import DAY, NOW, TODAY

HOSTILE = (
    "<script>alert(1)</script>",
    "</style></title><img src=x onerror=alert(1)>",
    "\"quoted\" 'item' & more",
    '=HYPERLINK("https://evil.example","x")',
    "{{ 7 * 7 }} {% raw %} ${1}",
    "datum.value",
    "long " * 60,
    "turned \u202e round \x00\x07",
    "]]> <!-- &lt;",
)
"""Names of projects, models and line items that nobody should have, and anybody can make."""


def of_days(days: int, **changes: Any) -> Figures:
    """The figures of some days up to now, in which nothing happened but *changes*."""
    period = Period(TODAY - (days - 1) * DAY, NOW)
    made: dict[str, Any] = {
        "period": period,
        "compared": period.before(),
        "host": "api.openai.com",
        "organization": None,
        "generated": datetime.fromtimestamp(NOW, UTC),
        "spend": (),
        "usage": (),
        "missing": (),
    }
    return Figures(**made | changes)


def known(values: Values) -> list[Decimal]:
    """The *values*, none of which is unknown."""
    assert None not in values
    return [each for each in values if each is not None]


def spent(
    days: int, *labels: tuple[str | None, str | None], currency: str = "usd", before: int = 0
) -> Spend:
    """A dollar and more a day on each of the labels, the first the most; *before*, a tenth more."""
    rows: Rows = {
        label: tuple(Decimal(f"{len(labels) - n}.{day:03}5") for day in range(days))
        for n, label in enumerate(labels)
    }
    then = (Decimal(before), *[Decimal(0)] * (days - 1))
    return Spend(currency, rows, dict.fromkeys(labels, then) if before else {})


def used(
    endpoint: str, days: int, about: Mapping[str, Mapping[str, object]], *models: str | None
) -> Usage:
    """A hundred and more a day of each measure and model."""
    rows: Rows = {
        (measure, model): tuple(Decimal(100 + day) for day in range(days))
        for measure in about
        for model in models or (None,)
    }
    return Usage(endpoint, rows, about)


def answer_at(
    sandbox: Sandbox,
    path: str,
    status: int,
    body: str | None = None,
    *,
    start_time: int | None = None,
    after: int = 0,
) -> None:
    """Have *sandbox* answer all requests under one path with a status, and a body of its own.

    *start_time* picks those of one range, and *after* is how many are answered truly first.
    """
    passed = 0

    async def effect(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        nonlocal passed
        other = start_time is not None and request.query["start_time"] != str(start_time)
        if other or not request.path.endswith(f"/{path}"):
            return await answer()
        passed += 1
        if passed <= after:
            return await answer()
        if body is not None:
            return web.Response(status=status, body=body)
        return ApiError(status, f"<b>No</b> {path}\n for you.", code=None).response()

    sandbox.faults._add(effect, 10_000, 0)
