"""An answer that is too large is refused while it comes, not once it has filled the memory."""

import tracemalloc
import zlib

import pytest

from openai_usage import APIResponseValidationError, AsyncUsageClient, InternalServerError
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY, client_of
from tests.support.raw_server import raw_server


async def ask(base_url: str, max_response_bytes: int) -> None:
    async with AsyncUsageClient(
        "sk-admin-1", base_url=base_url, max_retries=0, max_response_bytes=max_response_bytes
    ) as client:
        await client.costs(start_time=TODAY)


async def test_an_answer_may_be_just_as_large_as_is_allowed(sandbox: Sandbox) -> None:
    async with client_of(sandbox) as client:
        [body] = [
            body async for body in client.costs(start_time=TODAY - DAY, end_time=TODAY).raw_pages()
        ]
    for allowed, fits in ((len(body), True), (len(body) - 1, False)):
        async with client_of(sandbox, max_response_bytes=allowed) as client:
            iteration = client.costs(start_time=TODAY - DAY, end_time=TODAY)
            if fits:
                assert len(await iteration.collect()) == 1
                continue
            with pytest.raises(APIResponseValidationError, match="larger than") as caught:
                await iteration.collect()
            assert caught.value.path == "$"
            assert caught.value.body == body.decode()[:2000]
    assert len(sandbox.requests) == 3  # it would be as large another time


async def test_it_is_refused_before_all_of_it_is_there() -> None:
    beginning = b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n" + b" " * 200_000
    async with raw_server(beginning, stay=True) as base_url:  # the rest never comes
        with pytest.raises(APIResponseValidationError, match="larger than 100000 bytes"):
            await ask(base_url, max_response_bytes=100_000)


def bomb(megabytes: int) -> bytes:
    """So much of nothing, packed: a thousandth of it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    blanks = b" " * 2**20
    return b"".join([*(packer.compress(blanks) for _ in range(megabytes)), packer.flush()])


async def test_what_counts_is_what_is_unpacked() -> None:
    packed = bomb(100)
    assert len(packed) < 200_000
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    async with raw_server(head + packed) as base_url:
        tracemalloc.start()
        with pytest.raises(APIResponseValidationError, match="larger than 1000000 bytes"):
            await ask(base_url, max_response_bytes=1_000_000)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 20_000_000


async def test_a_large_error_is_the_error_that_it_is() -> None:
    answer = b"HTTP/1.1 500 Oh\r\nContent-Length: 9999999999\r\n\r\n" + b"no " * 50_000
    async with raw_server(answer, stay=True) as base_url:
        with pytest.raises(InternalServerError, match="answered 500: no no"):
            await ask(base_url, max_response_bytes=100_000)
