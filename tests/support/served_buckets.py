"""A sandbox that answers with given buckets, as far as they lie in the requested range."""

from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from openai_usage.sandbox import Sandbox
from openai_usage.sandbox.faults import Answer

Row = dict[str, Any]


def serve_buckets(sandbox: Sandbox, buckets: Callable[[str], Sequence[Row]]) -> None:
    """Have *sandbox* answer every request for a path with the buckets of its range."""

    async def effect(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        if "start_time" not in request.query:  # names, or limits
            return await answer()
        first, last = (int(request.query[name]) for name in ("start_time", "end_time"))
        data = [
            each
            for each in buckets(request.path)
            if each["start_time"] < last and each["end_time"] > first
        ]
        return web.json_response({"data": data, "has_more": False})

    sandbox.faults.clear()
    sandbox.faults._add(effect, 10_000, 0)
