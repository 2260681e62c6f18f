"""Labels: whatever groups are called, each has a line of its own, unlike all others."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import AsyncUsageClient, Name, Names
from openai_usage._decimals import exact_sum
from openai_usage._text import label, labels_of, unique_labels
from openai_usage.analysis.spending import spending
from openai_usage.cli.output.grouping import Grouping
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.cli.output.rows import ResultRows
from openai_usage.cli.output.spend_text import label_parts
from openai_usage.cli.output.summary import summarize
from openai_usage.report.answer_tables import table_of_ranking
from openai_usage.report.data import Figures
from openai_usage.report.fetch import gather
from openai_usage.report.spend import panels_of_spend, rankings
from openai_usage.report.usage import panels_of_usage
from openai_usage.sandbox import Sandbox
from openai_usage.schema.line_items import line_item_label
from tests.conftest import DAY, NOW, TODAY
from tests.support.report_values import answer_at
from tests.support.served_buckets import serve_buckets
from tests.support.terminal import Terminal

START = 1_767_571_200  # 2026-01-05
COSTS = "costs --start 2026-01-05 --end 2026-01-06"

Row = tuple[str | None, str | None, str, Decimal]
"""A project, a line item, a currency and an amount."""

TEXTS = st.none() | st.sampled_from(
    [
        *("", "-", "- [2]", " ", "\t", "\u200b", "x", "x\0", "x\1", "x\ufffd", "x\ufffd [2]"),
        *("a b", "a  b", "a\u00a0b", "a\u200b b", "\u00e9", "e\u0301", "(no project)", "None"),
        *("other (3)", "gpt-5, input", "gpt-5\0, input", "gpt-5\1, input", "x · y", "y"),
    ]
)
AMOUNTS = st.builds(Decimal.scaleb, st.integers(-1000, 10**20).map(Decimal), st.integers(-20, 0))
BILLS = st.lists(
    st.tuples(
        TEXTS,
        TEXTS,
        st.sampled_from(["usd", "usd", "usd", "eur", "u sd", "u  sd", "u\0sd", "u\1sd", ""]),
        AMOUNTS,
    ),
    max_size=25,
)


def page(rows: Iterable[Row], start: int = START) -> str:
    """A page with one day of costs."""
    results = [
        {
            "project_id": project,
            "line_item": item,
            "amount": {"value": str(amount), "currency": currency},
        }
        for project, item, currency, amount in rows
    ]
    bucket = {"start_time": start, "end_time": start + DAY, "results": results}
    return json.dumps({"data": [bucket], "has_more": False})


def look(text: str) -> str:
    """What *text* looks like to a reader."""
    seen = "".join(each for each in text if unicodedata.category(each) not in ("Cf", "Cc"))
    return " ".join(unicodedata.normalize("NFC", seen).split())


def are_told_apart(labels: Iterable[object]) -> bool:
    looks = [look(str(each)) for each in labels]
    return all(looks) and len(looks) == len(set(looks))


def bill_of(rows: Iterable[Row]) -> dict[str, Decimal]:
    """What is billed in each currency, added up by hand."""
    bill: dict[str, list[Decimal]] = {}
    for _, _, currency, amount in rows:
        bill.setdefault(currency, []).append(amount)
    return {currency: exact_sum(amounts) for currency, amounts in bill.items()}


async def figures_of_yesterday(client: AsyncUsageClient) -> Figures:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.time", lambda: NOW)
        return await gather(client, TODAY - DAY, TODAY)


# ---------------------------------------------------------------- in tables


@given(BILLS, st.sampled_from([["project_id"], ["line_item"], ["project_id", "line_item"]]))
async def test_a_table_has_a_line_for_each_group_and_its_sums_are_the_bill(
    client: AsyncUsageClient, sandbox: Sandbox, rows: list[Row], group_by: Any
) -> None:
    sandbox.faults.status(200, body=page(rows))
    asked = client.costs(start_time=START, end_time=START + DAY, group_by=group_by)
    grouping = Grouping.of(asked.endpoint, group_by, top=None, sort=None, total=False)
    totals = (await summarize(ResultRows(asked, grouping, asked), START)).totals
    groups = {
        (
            tuple(
                value or None
                for name, value in (("project_id", project), ("line_item", item))
                if name in group_by
            ),
            currency,
        )
        for project, item, currency, _ in rows
    }
    assert len(totals) == len(groups)
    assert are_told_apart((*line.labels.values(), line.currency) for line in totals)
    assert all(look(str(each)) for line in totals for each in line.labels.values())
    sums = [figures["amount"] for figures in totals.sums.values()]
    assert Counter(sums) == Counter(bill_of(rows).values())


@pytest.mark.real_clock
def test_what_looks_alike_has_lines_of_its_own(terminal: Terminal, asked: Sandbox) -> None:
    ids = [None, "", "-", "x\0", "x\1", "a b", "a  b", " "]
    rows = [(id_, None, "usd", Decimal(2**n)) for n, id_ in enumerate(ids)]
    asked.faults.status(200, body=page(rows))
    out = terminal(f"{COSTS} --group-by project_id")
    assert dict(re.findall(r"^ (\S.*?)  +(\d+\.00) usd", out, flags=re.MULTILINE)) == {
        "-": "3.00",  # None and an empty id are the same: neither belongs to a project
        "- [2]": "4.00",
        "x\ufffd": "8.00",
        "x\ufffd [2]": "16.00",
        "a b": "32.00",
        "a b [2]": "64.00",
        "' '": "128.00",
        "total": "255.00",
    }


@pytest.mark.real_clock
def test_currencies_that_look_alike_are_not_added_up(terminal: Terminal, asked: Sandbox) -> None:
    rows = [(None, "a", each, Decimal(1)) for each in ("u\0d", "u\0d", "u\1d")]
    asked.faults.status(200, body=page(rows))
    out = terminal(f"{COSTS} --group-by line_item")
    assert re.search(r"total +2\.00 u\ufffdd *\n +1\.00 u\ufffdd \[2\]\n", out)


@pytest.mark.real_clock
def test_a_level_has_all_parts_of_its_last_bucket(terminal: Terminal, asked: Sandbox) -> None:
    sizes: list[list[tuple[str | None, int]]] = [[(None, 500)], [("", 20), (None, 3), ("p", 7)]]
    buckets = [
        {
            "start_time": START + day * DAY,
            "end_time": START + (day + 1) * DAY,
            "results": [{"project_id": id_, "usage_bytes": size} for id_, size in found],
        }
        for day, found in enumerate(sizes)
    ]
    asked.faults.status(200, body=json.dumps({"data": buckets, "has_more": False}))
    out = terminal(
        "vector-stores --start 2026-01-05 --end 2026-01-07 --group-by project_id --exact"
    )
    assert re.findall(r"^ ([-p]) +(\d+) ", out, flags=re.MULTILINE) == [("-", "23"), ("p", "7")]


@pytest.mark.parametrize("column", ["project_id", "user_id", "api_key_id", "model"])
@pytest.mark.real_clock
def test_no_id_is_empty_in_any_column(terminal: Terminal, asked: Sandbox, column: str) -> None:
    measures = {"num_model_requests": 1, "input_tokens": 5, "output_tokens": 2}
    results = [{column: id_, **measures} for id_ in ("", None, "a")]
    bucket = {"start_time": START, "end_time": START + DAY, "results": results}
    body = json.dumps({"data": [bucket], "has_more": False})
    command = f"completions --start 2026-01-05 --end 2026-01-06 --group-by {column}"
    asked.faults.status(200, body=body)
    lines = re.findall(r"^ (\S+) +(\d+) +(\d+)", terminal(command), flags=re.MULTILINE)
    assert lines == [("-", "2", "10"), ("a", "1", "5"), ("total", "3", "15")]
    # What a program reads stays what came.
    asked.faults.status(200, body=body)
    found = json.loads(terminal(f"{command} --format json"))
    assert [row[column] for row in found] == ["", None, "a"]


@pytest.mark.real_clock
def test_no_name_is_looked_for_where_there_is_no_id(terminal: Terminal, asked: Sandbox) -> None:
    body = page([("", None, "usd", Decimal(1)), (None, None, "usd", Decimal(2))])
    asked.scopes.discard("api.management.read")
    asked.faults.status(403)
    asked.faults.status(200, body=body)
    out = terminal(f"{COSTS} --group-by project_id --names")
    assert re.search(r"^ - +3\.00 usd", out, re.MULTILINE)
    asked.faults.status(403)
    asked.faults.status(200, body=body)
    rows = json.loads(terminal(f"{COSTS} --group-by project_id --names --format json"))
    assert [(row["project_id"], row["project_name"]) for row in rows] == [("", None), (None, None)]


def test_an_empty_id_is_none() -> None:
    for known in ({}, {"": Name(id="", name="Nobody", status="active")}):
        name = Names(known=known).of("")
        assert name == Name(id="", status="none")
        assert str(name) == "(none)"


# ---------------------------------------------------------------- in `spend`


@given(BILLS)
async def test_spending_has_a_part_for_each_group(
    client: AsyncUsageClient, sandbox: Sandbox, rows: list[Row]
) -> None:
    sandbox.faults.status(200, body=page(rows))
    bill = await client.costs(start_time=START, end_time=START + DAY).collect()
    found = spending(bill, today=date(2026, 1, 5), gaps=(), currency=None)
    assert are_told_apart(each.currency for each in found)
    assert Counter(each.total.this_month for each in found) == Counter(bill_of(rows).values())
    assert sum(len(each.by("project_id")) for each in found) == len(
        {(project or None, currency) for project, _, currency, _ in rows}
    )
    for month in found:
        for parts in (month.by("project_id"), month.by("line_item")):
            assert exact_sum(part.this_month for part in parts) == month.total.this_month
            shown = label_parts(parts, "line_item", KnownNames(), 10)
            assert are_told_apart(shown)
            assert len(shown) == min(len(parts), 11)


@pytest.mark.real_clock
def test_spending_of_no_project_is_one_line(
    terminal: Terminal, asked: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 1, 5, 12, tzinfo=UTC).timestamp()
    monkeypatch.setattr("time.time", lambda: now)
    rows = [(id_, "a", "usd", Decimal(n)) for id_, n in ((None, 1), ("", 2), ("-", 4), ("p", 8))]
    serve_buckets(asked, lambda _: json.loads(page(rows))["data"])
    # Last month is missing: that is exit code 1.
    out = terminal("spend --format json --names --by project", exit_code=1)
    [spent] = json.loads(out)["currencies"]
    assert [(each["project_id"], each["this_month"]) for each in spent["projects"]] == [
        ("p", "8"),
        ("-", "4"),
        (None, "3"),
    ]
    assert spent["projects"][2]["project_name"] is None
    out = terminal("spend --details", exit_code=1)
    assert re.search(r"^ - +3\.00 usd", out, re.MULTILINE)
    assert re.search(r"^ - \[2\] +4\.00 usd", out, re.MULTILINE)


# ---------------------------------------------------------------- in the report


@given(BILLS)
async def test_a_report_has_a_row_for_each_group(
    client: AsyncUsageClient, sandbox: Sandbox, rows: list[Row]
) -> None:
    sandbox.faults.clear()
    answer_at(sandbox, "costs", 200, page(rows, TODAY - DAY))
    figures = await figures_of_yesterday(client)
    ranked = rankings(figures)
    assert Counter(each.everything.total for each in ranked) == Counter(
        2 * [*bill_of(rows).values()]
    )
    for what, found in (
        ("project", {(row[0] or None, row[2]) for row in rows}),
        ("model", {(line_item_label(row[1] or None, "model"), row[2]) for row in rows}),
    ):
        items = [one for each in ranked if each.what == what for one in each.items]
        assert len(items) == len(found)
    for ranking in ranked:
        assert are_told_apart(one.label for one in ranking.items)
        assert are_told_apart(row[0] for row in table_of_ranking(ranking, "").rows)
        assert {one.label for one in ranking.items if one.id is None} <= {f"(no {ranking.what})"}
    for panel in panels_of_spend(figures, ranked):
        assert are_told_apart(series.label for series in panel.series)
        [ranking] = [each for each in ranked if panel.title.endswith(each.what + each.suffix)]
        assert panel.total == ranking.everything.total


async def test_models_that_look_alike_have_charges_of_their_own(
    client: AsyncUsageClient, sandbox: Sandbox
) -> None:
    items = ["x-1\0, input", "x-1\0, output", "x-1\1, input", *"abcdef"]
    rows = [(None, item, "usd", Decimal(2**n)) for n, item in enumerate(items)]
    answer_at(sandbox, "costs", 200, page(rows, TODAY - DAY))
    figures = await figures_of_yesterday(client)
    by_model, _ = panels_of_spend(figures, rankings(figures))
    assert {each.label: each.total for each in by_model.series} == {
        **{letter: Decimal(2**n) for n, letter in enumerate("abcdef", 3)},
        "Other (2)": Decimal(7),
    }


async def test_a_report_calls_no_project_so(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    rows = [(None, "", "usd", Decimal(1)), ("", None, "usd", Decimal(2))]
    answer_at(sandbox, "costs", 200, page(rows, TODAY - DAY))
    figures = await figures_of_yesterday(client)
    assert [(one.label, one.total) for each in rankings(figures) for one in each.items] == [
        ("(no model)", Decimal(3)),
        ("(no project)", Decimal(3)),
    ]


async def test_a_report_calls_no_model_so(client: AsyncUsageClient, sandbox: Sandbox) -> None:
    used = [
        {"model": model, "num_model_requests": 1, "input_tokens": 5, "output_tokens": 2}
        for model in ("(no model)", "", None)
    ]
    bucket = {"start_time": TODAY - DAY, "end_time": TODAY, "results": used}
    body = json.dumps({"data": [bucket], "has_more": False})
    answer_at(sandbox, "completions", 200, body)
    figures = await figures_of_yesterday(client)
    [models] = [each for each in panels_of_usage(figures) if each.title == "Tokens by model"]
    found = {bar.label: total for bar, total in zip(models.bars, models.sums, strict=True)}
    assert (found["(no model)"], found["(no model) [2]"]) == (Decimal(14), Decimal(7))


# ---------------------------------------------------------------- as they are made


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (["-", None], {None: "-", "-": "- [2]"}),
        (["a  b", "a b"], {"a b": "a b", "a  b": "a b [2]"}),
        (["x\1", "x\0"], {"x\0": "x\ufffd", "x\1": "x\ufffd [2]"}),
        (["e\u0301", "\u00e9"], {"e\u0301": "e\u0301", "\u00e9": "\u00e9 [2]"}),
        (["a\u200b", "a"], {"a": "a", "a\u200b": "a\ufffd"}),
        ([" ", "\u200b", "' '"], {" ": "' ' [2]", "\u200b": "\ufffd", "' '": "' '"}),
        (["a", "a [2]", "a\t"], {"a": "a", "a [2]": "a [2]", "a\t": "a [3]"}),
    ],
)
def test_what_keeps_its_label_does_not_depend_on_the_order(
    values: list[str | None], labels: dict[str | None, str]
) -> None:
    def write(value: str | None) -> str:
        return "-" if value is None else label(value)

    assert labels_of(values, write) == labels_of(values[::-1], write) == labels


@given(st.lists(TEXTS | st.text()), st.sampled_from([label, lambda _: "same"]))
def test_labels_are_told_apart(values: list[str | None], write: Callable[[str], str]) -> None:
    labels = labels_of(values, lambda value: "-" if value is None else write(value))
    assert labels.keys() == set(values)
    assert len(set(labels.values())) == len(labels)


def test_many_that_are_called_the_same_are_numbered_at_once() -> None:
    made = unique_labels(["a"] * 20_000)
    assert made[-1] == "a [20000]"
