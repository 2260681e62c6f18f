"""Parse URL parameters into the query class of their endpoint, with the checks of the client."""

import re
from collections.abc import Sequence
from typing import Any, get_args, get_origin

from attrs import fields
from multidict import MultiMapping

from openai_usage.errors import InvalidQueryError
from openai_usage.sandbox.api_errors import ApiError
from openai_usage.schema.queries import CostsQuery
from openai_usage.schema.range_query import RangeQuery

COSTS_BY_KEY_SINCE = 1_764_979_200
"""The earliest `start_time` at which costs can be grouped by `api_key_id`: 2025-12-06."""

_WORDS = {"true": True, "false": False}


def query_of(query_type: type[RangeQuery], parameters: MultiMapping[str]) -> RangeQuery:
    """Return the query in *parameters*. Ignore unknown parameters, as the API does.

    Raises:
        ApiError: A parameter is missing or not valid.
    """
    values: dict[str, Any] = {}
    for attribute in fields(query_type):
        name = attribute.name
        texts = parameters.getall(f"{name}[]", [])
        plain = parameters.getall(name, [])
        if len(plain) == 1 and _is_list(attribute.type):
            # Values can be joined by commas. A comma within a line item is followed by a space.
            plain = re.split(",(?! )", plain[0])
        if (texts or plain) and name != "extra_query":
            values[name] = _value(name, attribute.type, [*plain, *texts])
    if "start_time" not in values:
        raise ApiError.missing("start_time")
    sizes = query_type.page_sizes
    size = sizes.get(values.get("bucket_width", "1d"))
    limit = values.get("limit")
    if size and isinstance(limit, int) and limit > size.maximum:
        raise ApiError.limit_too_large(limit, size.maximum)
    try:
        query = query_type(**values)
    except InvalidQueryError as error:
        raise ApiError.invalid(error.param, str(error)) from None
    by_key = isinstance(query, CostsQuery) and "api_key_id" in (query.group_by or ())
    if by_key and query.start_time < COSTS_BY_KEY_SINCE:
        raise ApiError.costs_by_key_too_early(COSTS_BY_KEY_SINCE)
    return query


def _value(name: str, declared: object, texts: list[str]) -> object:
    if _is_list(declared):
        return texts
    kinds = get_args(declared) or (declared,)
    [text] = texts[-1:]
    if int in kinds:
        if not re.fullmatch("-?[0-9]{1,18}", text):
            raise ApiError.invalid_type(name, "an integer", text)
        return int(text)
    if bool in kinds:
        if text not in _WORDS:
            raise ApiError.invalid_type(name, "a boolean", text)
        return _WORDS[text]
    return text


def _is_list(declared: object) -> bool:
    return any(get_origin(kind) is Sequence for kind in get_args(declared))
