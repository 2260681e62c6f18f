"""Compress a PNG: the renderer of the charts hardly does."""

import struct
import zlib
from collections.abc import Iterator

_SIGNATURE = 8
"""The length of the signature at the start of a PNG."""


def compress_png(png: bytes) -> bytes:
    """Return the same picture with its data compressed as far as zlib can."""
    chunks = list(_chunks(png))
    data = zlib.decompress(b"".join(content for kind, content in chunks if kind == b"IDAT"))
    before = [each for each in chunks if each[0] not in (b"IDAT", b"IEND")]
    parts = [*before, (b"IDAT", zlib.compress(data, 9)), (b"IEND", b"")]
    return png[:_SIGNATURE] + b"".join(
        struct.pack(">I", len(content)) + kind + content + _checksum(kind + content)
        for kind, content in parts
    )


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    start = _SIGNATURE
    while start < len(png):
        [length] = struct.unpack_from(">I", png, start)
        kind = png[start + 4 : start + 8]
        yield kind, png[start + 8 : start + 8 + length]
        start += length + 12


def _checksum(content: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(content))
