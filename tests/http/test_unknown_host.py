"""A host without an address: a typing error is said at once, a hiccup on the way is tried again."""

import socket
from collections.abc import Iterator

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from openai_usage import APIConnectionError, AsyncUsageClient, Retry
from openai_usage.cli.wording import as_typed
from openai_usage.sandbox import Sandbox

START = 1_767_571_200


class Resolver(AbstractResolver):
    """Finds its *answers* for every host, one after the other; an empty one is nothing."""

    def __init__(self, *answers: str) -> None:
        self.asked = 0
        self._answers: Iterator[str] = iter(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        if not (address := next(self._answers)):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
        ]

    async def close(self) -> None:
        pass


def session_with(resolver: Resolver) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True)
    )


async def test_a_host_that_was_never_reached_is_not_tried_again() -> None:
    retries: list[Retry] = []
    resolver = Resolver("")
    async with (
        session_with(resolver) as session,
        AsyncUsageClient(
            "sk-admin-1",
            base_url="https://nosuch.invalid/v1",
            session=session,
            on_retry=retries.append,
        ) as client,
    ):
        with pytest.raises(APIConnectionError) as raised:
            await client.costs(start_time=START)
    assert (retries, resolver.asked) == ([], 1)
    message = "no address was found for the host nosuch.invalid: Name or service not known."
    assert str(raised.value) == f"{message} Check base_url and the network."
    assert as_typed(raised.value) == f"{message} Check OPENAI_BASE_URL and the network."


async def test_a_host_that_was_reached_is_tried_again(sandbox: Sandbox) -> None:
    retries: list[Retry] = []
    resolver = Resolver("127.0.0.1", "", "127.0.0.1")
    async with (
        session_with(resolver) as session,
        AsyncUsageClient(
            sandbox.admin_api_key,
            base_url=sandbox.base_url.replace("127.0.0.1", "localhost"),
            session=session,
            on_retry=retries.append,
        ) as client,
    ):
        first = await client.costs(start_time=START, end_time=START + 86_400)
        again = await client.costs(start_time=START, end_time=START + 86_400)
    assert first.data == again.data
    assert len(retries) == 1
    assert resolver.asked == 3
