"""The answer of one endpoint: its figures and its gaps, or the error instead of them."""

from collections.abc import Awaitable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from attrs import frozen

from openai_usage._gap_text import describe_spans, returned_no_bucket
from openai_usage._http.responses import among_others
from openai_usage._http.transport import TOO_LARGE, UNUSUALLY_LARGE
from openai_usage._pagination.continuity import find_gaps
from openai_usage._text import printable
from openai_usage.analysis.daily import Period
from openai_usage.analysis.groups import group_by
from openai_usage.errors import APIError, SyncError
from openai_usage.gaps import Gap
from openai_usage.report.data import Missing
from openai_usage.schema.pages import Span
from openai_usage.schema.times import DAY
from openai_usage.unread_organizations import UnreadOrganization

T = TypeVar("T")


@frozen
class Read(Generic[T]):
    """The figures of an endpoint and the time that they cover, or the error instead of them."""

    figures: T
    start: int | None = None
    """The start of the first bucket if that is before the range."""
    gaps: tuple[Gap, ...] = ()
    error: APIError | SyncError | None = None


async def or_error(request: Awaitable[Read[T]], nothing: T) -> Read[T]:
    """Return the answer to *request*, or *nothing* with the error of the API."""
    try:
        return await request
    except (APIError, SyncError) as error:  # a copy can lack an endpoint
        return Read(nothing, error=error)


def missing_organizations(
    unread: Iterable[UnreadOrganization], endpoints: int, *, of_copy: bool = False
) -> Iterator[Missing]:
    """Yield what could not be read of one of several organizations, each once, costs first.

    If none of the *endpoints* of an organization could be read, that is one part.
    """
    # Costs are read more than once, for other ranges and other labels.
    for label, parts in group_by(unread, lambda each: each.organization).items():
        ordered = sorted(parts, key=lambda each: each.endpoint != "costs")
        failed = {each.endpoint for each in ordered if each.error is not None}
        if len(failed) == endpoints and ordered[0].error is not None:
            yield Missing(label, reason(ordered[0].error), organization=label)
            continue
        for what, same in group_by(ordered, lambda each: each.what).items():
            yield _missing_part(label, what, same, of_copy=of_copy)


def _missing_part(
    label: str, what: str, parts: Sequence[UnreadOrganization], *, of_copy: bool
) -> Missing:
    error = next((each.error for each in parts if each.error is not None), None)
    if error is not None:
        return Missing(what, reason(error), organization=label)
    gaps = tuple(dict.fromkeys(gap for each in parts for gap in each.gaps))
    why = f"{returned_no_bucket(of_copy=of_copy)} for {describe_spans(gaps)}"
    return Missing(what, why, gaps=gaps, organization=label)


def reason(error: APIError | SyncError) -> str:
    """Return the reason for *error*, given that other endpoints could be read.

    The readers of a report cannot change the program that made it.
    """
    hint = UNUSUALLY_LARGE if error.hint == TOO_LARGE else among_others(error.hint)
    return printable(error.with_hint(hint))


def covered(
    endpoint: str, spans: Sequence[Span], period: Period
) -> tuple[int | None, tuple[Gap, ...]]:
    """Return the start of the first bucket if that is before the range, and the gaps."""
    is_early = bool(spans) and spans[0].start_time < period.start
    gaps = gaps_between(endpoint, spans, period.start, period.end)
    return spans[0].start_time if is_early else None, gaps


def gaps_between(
    endpoint: str, spans: Sequence[Span], start_time: int, end_time: int
) -> tuple[Gap, ...]:
    """Return the days of a range without a bucket."""
    return tuple(
        Gap(endpoint=endpoint, start_time=gap.start_time, end_time=gap.end_time)
        for gap in find_gaps(spans, start_time, end_time, DAY)
    )


def missing_of(
    what: str, measures: frozenset[str], answer: Read[T], due: int, *, of_copy: bool = False
) -> Iterator[Missing]:
    """Yield the missing parts of an endpoint: all of it, some days, or nothing.

    A gap that begins after *due* is a day that has just begun, whose bucket can still arrive.
    """
    if answer.error is not None:
        yield Missing(what, reason(answer.error), measures)
        return
    for is_due, yet in ((True, ""), (False, " yet")):
        if gaps := tuple(gap for gap in answer.gaps if (gap.start_time <= due) is is_due):
            why = f"{returned_no_bucket(of_copy=of_copy)}{yet} for {describe_spans(gaps)}"
            yield Missing(what, why, measures, gaps, is_due)
