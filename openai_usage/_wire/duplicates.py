"""Reject a known key that comes twice in one JSON object: msgspec would keep only the last.

A bucket with `results` twice would silently lose the first ones. Reading every key takes longer
than decoding itself, so a cheap check decides whether to read all keys:

- The keys of the page are before its first `[` and after its last `]`: a few dozen bytes, which are
  read as JSON. Only another array next to `data` could hide a key, and pages do not have one.
- An ordinary page of N buckets has N + 1 arrays. More `[` than that can be a duplicate `results` or
  `data`. Finding them takes 1 to 6 % of the time of decoding costs. It takes 15 % if buckets are
  many and small, such as usage by the minute, so only money is checked like this.
- A `[` can also be in the name of a project, on every page. Then `"results"` and `"data"` are
  counted, which takes 15 % of decoding. Reading every key takes five times as long as decoding.

Not checked are a duplicate `data` in usage, for the same reason as a duplicate `results`, and a
duplicate key of a result, such as `amount`. Just counting `"amount"` or `{` takes 10 to 35 % of
decoding (measured on 31 buckets of 200 results and 1,440 of one). Such a key is found only if all
keys are read for another reason.
"""

import json
from collections.abc import Iterable, Iterator, Sequence

import attrs
import msgspec

_Buffer = bytes | bytearray

_PAGE, _BUCKET = ("object", "data", "has_more", "next_page"), ("start_time", "end_time", "results")


class _Pairs(list[tuple[str, object]]):
    """A JSON object with all its keys, duplicates included."""


def reject_duplicates(body: _Buffer, buckets: int, result: type, *, has_money: bool) -> None:
    """Raise a `ValidationError` if a known key comes twice, as far as a cheap check can find it.

    Find every duplicate key of the page itself, except `data` in usage. In buckets of money, also
    find a second `results`. If there is a reason to read all keys, find any known key that comes
    twice.

    Args:
        body: A page, which was decoded before.
        buckets: The number of buckets that were decoded.
        result: The class of its results.
        has_money: True to check the buckets too.
    """
    edges = body[: body.find(b"[") + 1] + body[body.rfind(b"]") :]
    if _are_plain(edges) and not (has_money and _may_have_more_arrays(body, buckets)):
        return
    known = [field.name for field in attrs.fields(result)] if attrs.has(result) else []
    for path in _duplicates(_loads(body), known):
        raise msgspec.ValidationError(f"Object contains this field twice - at `{path}`")


def reject_any_duplicates(body: _Buffer) -> None:
    """Raise a `ValidationError` if a key comes twice in any object of *body*, a small one."""
    json.loads(body, object_pairs_hook=_reject_twice, parse_int=str, parse_float=str)


def _reject_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        raise msgspec.ValidationError("Object contains a field twice")
    return unique


def _loads(body: _Buffer) -> object:
    return json.loads(body, object_pairs_hook=_Pairs, parse_int=str, parse_float=str)


def _are_plain(edges: _Buffer) -> bool:
    """Return whether *edges* are a page without its buckets, with no known key twice."""
    try:
        page = _loads(edges)
    except ValueError:  # a bracket was inside a string, such as the cursor
        return False
    # If both brackets were inside strings, `data` was between them and is missing here.
    return "data" in dict(_pairs(page)) and not any(_twice(page, _PAGE, "$"))


def _may_have_more_arrays(body: _Buffer, buckets: int) -> bool:
    """Return whether there may be a second `data`, or a bucket with a second `results`."""
    at = -1
    for _ in range(buckets + 2):
        at = body.find(b"[", at + 1)
        if at < 0:
            return False
    # A key can also be written with escapes, and those of its letters all begin like this.
    is_escaped = b"\\u00" in body
    return is_escaped or body.count(b'"results"') != buckets or body.count(b'"data"') != 1


def _duplicates(page: object, known: Iterable[str]) -> Iterator[str]:
    """Yield the JSON paths of the known keys that come twice."""
    yield from _twice(page, _PAGE, "$")
    for i, bucket in enumerate(_items(page, "data")):
        yield from _twice(bucket, _BUCKET, f"$.data[{i}]")
        for j, result in enumerate(_items(bucket, "results")):
            yield from _twice(result, known, f"$.data[{i}].results[{j}]")


def _twice(value: object, known: Iterable[str], path: str) -> Iterator[str]:
    keys = [key for key, _ in _pairs(value)]
    yield from (f"{path}.{key}" for key in known if keys.count(key) > 1)


def _items(value: object, key: str) -> Sequence[object]:
    items = dict(_pairs(value)).get(key)
    return items if isinstance(items, list) else []


def _pairs(value: object) -> _Pairs:
    return value if isinstance(value, _Pairs) else _Pairs()
