"""Cursors like the API's: opaque, valid for one exact query, and valid for a day."""

import struct
from base64 import b64decode, b64encode
from hashlib import sha256

from attrs import evolve

from openai_usage.sandbox.api_errors import ApiError
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.times import DAY

_LIFETIME = DAY
_TOKEN = struct.Struct(">16sQQ")  # digest of the query, time of expiry, start of the next bucket


def cursor_to(start_time: int, endpoint: str, query: RangeQuery, now: int) -> str:
    """Return a cursor to the bucket that begins at *start_time*."""
    token = _TOKEN.pack(_digest(endpoint, query), now + _LIFETIME, start_time)
    return f"page_{b64encode(token).decode()}"


def decode_cursor(cursor: str, endpoint: str, query: RangeQuery, now: int) -> int:
    """Return the start of the bucket that *cursor* points to.

    Raises:
        ApiError: The cursor is damaged, has expired, or belongs to another query.
    """
    try:
        token = b64decode(cursor.removeprefix("page_"), validate=True)
        digest, expires, start_time = _TOKEN.unpack(token)
    except (ValueError, struct.error):
        raise ApiError.invalid_cursor() from None
    if digest != _digest(endpoint, query) or now >= expires:
        raise ApiError.invalid_cursor()
    return int(start_time)


def _digest(endpoint: str, query: RangeQuery) -> bytes:
    text = f"{endpoint} {evolve(query, page=None)!r}"
    return sha256(text.encode()).digest()[:16]
