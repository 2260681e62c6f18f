"""Pages, buckets and results as dicts for `json.dumps`, from which they can be decoded again."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import ClassVar

import attrs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openai_usage import Amount, Bucket, CostsResult, Name, Page
from openai_usage._wire.decoder import decode_page
from openai_usage.schema.model import Model
from tests.support.reading import RESULTS
from tests.support.wild_bodies import bodies

COST = CostsResult(
    amount=Amount(value=Decimal("0E-6176"), currency="usd"),
    line_item="gpt-4.1, input",
    quantity=Decimal("1.5E+3"),
)


def test_money_is_text_and_what_is_derived_comes_last() -> None:
    made = COST.to_dict()
    assert made == {
        "project_id": None,
        "user_id": None,
        "api_key_id": None,
        "line_item": "gpt-4.1, input",
        "api_source": None,
        "amount": {"value": "0", "currency": "usd"},
        "quantity": "1500",
        "quantity_unit": None,
        "organization_id": None,
        "organization_name": None,
        "project_name": None,
        "object": "organization.costs.result",
        "product": None,
        "model": "gpt-4.1",
        "kind": "input",
    }
    assert list(made)[-3:] == ["product", "model", "kind"]


def test_what_is_inside_is_a_dict_too() -> None:
    page = Page(data=(Bucket(start_time=0, end_time=86_400, results=(COST,)),), has_more=False)
    assert page.to_dict() == {
        "data": [
            {"start_time": 0, "end_time": 86_400, "results": [COST.to_dict()], "object": "bucket"}
        ],
        "has_more": False,
        "next_page": None,
        "object": "page",
    }


@pytest.mark.parametrize("result", RESULTS)
@settings(max_examples=10)
@given(data=st.data())
async def test_it_can_be_decoded_again(result: type, data: st.DataObject) -> None:
    page: Page[object] = await decode_page(result, data.draw(bodies(result, most_wrong=0)))
    body = json.dumps(page.to_dict()).encode()
    assert await decode_page(result, body) == page
    for bucket in page.data:
        again = msgspec.json.decode(json.dumps(bucket.to_dict()), type=Bucket[result])  # type: ignore[valid-type]
        assert again == bucket


@attrs.frozen
class Seen:
    price: Decimal
    on: date


class Noted(CostsResult, rename={"seen": "seenAt"}):
    seen: Seen | None = None
    tags: tuple[str, ...] = ()
    shares: dict[str, Decimal] = {}  # noqa: RUF012 - a Struct makes a new one each time
    derived: ClassVar[Mapping[str, str]] = {"doubled": "amount"}

    @property
    def doubled(self) -> Amount:
        return self.amount * 2


def test_fields_of_a_subclass_can_have_any_type() -> None:
    noted = Noted(
        amount=Amount(value=Decimal("1.50"), currency="usd"),
        seen=Seen(price=Decimal("1E+2"), on=date(2026, 10, 1)),
        tags=("a", "b"),
        shares={"a": Decimal("0.5")},
    )
    made = noted.to_dict()
    assert made["seenAt"] == {"price": "100", "on": "2026-10-01"}
    assert made["tags"] == ["a", "b"]
    assert made["shares"] == {"a": "0.5"}
    assert made["doubled"] == {"value": "3.00", "currency": "usd"}
    assert "seen" not in made
    assert msgspec.json.decode(json.dumps(made), type=Noted) == noted


def test_a_type_that_json_does_not_have_is_an_error() -> None:
    class Odd(Model):
        value: object

    with pytest.raises(TypeError, match="unsupported"):
        Odd(value=object()).to_dict()


def test_names_have_it_as_well() -> None:
    assert Name(id="proj_1", status="unknown").to_dict() == {
        "id": "proj_1",
        "name": None,
        "email": None,
        "status": "unknown",
    }
