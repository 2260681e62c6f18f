"""How a true answer is spoiled: its connection, its bytes, its page."""

import socket
import struct
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

Change = Callable[[dict[str, Any]], dict[str, Any]]
"""What becomes of a page. Its numbers keep every digit."""

_decode = msgspec.json.Decoder(dict[str, Any], float_hook=msgspec.Raw).decode


def body_of(response: web.Response) -> bytes:
    """What *response* says."""
    return response.body if isinstance(response.body, bytes) else b""


def changed(response: web.Response, change: Change) -> web.Response:
    """*response* with its page changed; a refusal stays as it is."""
    if response.status != 200:
        return response
    body = msgspec.json.encode(change(_decode(body_of(response))))
    return web.Response(body=body, content_type="application/json")


def head_of(body: bytes) -> bytes:
    """What comes before *body* on the wire."""
    return (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()


def gzipped_badly(body: bytes) -> bytes:
    """Return *body* compressed, with a block in the middle of a type that does not exist.

    What it breaks at must not depend on how well this Python compresses.
    """
    half = zlib.compressobj(wbits=31)  # in the format of gzip
    return half.compress(body[: len(body) // 2]) + half.flush(zlib.Z_FULL_FLUSH) + b"\xff" * 8


async def begun(request: web.BaseRequest, length: int, body: bytes) -> web.StreamResponse:
    """The beginning of an answer that is said to be of a *length*, with *body* sent of it."""
    response = web.StreamResponse(headers={"Content-Length": str(length)})
    await response.prepare(request)
    await response.write(body)
    return response


def send(request: web.BaseRequest, raw: bytes) -> None:
    """Send bytes past everything that would keep them in form."""
    if request.transport is not None:  # pragma: no branch - unless the client left first
        request.transport.write(raw)


def hang_up(request: web.BaseRequest) -> None:
    """Close the connection, once everything is sent."""
    if request.transport is not None:  # pragma: no branch - unless the client left first
        request.transport.close()


def reset(request: web.BaseRequest) -> None:
    """Close the connection as a machine does that lost its power: with a reset."""
    if request.transport is not None:  # pragma: no branch - unless the client left first
        # To linger for no time is how a socket is told to reset.
        line: socket.socket = request.transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
