"""`--format focus`: costs as the FinOps Foundation's FOCUS, in CSV and Parquet."""

import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from openai_usage.integrations.focus import FocusVersion, focus_columns
from openai_usage.integrations.focus_arrow import focus_schema
from openai_usage.sandbox import Sandbox
from tests.support.made_up_api import cost, made_up_api
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.real_clock, pytest.mark.usefixtures("here")]

DAY = "costs --start 2026-01-05 --end 2026-01-06 --format focus"
WITHOUT_QUANTITY = "openai-usage: the API gave no quantity for {} of usage, which FOCUS requires.\n"


def rows(text: str, version: FocusVersion = "1.2") -> list[dict[str, str]]:
    found = list(csv.reader(io.StringIO(text, newline="")))
    assert found[0] == [each.name for each in focus_columns(version)]
    return [dict(zip(found[0], row, strict=True)) for row in found[1:]]


def grouped_by(sandbox: Sandbox) -> list[str]:
    """Return the fields by which the last request grouped results."""
    return [each for name, each in sandbox.requests[-1].query if name.startswith("group_by")]


def result(amount: str, **fields: object) -> str:
    labels = json.dumps({"organization_id": "org-1", **fields})
    return f'{{"amount":{{"value":{amount},"currency":"usd"}},{labels[1:]}'


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The results that the API has for each day."""
    results: list[str] = []
    with made_up_api({"costs": results}) as url:
        monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-1")
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        yield results


def test_rows_are_by_project_and_line_item(terminal: Terminal, asked: Sandbox) -> None:
    found = rows(terminal(DAY))
    assert len(found) > 5
    assert grouped_by(asked) == ["project_id", "line_item"]
    tokens = next(row for row in found if row["PricingUnit"] == "Tokens")
    assert tokens["SkuId"] == tokens["SkuPriceId"] == tokens["ChargeDescription"] != ""
    assert tokens["SubAccountId"].startswith("proj_")
    assert tokens["BillingAccountId"].startswith("org-")
    assert tokens["x_UserId"] == ""
    terminal(f"{DAY} --group-by line_item user_id")
    assert grouped_by(asked) == ["line_item", "user_id", "project_id"]


def test_the_version_is_an_option(terminal: Terminal) -> None:
    [first, *_] = rows(terminal(f"{DAY} --sandbox --focus-version 1.4"), "1.4")
    assert first["ServiceProviderName"] == first["HostProviderName"] == "OpenAI"


def test_csv_has_every_digit_and_runs_nothing(terminal: Terminal, answers: list[str]) -> None:
    amount = "0.003835980000000000000000000000"
    answers += [
        result(f'"{amount}"', line_item="=1+1", quantity=5, quantity_unit="1000_tokens"),
        result("0E-6176", line_item="gpt-5, input", quantity=0, quantity_unit="tokens"),
    ]
    first, second = rows(terminal(DAY))
    assert (first["BilledCost"], first["SkuId"]) == (amount, "'=1+1")
    assert (first["PricingQuantity"], first["PricingUnit"]) == ("5.0", "1000 Tokens")
    assert (first["ConsumedQuantity"], first["ConsumedUnit"]) == ("5000.0", "Tokens")
    assert (second["BilledCost"], second["ConsumedQuantity"]) == ("0.0", "0.0")
    assert first["BillingPeriodEnd"] == "2026-02-01T00:00:00Z"
    assert (first["InvoiceId"], first["x_Estimate"]) == ("", "false")
    assert terminal.err == ""


def test_readers_that_guess_types_guess_right(
    terminal: Terminal, answers: list[str], here: Path
) -> None:
    answers.append(result("2", line_item="gpt-5, input", quantity=5, quantity_unit="tokens"))
    terminal(f"{DAY} -o costs.csv")
    relation = duckdb.read_csv(str(here / "costs.csv"))
    kinds = dict(zip(relation.columns, map(str, relation.types), strict=True))
    assert {kinds[name] for name in ("BilledCost", "PricingQuantity")} == {"DOUBLE"}
    assert kinds["ChargePeriodStart"].startswith("TIMESTAMP")
    assert kinds["x_Estimate"] == "BOOLEAN"


@pytest.mark.parametrize("written_as", ["focus -o costs.parquet", "focus-parquet -o costs.out"])
def test_parquet_has_the_same_rows(written_as: str, terminal: Terminal, here: Path) -> None:
    command = f"{DAY.removesuffix('focus')}{written_as} --sandbox --focus-version 1.4"
    assert terminal(command) == ""
    file = next(here.glob("costs.*"))
    table = pq.read_table(file)
    assert table.schema.equals(focus_schema("1.4"))
    expected = rows(terminal(f"{DAY} --sandbox --focus-version 1.4"), "1.4")
    for found, row in zip(table.to_pylist(), expected, strict=True):
        assert found["BilledCost"] == Decimal(row["BilledCost"])
        assert (found["SkuMeter"] or "") == row["SkuMeter"]


def test_usage_without_a_quantity_is_said(
    terminal: Terminal, answers: list[str], here: Path
) -> None:
    answers += [result("1", line_item="Adjustment"), result("-1", line_item="Service credit")]
    usage, credit = rows(terminal(DAY))
    assert (usage["ChargeCategory"], credit["ChargeCategory"]) == ("Usage", "Credit")
    assert terminal.err == WITHOUT_QUANTITY.format("1 row")
    terminal(f"{DAY.replace('2026-01-06', '2026-01-07')} -o costs.parquet")
    assert terminal.err == WITHOUT_QUANTITY.format("2 rows")
    assert (here / "costs.parquet").exists()


def test_what_parquet_rounds_is_said(terminal: Terminal, answers: list[str], here: Path) -> None:
    answers.append(result("1E-25", line_item="a", quantity=1, quantity_unit="tokens"))
    terminal(f"{DAY} -o costs.parquet")
    assert "1 value of BilledCost" in terminal.err
    assert terminal.err.endswith("Use --output FILE.csv to keep every digit.\n")
    answers[:] = [result("1E+15", line_item="a", quantity=1, quantity_unit="tokens")]
    terminal(f"{DAY} -o more.parquet", exit_code=1)
    assert terminal.err.endswith("Use --output FILE.csv to keep every digit.\n")
    assert not (here / "more.parquet").exists()


def test_names_of_projects_are_from_the_results_or_from_the_lists(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"projects": [{"id": "proj_1", "name": "One", "status": "active", "object": "p"}]}
    with made_up_api({"costs": [result("1", project_id="proj_1")]}, names=names) as url:
        monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-1")
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        found = [rows(terminal(f"{DAY} {more}"))[0]["SubAccountName"] for more in ("", "--names")]
    assert found == ["proj_1", "One"]


def test_an_organization_that_the_api_does_not_name_needs_a_label(
    terminal: Terminal, answers: list[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers.append(cost("1"))
    terminal(DAY, exit_code=1)
    assert terminal.err.endswith(
        "FOCUS requires a BillingAccountId. Read them with --organizations FILE, so that its label "
        "is the account.\n"
    )
    monkeypatch.setenv("ACME_KEY", "sk-admin-1")
    (here / "organizations.toml").write_text('[organizations.acme]\nadmin_key_env = "ACME_KEY"\n')
    command = f"{DAY} --organizations organizations.toml"
    for more, name in (("", "acme"), ("--organization acme", "")):
        [row] = rows(terminal(f"{command} {more}"))
        assert (row["BillingAccountId"], row["BillingAccountName"]) == ("acme", name)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("images --format focus", "--format focus is only for the command costs."),
        ("spend --format focus-parquet", "--format focus-parquet is only for the command costs."),
        ("costs --format focus --group-by month", "these options add them up."),
        ("costs --format focus --total", "and without --top, --sort and --total"),
        ("costs --format focus --days-without-usage", "and --format focus has only charges."),
        ("costs --focus-version 1.4", "--focus-version 1.4 is only for FOCUS."),
        ("costs --format focus --money text", "--money text is only for Parquet."),
        ("costs --format focus --focus-version 1.3", "--focus-version"),
    ],
)
def test_other_rows_are_refused_before_anything_is_asked(
    command: str, says: str, terminal: Terminal, asked: Sandbox
) -> None:
    terminal(command, exit_code=2)
    assert says in terminal.err
    assert not asked.requests
