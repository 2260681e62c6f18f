"""The comparison of rows: which totals changed, and what does not count as a change."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage.sync import Change
from openai_usage.sync.changes import CHANGES, changes_between, changes_table

FIRST = datetime(2026, 9, 1, tzinfo=UTC)
DAY = timedelta(days=1)
COLUMNS: Mapping[str, pa.DataType] = {
    "start": pa.timestamp("us", tz="UTC"),
    "end": pa.timestamp("us", tz="UTC"),
    "model": pa.string(),
    "tokens": pa.int64(),
    "amount": pa.decimal128(38, 24),
    "batch": pa.bool_(),
}
SCHEMA = pa.schema(COLUMNS)


def rows(*found: tuple[int, int | None, str]) -> pa.Table:
    """Rows of days, each with tokens and an amount."""
    return pa.Table.from_pylist(
        [
            {
                "start": FIRST + day * DAY,
                "end": FIRST + (day + 1) * DAY,
                "model": f"gpt-{place}",
                "tokens": tokens,
                "amount": Decimal(amount),
                "batch": True,
            }
            for place, (day, tokens, amount) in enumerate(found)
        ],
        SCHEMA,
    )


def compare(before: pa.Table, after: pa.Table, **span: datetime) -> list[tuple[Any, ...]]:
    known = {"started": FIRST, "over_at": FIRST + 9 * DAY, **span}
    return [
        ((each.start - FIRST).days, each.kind, each.measure, each.before, each.after)
        for each in changes_between(before, after, **known)
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (rows((0, 1, "2")), rows((0, 1, "2")), []),
        # the same totals, but of other models
        (
            rows((0, 1, "2"), (0, 3, "4")),
            rows((0, 3, "4"), (0, 1, "2")),
            [(0, "restated", "rows", 2, 2)],
        ),
        (rows((0, 1, "2")), rows((0, 1, "2.5")), [(0, "restated", "amount", 2, Decimal("2.5"))]),
        (rows((0, 5, "2")), rows((0, None, "2")), [(0, "restated", "tokens", 5, 0)]),
        (
            rows((0, 1, "2"), (0, 1, "2")),
            rows((0, 2, "4")),
            [(0, "restated", "rows", 2, 1)],
        ),
        (
            rows((1, 1, "2")),
            rows((0, 7, "8")),
            [
                (0, "added", "rows", 0, 1),
                (0, "added", "tokens", 0, 7),
                (0, "added", "amount", 0, 8),
                (1, "removed", "rows", 1, 0),
                (1, "removed", "tokens", 1, 0),
                (1, "removed", "amount", 2, 0),
            ],
        ),
        (rows(), rows(), []),
    ],
)
def test_totals_are_compared(
    before: pa.Table, after: pa.Table, expected: list[tuple[Any, ...]]
) -> None:
    assert compare(before, after) == expected


def test_what_was_not_over_or_not_stored_has_not_changed() -> None:
    before, after = rows((0, 1, "1"), (2, 1, "1")), rows((0, 1, "2"), (1, 1, "2"), (2, 1, "2"))
    days = [day for day, *_ in compare(before, after, over_at=FIRST + 2 * DAY)]
    assert days == [0, 1, 1, 1]
    assert compare(before, after, started=FIRST + 2 * DAY) == [(2, "restated", "amount", 1, 2)]


def test_a_difference_in_the_last_digit_is_one() -> None:
    tiny = "0.000000000000000000000001"
    assert compare(rows((0, 1, "0")), rows((0, 1, tiny))) == [(0, "restated", "amount", 0, 0)]


@given(
    first=st.integers(-3000, 3000),
    counts=st.lists(st.integers(0, 3), min_size=2, max_size=60),
    changed=st.integers(0, 59),
)
def test_a_change_is_told_of_its_own_day(first: int, counts: list[int], changed: int) -> None:
    found = [(first + day, 1, "1") for day, count in enumerate(counts) for _ in range(count)]
    before, span = rows(*found), {"started": FIRST - 4000 * DAY, "over_at": FIRST + 4000 * DAY}
    assert compare(before, before, **span) == []
    if changed < len(found):
        day = found[changed][0]
        found[changed] = (day, 5, "1")
        assert [(d, m) for d, _, m, *_ in compare(before, rows(*found), **span)] == [
            (day, "tokens")
        ]


def test_the_order_of_rows_does_not_matter() -> None:
    before = rows((0, 1, "2"), (1, 3, "4"), (1, None, "5"))
    assert compare(before, before.take([2, 0, 1])) == []
    encoded = before.set_column(2, "model", before.column("model").dictionary_encode())
    assert compare(encoded, before) == []


def test_money_is_compared_by_currency_and_quantities_are_not_added() -> None:
    before = rows((0, 1, "2"), (0, 1, "3")).append_column("currency", pa.array(["usd", "eur"]))
    after = before.set_column(6, "currency", pa.array(["usd", "usd"]))
    found = changes_between(before, after, started=FIRST, over_at=FIRST + DAY)
    told: list[tuple[Any, ...]] = [(e.measure, e.currency, e.before, e.after) for e in found]
    assert told == [
        ("amount", "usd", 2, 5),
        ("amount", "eur", 3, 0),
    ]
    counted = before.append_column("quantity", pa.array([Decimal(1), Decimal(2)]))
    changed = before.append_column("quantity", pa.array([Decimal(1), Decimal(9)]))
    [change] = changes_between(counted, changed, started=FIRST, over_at=FIRST + DAY)
    assert change.measure == "rows"
    assert change.before == change.after == 2


def test_a_column_that_is_new_is_no_change() -> None:
    before = rows((0, 1, "2"))
    after = before.append_column("cached", pa.array([5]))
    assert compare(before, after) == compare(after, before) == []


def test_changes_have_the_columns_of_the_table() -> None:
    change = Change(
        start_time=0, end_time=60, kind="added", measure="rows", before=Decimal(0), after=Decimal(1)
    )
    about = {"read_at": FIRST, "organization": "acme", "endpoint": "costs"}
    table = changes_table([change], **about)
    assert table.schema == CHANGES
    [row] = table.to_pylist()
    assert (row["start"].timestamp(), row["after"], row["organization"]) == (0, 1, "acme")
    assert changes_table([], **about).schema == CHANGES
