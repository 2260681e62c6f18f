"""Bodies that are almost pages, for property tests."""

import itertools
import json
from decimal import Decimal
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

import msgspec
from hypothesis import strategies as st

from openai_usage import Amount
from tests.support.reading import SCRAPS

USD = '"usd"'


RIGHT: dict[Any, st.SearchStrategy[str]] = {
    int: st.integers(0, 2**70).map(str),
    str: st.text(max_size=5).map(json.dumps),
    bool: st.sampled_from(["true", "false"]),
    Decimal: st.decimals(-(10**9), 10**9, allow_nan=False).map(str),
}


DRESSED = st.tuples(
    st.integers(-(2**63), 2**63 - 1), st.sampled_from(["{}", "{}.0", '"{}"', '"{}.00"', "{}e0"])
).map(lambda pair: pair[1].format(pair[0]))


def right(kind: Any) -> st.SearchStrategy[str]:
    """JSON that a field takes which is declared as a *kind*."""
    if get_origin(kind) is Annotated:
        return right(get_args(kind)[0])
    kinds = get_args(kind) or (kind,)
    optional = st.just("null") if NoneType in kinds else st.nothing()
    return optional | st.one_of([RIGHT[each] for each in kinds if each is not NoneType])


@st.composite
def bodies(draw: st.DrawFn, result: type, *, most_wrong: int) -> bytes:
    """Pages of a *result*, in which some places may hold what does not belong there."""
    places = itertools.count()
    wrong = draw(st.sets(st.integers(0, 40), max_size=most_wrong))

    def some(text: str) -> str:
        return draw(st.sampled_from(SCRAPS) | DRESSED) if next(places) in wrong else text

    def field(described: msgspec.structs.FieldInfo) -> str:
        if described.type is Amount:
            return some(f'{{"value":{some(draw(RIGHT[Decimal]))},"currency":{some(USD)}}}')
        return some(draw(right(described.type)))

    def record() -> str:
        described = msgspec.structs.fields(result)
        members = [
            f'"{each.name}":{field(each)}'
            for each in described
            if each.required or draw(st.booleans())
        ]
        members += draw(st.just([]) | st.just([f'"new":{some("[1]")}']))
        return some(f"{{{','.join(draw(st.permutations(members)))}}}")

    def bucket() -> str:
        records = ",".join(record() for _ in range(draw(st.integers(0, 3))))
        return some(
            f'{{"start_time":{some("0")},"end_time":{some("86400")},"results":[{records}]}}'
        )

    buckets = ",".join(bucket() for _ in range(draw(st.integers(1, 3))))
    more, cursor = draw(RIGHT[bool]), draw(right(str | None))
    return (
        f'{{"data":{some(f"[{buckets}]")},"has_more":{some(more)},"next_page":{some(cursor)}}}'
    ).encode()
