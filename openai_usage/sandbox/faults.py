"""Faults on demand: spoil the next responses of a sandbox, one after the other."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Literal, TypeAlias

from aiohttp import web
from attrs import define, field

from openai_usage.sandbox.api_errors import ApiError
from openai_usage.sandbox.cursors import cursor_to
from openai_usage.sandbox.response_edits import (
    Change,
    begin_response,
    body_of,
    change_page,
    compress_and_corrupt,
    hang_up,
    head_of,
    reset,
    send,
)
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.times import DAY

Answer = Callable[[], Awaitable[web.Response]]
"""A function that returns the correct response to a request."""

Effect = Callable[[web.BaseRequest, Answer], Awaitable[web.StreamResponse]]

Place: TypeAlias = Literal["before headers", "in headers", "after headers", "in body"]
"""The position in a response at which a fault happens."""


@define
class _Fault:
    effect: Effect
    times: int
    after: int
    needs: str
    """The query parameter that a request must have to be spoiled. Empty for any request."""


@define
class Faults:
    """The pending faults, in the order in which they were added.

    Every fault takes *times*, the number of responses to spoil, and *after*, the number of requests
    to answer correctly first. A fault of cursors counts only requests that have a cursor. A fault
    of buckets counts only requests for usage and costs.
    """

    _pending: list[_Fault] = field(factory=list, init=False)

    def status(
        self,
        status: int,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
        times: int = 1,
        after: int = 0,
    ) -> None:
        """Respond with *status*. The default body is an error in the API's format."""

        async def effect(_: web.BaseRequest, __: Answer) -> web.StreamResponse:
            if body is None:
                response = ApiError(status, f"A fault with status {status}.", code=None).response()
                response.headers.update(headers or {})
                return response
            encoded = body.encode() if isinstance(body, str) else body
            return web.Response(status=status, headers=headers, body=encoded)

        self._add(effect, times, after)

    def dropped_connection(self, *, times: int = 1, after: int = 0) -> None:
        """Close the connection without a response."""

        async def effect(request: web.BaseRequest, _: Answer) -> web.StreamResponse:
            hang_up(request)
            return web.Response()

        self._add(effect, times, after)

    def reset_connection(
        self, place: Place = "before headers", *, times: int = 1, after: int = 0
    ) -> None:
        """Reset the connection at *place* in the response. Data before it may still arrive."""

        async def effect(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            body = body_of(await answer())
            head = head_of(body)
            sent = {
                "before headers": b"",
                "in headers": head[: len(head) // 2],
                "after headers": head,
                "in body": head + body[: len(body) // 2],
            }
            send(request, sent[place])
            reset(request)
            return web.Response()

        self._add(effect, times, after)

    def cut_body(self, *, times: int = 1, after: int = 0) -> None:
        """Send correct headers and half of the body, then close the connection."""

        async def effect(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            body = body_of(await answer())
            response = await begin_response(request, len(body), body[: len(body) // 2])
            hang_up(request)
            return response

        self._add(effect, times, after)

    def wrong_length(self, by: int, *, times: int = 1, after: int = 0) -> None:
        """Send a Content-Length that is too large by *by* bytes, or too small if *by* is negative.

        If it is too large, the connection is closed after the body. If it is too small, the rest of
        the body is sent too: a client that reuses the connection reads it as the next response.
        """

        async def effect(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            body = body_of(await answer())
            response = await begin_response(request, max(0, len(body) + by), body)
            if by > 0:
                hang_up(request)
            else:
                send(request, body[max(0, len(body) + by) :])
            return response

        self._add(effect, times, after)

    def stall(
        self, seconds: float, *, in_body: bool = False, times: int = 1, after: int = 0
    ) -> None:
        """Send the correct response *seconds* late, or only the second half of it if *in_body*."""

        async def effect(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            if not in_body:
                await asyncio.sleep(seconds)
                return await answer()
            body = body_of(await answer())
            response = await begin_response(request, len(body), body[: len(body) // 2])
            await asyncio.sleep(seconds)
            await response.write(body[len(body) // 2 :])
            return response

        self._add(effect, times, after)

    def garbled_body(self, share: float = 0.5, *, times: int = 1, after: int = 0) -> None:
        """Replace the byte at *share* of the body's length by one that is not valid UTF-8."""

        async def effect(_: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            body = bytearray(body_of(await answer()))
            body[min(int(share * len(body)), len(body) - 1)] = 0xFF
            return web.Response(body=bytes(body), content_type="application/json")

        self._add(effect, times, after)

    def broken_gzip(self, *, times: int = 1, after: int = 0) -> None:
        """Respond with a gzip body that is corrupt in the middle."""

        async def effect(_: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            body = compress_and_corrupt(body_of(await answer()))
            return web.Response(body=body, headers={"Content-Encoding": "gzip"})

        self._add(effect, times, after)

    def gzip_bomb(self, size: int = 2**29, *, times: int = 1, after: int = 0) -> None:
        """Respond with a small gzip body that decompresses to *size* bytes."""

        async def effect(_: web.BaseRequest, __: Answer) -> web.StreamResponse:
            return web.Response(body=_bomb(size), headers={"Content-Encoding": "gzip"})

        self._add(effect, times, after)

    def malformed_json(self, *, times: int = 1, after: int = 0) -> None:
        """Respond with status 200 and a body that is not valid JSON."""

        async def effect(_: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            body = body_of(await answer())
            return web.Response(body=body.replace(b":", b";", 1))

        self._add(effect, times, after)

    def missing_bucket(self, *, times: int = 1, after: int = 0) -> None:
        """Leave out the first bucket of a page."""
        self._change(
            lambda page: {**page, "data": page["data"][1:]}, times, after, needs="start_time"
        )

    def doubled_bucket(self, *, times: int = 1, after: int = 0) -> None:
        """Send the last bucket of a page twice."""
        self._change(
            lambda page: {**page, "data": page["data"] + page["data"][-1:]},
            times,
            after,
            needs="start_time",
        )

    def reordered_buckets(self, *, times: int = 1, after: int = 0) -> None:
        """Send the buckets of a page in reverse order."""
        self._change(
            lambda page: {**page, "data": page["data"][::-1]}, times, after, needs="start_time"
        )

    def short_history(self, since: int, *, times: int = 1, after: int = 0) -> None:
        """Reject ranges that begin before the day of *since* (Unix seconds)."""
        earliest = since // DAY * DAY

        async def effect(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            if int(request.query["start_time"]) < earliest:
                return ApiError.too_long_ago(earliest).response()
            return await answer()

        self._add(effect, times, after, needs="start_time")

    def dead_cursor(self, *, times: int = 1, after: int = 0) -> None:
        """Reject a valid cursor."""

        async def effect(_: web.BaseRequest, __: Answer) -> web.StreamResponse:
            return ApiError.invalid_cursor().response()

        self._add(effect, times, after, needs="page")

    def repeated_cursor(self, *, times: int = 1, after: int = 0) -> None:
        """Respond to a request that has a cursor with the right page, but with the same cursor."""

        async def effect(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            again = {"has_more": True, "next_page": request.query["page"]}
            return change_page(await answer(), lambda page: {**page, **again})

        self._add(effect, times, after, needs="page")

    def foreign_cursor(self, *, times: int = 1, after: int = 0) -> None:
        """Send `has_more: true` with a cursor that belongs to another query."""
        cursor = cursor_to(0, "another", RangeQuery(start_time=0), now=2**40)
        self._change(lambda page: {**page, "has_more": True, "next_page": cursor}, times, after)

    def lost_cursor(self, *, times: int = 1, after: int = 0) -> None:
        """Send `has_more: true` without a cursor."""
        self._change(lambda page: {**page, "has_more": True, "next_page": None}, times, after)

    def clear(self) -> None:
        """Remove all pending faults."""
        self._pending.clear()

    def _change(self, change: Change, times: int, after: int, *, needs: str = "") -> None:
        async def effect(_: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            return change_page(await answer(), change)

        self._add(effect, times, after, needs=needs)

    def _add(self, effect: Effect, times: int, after: int, *, needs: str = "") -> None:
        if times < 1 or after < 0:
            raise ValueError(
                f"A fault cannot have {times=} and {after=}. Use times of at least 1 and after of "
                "at least 0."
            )
        self._pending.append(_Fault(effect, times, after, needs))

    def next_for(self, request: web.BaseRequest) -> Effect | None:
        """Return the effect that spoils the response to *request*, or None."""
        for fault in self._pending:
            if fault.needs and fault.needs not in request.query:
                continue
            if fault.after:
                fault.after -= 1
                return None
            fault.times -= 1
            if not fault.times:
                self._pending.remove(fault)
            return fault.effect
        return None


@cache
def _bomb(size: int) -> bytes:
    return gzip.compress(bytes(size))
