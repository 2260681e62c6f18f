"""The options of the data source for Spark, which are text, validated before anything is sent.

Parameters of the endpoint are options of the same name. The other options say where the keys are
and how to read. No option can be a key, because Spark writes options into plans.
"""

import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NoReturn, get_args, get_origin

from attrs import field, fields, frozen, resolve_types

from openai_usage._organizations_file import read_entries
from openai_usage._refusals import without_arguments_in_tracebacks
from openai_usage._text import contains_key, did_you_mean, listed, short_repr
from openai_usage._toml import reject_unknown
from openai_usage.blocking import UsageClient
from openai_usage.endpoints import Endpoint
from openai_usage.errors import InvalidOptionError
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.results import MoneyType
from openai_usage.schema.settling import settles_after
from openai_usage.schema.times import SECONDS, parse_time
from openai_usage.schema.validation import choose, reject
from openai_usage.schema.windows import Window

__all__ = ["SparkOptions", "parse_options"]

ALONE = "default"
"""The label of the organization of `OPENAI_ADMIN_KEY`, as in a copy."""

_NO_OPTIONS = ("limit", "page", "extra_query")
"""Parameters that are not options: the client sets the pages, and the schema is fixed."""

_TIMES = ("start_time", "end_time")

_WORDS = {"true": True, "false": False}

_SECRET = re.compile("key|token|secret|passw|credential|authorization")
"""The names of options in which people pass keys to other data sources."""

_WHERE_KEYS_BELONG = (
    "Put a file of organizations at the same path on the driver and on every executor, and name it "
    "with the option organizations, or set OPENAI_ADMIN_KEY in the environment of the executors."
)

LEAST_PACE = Decimal("0.001")
"""The lowest `requests_per_second` of a client."""


@frozen(kw_only=True)
class SparkOptions:
    """The validated options of one `load()`."""

    client: type[UsageClient]
    """The class of the clients, whose table has the endpoint."""
    endpoint: str
    """The name of the row."""
    query: RangeQuery
    """The parameters. Their `end_time` is None if there is none."""
    organizations: str | None = None
    """The path of the file of organizations, or None for the organization of the environment."""
    labels: Sequence[str] = (ALONE,)
    """The organizations to read."""
    partitions: int = 1
    """The most partitions of one organization."""
    requests_per_second: Decimal | None = None
    """The pace of an organization whose entry in the file has none."""
    money: MoneyType = "decimal"
    """The type of money and quantities."""
    on_gap: Literal["warn", "raise"] = "raise"
    """The reaction to missing buckets. Nobody reads the warnings of executors."""
    pushdown: bool = False
    """True if filters of Spark narrow the range."""
    settled_after: timedelta
    """The time after its end at which a bucket is settled, for streams."""
    loaded_at: int = field(factory=lambda: int(time.time()))
    """The time of `load()`, in Unix seconds."""

    def row(self) -> Endpoint[..., object]:
        """Return the row of the endpoint table."""
        return self.client.table()[self.endpoint]

    @property
    def width(self) -> int:
        """Seconds in a bucket."""
        return SECONDS[self.query.bucket_width]

    def window(self) -> Window:
        """Return the range. Its end is that of the query or the time of `load()`.

        Raises:
            InvalidQueryError: It begins after it was loaded.
        """
        start, end = self.query.start_time, self.query.end_time or self.loaded_at
        if start >= end:
            reject("start_time", start, "a time in the past")
        return Window(start, end)


@without_arguments_in_tracebacks
def parse_options(
    texts: Mapping[str, str], client: type[UsageClient] = UsageClient
) -> SparkOptions:
    """Return the options in *texts*, by their names in lower case.

    Raises:
        InvalidOptionError: An option is missing, unknown, a key, or has another value.
        InvalidQueryError: A parameter of the endpoint has another value.
    """
    for name, text in texts.items():
        if contains_key(name) or contains_key(text):
            _reject_key("an option contains an API key")
    table = client.table()
    if "endpoint" not in texts:
        _reject_missing("endpoint", f"one of {listed(table, 'or')}")
    endpoint = choose("endpoint", texts["endpoint"].strip(), [*table])
    row = table[endpoint]
    parameters = {
        each.name: each.type
        for each in fields(resolve_types(row.query_type))
        if each.name not in _NO_OPTIONS
    }
    known = ["endpoint", *parameters, *_PARSERS]
    for name in texts:
        if name not in known and _SECRET.search(name):
            _reject_key(f"the option {short_repr(name)} looks like a key")
    takes = f"The options of {endpoint} are {listed(known, 'and')}."
    reject_unknown(texts, known, takes, "options")
    if "start_time" not in texts:
        _reject_missing("start_time", "a time such as 2026-01-01")
    values: dict[str, Any] = {
        name: _parameter(name, texts[name].strip(), declared)
        for name, declared in parameters.items()
        if name in texts
    }
    own: dict[str, Any] = {
        name: parse(name, texts[name].strip()) for name, parse in _PARSERS.items() if name in texts
    }
    file = own.get("organizations") or os.environ.get("OPENAI_USAGE_ORGANIZATIONS") or None
    options = SparkOptions(
        client=client,
        endpoint=endpoint,
        query=row.query_type(**values),
        labels=_labels(file, own.pop("organization", None)),
        **{"settled_after": settles_after(row.result), **own, "organizations": file},
    )
    pace, least = options.requests_per_second, LEAST_PACE * options.partitions
    if pace is not None and pace < least:
        _reject("requests_per_second", str(pace), f"a number from {least}")
    return options


def _labels(file: str | None, chosen: Sequence[str] | None) -> Sequence[str]:
    """Return the labels of a file, without reading a key, or those that were *chosen*."""
    labels = (ALONE,) if file is None else tuple(each.label for each in read_entries(Path(file)))
    for label in chosen or ():
        if label not in labels:
            hint = did_you_mean(label, labels)
            _reject("organization", label, "labels of the file of organizations", hint)
    return labels if chosen is None else tuple(dict.fromkeys(chosen))


def _parameter(name: str, text: str, declared: Any) -> object:
    """Return a parameter of the declared type, for the query to validate."""
    kinds = get_args(declared) or (declared,)
    if name in _TIMES:
        return _time(name, text)
    if bool in kinds:
        return _flag(name, text)
    if any(get_origin(kind) is Sequence for kind in kinds):
        return _list(name, text)
    return text


def _time(name: str, text: str) -> object:
    found = parse_time(text)
    if found is None:
        _reject(name, text, "2026-01-01, 2026-01-01T12:00Z or Unix seconds")
    return found


def _list(name: str, text: str) -> list[Any]:
    """Return the items of `a,b`, or of a list in JSON, whose items can have commas."""
    if not text.startswith("["):
        return [each.strip() for each in text.split(",")] if text else []
    try:
        items = json.loads(text)
    except ValueError:
        _reject(name, text, 'a list such as a,b or ["a", "b"]')
    return [*items]


def _flag(name: str, text: str) -> bool:
    if text.lower() not in _WORDS:
        _reject(name, text, "true or false")
    return _WORDS[text.lower()]


def _count(name: str, text: str) -> int:
    if not re.fullmatch("0*[1-9][0-9]{0,3}", text):
        _reject(name, text, "a whole number from 1 to 9999")
    return int(text)


def _number(name: str, text: str) -> Decimal:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        _reject(name, text, "a number such as 5 or 0.5")
    return Decimal(text)


def _path(name: str, text: str) -> str:
    if not text:
        _reject(name, text, "the path of a file")
    return text


_PARSERS: Mapping[str, Callable[[str, str], object]] = {
    "organizations": _path,
    "organization": _list,
    "partitions": _count,
    "requests_per_second": _number,
    "money": lambda name, text: choose(name, text, get_args(MoneyType)),
    "on_gap": lambda name, text: choose(name, text, ("raise", "warn")),
    "pushdown": _flag,
    "settled_after": lambda name, text: timedelta(seconds=float(_number(name, text))),
}
"""The options that are not parameters of the endpoint, with what returns their values."""


def _reject(option: str, text: str, expected: str, hint: str = "") -> NoReturn:
    raise InvalidOptionError(option=option, value=short_repr(text), expected=expected, hint=hint)


def _reject_missing(option: str, expected: str) -> NoReturn:
    raise InvalidOptionError(
        f"the option {option} is missing. It takes {expected}.", option=option, expected=expected
    )


def _reject_key(what: str) -> NoReturn:
    raise InvalidOptionError(
        f"{what}, and Spark writes options into plans and logs.",
        option="options",
        hint=_WHERE_KEYS_BELONG,
    )
