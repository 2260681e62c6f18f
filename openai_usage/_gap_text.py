"""Describe in words which parts of a range are missing, and of which endpoints."""

from collections.abc import Iterable, Iterator, Sequence

from openai_usage._text import listed
from openai_usage._time_format import date_and_time, iso_date
from openai_usage.gaps import Gap
from openai_usage.schema.pages import Span
from openai_usage.schema.times import DAY

_MOST = 5
"""The largest number of items to list."""


def describe_gaps(gaps: Iterable[Gap], *, of_copy: bool = False) -> list[str]:
    """Return a sentence for each set of endpoints that lack the same parts of a range.

    A copy lacks what was not synced. Otherwise the API lacks it.
    """
    advice = (
        "use openai-usage sync, with an earlier --start if the copy begins later."
        if of_copy
        else "compare with the dashboard, and ask OpenAI's support if it stays missing."
    )
    return [
        f"{returned_no_bucket(of_copy=of_copy)} of {join(endpoints)} for {describe_spans(spans)}, "
        f"so what was {billed_or_used(endpoints)} then is unknown, not zero: {advice}"
        for endpoints, spans in group_gaps(gaps)
    ]


def returned_no_bucket(*, of_copy: bool) -> str:
    """Return the beginning of a sentence on missing buckets."""
    return "the copy does not have a bucket" if of_copy else "the API returned no bucket"


def billed_or_used(endpoints: Sequence[str]) -> str:
    """Return the verb for what *endpoints* count: costs are billed, all else is used."""
    if "costs" not in endpoints:
        return "used"
    return "billed" if len(endpoints) == 1 else "billed or used"


def group_gaps(gaps: Iterable[Gap]) -> Iterator[tuple[Sequence[str], Sequence[Gap]]]:
    """Yield the endpoints that lack the same spans of time, and the gaps of one of them."""
    of_each: dict[str, list[Gap]] = {}
    for gap in gaps:
        found = of_each.setdefault(gap.endpoint.replace("_", " "), [])
        if gap not in found:  # several organizations can lack the same
            found.append(gap)
    alike: dict[tuple[tuple[int, int], ...], list[str]] = {}
    for endpoint, those in of_each.items():
        spans = tuple((each.start_time, each.end_time) for each in those)
        alike.setdefault(spans, []).append(endpoint)
    for endpoints in alike.values():
        yield endpoints, of_each[endpoints[0]]


def describe_spans(spans: Iterable[Span], most: int = _MOST) -> str:
    """Return spans of time in words, as `2026-11-01 to 2026-11-10 and 2026-11-15`."""
    return join([describe_span(each) for each in spans], most)


def describe_span(span: Span) -> str:
    """Return a span of time in words.

    The last day is included; a time of day is where the span ends: `2026-11-01`,
    `2026-11-01 to 2026-11-10`, `2026-11-01 to 2026-11-10 22:40`, `2026-11-01 10:00 to 12:00`.
    """
    first, last = iso_date(span.start_time), iso_date(span.end_time - 1)
    begin, end = (
        date_and_time(each)[len(first) :] if each % DAY else ""
        for each in (span.start_time, span.end_time)
    )
    if first != last:
        return f"{first}{begin} to {last}{end}"
    return f"{first}{begin or ' 00:00'} to{end or ' 24:00'}" if begin or end else first


def join(words: Sequence[str], most: int = _MOST) -> str:
    """Return *words* as a list in a sentence, as `costs, images and 3 more`."""
    shown = words if len(words) <= most else [*words[: most - 1], f"{len(words) - most + 1} more"]
    return listed(shown, "and")
