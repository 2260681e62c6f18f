"""What can go wrong on the way, on demand: the next answers of a sandbox are spoiled in turn."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from aiohttp import web
from attrs import define, field

from openai_usage.sandbox.refusals import Refusal

Answer = Callable[[], Awaitable[web.Response]]
"""What the request would get if nothing went wrong."""

Effect = Callable[[web.BaseRequest, Answer], Awaitable[web.StreamResponse]]


@define
class _Fault:
    effect: Effect
    times: int
    after: int
    needs_cursor: bool


@define
class Faults:
    """The faults that are still to come, in the order in which they were asked for.

    Each takes *times*, how many answers it spoils, and *after*, how many it lets pass first. A
    fault of a cursor counts only the requests that have one.
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
                response = Refusal(status, f"A fault with status {status}.", code=None).response()
                response.headers.update(headers or {})
                return response
            encoded = body.encode() if isinstance(body, str) else body
            return web.Response(status=status, headers=headers, body=encoded)

        self._add(effect, times, after)

    def dropped_connection(self, *, times: int = 1, after: int = 0) -> None:
        """Close the connection instead of answering."""

        async def effect(request: web.BaseRequest, _: Answer) -> web.StreamResponse:
            _hang_up(request)
            return web.Response()

        self._add(effect, times, after)

    def cut_body(self, *, times: int = 1, after: int = 0) -> None:
        """Send the true headers and half of the body, then close the connection."""

        async def effect(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            body = _body(await answer())
            response = web.StreamResponse(headers={"Content-Length": str(len(body))})
            await response.prepare(request)
            await response.write(body[: len(body) // 2])
            _hang_up(request)
            return response

        self._add(effect, times, after)

    def stall(self, seconds: float, *, times: int = 1, after: int = 0) -> None:
        """Answer truly, *seconds* late."""

        async def effect(_: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            await asyncio.sleep(seconds)
            return await answer()

        self._add(effect, times, after)

    def malformed_json(self, *, times: int = 1, after: int = 0) -> None:
        """Answer with status 200 and a body that is no JSON."""

        async def effect(_: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            body = _body(await answer())
            return web.Response(body=body.replace(b":", b";", 1))

        self._add(effect, times, after)

    def dead_cursor(self, *, times: int = 1, after: int = 0) -> None:
        """Refuse a cursor that is good."""

        async def effect(_: web.BaseRequest, __: Answer) -> web.StreamResponse:
            return Refusal.invalid_cursor().response()

        self._add(effect, times, after, needs_cursor=True)

    def repeated_cursor(self, *, times: int = 1, after: int = 0) -> None:
        """Answer a request that has a cursor with the page it leads to, and the same cursor."""

        async def effect(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
            page = msgspec.json.decode(_body(await answer()), type=dict[str, msgspec.Raw])
            changed = {**page, "has_more": True, "next_page": request.query["page"]}
            return web.Response(body=msgspec.json.encode(changed))

        self._add(effect, times, after, needs_cursor=True)

    def clear(self) -> None:
        """Let everything go well from here on."""
        self._pending.clear()

    def _add(self, effect: Effect, times: int, after: int, *, needs_cursor: bool = False) -> None:
        if times < 1 or after < 0:
            raise ValueError(
                f"a fault comes once at least, and no earlier than now: {times=} {after=}"
            )
        self._pending.append(_Fault(effect, times, after, needs_cursor))

    def next_for(self, request: web.BaseRequest) -> Effect | None:
        """The effect that spoils the answer to *request*, if any does."""
        for fault in self._pending:
            if fault.needs_cursor and "page" not in request.query:
                continue
            if fault.after:
                fault.after -= 1
                return None
            fault.times -= 1
            if not fault.times:
                self._pending.remove(fault)
            return fault.effect
        return None


def _body(response: web.Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else b""


def _hang_up(request: web.BaseRequest) -> None:
    if request.transport is not None:  # pragma: no branch - unless the client left first
        request.transport.close()
