"""`openai-usage doctor`: whether the key, the connection and every endpoint are well."""

import asyncio
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from attrs import evolve
from rich.table import Table
from rich.text import Text

from openai_usage import AsyncUsageClient, InvalidOptionError, MissingAdminKeyError
from openai_usage._environment import told_key
from openai_usage.cli.checks import (
    PATIENCE,
    Check,
    check_connection,
    check_endpoint,
    check_key,
    check_names,
)
from openai_usage.cli.connection import Connection
from openai_usage.cli.printing import console_on

_CONNECTION = Connection()
_HURRIED = partial(AsyncUsageClient, timeout=PATIENCE, max_retries=1, max_connections=4)
_ENDPOINTS = AsyncUsageClient.table()
_MARKS = {"well": ("✓", "green"), "wrong": ("✗", "red"), "open": ("–", "yellow")}
_OF_OPTION = {"admin_api_key": "key", "base_url": "address"}
"""Which check an option of the client belongs to."""


def doctor(*, connection: Connection = _CONNECTION) -> int:
    """Check the key, the connection and every endpoint, and say what to do where one is not well.

    It ends with 0 if all is well, with 1 if something is not, and with 2 if nothing can be asked.
    """
    checks, code = asyncio.run(_examined(connection))
    grid = Table.grid(padding=(0, 1, 0, 0))
    for check in _told_once(checks):
        mark, color = _MARKS[check.state]
        # Whatever is quoted in it: the key is not.
        says = check.says if connection.sandbox else _without_key(check.says)
        grid.add_row(Text(mark, style=color), Text(check.about), Text(says, overflow="fold"))
    with console_on(sys.stdout.buffer) as console:
        console.print(grid, crop=False)
    return code


async def _examined(connection: Connection) -> tuple[Sequence[Check], int]:
    """All checks, and the exit code that they come to."""
    key = Check("key", "well", "the sandbox's own")
    if not connection.sandbox:
        key = check_key(told_key(None))
    try:
        async with connection.client(_HURRIED) as client:
            checks = [key, *await _asked(client)]
    except (MissingAdminKeyError, InvalidOptionError) as error:
        return [*_refused(key, error), *_not_asked("connection", *_ENDPOINTS, "names")], 2
    return checks, int(any(check.state == "wrong" for check in checks))


async def _asked(client: AsyncUsageClient) -> list[Check]:
    """What there is to say of a client, and of all that it asks."""
    address = Check("address", "well", client.base_url)
    connection = await check_connection(client.base_url)
    asked: Iterable[Check] = _not_asked(*_ENDPOINTS, "names")
    if connection.state == "well":
        asked = await asyncio.gather(
            *(check_endpoint(client, endpoint) for endpoint in _ENDPOINTS.values()),
            check_names(client),
        )
    return [address, connection, *asked]


def _refused(key: Check, error: MissingAdminKeyError | InvalidOptionError) -> list[Check]:
    """What a client that was never made says of what it was told."""
    option = error.option if isinstance(error, InvalidOptionError) else "admin_api_key"
    refused = Check(_OF_OPTION.get(option, option), "wrong", str(error))
    if refused.about == "key":
        return [refused, *_not_asked("address")]
    return [key, refused]


def _not_asked(*names: str) -> Iterator[Check]:
    return (Check(name, "open", "not checked") for name in names)


def _told_once(checks: Sequence[Check]) -> Iterator[Check]:
    """The checks, with a reference where the same was said before of another one."""
    first: dict[str, str] = {}
    for check in checks:
        about = first.setdefault(check.says, check.about)
        is_new = about == check.about or check.state != "wrong"
        yield check if is_new else evolve(check, says=f"as {about}")


def _without_key(text: str) -> str:
    return told_key(None).redacted(text) if told_key(None).reveal() else text
