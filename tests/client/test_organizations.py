"""Several organizations: the file, the clients, and what one that fails does to the others."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from openai_usage import (
    AsyncUsageClient,
    Endpoints,
    InvalidOptionError,
    InvalidQueryError,
    Organizations,
    OrganizationsError,
    PermissionDeniedError,
)
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW, TODAY, client_of
from tests.support.leaks import KEY, of_ours, printed

START = TODAY - 3 * DAY


@pytest.fixture
async def both(sandbox: Sandbox) -> AsyncIterator[tuple[Sandbox, Sandbox]]:
    async with Sandbox(seed=8, now=NOW) as other:
        yield sandbox, other


@pytest.fixture
def organizations(both: tuple[Sandbox, Sandbox]) -> Organizations:
    first, second = both
    return Organizations({"acme": client_of(first), "globex": client_of(second)})


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "organizations.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


# --------------------------------------------------------------------- reading


async def test_buckets_have_the_label_of_their_organization(
    organizations: Organizations, client: AsyncUsageClient
) -> None:
    async with organizations:
        query = organizations.costs(start_time=START, end_time=TODAY)
        found = [each async for each in query]
        assert [label for label, _ in found] == ["acme"] * 3 + ["globex"] * 3
        assert await query.collect() == {
            label: [bucket for of, bucket in found if of == label] for label in organizations
        }
        ours = await client.costs(start_time=START, end_time=TODAY).collect()
    assert [bucket for label, bucket in found if label == "acme"] == ours


async def test_one_that_fails_does_not_lose_the_others(
    organizations: Organizations, both: tuple[Sandbox, Sandbox]
) -> None:
    both[0].scopes.clear()
    async with organizations:
        found = []
        with pytest.raises(OrganizationsError, match="acme: the API answered 403") as raised:
            async for label, _ in organizations.images(start_time=START):
                found.append(label)
        assert found == ["globex"] * 4
        assert isinstance(raised.value.errors["acme"], PermissionDeniedError)
        assert raised.value.collected == {}
        with pytest.raises(OrganizationsError) as raised:
            await organizations.images(start_time=START).collect()
        expected = await organizations["globex"].images(start_time=START).collect()
    assert raised.value.collected == {"globex": expected}
    assert list(raised.value.errors) == ["acme"]


async def test_they_are_a_mapping_of_clients(organizations: Organizations) -> None:
    assert len(organizations) == 2
    assert list(organizations) == ["acme", "globex"]
    assert all(isinstance(each, AsyncUsageClient) for each in organizations.values())
    assert repr(organizations) == "<Organizations acme, globex>"
    assert repr(Organizations({})) == "<Organizations none>"
    assert organizations.table() == Endpoints.table()
    await organizations.close()
    with pytest.raises(RuntimeError, match="closed"):
        await organizations["acme"].costs(start_time=START)
    with pytest.raises(RuntimeError, match="closed"):
        await organizations.costs(start_time=START).collect()


async def test_a_mistake_is_refused_before_anything_is_sent(
    organizations: Organizations, both: tuple[Sandbox, Sandbox]
) -> None:
    key = both[1].admin_api_key
    with pytest.raises(InvalidQueryError) as raised:
        organizations.costs(start_time=START, group_by=[key])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    assert key not in str(raised.value)
    assert both[0].requests == both[1].requests == []


# --------------------------------------------------------------------- the file


async def test_a_file_says_where_the_keys_are(
    both: tuple[Sandbox, Sandbox],
    write: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = both
    monkeypatch.setenv("ACME_KEY", first.admin_api_key)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-other")
    path = write(
        f"""
        [organizations.acme]
        admin_key_env = "ACME_KEY"
        base_url = "{first.base_url}"
        organization = "org-acme"
        requests_per_second = 2.5
        budget = 1000.50

        [organizations.globex-2]
        admin_key_file = "globex.key"
        base_url = "{second.base_url}"
        """
    )
    (path.parent / "globex.key").write_text(f"{second.admin_api_key}\n")
    async with Organizations.from_file(path) as organizations:
        assert await organizations.costs(start_time=START, end_time=TODAY).collect()
    assert [each.headers["Authorization"].split()[-1] for each in second.requests] == [
        second.admin_api_key
    ]
    assert first.requests[0].headers["OpenAI-Organization"] == "org-acme"
    assert "OpenAI-Organization" not in second.requests[0].headers
    assert organizations.budgets.keys() == {"acme"}
    assert str(organizations.budgets["acme"]) == "1000.50"
    assert organizations["acme"]._transport.options.requests_per_second == 2.5


ACME = "[organizations.acme]\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file defines no organization. Add a table [organizations.NAME]."),
        ("organizations = 1", "the file defines no organization."),
        ("[organisations.acme]", "'organisations' is unknown. The file takes only tables"),
        ("[organizations.Acme]", "'Acme' is not a label. Use small letters, digits and hyphens."),
        (f'[organizations."{KEY}"]', "an API key in place of a name is not a label."),
        ("[organizations]\nacme = 1", "acme: it is not a table. Write [organizations.acme]."),
        (ACME, "acme: it takes either admin_key_env or admin_key_file."),
        (f'{ACME}admin_key_env="A"\nadmin_key_file="b"', "acme: it takes either"),
        (f'{ACME}admin_key = "{KEY}"', "acme: a key must not be in this file. Name the"),
        (f'{ACME}admin_key_env = "{KEY}"', "acme: a key must not be in this file."),
        (f'{ACME}key = "x"', "acme: a key must not be in this file."),
        (f'{ACME}admin_key_env = "ACME_KEY"', "acme: the environment variable ACME_KEY has no"),
        (f'{ACME}admin_key_file = "no.key"', "acme: the file no.key cannot be read."),
        (f'{ACME}admin_key_evn = "A"', "acme: 'admin_key_evn' is unknown. An organization takes"),
        (f"{ACME}admin_key_env = 5", "acme: admin_key_env takes text, not 5."),
        (f'{ACME}budget = "5"', "acme: budget takes a number from 0.01, without quotes, not '5'."),
        (
            f"{ACME}budget = true",
            "acme: budget takes a number from 0.01, without quotes, not",
        ),
        (
            f"{ACME}requests_per_second = -1.5",
            "acme: requests_per_second takes a number",
        ),
        (
            f"{ACME}budget = nan",
            "acme: budget takes a number from 0.01, without quotes",
        ),
        (f"{ACME}budget = inf", "acme: budget takes a number from 0.01"),
        (f"{ACME}requests_per_second = 0.0005", "acme: requests_per_second takes a number from"),
        (f'{ACME}admin_key_file = "a\\u0000b"', "acme: the file a"),
        ("[organizations.acme", "the file is not valid TOML at "),
        (f'{ACME}admin_key_env = "GIVEN"\nbase_url = "nowhere"', "acme: base_url takes "),
    ],
)
def test_a_mistake_in_the_file_is_named(
    text: str, message: str, write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIVEN", KEY)
    path = write(text)
    with pytest.raises(InvalidOptionError) as raised:
        Organizations.from_file(path)
    assert str(raised.value).startswith(f"{path}: {message}")
    assert raised.value.option == "organizations"
    assert "s3cr3t" not in printed(of_ours(raised.value))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidOptionError, match=r"no\.toml: the file cannot be read: No such"):
        Organizations.from_file(tmp_path / "no.toml")


def test_clients_can_be_made_with_other_options(
    write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A", KEY)
    made: list[dict[str, Any]] = []

    def make(key: str, **options: Any) -> AsyncUsageClient:
        made.append(options)
        return AsyncUsageClient(key, timeout=5, **options)

    organizations = Organizations.from_file(write(f'{ACME}admin_key_env = "A"'), make=make)
    assert organizations["acme"]._transport.options.timeout == 5
    assert made == [{"base_url": None, "organization": "", "requests_per_second": None}]
