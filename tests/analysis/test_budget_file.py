"""Budgets in a TOML file: what is valid reads back, and what is not is said by its table."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import InvalidOptionError
from openai_usage._text import contains_key
from openai_usage.analysis import Budget, read_budgets
from tests.support.leaks import KEY, of_ours, printed
from tests.support.messages import BUDGETS

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda text: bool(text.strip()) and not contains_key(text)
)
AMOUNTS = (
    st.just(Decimal(0))
    | st.integers(1, 10**15 - 1).map(Decimal)
    | st.decimals("0.01", 10**15 - 1, places=20)
)
SHARES = st.decimals("0.0001", 1, places=4)


@st.composite
def budgets(draw: st.DrawFn) -> Budget:
    amount = draw(AMOUNTS)
    owner = draw(st.sampled_from([None, "project", "model", "user", "key"]))
    return Budget(
        amount=amount,
        currency=draw(st.from_regex("[a-z]{3}", fullmatch=True)),
        per=draw(st.sampled_from(["month", "day"])),
        name=draw(st.none() | TEXTS),
        warn_at=draw(st.lists(SHARES, max_size=3)) if amount else (),
        **({} if owner is None else {owner: draw(TEXTS)}),
    )


def written(value: object, draw: Any) -> str:
    """A value in TOML, in any of the ways in which it can be written."""
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
        case tuple():
            return f"[{', '.join(written(each, draw) for each in value)},]" if value else "[]"
        case Decimal() if value == value.to_integral_value() and draw(st.booleans()):
            return f"{value:.0f}"
        case Decimal():
            return f"{value:f}" if "." in f"{value:f}" else f"{value:f}.0"
    raise AssertionError(value)


@given(
    found=st.lists(
        budgets(),
        min_size=1,
        max_size=5,
        unique_by=lambda each: (each.owner, each.of, each.per, each.currency),
    ),
    data=st.data(),
    start=st.sampled_from(["", "\ufeff", "# a note\r\n"]),
)
def test_any_valid_file_reads_back(
    found: list[Budget], data: st.DataObject, start: str, tmp_path: Path
) -> None:
    text = start
    for budget in found:
        text += "[[budgets]]\n"
        for name, value in attrs.asdict(budget).items():
            is_default = value in (None, "usd", "month", ())
            if value is not None and not (is_default and data.draw(st.booleans())):
                line = written(value, data.draw)
                if name == "amount" and data.draw(st.booleans()):
                    line = f'"{value:f}"'
                text += f"{name} = {line}\n"
    path = tmp_path / "budgets.toml"
    path.write_bytes(text.encode())
    assert read_budgets(path) == found
    assert read_budgets(str(path)) == found


def of_text(text: str | bytes, folder: Path) -> list[Budget]:
    path = folder / "budgets.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_budgets(path)


def test_an_amount_keeps_every_digit(tmp_path: Path) -> None:
    text = "[[budgets]]\namount = 1_234.567890123456789012345678901\nwarn_at = [0.8, 1, 0.8]"
    [budget] = of_text(text, tmp_path)
    assert budget.amount == Decimal("1234.567890123456789012345678901")
    assert budget.warn_at == (Decimal("0.8"), Decimal(1))
    assert (budget.owner, budget.of, budget.currency, budget.per) == (None, None, "usd", "month")
    assert not budget.needs_names


TABLE = "[[budgets]]\namount = 5\n"


@pytest.mark.parametrize("code", BUDGETS)
def test_a_problem_is_said_with_the_file_and_the_table(code: str, tmp_path: Path) -> None:
    def budgets(*lines: str) -> list[Budget]:
        return of_text("\n".join(lines), tmp_path)

    with pytest.raises(InvalidOptionError) as caught:
        eval(code, {"budgets": budgets})
    file, said = str(caught.value).split(": ", 1)
    assert file == str(tmp_path / "budgets.toml")
    assert re.match("table [12]: |tables 1 and 3 |the file |budgets |'", said)
    assert said.endswith((".", "?"))
    assert caught.value.option == "budgets"


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidOptionError, match=r"a.toml: the file cannot be read: No such file"):
        read_budgets(tmp_path / "a.toml")
    with pytest.raises(InvalidOptionError, match=r"the file cannot be read: Is a directory\."):
        read_budgets(tmp_path)
    with pytest.raises(InvalidOptionError, match=r"toml: the file is not text in UTF-8\. Save it"):
        of_text(b"\xff\xfe[", tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        *(f"{TABLE}{name} = '{KEY}'" for name in ("project", "model", "user", "key", "name")),
        *(f"{TABLE}{name} = '{KEY}'" for name in ("per", "currency", "warn_at")),
        *(f"{TABLE}warn_at = ['{KEY}']", f"[[budgets]]\namount = '{KEY}'"),
        *(f"{TABLE}{KEY} = 5", f"{KEY} = 5", f"{TABLE}{KEY} = 5\n{KEY} = 6", f"x = '{KEY}"),
        f"[{KEY}]\n[{KEY}]",
        f"{TABLE}key = '{KEY}'\nmodel = 'x'",
        f"[[budgets]]\nkey = '{KEY}'",
        f"{TABLE}key = 'sk-proj-{'s3cr3t' * 6}'",
        f"{TABLE}key = 'key_a'\n{TABLE}key = 'key_a'\nname = '{KEY}'",
    ],
)
def test_a_key_is_not_quoted(text: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        of_text(text, tmp_path)
    assert "s3cr3t" not in printed(of_ours(caught.value))


def test_a_path_that_is_a_key_is_not_quoted() -> None:
    with pytest.raises(InvalidOptionError, match=r"^a file: the file cannot be read: "):
        read_budgets(f"sk-admin-{'x' * 40}")


def test_a_key_in_place_of_its_id_is_explained(tmp_path: Path) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        of_text(f"{TABLE}key = '{KEY}'", tmp_path)
    assert str(caught.value).endswith(
        "table 1: key takes an id or a name, not an API key. An id of an API key begins with "
        "key_. Never write the key itself into a file."
    )


def test_budgets_can_be_made_in_python() -> None:
    budget = Budget(amount=500, project="Team A", warn_at=[0.5, 0.1])
    assert budget == Budget(amount="500", project="Team A", warn_at=(Decimal("0.1"), 0.5))
    assert budget.warn_at == (Decimal("0.1"), Decimal("0.5"))
    assert (budget.owner, budget.of, budget.needs_names) == ("project", "Team A", True)
    assert not Budget(amount=5, key="key_a").needs_names
    assert not Budget(amount=5, model="gpt-5").needs_names
    inexact: Any = 0.1
    with pytest.raises(InvalidOptionError, match=r"^amount takes .*, not 0\.1\.$"):
        Budget(amount=inexact)
    odd: Any = b"5"
    with pytest.raises(InvalidOptionError, match=r"^project takes an id or a name, not bytes\.$"):
        Budget(amount=5, project=odd)
    odd = object()
    with pytest.raises(InvalidOptionError, match=r"^amount takes .*, not object\.$"):
        Budget(amount=odd)
    with pytest.raises(InvalidOptionError, match="not an API key") as caught:
        Budget(amount=5, key=KEY)
    assert "s3cr3t" not in printed(of_ours(caught.value))
    wrong: dict[str, Any] = {"amonut": KEY}
    with pytest.raises(TypeError, match="amonut") as misspelt:
        Budget(amount=5, **wrong)
    assert "s3cr3t" not in printed(of_ours(misspelt.value))
