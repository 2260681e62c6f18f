"""Run a trial: compare its buckets with the true ones, and its end with what is promised."""

import asyncio
import random
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from attrs import define, evolve, field
from multidict import MultiDict

from openai_usage import AsyncUsageClient, Bucket, Buckets, Endpoints, Gap, UsageError
from openai_usage._wire.decoder import decode_page
from openai_usage._wire.params import to_params
from openai_usage.sandbox import Sandbox
from tests.conftest import NOW
from tests.stress.chaos.trial import Trial


class Clock:
    """Stands for `time.time`, and jumps on command."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Resolver(AbstractResolver):
    """Finds loopback behind every name, unless it fails."""

    def __init__(self, rng: random.Random, fails: float) -> None:
        self._rng, self._fails = rng, fails
        self.failed = 0

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 - aiohttp names it
    ) -> list[ResolveResult]:
        if self._rng.random() < self._fails:
            self.failed += 1
            raise OSError(f"no such host: {host}")
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        pass


async def true_buckets(
    sandbox: Sandbox, endpoint: str, asked: Mapping[str, Any]
) -> list[Bucket[Any]]:
    """Every bucket of a range, asked of the sandbox's books, where no fault is."""
    row = Endpoints.table()[endpoint]
    query = row.query_type(**asked)
    query = evolve(query, limit=query.page_size.maximum)
    page = None
    buckets: list[Bucket[Any]] = []
    while True:
        body = sandbox._api.answer(
            f"/v1/{row.path}",
            MultiDict(to_params(evolve(query, page=page))),
            f"Bearer {sandbox.admin_api_key}",
            NOW,
        )
        answer = await decode_page(row.result, body)
        buckets += answer.data
        page = answer.next_page
        if not answer.has_more:
            return buckets


@define(eq=False)
class ObservedIteration:
    """What an iteration gave and how it ended, in the making."""

    trial: Trial
    sandbox: Sandbox
    clock: Clock
    asked: Mapping[str, Any] = field(init=False)
    """What the iteration asks for, with its end as the clock has it."""
    true: list[Bucket[Any]] = field(init=False)
    given: list[Bucket[Any]] = field(factory=list)
    gaps: list[Gap] = field(factory=list[Gap])
    """The gaps that a function was called with."""
    ending: str = ""
    error: UsageError | None = None
    own_faults: Counter[str] = field(factory=Counter[str])
    """Faults that are not the sandbox's."""
    left_behind: list[str] = field(factory=list)

    async def run(self) -> None:
        """Iterate to whatever end the trial has for it."""
        asked, now = self.trial.asked, self.clock.now
        self.own_faults["clock jumped"] += now != NOW
        self.asked = (
            asked if asked["end_time"] or asked["start_time"] >= now else {**asked, "end_time": now}
        )
        self.true = await true_buckets(self.sandbox, self.trial.endpoint, self.asked)
        others = asyncio.all_tasks()
        async with self._client() as client:
            task = asyncio.create_task(self._read(self._buckets(client)))
            await self._stop(task)
            try:
                await task
            except asyncio.CancelledError:
                self.ending = "cancelled"
            except UsageError as error:
                self.ending, self.error = type(error).__name__, error
            except Exception as error:  # noqa: BLE001 - that there is any is what is wrong
                self.ending = "an error that is not ours"
                self.left_behind.append(repr(error))
            for _ in range(10):
                await asyncio.sleep(0)  # what was dropped is closed by the loop's next turns
            self.left_behind += self._around(client, others)

    @property
    def options(self) -> Mapping[str, Any]:
        """The options of the trial, with a function where it asks for one."""
        options = self.trial.options
        return {**options, "on_gap": self.gaps.append} if options["on_gap"] == "call" else options

    def _buckets(self, client: AsyncUsageClient) -> Buckets[Any]:
        buckets: Buckets[Any] = getattr(client, self.trial.endpoint)(**self.trial.asked)
        return buckets if self.trial.windows == 1 else buckets.concurrently(self.trial.windows)

    async def _read(self, buckets: Buckets[Any]) -> None:
        async for some in _some(buckets, self.trial.reading):
            self.given += some
            if 2 * len(self.given) >= len(self.true):
                self._let_clocks_jump()
            if self.trial.stop == "break" and len(self.given) >= self.trial.stop_at:
                self.ending = "break"
                return
        self.ending = "end"

    def _let_clocks_jump(self) -> None:
        for clock, now in (
            (self.clock, self.trial.clock_at[1]),
            (self.sandbox, self.trial.now_after),
        ):
            if clock.now != now:
                clock.now = now
                self.own_faults["clock jumped"] += 1

    async def _stop(self, task: asyncio.Task[None]) -> None:
        if self.trial.stop == "cancelled after turns":
            for _ in range(int(self.trial.stop_at)):
                await asyncio.sleep(0)
            task.cancel()
        elif self.trial.stop == "cancelled after seconds":
            handle = asyncio.get_running_loop().call_later(self.trial.stop_at, task.cancel)
            task.add_done_callback(lambda _: handle.cancel())

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[AsyncUsageClient]:
        key, url, options = self.sandbox.admin_api_key, self.sandbox.base_url, self.options
        if self.trial.lookups_fail is None:
            async with AsyncUsageClient(key, base_url=url, **options) as client:
                yield client
            return
        resolver = Resolver(random.Random(self.trial.seed), self.trial.lookups_fail)
        connector = aiohttp.TCPConnector(
            resolver=resolver, use_dns_cache=False, force_close=True, limit=0
        )
        url = url.replace("127.0.0.1", "localhost")
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            AsyncUsageClient(key, base_url=url, session=session, **options) as client,
        ):
            yield client
        self.own_faults["host not found"] += resolver.failed

    def _around(self, client: AsyncUsageClient, others: set[asyncio.Task[Any]]) -> Iterator[str]:
        """What is still there of an iteration that is over."""
        for task in asyncio.all_tasks() - others:
            if "RequestHandler" not in repr(task):  # those of the sandbox
                yield repr(task)
        sessions = client._transport.sessions
        session = sessions._passed or sessions._opened
        if session is not None and session.connector is not None and session.connector._acquired:
            yield "a connection in use"
        for agen in vars(asyncio.get_running_loop())["_asyncgens"]:
            if (
                agen.__qualname__.startswith(("Buckets.", "Paginator."))
                and agen.ag_frame is not None
            ):
                yield f"{agen.__qualname__}, half-way"

    @property
    def reached(self) -> list[Bucket[Any]]:
        """The true buckets up to where it stopped, without those that it said are missing."""
        last = max((each.start_time for each in self.given), default=-1)
        if self.ending == "end":
            last = NOW
        return [
            bucket
            for bucket in self.true
            if bucket.start_time <= last and not any(_is_in(bucket, gap) for gap in self.gaps)
        ]

    @property
    def lost(self) -> int:
        """How many buckets were not given that should have been."""
        return len(
            {each.start_time for each in self.reached} - {each.start_time for each in self.given}
        )

    @property
    def doubled(self) -> int:
        """How many buckets were given more than once."""
        return len(self.given) - len({each.start_time for each in self.given})

    async def wrongs(self) -> list[str]:
        """What is not as it was promised."""
        wrongs = [f"left behind: {each}" for each in self.left_behind]
        wrongs += [f"{gap}, although it did" for gap in self.gaps if not self._is_true(gap)]
        if self.given != self.reached:
            wrongs.append(
                f"{self.ending}: gave {[each.start_time for each in self.given]}, "
                f"true are {[each.start_time for each in self.reached]}, "
                f"{self.lost} lost, {self.doubled} doubled"
            )
        if self.error is not None:
            wrongs += await self._wrongs_of_the_place(self.error.resume_from)
        return wrongs

    def _is_true(self, gap: Gap) -> bool:
        """Return whether the API has a bucket there, or cannot have one yet.

        A client whose clock is ahead takes a bucket for missing that the API does not have yet.
        """
        end = self.true[-1].end_time if self.true else 0
        is_ahead = max(self.trial.clock_at) > NOW and gap.start_time >= end
        return is_ahead or any(_is_in(bucket, gap) for bucket in self.true)

    async def _wrongs_of_the_place(self, place: int | None) -> list[str]:
        """Go on from there without faults: both iterations together are the whole range."""
        due = self.given[-1].end_time if self.given else None
        if place != due:
            return [f"resume_from is {place} where {due} was reached"]
        asked = dict(self.asked)
        end = self.true[-1].end_time if self.true else None
        if place is not None and end is not None and place >= end:
            return []
        if place is not None:
            asked["start_time"] = place
        self.sandbox.faults.clear()
        self.sandbox.rate_limit.requests_per_second = None
        self.clock.now, self.sandbox.now = self.trial.clock_at[0], NOW
        async with AsyncUsageClient(
            self.sandbox.admin_api_key, base_url=self.sandbox.base_url
        ) as client:
            rest = await getattr(client, self.trial.endpoint)(**asked).collect()
        whole = [
            each for each in self.true if each in self.given or each.start_time >= (place or 0)
        ]
        return [] if self.given + rest == whole else ["what follows resume_from is not the rest"]


def _is_in(bucket: Bucket[Any], gap: Gap) -> bool:
    # A first bucket of costs begins before the range, and so before a gap at its start.
    return bucket.start_time < gap.end_time and gap.start_time < bucket.end_time


async def _some(buckets: Buckets[Any], reading: str) -> AsyncIterator[list[Bucket[Any]]]:
    """What is read, in whatever portions *reading* gives."""
    match reading:
        case "buckets":
            async for bucket in buckets:
                yield [bucket]
        case "pages":
            async for page in buckets.pages():
                yield list(page.data)
        case "raw_pages":
            async for body in buckets.raw_pages():
                yield list((await decode_page(buckets.endpoint.result, body)).data)
        case _:
            yield await buckets.collect()
