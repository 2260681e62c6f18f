"""Server: a small HTTP server for what Prometheus scrapes."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.aiohttp import make_aiohttp_handler

from openai_usage.integrations.prometheus.collector import Collector

__all__ = ["serve"]

_SHUTDOWN = 0.5
"""Seconds for scrapes in progress when the server stops."""


@asynccontextmanager
async def serve(collector: Collector, host: str, port: int) -> AsyncIterator[str]:
    """Serve `/metrics` and `/healthz`, and return the URL of the server.

    `/healthz` answers as long as this program runs, even if the API cannot be read: a restart would
    not help.

    Raises:
        OSError: The address is in use, or does not belong to this machine.
    """
    registry = CollectorRegistry()
    registry.register(collector)
    ProcessCollector(registry=registry)
    app = web.Application()
    app.router.add_get("/", _index)
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/metrics", make_aiohttp_handler(registry))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:  # asyncio's own message is long and repeats the address
            # The numbers of errors of names are not those of the system.
            is_of_name = isinstance(error, socket.gaierror) or not error.errno
            reason = error.strerror if is_of_name else os.strerror(error.errno or 0)
            raise OSError(error.errno, f"cannot listen on {host}, port {port}: {reason}.") from None
        address = runner.addresses[0]
        shown = f"[{address[0]}]" if ":" in address[0] else address[0]
        yield f"http://{shown}:{address[1]}"
    finally:
        await runner.cleanup()


async def _index(_: web.Request) -> web.Response:
    return web.Response(text="openai-usage exporter: /metrics for Prometheus, /healthz\n")


async def _healthz(_: web.Request) -> web.Response:
    return web.Response(text="ok\n")
