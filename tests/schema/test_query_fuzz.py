"""Any arguments are refused by name, or are what arrives: hypothesis asks, a socket listens."""

import calendar
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from types import NoneType
from typing import Any, Literal, get_args, get_origin
from urllib.parse import parse_qsl

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from openai_usage import AsyncUsageClient, CompletionsQuery, Endpoint, InvalidQueryError
from openai_usage._text import contains_key
from openai_usage._wire.params import to_params
from openai_usage.schema.times import YEAR_10000, unix_seconds
from tests.support.raw_server import EMPTY_PAGE, raw_server

ROWS = AsyncUsageClient.table()

ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(timezones=ZONES | st.just(UTC)) | st.dates() | st.integers(0, 2**40)
WILD = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("+%&=#[]?/;,\r\n\0 @\\"))
TEXTS = WILD.filter(str.strip)
INTS = st.integers(-(2**63), 2**63 - 1)


class Odd:
    """Nothing is right with it."""

    def __repr__(self) -> str:
        raise RuntimeError

    def __index__(self) -> Any:
        raise TypeError


ODD = st.sampled_from([object(), 10**4000, -(10**4000), "\ud800", b"a", 1.5, Decimal("NaN")])
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    ODD | st.none() | st.booleans() | INTS | st.text() | MOMENTS | st.datetimes(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text() | st.sampled_from(["\ud800", "limit"]), inner, max_size=3)
        | st.tuples(inner)
        | inner.map(lambda value: iter([value]))
        | st.just(range(10**12))
    ),
    max_leaves=4,
)


def right(name: str, declared: Any) -> st.SearchStrategy[Any]:
    """What a parameter takes that is *declared* so."""
    if name in ("start_time", "end_time"):
        return MOMENTS
    if name == "limit":
        return st.integers(1, 31)
    if name == "extra_query":
        names = TEXTS.map(lambda text: f"x{text}") | st.sampled_from(["x[]", "group[]", "[]"])
        return st.dictionaries(
            names, TEXTS | INTS | st.booleans() | st.lists(TEXTS, min_size=1, max_size=3)
        )
    choices = get_args(declared) if get_origin(declared) is Literal else ()
    kinds = [kind for kind in get_args(declared) or (declared,) if kind is not NoneType]
    if choices or kinds in ([bool], [str]):
        return st.sampled_from(choices) if choices else st.booleans() if kinds == [bool] else TEXTS
    [item] = get_args(kinds[0])
    one = st.sampled_from(get_args(item)) if get_args(item) else TEXTS
    return st.lists(one, min_size=1, max_size=4)


@st.composite
def arguments(draw: st.DrawFn, row: Endpoint[..., Any], *, wild: bool) -> dict[str, Any]:
    asked = {}
    for parameter in row.parameters:
        if parameter.name == "start_time" or draw(st.booleans()):
            strategy = right(parameter.name, parameter.type)
            asked[parameter.name] = draw(strategy | ANYTHING if wild else strategy)
    return asked


def seconds(moment: Any) -> str:
    """Unix seconds, counted by another part of the standard library."""
    if isinstance(moment, datetime):
        offset = moment.utcoffset() or timedelta()
        return str(calendar.timegm(moment.timetuple()) - int(offset.total_seconds()))
    return str(calendar.timegm(moment.timetuple())) if isinstance(moment, date) else str(moment)


def meant(asked: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What *asked* means on the wire, written down once more."""
    flat = {"bucket_width": "1d", **asked}
    extra = flat.pop("extra_query", None) or {}
    flat = {name: value for name, value in flat.items() if value is not None}
    for name, value in [*flat.items(), *extra.items()]:
        if name in ("start_time", "end_time"):
            yield name, seconds(value)
        elif isinstance(value, list | tuple):
            for item in value:
                yield (name if name.endswith("[]") else f"{name}[]"), item
        elif isinstance(value, bool):
            yield name, str(value).lower()
        else:
            yield name, str(value)


@pytest.mark.parametrize("name", ROWS)
@settings(max_examples=30)
@given(data=st.data())
def test_any_arguments_are_a_request_or_refused_by_name(name: str, data: st.DataObject) -> None:
    asked = data.draw(arguments(ROWS[name], wild=True))
    wrong: InvalidQueryError | None = None
    try:
        assert Counter(to_params(ROWS[name].query(**asked))) == Counter(meant(asked))
    except InvalidQueryError as error:
        wrong = error
    assert wrong is None or (wrong.param.partition("[")[0] in asked and len(str(wrong)) < 1000)


async def heard_of(name: str, asked: dict[str, Any]) -> list[tuple[str, str]] | None:
    """What a socket hears of a question; None if it was refused, and nothing was heard."""
    heard: list[bytes] = []
    async with (
        raw_server(EMPTY_PAGE, heard=heard) as address,
        AsyncUsageClient("sk-admin-1", base_url=f"{address}/v1", max_retries=0) as client,
    ):
        try:
            await getattr(client, name)(**asked)
        except InvalidQueryError:
            assert heard == []
            return None
    [head] = heard
    [request_line, *headers] = head.decode("ascii").removesuffix("\r\n\r\n").split("\r\n")
    [method, target, version] = request_line.split(" ")
    assert (method, version) == ("GET", "HTTP/1.1")
    assert sorted(line.partition(":")[0] for line in headers) == [
        *("Accept", "Accept-Encoding", "Authorization", "Host", "User-Agent"),
    ]
    path, _, query = target.partition("?")
    assert path == f"/v1/{ROWS[name].path}"
    return parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict")


@pytest.mark.parametrize("name", ROWS)
@settings(max_examples=12)
@given(data=st.data())
async def test_what_arrives_is_what_was_asked(name: str, data: st.DataObject) -> None:
    asked = data.draw(arguments(ROWS[name], wild=False))
    arrived = await heard_of(name, asked)
    if arrived is None:
        last = YEAR_10000 - 1
        start, end = (int(seconds(asked.get(each, last))) for each in ("start_time", "end_time"))
        has_key = any(contains_key(text) for _, text in meant(asked))
        assert has_key or not 0 <= start < end <= last  # all else is right
    else:
        assert Counter(arrived) == Counter(meant(asked))


async def test_a_very_long_question_arrives() -> None:
    asked: dict[str, Any] = {"start_time": 1, "user_ids": [f"user-{i:020}" for i in range(5000)]}
    assert Counter(await heard_of("completions", asked) or ()) == Counter(meant(asked))


@given(st.datetimes(timezones=ZONES))
@example(datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC))
@example(datetime(1969, 12, 31, 23, 59, 59, 500000, tzinfo=UTC))
@example(datetime.min.replace(tzinfo=timezone(timedelta(hours=14))))
def test_a_moment_is_its_second_exactly(moment: datetime) -> None:
    second = int(seconds(moment))
    if 0 <= second < YEAR_10000:
        assert unix_seconds(moment, param="start_time") == second
    else:
        with pytest.raises(InvalidQueryError, match="from 1970 to 9999"):
            unix_seconds(moment, param="start_time")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"start_time": 10**5000}, "from 1970 to 9999, not a value of type int"),
        ({"start_time": Odd()}, "not a value of type Odd"),
        ({"limit": 10**5000}, "an integer of 64 bits"),
        ({"extra_query": {"a": 2**63}}, "takes an integer of 64 bits"),
        ({"models": ["\ud800"]}, "lone surrogates"),
        ({"extra_query": {"\ud800": "a"}}, "lone surrogates"),
        ({"extra_query": {" ": "a"}}, "not blank"),
        ({"group_by": [10**5000]}, "not a value of type int"),
        ({"group_by": ["x" * 10**5]}, "x…"),
    ],
)
def test_what_cannot_even_be_shown_is_refused(asked: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidQueryError, match=says):
        CompletionsQuery(**{"start_time": 1, **asked})


def test_integers_of_64_bits_are_taken() -> None:
    bounds = {"least": -(2**63), "most": 2**63 - 1}
    assert CompletionsQuery(start_time=1, extra_query=bounds).extra_query == bounds
