"""Parse and validate the options of the data source for Spark, before anything is sent.

Parameters of the endpoint are options of the same name. The other options say where the keys are
and how to read. No option can be a key, because Spark writes options into plans.
"""

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NoReturn, get_args, get_origin

from attrs import field, fields, frozen, resolve_types

from openai_usage._http.config import LEAST_PACE
from openai_usage._organizations_file import read_entries
from openai_usage._refusals import without_arguments_in_tracebacks
from openai_usage._text import contains_key, did_you_mean, listed, short_repr
from openai_usage._time_format import iso
from openai_usage._toml import reject_unknown
from openai_usage.blocking import UsageClient
from openai_usage.endpoints import Endpoint
from openai_usage.errors import InvalidOptionError
from openai_usage.integrations.spark_texts import (
    reject_text,
    to_count,
    to_duration,
    to_flag,
    to_list,
    to_number,
    to_path,
    to_time,
)
from openai_usage.schema.range_query import RangeQuery
from openai_usage.schema.results import MoneyType
from openai_usage.schema.settling import settles_after
from openai_usage.schema.times import SECONDS
from openai_usage.schema.validation import choose
from openai_usage.schema.windows import Window

__all__ = ["WHERE_KEYS_BELONG", "SparkOptions", "parse_options"]

DEFAULT_LABEL = "default"
"""The label of the organization of `OPENAI_ADMIN_KEY`, as in a copy."""

_LABELS = "labels of the file of organizations"

_EXCLUDED_PARAMETERS = ("limit", "page", "extra_query")
"""Parameters that are not options: the client sets the pages, and the schema is fixed."""

_TIMES = ("start_time", "end_time")

_SECRET = re.compile(r"\A(?!.*ids?\Z).*(key|token|secret|passw|credential|authorization)")
"""The names of options in which people pass keys to other data sources. An id is not a key."""

_KEY_IN_TEXT = re.compile(r"(?<![a-zA-Z0-9])sk-[\w-]{16,}")
"""A key in other text, such as `Bearer sk-proj-…`. Names such as `desk-assistant` are not keys."""

WHERE_KEYS_BELONG = (
    "Put a file of organizations at the same path on the driver and on every executor, and name it "
    "with the option organizations, or set OPENAI_ADMIN_KEY in the environment of the executors."
)


@frozen(kw_only=True)
class SparkOptions:
    """The validated options of one `load()`."""

    client: type[UsageClient]
    """The class of the clients, whose table has the endpoint."""
    endpoint: str
    """The name of the row."""
    query: RangeQuery
    """The parameters. The `end_time` is None if the option is missing."""
    organizations: str | None = None
    """The path of the file of organizations, or None for the organization of the environment."""
    labels: Sequence[str] = (DEFAULT_LABEL,)
    """The organizations to read."""
    partitions: int = 1
    """The maximum number of partitions of one organization."""
    requests_per_second: Decimal | None = None
    """The pace of an organization whose entry in the file has none."""
    money: MoneyType = "decimal"
    """The type of money and quantities."""
    on_gap: Literal["warn", "raise"] = "raise"
    """The reaction to missing buckets. Nobody reads the warnings of executors."""
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
            InvalidOptionError: The range would be empty: it does not begin before its end.
        """
        start, end = self.query.start_time, self.query.end_time or self.loaded_at
        if start >= end:
            raise InvalidOptionError(
                option="start_time", value=iso(start), expected="a time in the past"
            )
        return Window(start, end)


@without_arguments_in_tracebacks
def parse_options(
    texts: Mapping[str, str], client: type[UsageClient] = UsageClient
) -> SparkOptions:
    """Return the options in *texts*, whose keys are names in lower case.

    Raises:
        InvalidOptionError: An option is missing, unknown, a key, or has an invalid value.
        InvalidQueryError: A parameter of the endpoint has an invalid value.
    """
    for name, text in texts.items():
        if any(contains_key(each) or _KEY_IN_TEXT.search(each) for each in (name, text)):
            _reject_key("an option contains an API key")
    table = client.table()
    if "endpoint" not in texts:
        _reject_missing("endpoint", f"one of {listed(table, 'or')}")
    endpoint = choose("endpoint", texts["endpoint"].strip(), [*table])
    row = table[endpoint]
    parameters = _parameters(row)
    of_others = {name for each in table.values() for name in _parameters(each)}
    known = ["endpoint", *parameters, *_PARSERS]
    for name in texts:
        if name not in {*known, *of_others} and _SECRET.search(name):
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
    own.pop("pushdown", None)
    file = own.get("organizations") or os.environ.get("OPENAI_USAGE_ORGANIZATIONS") or None
    paces = _paces(file, own.pop("organization", None))
    options = SparkOptions(
        client=client,
        endpoint=endpoint,
        query=row.query_type(**values),
        labels=tuple(paces),
        **{"settled_after": settles_after(row.result), **own, "organizations": file},
    )
    least = LEAST_PACE * options.partitions
    for label, pace in {"": options.requests_per_second, **paces}.items():
        if pace is not None and pace < least:
            hint = f"It is that of {label} in the file. Use fewer partitions." if label else ""
            reject_text("requests_per_second", str(pace), f"a number from {least}", hint)
    return options


def _parameters(row: Endpoint[..., object]) -> Mapping[str, Any]:
    """Return the parameters of an endpoint that are options, with their declared types."""
    declared = fields(resolve_types(row.query_type))
    return {each.name: each.type for each in declared if each.name not in _EXCLUDED_PARAMETERS}


def _paces(file: str | None, chosen: Sequence[object] | None) -> Mapping[str, Decimal | int | None]:
    """Return the labels of a file, or those that were *chosen*, with their paces in the file.

    No key is read.
    """
    entries = [] if file is None else read_entries(Path(file))
    paces = {each.label: each.requests_per_second for each in entries} or {DEFAULT_LABEL: None}
    for label in chosen or ():
        if label not in [*paces]:  # a list, because an item of JSON may not be hashable
            hint = did_you_mean(str(label), paces)
            reject_text("organization", str(label), _LABELS, hint)
    return paces if chosen is None else {str(label): paces[str(label)] for label in chosen}


def _parameter(name: str, text: str, declared: Any) -> object:
    """Return a parameter of the declared type, for the query to validate."""
    kinds = get_args(declared) or (declared,)
    if name in _TIMES:
        return to_time(name, text)
    if bool in kinds:
        return to_flag(name, text)
    if any(get_origin(kind) is Sequence for kind in kinds):
        return to_list(name, text)
    return text


def _chosen(name: str, text: str) -> list[Any]:
    """Return the labels of organizations. None at all would read nothing, without an error."""
    labels = to_list(name, text)
    if not labels:
        reject_text(name, text, _LABELS)
    return labels


def _reject_pushdown(name: str, text: str) -> bool:
    """Reject pushdown, because Spark 4.1 and 4.3 apply the filters of one query to others, too."""
    if to_flag(name, text):
        raise InvalidOptionError(
            "pushdown takes false. Spark keeps the filters of one query for all other queries of "
            "the same DataFrame or view, so rows would be lost. Set start_time and end_time "
            "instead.",
            option=name,
            value=short_repr(text),
            expected="false",
        )
    return False


_PARSERS: Mapping[str, Callable[[str, str], object]] = {
    "organizations": to_path,
    "organization": _chosen,
    "partitions": to_count,
    "requests_per_second": to_number,
    "money": lambda name, text: choose(name, text, get_args(MoneyType)),
    "on_gap": lambda name, text: choose(name, text, ("raise", "warn")),
    "pushdown": _reject_pushdown,
    "settled_after": to_duration,
}
"""The options that are not parameters of the endpoint, with the functions that parse them."""


def _reject_missing(option: str, expected: str) -> NoReturn:
    raise InvalidOptionError(
        f"the option {option} is missing. It takes {expected}.", option=option, expected=expected
    )


def _reject_key(what: str) -> NoReturn:
    raise InvalidOptionError(
        f"{what}, and Spark writes options into plans and logs.",
        option="options",
        hint=WHERE_KEYS_BELONG,
    )
