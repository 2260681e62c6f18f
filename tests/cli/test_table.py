"""The table for people: what its figures are, and how they are shown."""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

import pytest
from rich.console import Console

from openai_usage import Endpoint, Endpoints
from openai_usage.analysis.groups import Group, Totals
from openai_usage.analysis.measures import Measure, measures_of
from openai_usage.cli.output.layout import ROUNDED
from openai_usage.cli.output.summary import Summary
from openai_usage.cli.output.table import build_table
from openai_usage.sandbox import Sandbox
from tests.support.terminal import Terminal

pytestmark = pytest.mark.real_clock

REQUESTS = Measure("num_model_requests", None, adds_up=True)
AMOUNT = Measure("amount", None, adds_up=True)


class Line(NamedTuple):
    """A line of a table: its labels, its currency, its figures, and its trend."""

    labels: Sequence[str]
    currency: str | None
    figures: Mapping[str, int | Decimal]
    trend: Sequence[int] = (0, 0)


def summary(
    *lines: Line, heads: Sequence[str], measures: Sequence[Measure] = (REQUESTS,)
) -> Summary:
    groups = [
        Group(dict(zip(heads, line.labels, strict=True)), line.figures, line.currency)
        for line in lines
    ]
    return Summary(Totals(heads, measures, groups), [0, 1], None, [line.trend for line in lines])


def text(table: Summary, *, width: int, exact: bool = False) -> str:
    console = Console(width=width)
    with console.capture() as captured:
        console.print(build_table(table, width=width, exact=exact), crop=False)
    return captured.get()


def test_a_line_is_a_group_and_the_largest_comes_first(terminal: Terminal) -> None:
    command = "completions --start 2026-01-05 --end 2026-01-20 --group-by model --sandbox"
    rows = json.loads(terminal(f"{command} --format json"))
    expected: dict[str, list[int]] = {}
    for row in rows:
        figures = [row["num_model_requests"], row["input_tokens"], row["output_tokens"]]
        before = expected.setdefault(row["model"], [0, 0, 0])
        expected[row["model"]] = [sum(pair) for pair in zip(before, figures, strict=True)]
    out = terminal(f"{command} --exact")
    lines = [line.split() for line in out.splitlines() if re.search(r"\d%", line)]
    shown = {line[0]: [int(each.replace(",", "")) for each in line[1:4]] for line in lines}
    assert shown == expected
    sizes = [figures[1] for figures in shown.values()]
    assert sizes == sorted(sizes, reverse=True)
    [total] = [line.split() for line in out.splitlines() if line.strip().startswith("total")]
    assert total[1:4] == [f"{sum(each):,}" for each in zip(*shown.values(), strict=True)]
    assert terminal.err == ""


def test_labels_that_are_no_text(terminal: Terminal) -> None:
    out = terminal("completions --last 2d --group-by batch user_id --sandbox")
    assert set(re.findall(r"^ ?(true|false) +(-|user)", out, flags=re.MULTILINE)) >= {
        ("false", "-"),
        ("false", "user"),
        ("true", "-"),
    }


def test_a_line_is_a_bucket_where_nothing_was_grouped(terminal: Terminal) -> None:
    out = terminal("costs --start 2026-01-05 --end 2026-01-09 --sandbox")
    days = re.findall(r"^ ?(2026-01-\d\d) ", out, flags=re.MULTILINE)
    assert days == ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"]
    assert "trend" not in out
    hours = terminal(
        "completions --start 2026-01-05T10:00Z --end 2026-01-05T12:00Z --bucket-width 1h --sandbox"
    )
    assert re.findall("^ (2026-01-05 1[01]:00)", hours, flags=re.MULTILINE) == [
        "2026-01-05 10:00",
        "2026-01-05 11:00",
    ]


def test_what_may_be_a_level_is_not_added_up(terminal: Terminal) -> None:
    command = "vector-stores --start 2026-01-05 --end 2026-01-09 --group-by project_id --sandbox"
    latest = {
        row["project_id"]: row["usage_bytes"]
        for row in json.loads(terminal(f"{command} --format json"))
    }
    out = terminal(f"{command} --exact")
    assert latest
    for project, usage in latest.items():
        assert re.search(rf"{project} +{usage:,} ", out)
    assert "%" not in out
    assert not re.search(r"total +\d", out)


def test_currencies_are_never_added_across(
    terminal: Terminal, usage_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", usage_sandbox.admin_api_key)
    monkeypatch.setenv("OPENAI_BASE_URL", usage_sandbox.base_url)
    results = [
        {"line_item": item, "amount": {"value": value, "currency": currency}}
        for item, value, currency in (
            ("a", "10.005", "usd"),
            ("a", "7", "eur"),
            ("b", "30", "usd"),
            ("c", "-1", "usd"),
        )
    ]
    bucket = {"start_time": 1_767_571_200, "end_time": 1_767_657_600, "results": results}
    usage_sandbox.faults.status(200, body=json.dumps({"data": [bucket], "has_more": False}))
    out = terminal("costs --start 2026-01-05 --end 2026-01-06 --group-by line_item --exact")
    assert [line.split()[:4] for line in out.splitlines() if re.match(r" ?[abc] ", line)] == [
        ["b", "30.00", "usd", "77%"],
        ["a", "10.005", "usd", "26%"],
        ["c", "-1.00", "usd", "-3%"],
        ["a", "7.00", "eur", "100%"],
    ]
    assert re.search(r"total +39\.005 usd *\n +7\.00  eur", out)  # and no trend of both together


@pytest.mark.parametrize("label", ["gpt-4.1-mini-2025-04-14", "a b c d e f g h"])
@pytest.mark.parametrize("columns", [1, 2, 7])
@pytest.mark.parametrize("name", ["completions", "costs"])
def test_a_table_that_is_too_wide_loses_nothing(name: str, columns: int, label: str) -> None:
    heads = ["project_id", "user_id", "api_key_id", "model", "batch", "service_tier", "source"]
    measures = measures_of(Endpoints.table()[name])
    currency = "usd" if name == "costs" else None
    figures: dict[str, int | Decimal] = {each.name: 7_777_777 for each in measures}
    # A letter for each column, because lines of wrapped labels are next to each other.
    letters = "αβγδεζη"[:columns]
    labels = tuple(re.sub(r"\S", letter, label) for letter in letters)
    line = Line(labels, currency, figures)
    totals = summary(line, heads=heads[:columns], measures=measures)
    wide = text(totals, width=1000)
    for width in range(20, 140, 4):
        out = text(totals, width=width)
        for each in (*letters, "7", "."):
            assert out.count(each) == wide.count(each), f"{each} at {width} columns"
        assert "…" not in out


@pytest.mark.parametrize("width", [20, 36, 50, 80])
def test_figures_never_stand_without_their_names(
    width: int, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = "completions --last 3d --group-by project_id model --sandbox"
    rows = json.loads(terminal(f"{command} --format json"))
    monkeypatch.setattr("openai_usage.cli.output.console._UNBOUNDED", width)
    out = terminal(command)
    names = {row[name][:9] for row in rows for name in ("project_id", "model")}
    assert len(names) > 2
    assert [name for name in names if name not in out] == []


@pytest.mark.parametrize(("width", "drawn"), [(80, ""), (90, "bar"), (100, "both"), (130, "both")])
def test_bars_and_trends_give_way_before_ids_are_broken(width: int, drawn: str) -> None:
    labels = ("proj_4cuA3lZIflHOPmfg0k1MIx0A", "key_4cuA3lZIflHOPmfg")
    line = Line(labels, "usd", {"amount": Decimal("1234.5")}, (1, 0))
    out = text(summary(line, heads=["project_id", "api_key_id"], measures=[AMOUNT]), width=width)
    assert re.search(f"{labels[0]} +{labels[1]} +1,234.50 usd +100%", out)
    assert max(map(len, out.splitlines())) <= width
    assert ("█" in out, "trend" in out) == (drawn != "", drawn == "both")


@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize("label", ["one two three", "a b c d e f g h", "Support proj_4cuA3lZIflHO"])
def test_bars_and_trends_never_make_a_table_too_wide(label: str, columns: int) -> None:
    heads = ["model", "batch", "source"][:columns]
    line = Line((label,) * columns, "usd", {"amount": Decimal("1234.5")})  # a flat trend
    totals = summary(line, heads=heads, measures=[AMOUNT])
    for width in range(20, 140):
        out = text(totals, width=width)
        if "█" in out:
            assert max(map(len, out.splitlines())) <= width, f"at {width} columns"
            assert out.count("█") in (8, 20), f"at {width} columns"  # a bar is not cut off


def test_a_share_says_of_what_it_is(terminal: Terminal) -> None:
    out = terminal("costs --last 2d --group-by project_id --sandbox")
    assert re.search(r" % of\n project id +amount +amount ", out)
    out = terminal("completions --last 2d --group-by model --sandbox")
    heads = [line.split() for line in out.splitlines()[3:7]]
    assert heads == [
        ["cached"],
        ["num", "%", "of", "%", "of"],
        ["model", "input", "output", "input", "input"],
        ["model", "requests", "tokens", "tokens", "tokens", "tokens", "trend"],
    ]
    assert "%" not in terminal("vector-stores --last 2d --sandbox")


@pytest.mark.parametrize(
    ("amounts", "is_said"),
    [
        (["0.004", "0.004"], True),
        (["10.005", "10.005"], True),
        (["-0.004", "-0.004"], True),
        (["0.004", "0.006"], False),
        (["9e6144", "1"], False),
        (["12.34"], False),
        ([], False),
    ],
)
def test_rows_that_do_not_add_up_to_their_total_are_explained(
    amounts: list[str], is_said: bool, terminal: Terminal, asked: Sandbox
) -> None:
    results = [
        {"line_item": f"item {n}", "amount": {"value": value, "currency": "usd"}}
        for n, value in enumerate(amounts)
    ]
    bucket = {"start_time": 1_767_571_200, "end_time": 1_767_657_600, "results": results}
    body = json.dumps({"data": [bucket], "has_more": False})
    command = "costs --start 2026-01-05 --end 2026-01-06 --group-by line_item"
    asked.faults.status(200, body=body)
    assert terminal(command).endswith(f"\n{ROUNDED}\n") is is_said
    asked.faults.status(200, body=body)
    assert ROUNDED not in terminal(f"{command} --exact")


def test_rows_of_two_currencies_are_not_added_up_to_be_explained(
    terminal: Terminal, asked: Sandbox
) -> None:
    results = [
        {"line_item": "a", "amount": {"value": "0.004", "currency": currency}}
        for currency in ("usd", "eur")
    ]
    bucket = {"start_time": 1_767_571_200, "end_time": 1_767_657_600, "results": results}
    asked.faults.status(200, body=json.dumps({"data": [bucket], "has_more": False}))
    out = terminal("costs --start 2026-01-05 --end 2026-01-06 --group-by line_item")
    assert ROUNDED not in out


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("groups", [1, 2, 3])
@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.parametrize("row", Endpoints.table().values(), ids=lambda row: row.name)
def test_it_fits_the_terminal(
    row: Endpoint[..., object], width: int, groups: int, *, exact: bool
) -> None:
    measures = measures_of(row)
    currency = "usd" if row.name == "costs" else None
    figures: dict[str, int | Decimal] = dict.fromkeys((each.name for each in measures), 12_345_678)
    heads = [name.replace("_", " ") for name in row.group_by[:groups]]
    labels_of_line = ("Support Assistant proj_4cuA3lZIflHOPmfg0k1M",) * len(heads)
    lines = [Line(labels_of_line, currency, figures, (n, 0)) for n in (5, 4)]
    out = text(summary(*lines, heads=heads, measures=measures), width=width, exact=exact)
    assert max(map(len, out.splitlines())) <= width
    labels = len(lines) * min(groups, len(row.group_by))
    whole = out.count("proj_4cuA3lZIflHOPmfg0k1M")
    if width == 140 or groups == 1:
        assert whole == labels
    elif groups == 2 and not exact:  # there is room for one id, at least
        assert whole >= len(lines)
    # No part of a label is lost. None of these letters is in heads or figures.
    assert [out.count(each) for each in "SAZ_"] == [labels, 2 * labels, labels, labels]


def test_what_the_api_names_does_not_command_the_terminal(
    terminal: Terminal, usage_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", usage_sandbox.admin_api_key)
    monkeypatch.setenv("OPENAI_BASE_URL", usage_sandbox.base_url)
    evil = "gpt\x1b[31mRED\x1b]0;pwn\x07\nnew\u202eline"
    results = [{"line_item": evil, "amount": {"value": "1", "currency": "u\x1b[31msd"}}]
    bucket = {"start_time": 1_767_571_200, "end_time": 1_767_657_600, "results": results}
    body = json.dumps({"data": [bucket], "has_more": False})
    usage_sandbox.faults.status(200, body=body)
    out = terminal("costs --start 2026-01-05 --end 2026-01-06 --group-by line_item")
    assert not set("\x1b\x07\u202e") & set(out)
    assert "1.00 u\ufffd[31msd" in out
    usage_sandbox.faults.status(400, body=json.dumps({"error": {"message": evil}}))
    terminal("costs --group-by line_item", exit_code=1)
    assert not set("\x1b\x07\u202e") & set(terminal.err)


def test_sums_have_every_digit(
    terminal: Terminal, usage_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", usage_sandbox.admin_api_key)
    monkeypatch.setenv("OPENAI_BASE_URL", usage_sandbox.base_url)
    amounts = ("123456789012345678901234567890.123456789", "1.2345678901234567e-8")
    results = [
        {"line_item": "a", "amount": {"value": value, "currency": "usd"}} for value in amounts
    ]
    bucket = {"start_time": 1_767_571_200, "end_time": 1_767_657_600, "results": results}
    body = json.dumps({"data": [bucket], "has_more": False})
    usage_sandbox.faults.status(200, body=body)
    out = terminal("costs --start 2026-01-05 --end 2026-01-06 --group-by line_item --exact")
    exact = "123,456,789,012,345,678,901,234,567,890.123456801345678901234567 usd"
    assert out.count(exact) == 2


@pytest.mark.parametrize(
    "name", ["ft:gpt-4o-mini:rocket:fire:9abc", "evals [red]x[/red]", "a [/b] c"]
)
def test_names_are_shown_to_the_letter(name: str) -> None:
    line = Line((name,), None, {"num_model_requests": 1}, (1, 0))
    assert name in text(summary(line, heads=["model"]), width=200)


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(("a",), None, {"num_model_requests": 1}, (1, 0))

    def printed() -> str:
        console = Console(force_terminal=True, color_system="standard", width=80)
        with console.capture() as captured:
            console.print(build_table(summary(line, heads=["model"]), width=80))
        return captured.get()

    assert "\x1b[36" in printed()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[36" not in printed()
    assert "\x1b" not in text(summary(line, heads=["model"]), width=80)


@pytest.mark.parametrize("row", Endpoints.table().values(), ids=lambda row: row.name)
def test_every_row_has_a_measure_to_be_sorted_by(row: Endpoint[..., object]) -> None:
    assert measures_of(row)
