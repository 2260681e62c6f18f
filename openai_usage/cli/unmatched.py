"""Say why there are no results: nothing was used, or nothing that matches the filters."""

from collections.abc import Sequence
from shlex import quote
from typing import Any

import attrs

from openai_usage import APIError, AsyncUsageClient, Bucket, RangeQuery
from openai_usage._gap_text import billed_or_used, join
from openai_usage._text import listed, similar
from openai_usage.analysis.totals import totals
from openai_usage.cli.output.messages import say
from openai_usage.cli.output.rows import ResultRows

_MOST = 5
"""The number of values that are listed."""


async def explain_nothing(client: AsyncUsageClient, rows: ResultRows, *, for_people: bool) -> int:
    """Say why *rows* are empty, and return the exit code: 1 if only filters keep results out.

    If there are filters, this queries the range again without them.
    """
    endpoint, query = rows.source.endpoint, rows.source.query
    verb = billed_or_used([endpoint.name])
    nothing = f"nothing was {verb} in this range."
    if not rows.filters:
        if for_people:
            say(nothing)
        return 0
    unmatched = f"nothing that matches {_typed(query, rows.filters)} was {verb} in this range."
    try:
        others = await client.query(endpoint, **_without(query, rows.filters)).collect()
    except APIError:  # the first query succeeded, so this is not about the connection or the key
        say(f"{unmatched} Filters match whole values.")
        return 1
    if not any(bucket.results for bucket in others):
        say(nothing)
        return 0
    advice = [_advice(query, name, others, verb) for name in rows.filters]
    known = " ".join(filter(None, advice))
    say(f"{unmatched} {known or f'Other things were {verb}: leave out a filter to see them.'}")
    return 1


def _without(query: RangeQuery, filters: Sequence[str]) -> dict[str, Any]:
    """Return the parameters for the same range without *filters*, grouped by what they select."""
    extra = query.extra_query or {}
    others = {name: extra[name] for name in extra if name.removesuffix("[]") != "group_by"}
    return {
        **attrs.asdict(query, recurse=False),
        **dict.fromkeys([*filters, "limit", "page"]),
        "bucket_width": "1d",
        "group_by": list(map(_field, filters)),
        "extra_query": others or None,
    }


def _advice(query: RangeQuery, name: str, others: Sequence[Bucket[object]], verb: str) -> str:
    """Return what a filter could be instead, from the results without it; empty if it is right."""
    field, wanted = _field(name), getattr(query, name)
    groups = totals(others, by=[field])
    used = [label for group in groups if (label := group.text(field)) is not None]
    wrong = [] if isinstance(wanted, bool) else [each for each in wanted if each not in used]
    if not wrong or not used:
        return ""
    alike = dict.fromkeys(each for value in wrong for each in similar(value, used))
    if alike:
        return f"Did you mean {_option(name)} {listed(map(quote, [*alike][:_MOST]), 'or')}?"
    shown = join([*map(quote, used)], _MOST + 1)
    return f"{verb.capitalize()} in this range for {_option(name)}: {shown}."


def _typed(query: RangeQuery, filters: Sequence[str]) -> str:
    """Return *filters* as they were typed."""
    return listed((_typed_filter(name, getattr(query, name)) for name in filters), "and")


def _typed_filter(name: str, values: bool | Sequence[str]) -> str:  # noqa: FBT001 - of a filter
    if isinstance(values, bool):
        return _option(name) if values else _option(f"no_{name}")
    shown = [*map(quote, values[:_MOST]), *(["…"] if len(values) > _MOST else [])]
    return " ".join([_option(name), *shown])


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _field(name: str) -> str:
    """Return the field of results that a filter selects: `model` for `models`."""
    return name.removesuffix("s")
