"""Words that are alike."""

import pytest

from openai_usage._text import did_you_mean, similar

MODELS = ["gpt-4.1-2025-04-14", "gpt-5-mini", "gpt-5-2025-08-07", "o3-2025-04-16"]


@pytest.mark.parametrize(
    ("word", "known", "found"),
    [
        ("cots", ["costs", "spend"], ["costs"]),
        ("MODLE", ["model", "kind"], ["model"]),
        ("key", ["user_id", "api_key_id"], ["api_key_id"]),
        ("usage", ["image", "images", "names"], []),
        ("age", ["images"], []),
        ("gpt-5", MODELS, ["gpt-5-mini", "gpt-5-2025-08-07"]),
        ("mini", MODELS, ["gpt-5-mini"]),
        ("o3", MODELS, ["o3-2025-04-16"]),
        ("g", MODELS, []),
        ("", MODELS, []),
        ("voice note", ["Support", "Voice Notes"], ["Voice Notes"]),
        ("a.", ["abc"], []),
    ],
)
def test_only_what_is_close_is_suggested(word: str, known: list[str], found: list[str]) -> None:
    assert similar(word, known) == found
    assert did_you_mean(word, known) == (f"Did you mean {found[0]!r}?" if found else "")
