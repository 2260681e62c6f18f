"""`openai-usage doctor`: check the key, the connection and every endpoint."""

import asyncio
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial

from attrs import evolve
from rich.table import Table
from rich.text import Text

from openai_usage import (
    APIError,
    AsyncUsageClient,
    Endpoint,
    InvalidOptionError,
    MissingAdminKeyError,
    Names,
    days_ago,
)
from openai_usage._http.environment import resolve_admin_key
from openai_usage._http.secret import Secret
from openai_usage._text import listed, printable, with_full_stop
from openai_usage.cli.commands.checks import (
    RESPONSE_TIMEOUT,
    Check,
    check_connection,
    check_endpoint,
    check_key,
    check_names,
)
from openai_usage.cli.options.connection import Connection
from openai_usage.cli.output.console import console_on
from openai_usage.cli.wording import CommandError, as_typed

TIMEOUT = 15.0
"""Seconds for all checks together."""

_TIMED_OUT = f"no answer within the {TIMEOUT:g} s for all checks"

QUICK_CLIENT = partial(
    AsyncUsageClient,
    timeout=RESPONSE_TIMEOUT,
    max_retries=0,
    max_retry_wait=0.0,
    max_connections=16,
)
"""Creates a client that does not retry, and sends all requests at the same time."""

_CONNECTION = Connection()
_ENDPOINTS = AsyncUsageClient.table()
_REMAINING = ("connection", "endpoints", "names")
"""The checks that need a key and an address."""

_MARKS = {"ok": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("–", "yellow")}

_CHECKED_BY = {"admin_api_key": "key", "base_url": "address"}
"""The name of the check for each option that a client can reject, if it has another name."""


def doctor(*, connection: Connection = _CONNECTION) -> int:
    """Check the key, the connection and every endpoint, and say what to do if a check fails.

    It takes at most 15 seconds. It exits with 0 if no check fails, with 1 if one fails, and with 2
    if no request can be sent.
    """
    if connection.from_ is not None:
        raise CommandError("--from is not possible here: this command checks the API.")
    codes: list[int] = []
    labels: Sequence[str | None] = connection.labels or [None]
    with console_on(sys.stdout.buffer) as console:
        for label in labels:
            if label is not None:
                console.print(Text(f"\n{label}" if codes else label, style="bold"))
            one = connection if label is None else evolve(connection, organization=label)
            checks, code = asyncio.run(_check_all(one))
            console.print(_grid(checks), crop=False)
            codes.append(code)
    return max(codes)


def _grid(checks: Sequence[Check]) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    for check in _without_repeats(_of_all_endpoints(checks)):
        mark, color = _MARKS[check.state]
        message = f"{check.message} ({check.detail})" if check.detail else check.message
        grid.add_row(
            Text(mark, style=color), Text(check.name), Text(printable(message), overflow="fold")
        )
    return grid


async def _check_all(connection: Connection) -> tuple[Sequence[Check], int]:
    """Run all checks; return them with the exit code."""
    key = _key_of_environment(connection)
    try:
        async with connection.client(QUICK_CLIENT) as client:
            secret = client._transport.options.admin_api_key  # noqa: SLF001 - only its form
            if connection.organization is not None:
                key = check_key(secret, "the key in the file of organizations")
            checks = await run_checks(client)
            organization = client._transport.organization  # noqa: SLF001 - only useful here
            key = _with_organization(key, organization)
            if not connection.sandbox:  # the key of a sandbox is not secret
                checks = [_without_key(check, secret) for check in checks]
            if connection.organization is not None:
                checks = [_of_file(check) for check in checks]
            checks = [key, Check("address", "ok", client.base_url), *checks]
    except MissingAdminKeyError:
        return [key, _skipped("address", *_REMAINING)], 2
    except InvalidOptionError as error:
        name = _CHECKED_BY.get(error.option, error.option)
        if name == "organizations":
            return [Check("file", "failed", as_typed(error)), _skipped("key", *_REMAINING)], 2
        says_more = name == "key" and key.state == "failed"
        invalid = key if says_more else Check(name, "failed", as_typed(error))
        invalid = _without_key(invalid, resolve_admin_key(None))
        if name == "key":
            return [invalid, _skipped("address", *_REMAINING)], 2
        return [key, invalid, _skipped(*_REMAINING)], 2
    return checks, int(any(check.state == "failed" for check in checks))


def _key_of_environment(connection: Connection) -> Check:
    if connection.sandbox:
        return Check("key", "ok", "the key of the sandbox")
    return check_key(resolve_admin_key(None))


async def run_checks(client: AsyncUsageClient) -> Sequence[Check]:
    """Check the connection, then every endpoint and the names, within the time for all checks."""
    connection = Check("connection", "failed", _TIMED_OUT)
    answers: dict[str, APIError | None] = {}
    names: Names | None = None

    async def query_yesterday(endpoint: Endpoint[..., object]) -> None:
        try:
            await client.query(endpoint, start_time=days_ago(1), end_time=days_ago(0), limit=1)
            answers[endpoint.name] = None
        except APIError as error:
            answers[endpoint.name] = error

    async def read_names() -> None:
        nonlocal names
        names = await client.names()

    with suppress(TimeoutError):
        async with asyncio.timeout(TIMEOUT):
            connection = await check_connection(client.base_url)
            if connection.state == "ok":
                await asyncio.gather(*map(query_yesterday, _ENDPOINTS.values()), read_names())
    if connection.state != "ok":
        return [connection, _skipped("endpoints", "names")]
    others_answer = None in answers.values()
    return [
        connection,
        *(
            check_endpoint(name, answers[name], others_answer=others_answer)
            if name in answers
            else Check(name, "failed", _TIMED_OUT)
            for name in _ENDPOINTS
        ),
        Check("names", "skipped", _TIMED_OUT)
        if names is None
        else check_names(names, others_answer=others_answer),
    ]


def _with_organization(key: Check, organization: str | None) -> Check:
    """Return the check of the *key* with its organization, if the API has named it."""
    if organization is None:
        return key
    return evolve(
        key, message=f"{with_full_stop(key.message)} It belongs to the organization {organization}."
    )


def _skipped(*names: str) -> Check:
    return Check("others", "skipped", f"not checked: {listed(names, 'and')}")


def _of_all_endpoints(checks: Sequence[Check]) -> Iterator[Check]:
    """Yield the checks; if all endpoints fail alike, one check is for all of them."""
    endpoints = [check for check in checks if check.name in _ENDPOINTS]
    is_one_fault = len({(check.state, check.message) for check in endpoints}) == 1
    for check in checks:
        if check not in endpoints or check.state == "ok" or not is_one_fault:
            yield check
        elif check is endpoints[0]:
            yield evolve(check, name=f"all {len(endpoints)} endpoints")


def _without_repeats(checks: Iterable[Check]) -> Iterator[Check]:
    """Yield the checks; a failure that repeats an earlier one only refers to it."""
    first: dict[str, str] = {}
    for check in checks:
        name = first.get(check.message)
        yield check if name is None else evolve(check, message=f"same as {name}", detail="")
        if check.state == "failed":
            for known in filter(None, (check.message, check.detail)):
                first.setdefault(known, check.name)


def _of_file(check: Check) -> Check:
    """Return a check of an organization, whose address is in the file of organizations."""
    place = "base_url in the file of organizations"
    return evolve(check, message=check.message.replace("OPENAI_BASE_URL", place))


def _without_key(check: Check, key: Secret) -> Check:
    """Return a check without the key, which a server or a person may have put elsewhere, too."""
    if not key.reveal():
        return check
    return evolve(check, message=key.redacted(check.message), detail=key.redacted(check.detail))
