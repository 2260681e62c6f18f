"""A week of syncs that are killed at any moment: at its end, the copy has what the API has."""

import asyncio
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from attrs import field, frozen

from openai_usage import AsyncUsageClient
from openai_usage.cli.options.place import open_place
from openai_usage.sandbox import Sandbox
from openai_usage.schema.windows import Window
from tests.conftest import DAY, TODAY, client_of
from tests.support.organizations_file import write_organizations
from tests.support.synced import kept, of_api
from tests.support.terminal import asking

pytestmark = pytest.mark.real_clock

HOUR = 3600
START = TODAY - 70 * DAY
PROGRAM = """
import sys, time

now = float(sys.argv[1])
time.time = lambda: now

from openai_usage.cli.app import run

sys.exit(run(sys.argv[2:]))
"""


Key: TypeAlias = tuple[str, str, datetime, str, str | None]
"""The organization, the endpoint, the bucket, the measure and the currency of a total."""

Totals: TypeAlias = Mapping[Key, Decimal]


@frozen
class Week:
    """Two organizations, and the place of their copy."""

    place: str
    folder: Path
    """The folder of the processes, and of what they leave if they are killed."""
    organizations: Mapping[str, Sandbox]
    endpoints: Collection[str]
    chance: random.Random
    seen: dict[int, Totals] = field(factory=dict)
    """The totals of the copy after syncs that were not killed, by their time."""

    async def sync(self, now: int, *, killed: bool = False) -> int:
        """Sync in a process of its own, at a time of its own, and return how it ended."""
        for sandbox in self.organizations.values():
            sandbox.now = now
            sandbox.requests.clear()
        options = ["--to", self.place, "--start", str(START), "--organizations", "both.toml"]
        command = ["sync", *options, "--endpoints", *self.endpoints]
        process = subprocess.Popen(  # noqa: ASYNC220 - it takes a moment, and is waited for
            [sys.executable, "-c", PROGRAM, str(now), *command],
            env={**asking(self.organizations["acme"]), "TMPDIR": str(self.folder)},
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
        )
        if killed:
            requests = self.chance.randrange(1, 2 * len(self.endpoints) + 1)
            while process.poll() is None and self.requests < requests:
                await asyncio.sleep(0.001)
            # Some are killed while they read, and others while they write.
            await asyncio.sleep(self.chance.choice([0, self.chance.random() / 4]))
            process.kill()
        return process.wait()

    @property
    def requests(self) -> int:
        """The requests of the present sync."""
        return sum(len(each.requests) for each in self.organizations.values())

    def disturb(self) -> None:
        """Have an organization answer badly for a moment."""
        faults = self.chance.choice([*self.organizations.values()]).faults
        match self.chance.randrange(4):
            case 0:
                faults.status(503, times=2)
            case 1:
                faults.status(429, times=2)
            case 2:
                faults.cut_body(times=2)
            case _:
                faults.reset_connection(times=2)

    async def run(self, kills: int) -> int:
        """Live through the week, and return the time at its end."""
        now = TODAY
        killed = 0
        for number in range(kills):
            now += self.chance.randrange(1, 24 * HOUR)
            if number == kills // 2:
                now += 4 * DAY  # a pause
            self.disturb()
            killed += await self.sync(now, killed=True) < 0
            if number % 2:
                assert await self.sync(now + HOUR) == 0
                self.seen[now + HOUR] = self.totals()
        assert killed > kills // 3  # the others had ended
        assert await self.sync(now + 2 * HOUR) == 0
        return now + 2 * HOUR

    def totals(self) -> Totals:
        """Return what the copy has now."""
        found: defaultdict[Key, Decimal] = defaultdict(Decimal)
        with open_place(self.place, "--from", prefix="", read_only=True) as sink:
            for label in self.organizations:
                for endpoint in self.endpoints:
                    rows = sink.rows(endpoint, label, Window(0, 2**32))
                    for row in () if rows is None else rows.to_pylist():
                        _add(found, (label, endpoint, row["start"]), row)
        return {key: round(total, 12) for key, total in found.items()}


def _add(found: dict[Key, Decimal], bucket: tuple[str, str, datetime], row: dict[str, Any]) -> None:
    """Add the numbers of a row to the totals of its bucket. Quantities have no total."""
    found[*bucket, "rows", None] += 1
    for name, value in row.items():
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            currency = row["currency"] if isinstance(value, Decimal) else None
            if name != "quantity":
                found[*bucket, name, currency] += Decimal(value)


@pytest.fixture
def organizations(tmp_path: Path) -> Iterator[Mapping[str, Sandbox]]:
    with (
        Sandbox(seed=7, restates=True) as acme,
        Sandbox(seed=8, restates=True) as globex,
    ):
        both = {"acme": acme, "globex": globex}
        write_organizations(tmp_path / "both.toml", both)
        yield both


@pytest.mark.parametrize(
    ("place", "endpoints", "kills"),
    [
        ("duckdb:usage.duckdb", ["costs", "vector_stores"], 2),
        ("delta:lake", ["costs", "vector_stores"], 2),
        *(
            pytest.param(place, [*AsyncUsageClient.table()], 12, marks=pytest.mark.slow)
            for place in ("duckdb:usage.duckdb", "delta:lake")
        ),
        pytest.param(
            "dlt:postgres/week", [*AsyncUsageClient.table()], 12, marks=pytest.mark.postgres
        ),
    ],
)
async def test_after_a_week_of_kills_the_copy_has_what_the_api_has(
    place: str,
    endpoints: Collection[str],
    kills: int,
    organizations: Mapping[str, Sandbox],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.chdir(tmp_path)
    if place.startswith("dlt:"):
        address = request.getfixturevalue("postgres")
        monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", address)
    week = Week(place, tmp_path, organizations, endpoints, random.Random(5))
    now = await week.run(kills)
    with open_place(place, "--from", prefix="", read_only=True) as sink:
        for label, sandbox in organizations.items():
            async with client_of(sandbox) as client:
                for name in endpoints:
                    expected = await of_api(client, name, START, now)
                    assert kept(sink, name, label) == expected, (label, name)
        changes = sink.changes().to_pylist()
    assert_changes_tell_what_happened(changes, {**week.seen, now: week.totals()})


def assert_changes_tell_what_happened(
    changes: Sequence[Mapping[str, Any]], seen: Mapping[int, Totals]
) -> None:
    """Check that no change is missing, none is there twice, and none did not happen.

    Each begins where the one before ended. What the copy had at each time in *seen* is what the
    changes up to then lead to, for all buckets that were over.
    """
    keys = itemgetter("organization", "endpoint", "start", "measure", "currency")
    of_key: defaultdict[Key, list[Mapping[str, Any]]] = defaultdict(list)
    for each in sorted(changes, key=itemgetter("read_at")):
        of_key[keys(each)].append(each)
        assert each["before"] != each["after"] or each["measure"] == "rows"
    assert of_key
    for those in of_key.values():
        for first, second in pairwise(those):
            assert second["before"] == first["after"], second
    last = seen[max(seen)]
    for moment, totals in seen.items():
        for key in totals.keys() | last.keys() | of_key.keys():
            if key[2].timestamp() + DAY > moment:
                continue  # it was in progress
            then = [each for each in of_key[key] if each["read_at"].timestamp() <= moment]
            later = [each for each in of_key[key] if each not in then]
            if then:
                expected = then[-1]["after"]
            elif later:
                expected = later[0]["before"]
            else:
                expected = last.get(key, Decimal(0))
            assert totals.get(key, Decimal(0)) == expected, (moment, key)
