"""The server for Prometheus: what it serves, and how it ends."""

import asyncio
import logging

import aiohttp
import pytest

from openai_usage import AsyncUsageClient
from openai_usage.integrations.prometheus import Collector
from openai_usage.integrations.prometheus.server import serve
from tests.support.clock import loop_time


async def test_it_serves_metrics_and_its_health(client: AsyncUsageClient) -> None:
    async with serve(Collector(client), "127.0.0.1", 0) as url, aiohttp.ClientSession() as session:
        assert url.startswith("http://127.0.0.1:")
        async with session.get(f"{url}/metrics") as answer:
            assert answer.content_type == "text/plain"
            text = await answer.text()
        assert 'openai_usage_up{endpoint="costs",organization="default"} 0.0' in text
        assert "process_start_time_seconds" in text
        assert client._transport.options.admin_api_key.reveal() not in text
        openmetrics = {"Accept": "application/openmetrics-text; version=1.0.0"}
        async with session.get(f"{url}/metrics", headers=openmetrics) as answer:
            assert (await answer.text()).endswith("# EOF\n")
        async with session.get(f"{url}/healthz") as answer:
            assert (answer.status, await answer.text()) == (200, "ok\n")
        async with session.get(url) as answer:
            assert "/metrics" in await answer.text()
        async with session.post(f"{url}/metrics") as answer:
            assert answer.status == 405


async def test_it_ends_although_a_connection_is_open(
    client: AsyncUsageClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        async with serve(Collector(client), "127.0.0.1", 0) as url:
            host, port = url.removeprefix("http://").split(":")
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"GET /metrics HTTP/1.1\r\n")
            await writer.drain()
            before = loop_time()
        assert loop_time() - before <= 0.6
        writer.close()
    assert [each for each in caplog.records if each.levelno > logging.INFO] == []


async def test_an_ipv6_address_is_written_in_brackets(client: AsyncUsageClient) -> None:
    async with serve(Collector(client), "::1", 0) as url, aiohttp.ClientSession() as session:
        assert url.startswith("http://[::1]:")
        async with session.get(f"{url}/healthz") as answer:
            assert answer.status == 200


async def test_a_port_in_use_is_named(client: AsyncUsageClient) -> None:
    async with serve(Collector(client), "127.0.0.1", 0) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(OSError, match=rf"cannot listen on 127\.0\.0\.1, port {port}: Address"):
            async with serve(Collector(client), "127.0.0.1", port):
                pass


async def test_a_host_that_does_not_exist_is_named(client: AsyncUsageClient) -> None:
    with pytest.raises(OSError, match=r"^\[Errno -?\d+\] cannot listen on a b, port 0: \w.*\.$"):
        async with serve(Collector(client), "a b", 0):
            pass
