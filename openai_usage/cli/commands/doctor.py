"""`openai-usage doctor`: whether the key, the connection and every endpoint are well."""

import asyncio
import sys
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial

from attrs import evolve
from rich.table import Table
from rich.text import Text

from openai_usage import AsyncUsageClient, InvalidOptionError, MissingAdminKeyError
from openai_usage._http.environment import resolve_admin_key
from openai_usage._text import printable, with_full_stop
from openai_usage.cli.commands.checks import (
    ANSWERING,
    Check,
    check_connection,
    check_endpoint,
    check_key,
    check_names,
    worded,
)
from openai_usage.cli.options.connection import Connection
from openai_usage.cli.output.console import console_on

PATIENCE = 15.0
"""Seconds for all checks together: who asks a doctor does not want to wait."""

_TOO_LATE = f"no answer yet when the {PATIENCE:g} s for all checks were over"

HURRIED = partial(
    AsyncUsageClient, timeout=ANSWERING, max_retries=0, max_retry_wait=0.0, max_connections=16
)
"""Makes a client that asks once for each thing, and for all of them at the same time."""

_CONNECTION = Connection()
_ENDPOINTS = AsyncUsageClient.table()
_ASKED = ("connection", *_ENDPOINTS, "names")
_MARKS = {"well": ("✓", "green"), "wrong": ("✗", "red"), "open": ("–", "yellow")}

_REFUSED: Mapping[str, tuple[str, str]] = {
    "admin_api_key": (
        "key",
        "OPENAI_ADMIN_KEY holds a character that no key has; was it copied whole?",
    ),
    "base_url": (
        "address",
        (
            "OPENAI_BASE_URL takes an address such as https://api.openai.com/v1; without https, "
            "the admin key would be sent unencrypted, which is for this machine alone"
        ),
    ),
    "organization": (
        "organization",
        "OPENAI_ORG_ID holds a character that no organization has; was it copied whole?",
    ),
}
"""What is said of an option that the client refused, and under which name, as options are the
environment's here."""


def doctor(*, connection: Connection = _CONNECTION) -> int:
    """Check the key, the connection and every endpoint, and say what to do where one is not well.

    It takes 15 seconds at the most. It ends with 0 if all is well, with 1 if something is not, and
    with 2 if nothing can be asked.
    """
    checks, code = asyncio.run(_examined(connection))
    grid = Table.grid(padding=(0, 1, 0, 0))
    for check in _told_once(checks):
        mark, color = _MARKS[check.state]
        says = f"{check.says} ({check.detail})" if check.detail else check.says
        if not connection.sandbox:  # whose key is no secret
            says = _without_key(says)
        grid.add_row(
            Text(mark, style=color), Text(check.about), Text(printable(says), overflow="fold")
        )
    with console_on(sys.stdout.buffer) as console:
        console.print(grid, crop=False)
    return code


async def _examined(connection: Connection) -> tuple[Sequence[Check], int]:
    """All checks, and the exit code that they come to."""
    key = Check("key", "well", "the sandbox's own")
    if not connection.sandbox:
        key = check_key(resolve_admin_key(None))
    try:
        async with connection.client(HURRIED) as client:
            found = await asked(client)
            whose = client._transport.organization  # noqa: SLF001 - no client has a use for it
            key = _of_organization(key, whose)
            checks = [key, Check("address", "well", client.base_url), *found]
    except MissingAdminKeyError:
        return [key, *_not_asked("address", *_ASKED)], 2
    except InvalidOptionError as error:
        refused = Check(_REFUSED[error.option][0], "wrong", _REFUSED[error.option][1])
        first = [refused, *_not_asked("address")] if refused.about == "key" else [key, refused]
        return [*first, *_not_asked(*_ASKED)], 2
    return checks, int(any(check.state == "wrong" for check in checks))


async def asked(client: AsyncUsageClient) -> Iterable[Check]:
    """How the connection is, and all that can be asked over it, as far as that is known in time."""
    found = {
        name: Check(name, "open" if name == "names" else "wrong", _TOO_LATE) for name in _ASKED
    }

    async def note(checking: Awaitable[Check]) -> None:
        check = await checking
        found[check.about] = check

    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            await note(check_connection(client.base_url))
            if found["connection"].state == "well":
                await asyncio.gather(
                    *(note(check_endpoint(client, each)) for each in _ENDPOINTS.values()),
                    note(check_names(client)),
                )
    if found["connection"].state == "well":
        some_answer = any(found[name].state == "well" for name in _ENDPOINTS)
        return [worded(check, some_answer=some_answer) for check in found.values()]
    return [found["connection"], *_not_asked(*_ENDPOINTS, "names")]


def _of_organization(key: Check, organization: str | None) -> Check:
    """Return the check of the *key* with whose it is, where the API has said so."""
    if organization is None:
        return key
    return evolve(
        key, says=f"{with_full_stop(key.says)} It belongs to the organization {organization}."
    )


def _not_asked(*names: str) -> Iterator[Check]:
    return (Check(name, "open", "not checked") for name in names)


def _told_once(checks: Sequence[Check]) -> Iterator[Check]:
    """The checks, with a reference where the same was wrong before with another one."""
    first: dict[str, str] = {}
    for check in checks:
        about = first.get(check.says)
        yield check if about is None else evolve(check, says=f"as {about}", detail="")
        if check.state == "wrong":
            for known in filter(None, (check.says, check.detail)):
                first.setdefault(known, check.about)


def _without_key(text: str) -> str:
    return resolve_admin_key(None).redacted(text) if resolve_admin_key(None).reveal() else text
