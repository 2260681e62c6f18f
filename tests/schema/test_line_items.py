"""Line items: the product, the model and the kind of usage that their free text names."""

from decimal import Decimal
from typing import assert_type

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import Amount, CostsResult
from openai_usage.schema.line_items import LINE_ITEM_PARTS, line_item_label, parse_line_item

KNOWN = {
    "gpt-4.1-2025-04-14, input": (None, "gpt-4.1-2025-04-14", "input"),
    "gpt-5-nano, input_tokens": (None, "gpt-5-nano", "input"),
    "gpt-5-nano, output_tokens": (None, "gpt-5-nano", "output"),
    "gpt-4o-2024-08-06, cached input": (None, "gpt-4o-2024-08-06", "cached input"),
    "gpt-4o-2024-08-06, cached_input_tokens": (None, "gpt-4o-2024-08-06", "cached input"),
    "gpt-4o-2024-08-06, input_cached_tokens": (None, "gpt-4o-2024-08-06", "cached input"),
    "o3, batch input": (None, "o3", "batch input"),
    "gpt-4o, input, batch": (None, "gpt-4o", "input, batch"),
    "dall-e-3, 1024x1024": (None, "dall-e-3", "1024x1024"),
    "ft:gpt-4o-mini-2024-07-18:acme::9abc, output": (
        None,
        "ft:gpt-4o-mini-2024-07-18:acme::9abc",
        "output",
    ),
    "evals | gpt-4o-mini, output": ("evals", "gpt-4o-mini", "output"),
    "evals | gpt-4o-mini": ("evals", "gpt-4o-mini", None),
    "assistants api | file search": ("assistants api", None, "file search"),
    "whisper-1": (None, "whisper-1", None),
    "Goodwill credit": (None, None, None),
    "Support plan, monthly": (None, None, None),
    "a | b | c, d": (None, None, None),
    "gpt-4.1, ": (None, None, None),
    " | gpt-4.1": (None, None, None),
    "": (None, None, None),
}


@pytest.mark.parametrize("text", KNOWN)
def test_the_parts_of_known_forms(text: str) -> None:
    item = parse_line_item(text)
    assert (item.product, item.model, item.kind) == KNOWN[text]
    assert item.text == text


def test_costs_have_the_parts_of_their_line_item() -> None:
    amount = Amount(value=Decimal(1), currency="usd")
    result = CostsResult(line_item="evals | gpt-5, output", amount=amount)
    assert_type(result.model, str | None)
    assert (result.product, result.model, result.kind) == ("evals", "gpt-5", "output")
    other = CostsResult(amount=amount)
    assert (other.product, other.model, other.kind) == (None, None, None)


def test_a_line_item_without_a_model_stands_for_itself() -> None:
    labels = {
        text: tuple(line_item_label(text, part) for part in LINE_ITEM_PARTS)
        for text in ("gpt-5, input", "Credit", "assistants api | file search", "whisper-1")
    }
    assert labels == {
        "gpt-5, input": (None, "gpt-5", "input"),
        "Credit": ("Credit", "Credit", "Credit"),
        "assistants api | file search": (
            "assistants api",
            "assistants api | file search",
            "file search",
        ),
        "whisper-1": (None, "whisper-1", None),
    }
    assert line_item_label(None, "model") is None


@given(st.text(alphabet="ab1 -,|_:", max_size=40))
def test_any_text_is_parsed(text: str) -> None:
    item = parse_line_item(text)
    assert item.text == text
    assert item.model is None or item.model in text
    assert item.product is None or f"{item.product} | " in text


def test_long_text_is_parsed_in_linear_time() -> None:
    # Quadratic time would take minutes.
    for long in ("a1" * 1_000_000, "a" * 2_000_000 + ",", "a | " * 500_000, "a, " * 500_000):
        assert parse_line_item(long + "|").model is None
