"""Cursors as the API makes them: opaque, bound to their exact query, good for a day."""

from base64 import b64decode, b64encode
from hashlib import sha256

from attrs import evolve

from openai_usage.queries import RangeQuery
from openai_usage.sandbox.refusals import Refusal

_LIFETIME = 86_400


def cursor_to(start_time: int, endpoint: str, query: RangeQuery, now: int) -> str:
    """A cursor to the bucket that begins at *start_time*."""
    token = f"{now + _LIFETIME}:{_digest(endpoint, query)}:{start_time}"
    return f"page_{b64encode(token.encode()).decode()}"


def place_of(cursor: str, endpoint: str, query: RangeQuery, now: int) -> int:
    """Where the bucket begins that *cursor* leads to.

    Raises:
        Refusal: It leads nowhere: it is damaged, too old, or belongs to another query.
    """
    try:
        token = b64decode(cursor.removeprefix("page_"), validate=True).decode("ascii")
        expires, digest, start_time = token.split(":")
        good = digest == _digest(endpoint, query) and now < int(expires)
        place = int(start_time)
    except ValueError:
        good, place = False, 0
    if not good:
        raise Refusal.invalid_cursor()
    return place


def _digest(endpoint: str, query: RangeQuery) -> str:
    asked = f"{endpoint} {evolve(query, page=None)!r}"
    return sha256(asked.encode()).hexdigest()[:24]
