"""A server that sends exactly the bytes it is told, for answers that no HTTP library would give."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def raw_server(answer: bytes, *, stay: bool = False) -> AsyncIterator[str]:
    """The address of a server that answers each connection with *answer*, then closes it.

    With *stay* it keeps the connection open and silent until the other end closes it.
    """
    open_ones: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_ones.add(task)
        task.add_done_callback(open_ones.discard)
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            if stay:
                with suppress(ConnectionError):
                    await reader.read()
        finally:
            writer.close()
            with suppress(ConnectionError):  # the other end has had enough
                await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await asyncio.gather(*open_ones)
