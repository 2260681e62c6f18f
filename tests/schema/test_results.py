"""Results are values: frozen, equal by content, picklable, and attrs classes to whoever asks."""

import copy
import gc
import pickle
from decimal import Decimal
from typing import Any

import attrs
import cattrs
import msgspec
import pytest

from openai_usage import (
    Amount,
    Bucket,
    CompletionsResult,
    CostsResult,
    Endpoint,
    Endpoints,
    VectorStoresResult,
)

COST = CostsResult(amount=Amount(value=Decimal("1.50"), currency="usd"), line_item="gpt-4.1, input")
BUCKET = Bucket(start_time=0, end_time=86_400, results=(COST,))


def test_they_are_equal_by_content() -> None:
    same = msgspec.structs.replace(BUCKET)
    assert same is not BUCKET
    assert same == BUCKET
    assert hash(same) == hash(BUCKET)
    assert msgspec.structs.replace(BUCKET, end_time=1) != BUCKET


def test_they_can_be_copied_and_pickled() -> None:
    assert copy.deepcopy(BUCKET) == BUCKET
    assert pickle.loads(pickle.dumps(BUCKET)) == BUCKET


def test_they_are_frozen() -> None:
    with pytest.raises(AttributeError):
        COST.line_item = "another"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def test_they_show_what_is_not_left_out() -> None:
    assert repr(COST) == (
        "CostsResult(line_item='gpt-4.1, input', "
        "amount=Amount(value=Decimal('1.50'), currency='usd'))"
    )


def test_attrs_takes_them_for_its_own() -> None:
    as_dict = attrs.asdict(BUCKET)
    assert as_dict["start_time"] == 0
    assert as_dict["results"][0]["amount"] == {"value": Decimal("1.50"), "currency": "usd"}
    assert as_dict["results"][0]["project_id"] is None
    assert attrs.evolve(BUCKET, end_time=1).end_time == 1  # type: ignore[misc]  # mypy looks for a decorator


@pytest.mark.parametrize("row", Endpoints.table().values(), ids=lambda row: row.name)
def test_attrs_sees_which_fields_may_be_left_out(row: Endpoint[..., object]) -> None:
    needed = {
        name: 1
        for name, field in attrs.fields_dict(row.result).items()  # type: ignore[arg-type]
        if field.default is attrs.NOTHING
    }
    made = row.result(**needed)
    for name, field in attrs.fields_dict(row.result).items():  # type: ignore[arg-type]
        assert getattr(made, name) == needed.get(name, field.default)
    with pytest.raises(TypeError, match="Missing required argument"):
        row.result()


def test_what_is_said_of_a_field_is_its_metadata() -> None:
    declared = attrs.fields(VectorStoresResult).usage_bytes.type
    assert getattr(declared, "__origin__", declared) is int  # attrs and cattrs may resolve it anew
    assert attrs.fields(VectorStoresResult).usage_bytes.metadata == {
        "adds_up": False,
        "unit": "bytes",
    }
    assert attrs.fields(CompletionsResult).input_tokens.metadata == {}


def test_cattrs_reads_what_it_wrote() -> None:
    converter = cattrs.Converter()
    converter.register_structure_hook(Decimal, lambda value, _: Decimal(value))
    assert converter.structure(converter.unstructure(COST), CostsResult) == COST


def test_the_garbage_collector_is_not_asked_to_look_at_them() -> None:
    assert not gc.is_tracked(COST)
    assert not gc.is_tracked(BUCKET)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("-Infinity"), Decimal("sNaN"), 1.5, "1"])
def test_an_amount_that_is_no_number_cannot_be_built(value: Any) -> None:
    with pytest.raises(ValueError, match="an amount is a finite Decimal"):
        Amount(value=value, currency="usd")
    with pytest.raises(ValueError, match="an amount is a finite Decimal"):
        attrs.evolve(Amount(value=Decimal(1), currency="usd"), value=value)  # type: ignore[misc]


class Noted(CostsResult):
    note: str | None = None
    tags: list[str] = []  # noqa: RUF012 - a Struct makes a new one each time
    _seen: bool = False


def test_a_field_is_added_by_subclassing() -> None:
    noted = Noted(**attrs.asdict(COST, recurse=False), note="mine")
    assert (noted.note, noted.amount, noted.tags) == ("mine", COST.amount, [])
    evolved = attrs.evolve(noted, _seen=True)  # type: ignore[misc]
    assert evolved._seen
    [tags] = [each for each in attrs.fields(Noted) if each.name == "tags"]
    assert tags.default == attrs.Factory(list)
