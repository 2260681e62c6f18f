"""The JSON of `spend`: the figures of each currency, with every digit."""

from collections.abc import Sequence
from decimal import Decimal

from openai_usage.analysis import Unusual
from openai_usage.analysis.budgets import Verdict
from openai_usage.analysis.spending import Dimension, Part, Spending
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.cli.output.spend_text import REVISED


def figures(
    spending: Spending, verdict: Verdict | None, names: KnownNames, by: Sequence[Dimension]
) -> dict[str, object]:
    """Return all figures of one currency, with a list of parts for each of the dimensions *by*."""
    projection = spending.projection
    return {
        "currency": spending.currency,
        "month": f"{spending.month:%Y-%m}",
        **_columns(spending, spending.total),
        "projection": {
            "total": projection.total if projection.is_known else None,
            "per_day": projection.per_day if projection.is_known else None,
            "method": projection.method if projection.is_known else None,
            "note": REVISED,
        },
        "compared_days": spending.compared,
        "last_month_compared_days": len(spending.compared_days_before),
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
        **{
            f"{each.removesuffix('_id')}s": [
                part_figures(spending, part, names, each) for part in spending.by(each)
            ]
            for each in by
        },
    }


def day_figures(day: Unusual) -> dict[str, object]:
    """Return the figures of an unusual day, and a sentence on it."""
    return {
        "date": day.day.isoformat(),
        **day.labels,
        "amount": day.amount,
        "usual": day.usual,
        "currency": day.currency,
        "score": day.score,
        "weeks": day.weeks,
        "confidence": day.confidence,
        "text": f"{day}.",
    }


def part_figures(
    spending: Spending, part: Part, names: KnownNames, dimension: Dimension
) -> dict[str, object]:
    """Return the figures of one part, after its label and the names of an id."""
    named = {name: names.named(name, part.of) for name in names.columns.get(dimension, ())}
    return {dimension: part.of, **named, **_columns(spending, part)}


def _columns(spending: Spending, part: Part) -> dict[str, Decimal | None]:
    return {
        "this_month": spending.known(part.this_month, spending.month),
        "last_month": spending.known(part.last_month, spending.last_month),
        "this_month_compared": part.compared,
        "last_month_compared": part.compared_with,
    }
