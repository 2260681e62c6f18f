"""The sandbox server: start and stop it, and handle its requests."""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Literal, Self

from aiohttp import web
from attrs import field, frozen

from openai_usage._loop_thread import LoopThread
from openai_usage.sandbox.api import MANAGEMENT, USAGE, Api
from openai_usage.sandbox.api_errors import ApiError
from openai_usage.sandbox.dataset.ledger import Ledger
from openai_usage.sandbox.dataset.organization import organization_of
from openai_usage.sandbox.dataset.restatements import Restatements
from openai_usage.sandbox.faults import Faults
from openai_usage.sandbox.rate_limit import RateLimit
from openai_usage.schema.times import Timestamp, unix_seconds


@frozen
class RecordedRequest:
    """A request that a sandbox received."""

    method: str
    """The HTTP method."""
    path: str
    """The path, without the query."""
    query: Sequence[tuple[str, str]]
    """The decoded query parameters, in order."""
    headers: Mapping[str, str] = field(repr=False)
    """The headers by name. Names are not case-sensitive."""


class Sandbox:
    """A local server that implements the usage and costs API with synthetic data.

    The same seed and range give the same figures, as long as the range ends before `now`. Use
    `async with` to run the server in the current event loop. Use `with` to run it in a thread of
    its own, for blocking code and for other processes.

    Args:
        seed: The seed of the synthetic organization and its usage.
        now: The time up to which there is usage: Unix seconds, an aware datetime or a date in UTC.
            Default: the real time of each request. Iteration without an `end_time` ends at the
            client's clock, even if that is behind `now`.
        amounts: The JSON type of money: numbers or strings. The API has sent both.
        page_caps: The largest page of an endpoint, whatever `limit` a request has. The API was
            seen to return at most 31 buckets of costs, as with `{"costs": 31}`. The lists
            `projects`, `users`, `api_keys` and `spend_alerts` can be capped in the same way.
        requests_per_second: The most requests that are answered in any one second. Further requests
            get a 429. Default: no limit.
        restates: True if usage and costs are restated for some time after their bucket is over, as
            the API does: rows come late, rise, fall and vanish, sometimes all rows of a bucket. It
            ends before the bucket counts as settled. Figures then depend on `now`, too.
        port: The port to listen on. Default: any free port.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        now: Timestamp | None = None,
        amounts: Literal["number", "string"] = "number",
        page_caps: Mapping[str, int] | None = None,
        requests_per_second: int | None = None,
        restates: bool = False,
        port: int = 0,
    ) -> None:
        self.now: int | None = None if now is None else unix_seconds(now, param="now")
        """The current time in Unix seconds, or None for the real time. Set it to let time pass."""
        self.faults = Faults()
        """The faults of the next responses."""
        self.rate_limit = RateLimit(requests_per_second)
        """The limit on requests per second. It can be changed at any time."""
        self.requests: list[RecordedRequest] = []
        """Every request that the sandbox received, in order."""
        digits = f"{random.Random(seed).getrandbits(96):024x}"
        self.admin_api_key = f"sk-admin-sandbox-{digits}"
        """The admin key of this sandbox. It is not valid anywhere else."""
        self.project_api_key = f"sk-proj-sandbox-{digits}"
        """A valid key without permission to read usage."""
        self.scopes = {USAGE, MANAGEMENT}
        """The scopes of the admin key. Remove one to get the error for a key without it."""
        self._organization = organization_of(seed)
        self._api = Api(
            Ledger(self._organization, partial(Restatements.of, seed=seed) if restates else None),
            scopes={self.admin_api_key: self.scopes, self.project_api_key: set()},
            amounts=amounts,
            page_caps=page_caps or {},
        )
        self._port = port
        self._base_url: str | None = None
        self._runner: web.ServerRunner | None = None
        self._background = ExitStack()

    def __repr__(self) -> str:
        return f"<Sandbox {self._base_url or '(not running)'}>"

    @property
    def base_url(self) -> str:
        """Return the URL to pass to a client as `base_url`."""
        if self._base_url is None:
            raise RuntimeError(
                "The sandbox is not running. Use it inside a `with` or `async with` block."
            )
        return self._base_url

    async def __aenter__(self) -> Self:
        server = web.Server(self._handle, handler_cancellation=True, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        host, port = self._runner.addresses[0][:2]
        self._base_url = f"http://{host}:{port}/v1"
        return self

    async def __aexit__(self, *raised: object) -> None:
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

    def __exit__(self, *raised: object) -> None:
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
            except ApiError as error:
                return error.response()

        effect = self.faults.next_for(request)
        response = await (effect(request, answer) if effect else answer())
        if not response.prepared:  # a fault may have sent the response itself
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
