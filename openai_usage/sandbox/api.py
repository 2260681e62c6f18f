"""The API itself, free of HTTP's details: what is asked becomes a body, or a refusal."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Literal

import msgspec
from attrs import evolve
from multidict import MultiMapping

from openai_usage.endpoints import Endpoint, Endpoints
from openai_usage.sandbox.cursors import cursor_to, decode_cursor
from openai_usage.sandbox.dataset.directory import Directory
from openai_usage.sandbox.dataset.ledger import Ledger, Row
from openai_usage.sandbox.dataset.organization import Organization
from openai_usage.sandbox.parameters import query_of
from openai_usage.sandbox.refusals import ApiError
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.windows import SECONDS, Window, windows_of

USAGE = "api.usage.read"
"""The scope that usage and costs need."""

MANAGEMENT = "api.management.read"
"""The scope that the lists of projects, people and API keys need."""


_WHOLE_DAYS = {"costs"}
"""Endpoints that answer with the whole bucket that the range begins in, and do not clip it to the
start: recorded twice of costs, in 2025."""


class Api:
    """Answers for one organization.

    Args:
        organization: Whose usage it is.
        scopes: The keys there are, each with what it may do.
        amounts: Whether money is written as JSON numbers or as text.
        page_caps: The most that an endpoint or a list gives at once, whatever it is asked for.
    """

    def __init__(
        self,
        organization: Organization,
        scopes: Mapping[str, set[str]],
        amounts: Literal["number", "string"],
        page_caps: Mapping[str, int],
    ) -> None:
        self._ledger = Ledger(organization)
        self._name_lists = Directory(organization, page_caps)
        self._scopes = scopes
        self._page_caps = page_caps
        self._encoder = msgspec.json.Encoder(decimal_format=amounts)
        self._table = {f"/v1/{row.path}": row for row in Endpoints.table().values()}

    def answer(
        self, path: str, parameters: MultiMapping[str], authorization: str, now: int
    ) -> bytes:
        """The page that is asked for, at the moment *now*.

        Raises:
            Refusal: It is not to be had.
        """
        scheme, _, key = authorization.partition(" ")
        if scheme != "Bearer" or key not in self._scopes:
            raise ApiError.wrong_key(key)
        endpoint = self._table.get(path)
        scope = MANAGEMENT if endpoint is None else USAGE
        if scope not in self._scopes[key]:
            raise ApiError.no_scope(scope)
        if endpoint is None:
            return self._encoder.encode(self._name_lists.page(path, parameters))
        return self._encoder.encode(
            self._page(endpoint, query_of(endpoint.query_type, parameters), now)
        )

    def _page(self, endpoint: Endpoint[..., object], query: RangeQuery, now: int) -> Row:
        start = query.start_time
        if query.page is not None:
            start = decode_cursor(query.page, endpoint.name, query, now)
        limit = query.limit or query.page_size.default
        limit = min(limit, self._page_caps.get(endpoint.name, limit))
        if endpoint.name in _WHOLE_DAYS:
            start -= start % SECONDS[query.bucket_width]
        ahead = list(islice(_buckets(query, start, now), limit + 1))
        buckets, beyond = ahead[:limit], ahead[limit:]
        results = self._ledger.results(endpoint, query, buckets, until=_until(query, now))
        return {
            "object": "page",
            "data": [_bucket(bucket, rows) for bucket, rows in zip(buckets, results, strict=True)],
            "has_more": bool(beyond),
            "next_page": (
                cursor_to(beyond[0].start_time, endpoint.name, query, now) if beyond else None
            ),
        }


def _until(query: RangeQuery, now: int) -> int:
    """Up to when things count: neither the future nor what is beyond the range."""
    return min(now, query.end_time or now)


def _buckets(query: RangeQuery, start: int, now: int) -> Iterator[Window]:
    """The buckets from *start* on, which cuts the first one; the last one is whole."""
    width = SECONDS[query.bucket_width]
    # The bucket in progress is one of them.
    end = min(query.end_time or now + 1, now + 1)
    return windows_of(
        evolve(query, start_time=start, limit=1, end_time=None), -(-end // width) * width
    )


def _bucket(bucket: Window, rows: list[Row]) -> Row:
    return {
        "object": "bucket",
        "start_time": bucket.start_time,
        "end_time": bucket.end_time,
        # In no specification, and seen in the API's answers all the same.
        "start_time_iso": bucket.start.isoformat(),
        "end_time_iso": bucket.end.isoformat(),
        "results": rows,
    }
