"""The messages to users, word by word, in `messages.txt`: a change of wording is seen in review.

Each section runs its triggers for real and writes down what each of them says. Where that differs
from the file, `REWRITE_MESSAGES=1 pytest tests/test_messages.py` writes the file anew.
"""

import asyncio
import html
import os
import re
import ssl
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from difflib import unified_diff
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from attrs import frozen

from openai_usage import APIConnectionError, RateLimitError, Retry, UsageClient, UsageError
from openai_usage._http.webhook import WebhookUrl, post_json
from openai_usage.analysis import prices, read_budgets, shares, unusual
from openai_usage.cli.app import run
from openai_usage.cli.output.progress import ProgressTracker
from openai_usage.report.fetch import period_of
from openai_usage.sandbox import Sandbox
from tests.support.doctor_lines import lines
from tests.support.messages import (
    ANSWERS,
    BUDGETS,
    COMMANDS,
    DOCTORS,
    NAMES,
    NOTIFICATIONS,
    OPTIONS,
    PARAMETERS,
    REPORTS,
    RESPONSES,
    with_amounts,
)
from tests.support.report_values import answer_at
from tests.support.webhook_server import webhook

pytestmark = [pytest.mark.real_clock, pytest.mark.usefixtures("without_drawings", "here")]

FILE = Path(__file__).with_name("messages.txt")
START, END = 1_767_571_200, 1_767_916_800
"""2026-01-05 to 2026-01-09."""

Said: TypeAlias = Iterator[tuple[str, str]]
"""What triggers say, by the triggers as one would write them."""


@frozen
class Stage:
    """What triggers act on: a sandbox, the environment that names it, and what was printed."""

    sandbox: Sandbox
    environment: pytest.MonkeyPatch
    printed: pytest.CaptureFixture[str]

    def client(self, **options: Any) -> UsageClient:
        url = self.sandbox.base_url
        return UsageClient(self.sandbox.admin_api_key, base_url=url, max_retries=0, **options)

    def evaluate(self, code: str, **names: object) -> Any:
        """Run the *code* of a trigger."""
        known = {"date": date, "datetime": datetime, "ssl": ssl, "with_amounts": with_amounts}
        acting = {
            "faults": self.sandbox.faults,
            "scopes": self.sandbox.scopes,
            "answer": partial(answer_at, self.sandbox),
        }
        return eval(code, known | acting | names)

    def command(self, line: str) -> tuple[str, str]:
        """Run a command as typed, with variables before it; return what it printed."""
        *variables, typed = line.rpartition("openai-usage ")
        with self.environment.context() as environment:
            for each in variables[0].split():
                environment.setenv(*each.split("=", 1))
            code = run(typed.split())
        out, err = self.printed.readouterr()
        return out, f"{err}exit code {code}"

    def after_each(self, codes: Iterable[str]) -> Iterator[str]:
        """Run each of the *codes*, and undo it after what it triggers."""
        for code in codes:
            faults = code.partition("; ")[0]
            if not faults.startswith(("openai-usage", "OPENAI_")):
                self.evaluate(faults)
            yield code
            self.sandbox.faults.clear()
            self.sandbox.scopes |= {"api.usage.read", "api.management.read"}


def raised(call: Callable[[], object]) -> str:
    with pytest.raises(UsageError) as caught:
        call()
    return f"{type(caught.value).__name__}: {caught.value}"


# ---------------------------------------------------------------- from Python


def parameters(stage: Stage) -> Said:
    def report(start: date) -> object:
        return period_of(start, None, END)

    with UsageClient("gateway-key", base_url=stage.sandbox.base_url) as client:
        for code in PARAMETERS:
            yield code, raised(partial(stage.evaluate, code, client=client, report=report))


def answers(stage: Stage) -> Said:
    with stage.client() as client:
        names = {
            "bill": client.costs(start_time=START, end_time=END).collect(),
            "usage": client.completions(start_time=START, end_time=END).collect(),
        }
    functions = {"prices": prices, "shares": shares, "unusual": unusual}
    for code in ANSWERS:
        yield code, raised(partial(stage.evaluate, code, **names, **functions))


def options(stage: Stage) -> Said:
    for code in OPTIONS:
        with stage.environment.context() as environment:
            for name in ("OPENAI_ADMIN_KEY", "OPENAI_BASE_URL"):
                environment.delenv(name)
            environment.setenv("HTTPS_PROXY", "proxy.example:3128")
            yield code, raised(partial(stage.evaluate, code, UsageClient=UsageClient))


def budgets(stage: Stage) -> Said:
    def of_lines(*lines: str) -> object:
        Path("budgets.toml").write_text("\n".join(lines), "utf-8")
        return read_budgets("budgets.toml")

    for code in BUDGETS:
        yield code, raised(partial(stage.evaluate, code, budgets=of_lines))


def notifications(stage: Stage) -> Said:
    def post(url: str) -> None:
        asyncio.run(post_json(WebhookUrl(url), {}, max_retry_wait=0))

    async def answered(status: int, text: str) -> None:
        async with webhook() as there:
            for _ in range(3):
                there.will(status, text)
            await post_json(WebhookUrl(there.url), {}, max_retry_wait=0)

    def said(status: int, text: str = "") -> None:
        asyncio.run(answered(status, text))

    for code in NOTIFICATIONS:
        yield code, raised(partial(stage.evaluate, code, post=post, answer=said))


def responses(stage: Stage) -> Said:
    for code in stage.after_each(RESPONSES):
        with stage.client(on_gap="raise", max_response_bytes=1_000_000) as client:
            costs = client.costs(start_time=START, end_time=END, limit=2)
            yield code, raised(costs.to_arrow)


# ---------------------------------------------------------------- from the command line


def commands(stage: Stage) -> Said:
    for line in COMMANDS:
        out, said = stage.command(line)
        assert (out, said.count("\n")) == ("", 1)
        assert said.endswith("exit code 2")
        yield line, said


def failures(stage: Stage) -> Said:
    line = "openai-usage costs --start 2026-01-05 --end 2026-01-09 --limit 2 -o costs.parquet"
    at_once = [code for code in RESPONSES if "connection" not in code]  # others are tried again
    for code in stage.after_each(at_once):
        yield code, stage.command(line)[1]


def names(stage: Stage) -> Said:
    line = "openai-usage images --last 1d --group-by project_id api_key_id --names"
    for code in stage.after_each(NAMES):
        yield code, stage.command(line)[1]


def reports(stage: Stage) -> Said:
    for code in stage.after_each(REPORTS):
        _, said = stage.command("openai-usage report --start 2026-01-05 --end 2026-01-09")
        head, _, _ = Path("report.html").read_text(encoding="utf-8").partition("<nav")
        for notice in re.findall("<(?:p|li)>(.*)</(?:p|li)>", head):
            said += f"\npage: {html.unescape(re.sub('<[^>]*>', '', notice))}"
        yield code, said


def doctor(stage: Stage) -> Said:
    for code in stage.after_each(DOCTORS):
        out, said = stage.command(code.rpartition("; ")[2])
        seen = dict[tuple[str, str], str]()
        for name, line in lines(out).items():
            seen.setdefault(line, name)
        yield code, "\n".join([*(f"{mark} {seen[mark, text]} {text}" for mark, text in seen), said])


def progress(_: Stage) -> Said:
    tracker = ProgressTracker()
    yield "at first", str(tracker)
    for error in (RateLimitError("no", status_code=429), APIConnectionError("no")):
        tracker.count_retry(Retry(path="organization/costs", number=1, wait=59.9, error=error))
        yield f"a retry after a {type(error).__name__}", str(tracker)


# ---------------------------------------------------------------- the file

SECTIONS: dict[str, Callable[[Stage], Said]] = {
    "Parameters, in Python": parameters,
    "Answers, in Python": answers,
    "Options, in Python": options,
    "Budgets, in Python": budgets,
    "Notifications": notifications,
    "Responses, in Python": responses,
    "Options and variables, on the command line": commands,
    "Responses, on the command line": failures,
    "Names, on the command line": names,
    "Reports": reports,
    "Doctor": doctor,
    "Progress": progress,
}


def read() -> dict[str, str]:
    """The text of each section of the file, by its title."""
    text = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    found = re.split(r"^=== (.*)\n", text, flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


@pytest.mark.parametrize("title", SECTIONS)
def test_messages(
    title: str,
    asked: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stage = Stage(asked, monkeypatch, capsys)
    here = re.compile(rf"(127\.0\.0\.1:)\d+|(?<=sk-admin-…){asked.admin_api_key[-4:]}|{Path.cwd()}")
    said = ""
    for trigger, text in SECTIONS[title](stage):
        shown = here.sub(lambda found: f"{found[1] or ''}*", text)
        said += "\n    ".join([trigger, *shown.splitlines()]) + "\n"
    known = read()
    if os.environ.get("REWRITE_MESSAGES"):
        sections = {each: known.get(each, "") for each in SECTIONS} | {title: said}
        FILE.write_text("".join(f"=== {each}\n{sections[each]}" for each in sections), "utf-8")
        return
    difference = unified_diff(
        known.get(title, "").splitlines(), said.splitlines(), lineterm="", n=1
    )
    if changed := "\n".join(difference):
        pytest.fail(
            f"Messages have changed. If that is right, REWRITE_MESSAGES=1 writes {FILE.name} "
            f"anew.\n{changed}",
            pytrace=False,
        )


def test_the_file_has_no_other_sections() -> None:
    assert list(read()) == list(SECTIONS)
