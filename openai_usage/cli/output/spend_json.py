"""The JSON of `spend`: the figures of each currency, with every digit."""

from openai_usage.analysis.budgets import Verdict
from openai_usage.analysis.spending import Part, Spending
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.cli.output.spend_text import REVISED


def figures(spending: Spending, verdict: Verdict | None, names: KnownNames) -> dict[str, object]:
    """Return all figures of one currency."""
    projection = spending.projection
    return {
        "currency": spending.currency,
        **_columns(spending, spending.total),
        "projection": {
            "total": projection.total if projection.is_known else None,
            "per_day": projection.per_day if projection.is_known else None,
            "method": projection.method if projection.is_known else None,
            "note": REVISED,
        },
        "compared_days": spending.compared,
        "budget": verdict
        and {
            "amount": verdict.budget,
            "is_over": None if verdict.exit_code == 5 else verdict.exit_code == 3,
            "is_projected_over": None if verdict.exit_code == 5 else verdict.exit_code != 0,
        },
        "days": [
            {
                "date": day.isoformat(),
                "amount": None if day in spending.unknown else amount,
                "is_in_part": day in spending.in_part,
            }
            for day, amount in spending.by_day.items()
        ],
        "projects": [_project(spending, part, names) for part in spending.by("project_id")],
        "line_items": [
            {"line_item": part.of, **_columns(spending, part)} for part in spending.by("line_item")
        ],
    }


def _project(spending: Spending, part: Part, names: KnownNames) -> dict[str, object]:
    name = {name: names.named(name, part.of) for name in names.columns.get("project_id", ())}
    return {"project_id": part.of, **name, **_columns(spending, part)}


def _columns(spending: Spending, part: Part) -> dict[str, object]:
    return {
        "this_month": spending.known(part.this_month, spending.month),
        "last_month": spending.known(part.last_month, spending.last_month),
        "this_month_compared": part.compared,
        "last_month_compared": part.compared_with,
    }
