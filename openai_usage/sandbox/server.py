"""Sandbox: the server, its life, and the way of a request through it."""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Literal, Self

from aiohttp import web
from attrs import field, frozen

from openai_usage._loop_thread import LoopThread
from openai_usage.sandbox.api import MANAGEMENT, USAGE, Api
from openai_usage.sandbox.dataset.organization import Organization
from openai_usage.sandbox.faults import Faults
from openai_usage.sandbox.rate_limit import RateLimit
from openai_usage.sandbox.refusals import ApiError
from openai_usage.schema.times import Timestamp, unix_seconds


@frozen
class RecordedRequest:
    """One request that came to a sandbox."""

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    """The parameters in the order in which they came, decoded."""
    headers: Mapping[str, str] = field(repr=False)
    """By name, whatever its case."""


class Sandbox:
    """A server on loopback that speaks the usage and costs API over a made-up organization.

    The same seed and range give the same numbers, as far as the range lies before `now`. Use it
    with `async with`, where it runs in the event loop that is there, or with `with`, where it
    runs in a thread of its own, for programs that block or run elsewhere.

    Args:
        seed: Decides the organization and all that it does.
        now: The moment up to which anything has happened: Unix seconds, an aware datetime or a
            date in UTC. Default: the real one, at each request. A walk without an `end_time`
            ends at the client's own clock, also where that is behind.
        amounts: Whether money is sent as JSON numbers or as text; the API has done both.
        page_caps: The most buckets that an endpoint gives, whatever `limit` asks: the API has
            been seen to give no more than 31 over costs, as `{"costs": 31}` does. And the most
            entries of the lists `projects`, `users` and `api_keys`.
        requests_per_second: How many requests are answered in any one second; what is over gets a
            429. Default: any number.
        port: The port to listen at. Default: any that is free.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        now: Timestamp | None = None,
        amounts: Literal["number", "string"] = "number",
        page_caps: Mapping[str, int] | None = None,
        requests_per_second: int | None = None,
        port: int = 0,
    ) -> None:
        self.now: int | None = None if now is None else unix_seconds(now, param="now")
        """Unix seconds; set it to let time pass. None: the real time."""
        self.faults = Faults()
        """What is to go wrong with the next answers."""
        self.rate_limit = RateLimit(requests_per_second)
        """How many requests a second are answered; it may change on the way."""
        self.requests: list[RecordedRequest] = []
        """Every request that came, in order."""
        digits = f"{random.Random(seed).getrandbits(96):024x}"
        self.admin_api_key = f"sk-admin-sandbox-{digits}"
        """The key that may read everything here, and nothing anywhere else."""
        self.project_api_key = f"sk-proj-sandbox-{digits}"
        """A key that is known here, and may not read usage."""
        self.scopes = {USAGE, MANAGEMENT}
        """What the admin key may do; take one away for the answers to a key without it."""
        self._organization = Organization.from_seed(seed)
        self._api = Api(
            self._organization,
            scopes={self.admin_api_key: self.scopes, self.project_api_key: set()},
            amounts=amounts,
            page_caps=page_caps or {},
        )
        self._port = port
        self._base_url: str | None = None
        self._runner: web.ServerRunner | None = None
        self._background = ExitStack()

    def __repr__(self) -> str:
        return f"<Sandbox {self._base_url or 'that does not run'}>"

    @property
    def base_url(self) -> str:
        """What a client takes as its `base_url`."""
        if self._base_url is None:
            raise RuntimeError("the sandbox does not run: use it in a `with` or `async with`")
        return self._base_url

    async def __aenter__(self) -> Self:
        server = web.Server(self._handle, handler_cancellation=True, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        host, port = self._runner.addresses[0][:2]
        self._base_url = f"http://{host}:{port}/v1"
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        self._base_url = None
        if self._runner is not None:
            await self._runner.cleanup()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            background = stack.enter_context(LoopThread("sandbox", self._stop))
            background.run(self.__aenter__)
            self._background = stack.pop_all()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._background.close()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(
            RecordedRequest(
                method=request.method,
                path=request.path,
                query=tuple(request.query.items()),
                headers=request.headers,
            )
        )

        async def answer() -> web.Response:
            try:
                return self._answer(request)
            except ApiError as refusal:
                return refusal.response()

        effect = self.faults.next_for(request)
        response = await (effect(request, answer) if effect else answer())
        if not response.prepared:  # as it is where it was sent by hand
            response.headers.setdefault("openai-organization", self._organization.id)
        return response

    def _answer(self, request: web.BaseRequest) -> web.Response:
        if request.host.partition(":")[0] not in ("127.0.0.1", "localhost"):
            raise ApiError.other_host()
        if request.method != "GET":
            raise ApiError.no_such_path(request.method, request.path)
        if not self.rate_limit.allows(asyncio.get_running_loop().time()):
            raise ApiError.too_fast(self.rate_limit.requests_per_second)
        body = self._api.answer(
            request.path,
            request.query,
            authorization=request.headers.get("Authorization", ""),
            now=int(time.time()) if self.now is None else self.now,
        )
        return web.Response(body=body, content_type="application/json")
