"""A server that sends exactly the bytes it is told, for answers that no HTTP library would give."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

EMPTY_PAGE = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 28\r\nConnection: close\r\n\r\n"
    b'{"data":[],"has_more":false}'
)


@asynccontextmanager
async def raw_server(
    answer: bytes, *, stay: bool = False, heard: list[bytes] | None = None
) -> AsyncIterator[str]:
    """The address of a server that answers each connection with *answer*, then closes it.

    With *stay* it keeps the connection open and silent until the other end closes it. What comes
    over a connection is appended to *heard*, byte for byte: the head, and with *stay* the rest.
    """
    open_ones: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_ones.add(task)
        task.add_done_callback(open_ones.discard)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if heard is not None:
                heard.append(head)
            writer.write(answer)
            if stay:
                with suppress(ConnectionError):
                    rest = await reader.read()
                    if heard is not None:
                        heard[-1] += rest
        finally:
            writer.close()
            with suppress(ConnectionError):  # the other end has had enough
                await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=2**20)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await asyncio.gather(*open_ones)
