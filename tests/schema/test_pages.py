"""Pages and buckets are shown shortly, as text and in notebooks, however much is in them."""

from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest

from openai_usage import Amount, Bucket, CompletionsResult, CostsResult, Page

DAY = 86_400


def cost(line_item: str | None = "gpt-4.1, input", **more: Any) -> CostsResult:
    amount = Amount(value=Decimal("1234.5"), currency="usd")
    return CostsResult(amount=amount, line_item=line_item, **more)


def bucket(*results: object, day: int = 0) -> Bucket[Any]:
    return Bucket(start_time=day * DAY, end_time=(day + 1) * DAY, results=results)


class Cells(HTMLParser):
    """The text of all cells and paragraphs, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def shown(of: Page[Any] | Bucket[Any]) -> list[str]:
    return Cells(of._repr_html_()).texts


@pytest.mark.parametrize(
    ("of", "text"),
    [
        (bucket(cost()), "Bucket(1970-01-01 … 1970-01-02, 1 result)"),
        (bucket(), "Bucket(1970-01-01 … 1970-01-02, 0 results)"),
        (
            Bucket(start_time=3600, end_time=7200, results=(1,) * 1234),
            "Bucket(1970-01-01 01:00 … 1970-01-01 02:00, 1,234 results)",
        ),
        (
            Bucket(start_time=10**17, end_time=10**18, results=()),
            "Bucket(100000000000000000 … 1000000000000000000, 0 results)",
        ),
        (Page(data=(), has_more=True), "Page(0 buckets, has_more=True)"),
        (
            Page(data=(bucket(cost()), bucket(cost(), day=1)), has_more=False),
            "Page(2 buckets, 1970-01-01 … 1970-01-03, 2 results, has_more=False)",
        ),
    ],
)
def test_a_repr_says_when_and_how_much(of: object, text: str) -> None:
    assert repr(of) == text


def test_it_is_short_however_much_there_is() -> None:
    results = (cost("x" * 10_000, project_name="y" * 10_000),) * 1_000
    days = tuple(bucket(*results, day=day) for day in range(180))
    page = Page(data=days, has_more=False)
    assert len(repr(page)) < 100
    assert len(repr([*days])) < 10_000
    for each in (page, days[0]):
        assert len(each._repr_html_()) < 20_000
    assert shown(page)[-1] == "… and 179,980 more"
    assert shown(days[0])[-1] == "… and 980 more"


def test_a_table_has_what_is_not_empty() -> None:
    first = cost(quantity=Decimal("1.5E+3"))
    assert shown(bucket(first, cost(None))) == [
        "Bucket(1970-01-01 … 1970-01-02, 2 results)",
        *("start", "line_item", "amount", "quantity", "model", "kind"),
        *("1970-01-01", "gpt-4.1, input", "1,234.50 usd", "1,500", "gpt-4.1", "input"),
        *("1970-01-01", "1,234.50 usd"),
    ]
    usage = CompletionsResult(
        input_tokens=1_000, output_tokens=0, num_model_requests=5, batch=False, model="gpt-5"
    )
    assert shown(bucket(usage, day=1)) == [
        "Bucket(1970-01-02 … 1970-01-03, 1 result)",
        *("start", "model", "num_model_requests", "batch", "input_tokens", "output_tokens"),
        *("1970-01-02", "gpt-5", "5", "false", "1,000", "0"),
    ]


def test_text_is_escaped() -> None:
    html = bucket(cost("<script>alert('&')</script>\x1b[31m"))._repr_html_()
    assert "<script" not in html
    assert "\x1b" not in html
    assert "&lt;script&gt;alert(&#x27;&amp;&#x27;)&lt;/script&gt;" in html


def test_results_of_any_kind_are_shown() -> None:
    assert shown(bucket({"a": 1})) == [
        "Bucket(1970-01-01 … 1970-01-02, 1 result)",
        *("start", "result", "1970-01-01", "{'a': 1}"),
    ]


def test_nothing_is_shown_as_nothing() -> None:
    assert shown(Page(data=(), has_more=False)) == ["Page(0 buckets, has_more=False)"]
