"""What can go wrong on the way, on demand: the next answers of a sandbox are spoiled in turn."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Literal, TypeAlias

from aiohttp import web
from attrs import define, field

from openai_usage.sandbox.cursors import cursor_to
from openai_usage.sandbox.refusals import ApiError
from openai_usage.sandbox.spoiling import (
    Change,
    begun,
    body_of,
    changed,
    gzipped_badly,
    hang_up,
    head_of,
    reset,
    send,
)
from openai_usage.schema.range_query import RangeQuery

Answer = Callable[[], Awaitable[web.Response]]
"""What the request would get if nothing went wrong."""

Effect = Callable[[web.BaseRequest, Answer], Awaitable[web.StreamResponse]]

Place: TypeAlias = Literal["before headers", "in headers", "after headers", "in body"]
"""Where in an answer something happens."""


@define
class _Fault:
    effect: Effect
    times: int
    after: int
    needs: str
    """The parameter without which a request is let pass; empty if it spoils any."""


@define
class Faults:
    """The faults that are still to come, in the order in which they were asked for.

    Each takes *times*, how many answers it spoils, and *after*, how many it lets pass first. A
    fault of a cursor counts only the requests that have one, and one of buckets only those of usage
    and costs.
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
        """Answer with *status*; the body is an error in the API's envelope unless it is given."""

        async def effect(_: web.BaseRequest, __: Answer) -> web.StreamResponse:
            if body is None:
                response = ApiError(status, f"A fault with status {status}.", code=None).response()
                response.headers.update(headers or {})
                return response
            encoded = body.encode() if isinstance(body, str) else body
            return web.Response(status=status, headers=headers, body=encoded)

        self._add(effect, times, after)

    def dropped_connection(self, *, times: int = 1, after: int = 0) -> None:
        """Close the connection instead of answering."""

        async def effect(request: web.BaseRequest, _: Answer) -> web.StreamResponse:
            hang_up(request)
            return web.Response()

        self._add(effect, times, after)

    def reset_connection(
        self, place: Place = "before headers", *, times: int = 1, after: int = 0
    ) -> None:
        """Reset the connection at a *place* in the answer, so that all before it may arrive."""

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
        """Send the true headers and half of the body, then close the connection."""

        async def effect(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            body = body_of(await answer())
            response = await begun(request, len(body), body[: len(body) // 2])
            hang_up(request)
            return response

        self._add(effect, times, after)

    def wrong_length(self, by: int, *, times: int = 1, after: int = 0) -> None:
        """Say that the body is so many bytes longer than it is, or shorter where *by* is below 0.

        What is promised and does not come ends with the connection. What is too much is sent, to
        be found in the place of the next answer where the connection is kept.
        """

        async def effect(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            body = body_of(await answer())
            response = await begun(request, max(0, len(body) + by), body)
            if by > 0:
                hang_up(request)
            else:
                send(request, body[max(0, len(body) + by) :])
            return response

        self._add(effect, times, after)

    def stall(
        self, seconds: float, *, in_body: bool = False, times: int = 1, after: int = 0
    ) -> None:
        """Answer truly, *seconds* late; *in_body*, half of the body comes in time."""

        async def effect(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            if not in_body:
                await asyncio.sleep(seconds)
                return await answer()
            body = body_of(await answer())
            response = await begun(request, len(body), body[: len(body) // 2])
            await asyncio.sleep(seconds)
            await response.write(body[len(body) // 2 :])
            return response

        self._add(effect, times, after)

    def garbled_body(self, share: float = 0.5, *, times: int = 1, after: int = 0) -> None:
        """Answer with a byte that is no text after a *share* of the body."""

        async def effect(_: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            body = bytearray(body_of(await answer()))
            body[min(int(share * len(body)), len(body) - 1)] = 0xFF
            return web.Response(body=bytes(body), content_type="application/json")

        self._add(effect, times, after)

    def broken_gzip(self, *, times: int = 1, after: int = 0) -> None:
        """Answer with a compressed body that is broken in the middle."""

        async def effect(_: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            body = gzipped_badly(body_of(await answer()))
            return web.Response(body=body, headers={"Content-Encoding": "gzip"})

        self._add(effect, times, after)

    def gzip_bomb(self, size: int = 2**29, *, times: int = 1, after: int = 0) -> None:
        """Answer with some thousandth of *size* in bytes, which come to *size* once inflated."""

        async def effect(_: web.BaseRequest, __: Answer) -> web.StreamResponse:
            return web.Response(body=_bomb(size), headers={"Content-Encoding": "gzip"})

        self._add(effect, times, after)

    def malformed_json(self, *, times: int = 1, after: int = 0) -> None:
        """Answer with status 200 and a body that is no JSON."""

        async def effect(_: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            body = body_of(await answer())
            return web.Response(body=body.replace(b":", b";", 1))

        self._add(effect, times, after)

    def missing_bucket(self, *, times: int = 1, after: int = 0) -> None:
        """Leave the first bucket of a page out."""
        self._change(
            lambda page: {**page, "data": page["data"][1:]}, times, after, needs="start_time"
        )

    def doubled_bucket(self, *, times: int = 1, after: int = 0) -> None:
        """Give the last bucket of a page twice."""
        self._change(
            lambda page: {**page, "data": page["data"] + page["data"][-1:]},
            times,
            after,
            needs="start_time",
        )

    def reordered_buckets(self, *, times: int = 1, after: int = 0) -> None:
        """Give the buckets of a page from the last to the first."""
        self._change(
            lambda page: {**page, "data": page["data"][::-1]}, times, after, needs="start_time"
        )

    def dead_cursor(self, *, times: int = 1, after: int = 0) -> None:
        """Refuse a cursor that is good."""

        async def effect(_: web.BaseRequest, __: Answer) -> web.StreamResponse:
            return ApiError.invalid_cursor().response()

        self._add(effect, times, after, needs="page")

    def repeated_cursor(self, *, times: int = 1, after: int = 0) -> None:
        """Answer a request that has a cursor with the page it leads to, and the same cursor."""

        async def effect(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            again = {"has_more": True, "next_page": request.query["page"]}
            return changed(await answer(), lambda page: {**page, **again})

        self._add(effect, times, after, needs="page")

    def foreign_cursor(self, *, times: int = 1, after: int = 0) -> None:
        """Give a cursor that belongs to another query, and say that there is more."""
        cursor = cursor_to(0, "another", RangeQuery(start_time=0), now=2**40)
        self._change(lambda page: {**page, "has_more": True, "next_page": cursor}, times, after)

    def lost_cursor(self, *, times: int = 1, after: int = 0) -> None:
        """Say that there is more, and give no cursor to it."""
        self._change(lambda page: {**page, "has_more": True, "next_page": None}, times, after)

    def clear(self) -> None:
        """Let everything go well from here on."""
        self._pending.clear()

    def _change(self, change: Change, times: int, after: int, *, needs: str = "") -> None:
        async def effect(_: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            return changed(await answer(), change)

        self._add(effect, times, after, needs=needs)

    def _add(self, effect: Effect, times: int, after: int, *, needs: str = "") -> None:
        if times < 1 or after < 0:
            raise ValueError(
                f"a fault comes once at least, and no earlier than now: {times=} {after=}"
            )
        self._pending.append(_Fault(effect, times, after, needs))

    def next_for(self, request: web.BaseRequest) -> Effect | None:
        """The effect that spoils the answer to *request*, if any does."""
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
