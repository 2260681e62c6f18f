"""The sandbox's API without the HTTP layer: turn a path and parameters into a body or an error."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Literal

import msgspec
from attrs import evolve
from multidict import MultiMapping

from openai_usage.endpoints import Endpoint, Endpoints
from openai_usage.sandbox.api_errors import ApiError
from openai_usage.sandbox.cursors import cursor_to, decode_cursor
from openai_usage.sandbox.dataset.ledger import Ledger, Row
from openai_usage.sandbox.dataset.limits import spend_limits
from openai_usage.sandbox.dataset.name_lists import SandboxLists
from openai_usage.sandbox.parameters import query_of
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.times import SECONDS
from openai_usage.schema.windows import Window, windows_of

USAGE = "api.usage.read"
"""The scope that requests for usage and costs need."""

MANAGEMENT = "api.management.read"
"""The scope that requests for lists of projects, users and API keys need, and for limits."""


_WHOLE_DAYS = {"costs"}
"""The endpoints that return the whole bucket in which the range begins, instead of clipping it to
`start_time`. This was recorded twice for costs, in 2025."""


class Api:
    """The API of one organization.

    Args:
        ledger: The usage and costs of the organization that is served.
        scopes: The valid keys, each with its scopes.
        amounts: The JSON type of money: numbers or strings.
        page_caps: The largest page of an endpoint or list, whatever `limit` a request has.
    """

    def __init__(
        self,
        ledger: Ledger,
        scopes: Mapping[str, set[str]],
        amounts: Literal["number", "string"],
        page_caps: Mapping[str, int],
    ) -> None:
        self._ledger = ledger
        self._name_lists = SandboxLists(ledger.organization, page_caps)
        self._spend_limits = spend_limits(ledger.organization)
        self._scopes = scopes
        self._page_caps = page_caps
        self._encoder = msgspec.json.Encoder(decimal_format=amounts)
        self._table = {f"/v1/{row.path}": row for row in Endpoints.table().values()}

    def answer(
        self, path: str, parameters: MultiMapping[str], authorization: str, now: int
    ) -> bytes:
        """Return the body of the requested page, as of *now*.

        Raises:
            ApiError: The request is not valid or not allowed.
        """
        scheme, _, key = authorization.partition(" ")
        if scheme != "Bearer" or key not in self._scopes:
            raise ApiError.wrong_key(key)
        endpoint = self._table.get(path)
        scope = MANAGEMENT if endpoint is None else USAGE
        if scope not in self._scopes[key]:
            raise ApiError.no_scope(scope)
        if endpoint is None:
            return self._encoder.encode(self._managed(path, parameters))
        return self._encoder.encode(
            self._page(endpoint, query_of(endpoint.query_type, parameters), now)
        )

    def _managed(self, path: str, parameters: MultiMapping[str]) -> Row:
        """Return a hard limit, or a page of a list."""
        if path not in self._spend_limits:
            return self._name_lists.page(path, parameters)
        limit = self._spend_limits[path]
        if limit is None:
            raise ApiError.no_limit()
        return limit

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
        until = _until(query, now)
        results = self._ledger.results(endpoint, query, buckets, until=until, now=now)
        return {
            "object": "page",
            "data": [_bucket(bucket, rows) for bucket, rows in zip(buckets, results, strict=True)],
            "has_more": bool(beyond),
            "next_page": (
                cursor_to(beyond[0].start_time, endpoint.name, query, now) if beyond else None
            ),
        }


def _until(query: RangeQuery, now: int) -> int:
    """Return the end of the counted time: *now* or the end of the range, whichever is earlier."""
    return min(now, query.end_time or now)


def _buckets(query: RangeQuery, start: int, now: int) -> Iterator[Window]:
    """Yield the buckets from *start* on. The first one is clipped to *start*, the last is whole."""
    width = SECONDS[query.bucket_width]
    # Include the bucket in progress.
    end = min(query.end_time or now + 1, now + 1)
    return windows_of(
        evolve(query, start_time=start, limit=1, end_time=None), -(-end // width) * width
    )


def _bucket(bucket: Window, rows: list[Row]) -> Row:
    return {
        "object": "bucket",
        "start_time": bucket.start_time,
        "end_time": bucket.end_time,
        # These fields are not in the specification, but the API has been seen to send them.
        "start_time_iso": bucket.start.isoformat(),
        "end_time_iso": bucket.end.isoformat(),
        "results": rows,
    }
