"""Find a known key that comes twice in one JSON object, of which msgspec would keep the last.

A bucket whose `results` come twice would lose the first ones without a word. Reading every key for
that costs more than decoding itself, so a cheap look decides whether all keys are read:

- The keys of the page stand before its first `[` and behind its last `]`: a few dozen bytes, which
  are read as JSON. Only arrays beside `data`, which pages do not have, could hide a key.
- An ordinary page of N buckets has N + 1 arrays. More `[` than that can be a doubled `results` or
  `data`. Finding them takes 1 to 6 % of decoding costs. It takes 15 % where buckets are many and
  small, as those of usage by the minute are, so only money is looked at like this.
- A `[` can also stand in the name of a project, on every page. Then `"results"` and `"data"` are
  counted, which takes 15 % of decoding; reading every key takes five times as long as decoding.

What is not looked for: a doubled `data` in usage, for the same reason as a doubled `results`, and
a doubled key of a result, such as `amount`. To count `"amount"` or `{` alone takes 10 to 35 % of
decoding (measured on 31 buckets of 200 results and 1,440 of one). Such a key is found only where
all keys are read for another reason.
"""

import json
from collections.abc import Iterable, Iterator, Sequence

import attrs
import msgspec

_Buffer = bytes | bytearray

_PAGE, _BUCKET = ("object", "data", "has_more", "next_page"), ("start_time", "end_time", "results")


class _Pairs(list[tuple[str, object]]):
    """A JSON object with every key that it has, the doubled ones too."""


def reject_duplicates(body: _Buffer, buckets: int, result: type, *, has_money: bool) -> None:
    """Raise a `ValidationError` if a known key comes twice, as far as a cheap look can tell.

    Every doubled key of the page itself is found, except `data` in usage. In buckets of money a
    second `results` is found too. Once there is reason to read all keys, any known key that comes
    twice is an error.

    Args:
        body: A page, which was decoded before.
        buckets: How many buckets were decoded.
        result: The class of its results.
        has_money: Whether to look at the buckets too.
    """
    edges = body[: body.find(b"[") + 1] + body[body.rfind(b"]") :]
    if _are_plain(edges) and not (has_money and _may_have_more_arrays(body, buckets)):
        return
    known = [field.name for field in attrs.fields(result)] if attrs.has(result) else []
    for path in _doubled(_loads(body), known):
        raise msgspec.ValidationError(f"Object contains this field twice - at `{path}`")


def _loads(body: _Buffer) -> object:
    return json.loads(body, object_pairs_hook=_Pairs, parse_int=str, parse_float=str)


def _are_plain(edges: _Buffer) -> bool:
    """Return whether *edges* are a page without its buckets, and have every known key once."""
    try:
        page = _loads(edges)
    except ValueError:  # a bracket was in text, such as the cursor
        return False
    # If both brackets were in text, `data` was between them and is not there.
    return "data" in dict(_pairs(page)) and not any(_twice(page, _PAGE, "$"))


def _may_have_more_arrays(body: _Buffer, buckets: int) -> bool:
    """Return whether there may be a second `data`, or a bucket with a second `results`."""
    at = -1
    for _ in range(buckets + 2):
        at = body.find(b"[", at + 1)
        if at < 0:
            return False
    # A key can also be spelt with escapes, which for its letters all begin like this.
    is_escaped = b"\\u00" in body
    return is_escaped or body.count(b'"results"') != buckets or body.count(b'"data"') != 1


def _doubled(page: object, known: Iterable[str]) -> Iterator[str]:
    """The JSON paths of the known keys that come twice."""
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
