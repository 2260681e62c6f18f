"""Spoil a correct response: its connection, its bytes or its page."""

import socket
import struct
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

Change = Callable[[dict[str, Any]], dict[str, Any]]
"""A function that changes a decoded page. Numbers in the page keep all their digits."""

_decode = msgspec.json.Decoder(dict[str, Any], float_hook=msgspec.Raw).decode


def body_of(response: web.Response) -> bytes:
    """Return the body of *response*."""
    return response.body if isinstance(response.body, bytes) else b""


def change_page(response: web.Response, change: Change) -> web.Response:
    """Return *response* with its page changed. An error stays unchanged."""
    if response.status != 200:
        return response
    body = msgspec.json.encode(change(_decode(body_of(response))))
    return web.Response(body=body, content_type="application/json")


def head_of(body: bytes) -> bytes:
    """Return the status line and the headers that come before *body*."""
    return (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()


def compress_and_corrupt(body: bytes) -> bytes:
    """Return *body* as gzip, with a block of an invalid type in the middle.

    An invalid block makes the place of the error independent of the zlib version.
    """
    half = zlib.compressobj(wbits=31)  # 31 selects the gzip format
    return half.compress(body[: len(body) // 2]) + half.flush(zlib.Z_FULL_FLUSH) + b"\xff" * 8


async def begin_response(request: web.BaseRequest, length: int, body: bytes) -> web.StreamResponse:
    """Send headers with a Content-Length of *length*, and *body*. Return the open response."""
    response = web.StreamResponse(headers={"Content-Length": str(length)})
    await response.prepare(request)
    await response.write(body)
    return response


def send(request: web.BaseRequest, raw: bytes) -> None:
    """Write bytes directly to the connection, bypassing aiohttp."""
    if request.transport is not None:  # pragma: no branch - unless the client left first
        request.transport.write(raw)


def hang_up(request: web.BaseRequest) -> None:
    """Close the connection after everything is sent."""
    if request.transport is not None:  # pragma: no branch - unless the client left first
        request.transport.close()


def reset(request: web.BaseRequest) -> None:
    """Close the connection with a TCP reset."""
    if request.transport is not None:  # pragma: no branch - unless the client left first
        # A linger time of zero makes the socket send a reset when it closes.
        connection: socket.socket = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
