"""Compute shares of usage: cached input, batch, service tiers; and tokens and costs per request."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from attrs import field, frozen

from openai_usage import Amount, Bucket, CompletionsResult, CostsResult, DecisionsResult
from openai_usage._decimals import significant
from openai_usage._refusals import without_arguments_in_tracebacks
from openai_usage._time_format import iso_date
from openai_usage.analysis.groups import Group, Label
from openai_usage.analysis.periods import PERIODS
from openai_usage.analysis.selection import first_of, split
from openai_usage.analysis.totals import totals
from openai_usage.errors import InvalidQueryError
from openai_usage.schema.columns import columns_of
from openai_usage.schema.pages import Span
from openai_usage.schema.times import DAY
from openai_usage.schema.validation import reject, validate

__all__ = ["Share", "Shares", "shares"]

_DIGITS = 6
"""The significant digits of ratios, enough for per cents with decimals of the smallest share."""


@frozen
class Share:
    """The usage of one group, and its share of the groups that it is compared with.

    Ratios are rounded to six significant digits. A ratio is None if its divisor is zero.
    """

    labels: Mapping[str, Label]
    """The labels by name."""
    requests: int
    """The number of requests."""
    input_tokens: int
    """The number of input tokens, cached ones included."""
    output_tokens: int
    """The number of output tokens."""
    cached: Decimal | None
    """The part of the input tokens that were read from the cache, from 0 to 1. Results without
    `input_cached_tokens` do not count. None if there are no others."""
    of_tokens: Decimal | None
    """The part of the input and output tokens of all groups that differ only in the last label."""
    of_requests: Decimal | None
    """The part of the requests of all groups that differ only in the last label."""
    cost: Decimal | None = None
    """The costs with the same labels, exact. None if there are none."""
    currency: str | None = None
    """The currency of `cost` in lower case."""

    @property
    def tokens_per_request(self) -> Decimal | None:
        """The input and output tokens of a request, on average."""
        return _ratio(self.input_tokens + self.output_tokens, self.requests)

    @property
    def cost_per_request(self) -> Decimal | None:
        """The cost of a request, on average. None without costs."""
        return None if self.cost is None else _ratio(self.cost, self.requests)


@frozen
class Shares:
    """The shares of all groups, in the order of `totals()`."""

    by: Sequence[str]
    """The names of the labels."""
    shares: Sequence[Share] = field(repr=lambda shares: f"<{len(shares)}>")

    def __iter__(self) -> Iterator[Share]:
        return iter(self.shares)

    def __len__(self) -> int:
        return len(self.shares)

    def rows(self) -> list[dict[str, Label | int | Decimal]]:
        """Return a row for each group: its labels, its figures and the currency of its cost."""
        return [
            {**each.labels, **{name: getattr(each, name) for name in _COLUMNS}} for each in self
        ]


_COLUMNS = (
    "requests",
    "input_tokens",
    "output_tokens",
    "cached",
    "of_tokens",
    "of_requests",
    "tokens_per_request",
    "cost",
    "cost_per_request",
    "currency",
)


@without_arguments_in_tracebacks
def shares(
    buckets: Iterable[Bucket[CompletionsResult]] | Iterable[Bucket[DecisionsResult]],
    by: Sequence[str] = (),
    *,
    costs: Iterable[Bucket[CostsResult]] = (),
) -> Shares:
    """Return the share of cached input, and the share of each group in tokens and requests.

    A group is compared with those that differ only in the last label. So `by=["batch"]` gives the
    share of batch requests, `by=["day", "batch"]` gives it for each day, and
    `by=["model", "service_tier"]` gives the share of each tier for each model::

        usage = client.completions(start_time=days_ago(30), group_by=["batch"]).collect()
        for each in shares(usage, by=["day", "batch"]):
            print(each.labels["day"], each.labels["batch"], each.of_tokens, each.cached)

    Args:
        buckets: The usage of completions or decisions, grouped by the labels.
        by: The names of labels, as in `totals()`. Default: one group for everything.
        costs: Costs of the same whole days, for the cost of a request. Costs do not join with usage
            result by result: only totals by labels that both have, such as `project_id` or
            `model`, can be compared. The costs of a project can contain more than these requests.
            Usage multiplied by prices does not reconcile with costs.

    Raises:
        InvalidQueryError: The buckets are of another endpoint, *by* is not valid, or costs are of
            other days or in more than one currency.
    """
    validate("by", by, Sequence[str])
    by = list(dict.fromkeys(by))
    usage: list[Bucket[CompletionsResult | DecisionsResult]] = [*buckets]
    kinds = (CompletionsResult, DecisionsResult)
    hint = "Pass those of client.completions() or client.decisions()."
    first_of(usage, "buckets", kinds, "buckets of completions or decisions", hint)
    hint = "Pass those of client.costs()."
    bill = list(costs)
    first_of(bill, "costs", (CostsResult,), "buckets of costs", hint)
    _require_same_days(usage, bill)
    found = totals(usage, by)
    with_cached, _ = split(usage, lambda result: result.input_cached_tokens is not None)
    cached = _by_labels(totals(with_cached, by, measures=["input_tokens", "input_cached_tokens"]))
    compared_with = _by_labels(found.merged(by[:-1]))
    amounts = _amounts(bill, by)

    def share_of(group: Group) -> Share:
        key = tuple(group.labels.values())
        every, amount = compared_with[key[:-1]], amounts.get(key)
        cacheable = cached[key].figures if key in cached else {}
        return Share(
            labels=group.labels,
            requests=_count(group, "num_model_requests"),
            input_tokens=_count(group, "input_tokens"),
            output_tokens=_count(group, "output_tokens"),
            cached=_ratio(
                cacheable.get("input_cached_tokens", 0), cacheable.get("input_tokens", 0)
            ),
            of_tokens=_ratio(_tokens(group), _tokens(every)),
            of_requests=_ratio(
                _count(group, "num_model_requests"), _count(every, "num_model_requests")
            ),
            cost=None if amount is None else amount.value,
            currency=None if amount is None else amount.currency,
        )

    return Shares(tuple(by), [share_of(group) for group in found])


_ByLabels: TypeAlias = Mapping[tuple[Label, ...], Group]


def _by_labels(groups: Iterable[Group]) -> _ByLabels:
    return {tuple(group.labels.values()): group for group in groups}


def _amounts(
    costs: Sequence[Bucket[CostsResult]], by: Sequence[str]
) -> Mapping[tuple[Label, ...], Amount]:
    of_costs = [*PERIODS, *(column.name for column in columns_of(CostsResult))]
    for name in by if costs else ():
        if name not in of_costs:
            hint = "Leave out costs, or use project_id, for example."
            reject("by", name, "labels that costs have, too", hint)
    groups = totals(costs, by, measures=["amount"])
    currencies = {str(group.currency) for group in groups}
    if len(currencies) > 1:
        reject("costs", sorted(currencies), "costs in one currency", "Pass those of one currency.")
    return {key: group.amount for key, group in _by_labels(groups).items()}


def _require_same_days(usage: Sequence[Span], costs: Sequence[Span]) -> None:
    days, of_costs = ({each.start_time // DAY for each in spans} for spans in (usage, costs))
    # The API shortens the first day of usage, but not that of costs, if the range begins in a day.
    begins_in_a_day = bool(usage) and min(each.start_time for each in usage) % DAY != 0
    if costs and (days != of_costs or begins_in_a_day):
        first, last = min(of_costs), max(of_costs)
        value = f"{iso_date(first * DAY)} to {iso_date(last * DAY)}"
        hint = "Pass costs with the start_time and end_time of the usage."
        expected = "costs of the same days as the usage"
        raise InvalidQueryError(param="costs", value=value, expected=expected, hint=hint)


def _count(group: Group, name: str) -> int:
    return int(group.figures[name])


def _tokens(group: Group) -> int:
    return _count(group, "input_tokens") + _count(group, "output_tokens")


def _ratio(part: int | Decimal, whole: int | Decimal) -> Decimal | None:
    return significant(Fraction(part) / Fraction(whole), _DIGITS) if whole else None
