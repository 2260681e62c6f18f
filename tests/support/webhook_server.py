"""A webhook on this machine, which answers as it is told and remembers what was posted."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from threading import Thread
from typing import Any

from aiohttp import web
from attrs import define, field

PATH = "/services/T0001/b0tT0k3n"
"""The secret part of the URL."""


@define
class Webhook:
    """What a webhook received, and what it answers next; 200 if nothing is left to answer."""

    url: str = ""
    answers: list[Callable[[], web.Response]] = field(factory=list)
    requests: list[web.BaseRequest] = field(factory=list)
    payloads: list[Any] = field(factory=list)

    def will(self, status: int, text: str = "", **headers: str) -> None:
        """Let the next answer have this status."""
        self.answers.append(lambda: web.Response(status=status, text=text, headers=headers))

    async def answer(self, request: web.BaseRequest) -> web.Response:
        self.requests.append(request)
        self.payloads.append(await request.json())
        return self.answers.pop(0)() if self.answers else web.Response(text="ok")


@asynccontextmanager
async def webhook(path: str = PATH) -> AsyncIterator[Webhook]:
    """Serve a webhook at a *path* of this machine."""
    made = Webhook()
    runner = web.ServerRunner(web.Server(made.answer, access_log=None), shutdown_timeout=0.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        made.url = f"http://{host}:{port}{path}"
        yield made
    finally:
        await runner.cleanup()


@contextmanager
def webhook_in_thread() -> Iterator[Webhook]:
    """Serve a webhook for a command, which has the loop of this thread to itself."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    served = webhook()
    try:
        yield asyncio.run_coroutine_threadsafe(served.__aenter__(), loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(served.__aexit__(None, None, None), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
