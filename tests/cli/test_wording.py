"""Messages of the command line have the words that people typed, and no Python in them."""

import json
import re
from pathlib import Path

import pytest

from openai_usage.sandbox import Sandbox
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.real_clock, pytest.mark.usefixtures("without_drawings")]

MESSAGES = Path(__file__).parents[1] / "messages.txt"


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (
            "costs --group-by modle",
            (
                "--group-by takes project_id, user_id, api_key_id, line_item, api_source, product, "
                "model, kind, day, week or month, not 'modle'. Did you mean 'model'?"
            ),
        ),
        ("costs --extra-query.a=", "--extra-query.a takes text that is not blank."),
        ("costs --limit many", "--limit takes a whole number, not 'many'."),
        ("costs --concurrency x", "--concurrency takes a whole number or auto, not 'x'."),
        ("completions --batch=x", "--batch takes true or false, not 'x'."),
        (
            "costs --models x",  # difflib would suggest --names
            "--models is not an option of this command. The option --help lists all options.",
        ),
        (
            "images --size x",
            (
                "--size is not an option of this command. Did you mean --sizes? "
                "The option --help lists all options."
            ),
        ),
        ("costs --last=", "--last takes a span such as 2w, 30d, 12h or 90m, not ''."),
        ("costs --month=", "--month takes a month such as 2026-10, not ''."),
    ],
)
def test_what_is_not_valid_is_said_as_it_was_typed(
    command: str, says: str, terminal: Terminal
) -> None:
    terminal(f"{command} --sandbox", exit_code=2)
    assert terminal.err == f"openai-usage: {says}\n"


def test_places_in_time_are_dates(terminal: Terminal, asked: Sandbox) -> None:
    command = "costs --start 2026-01-05 --end 2026-01-09 --format csv --limit 2"
    asked.faults.doubled_bucket()
    terminal(command, exit_code=1)
    assert (
        "returned a bucket from 2026-01-06 to 2026-01-07, but the iteration is at 2026-01-07: "
        in terminal.err
    )


def test_where_it_is_not_known_where_a_page_begins_no_place_is_said(
    terminal: Terminal, asked: Sandbox
) -> None:
    bucket = {"start_time": 1_767_571_200, "end_time": 1_767_571_200, "results": []}
    asked.faults.status(200, body=json.dumps({"data": [bucket], "has_more": False}))
    terminal("costs --start 2026-01-05 --page abc --format csv", exit_code=1)
    assert terminal.err == (
        "openai-usage: the API returned a bucket from 2026-01-05 to 2026-01-05: it is out of "
        "order, was returned before, or is out of range.\n"
    )


def test_no_message_of_a_command_has_python_in_it() -> None:
    said = [
        line.partition("It begins with")[0]  # bodies of answers are quoted as they came
        for line in MESSAGES.read_text("utf-8").splitlines()
        if line.startswith("    openai-usage: ")
    ]
    assert len(said) > 50
    python = re.compile(r"\b(None|Decimal\(|True|False|int|str|codec|<class)\b|\['|\b1[67]\d{8}\b")
    assert [line for line in said if python.search(line)] == []
