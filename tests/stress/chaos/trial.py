"""One iteration, drawn by a seed: what it asks and how, what goes wrong, and how it stops."""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

from attrs import Factory, define, field, frozen

from openai_usage import Endpoints
from openai_usage.sandbox import Faults, Sandbox
from openai_usage.sandbox.faults import Place
from openai_usage.schema.times import SECONDS
from tests.conftest import DAY, NOW

READINGS = ("buckets", "buckets", "buckets", "pages", "raw_pages", "collect")
ENDPOINTS = tuple(Endpoints.table())
LARGEST = 2**21
"""Bytes of an answer that a client of these iterations takes; a bomb has twice as many."""

Spoil = Callable[[random.Random, Faults, str, int], None]
"""Asks for a fault, once so many answers have passed; it may quote the key, which is the text."""

_HTML = "<!doctype html><html><body>Bad gateway for ?</body></html>"
_REFUSAL = '{"error":{"message":"not with ?"}}'


def _status(*statuses: int) -> Spoil:
    def spoil(rng: random.Random, faults: Faults, key: str, after: int) -> None:
        bodies = (None, "", _HTML.replace("?", key), _REFUSAL.replace("?", key), "null", "[")
        waits: tuple[Mapping[str, str] | None, ...] = (
            None,
            {"Retry-After": str(rng.randint(0, 90))},
            {"retry-after-ms": str(rng.randint(0, 9000))},
            {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT", "x-request-id": key},
            {"Retry-After": "soon"},
        )
        faults.status(
            rng.choice(statuses),
            headers=rng.choice(waits),
            body=rng.choice(bodies),
            times=rng.choice((1, 1, 1, 2, 8)),
            after=after,
        )

    return spoil


def _no_page(rng: random.Random, faults: Faults, key: str, after: int) -> None:
    bodies = (
        _HTML.replace("?", key),
        "",
        "{}",
        "null",
        '{"data":[]}',
        '{"data":null,"has_more":false}',
    )
    faults.status(200, body=rng.choice(bodies), after=after)


def _reset(rng: random.Random, faults: Faults, _: str, after: int) -> None:
    faults.reset_connection(rng.choice(get_args(Place)), times=rng.choice((1, 2, 4)), after=after)


def _closed(rng: random.Random, faults: Faults, _: str, after: int) -> None:
    faults.dropped_connection(times=rng.choice((1, 2, 4)), after=after)  # aiohttp takes one


def _stall(rng: random.Random, faults: Faults, _: str, after: int) -> None:
    # Timeouts are of 1 or 60 seconds.
    faults.stall(rng.choice((0.3, 5, 100)), in_body=rng.random() < 0.5, after=after)


def _length(rng: random.Random, faults: Faults, _: str, after: int) -> None:
    faults.wrong_length(rng.choice((-1, 1)) * rng.randint(1, 500), after=after)


def _garbled(rng: random.Random, faults: Faults, _: str, after: int) -> None:
    faults.garbled_body(rng.random(), after=after)


def _plain(name: str, *arguments: int) -> Spoil:
    def spoil(_: random.Random, faults: Faults, __: str, after: int) -> None:
        getattr(faults, name)(*arguments, after=after)

    return spoil


KINDS: Mapping[str, Spoil] = {
    "temporary status": _status(408, 409, 429, 500, 502, 503, 504),
    "429": _status(429),
    "permanent status": _status(400, 401, 404),
    "200 without a page": _no_page,
    "connection closed": _closed,
    "connection reset": _reset,
    "stall": _stall,
    "body cut": _plain("cut_body"),
    "body garbled": _garbled,
    "JSON malformed": _plain("malformed_json"),
    "wrong Content-Length": _length,
    "gzip broken": _plain("broken_gzip"),
    "gzip bomb": _plain("gzip_bomb", 2 * LARGEST),
    "bucket missing": _plain("missing_bucket"),
    "bucket doubled": _plain("doubled_bucket"),
    "buckets reordered": _plain("reordered_buckets"),
    "cursor dead": _plain("dead_cursor"),
    "cursor repeated": _plain("repeated_cursor"),
    "cursor foreign": _plain("foreign_cursor"),
    "cursor lost": _plain("lost_cursor"),
}

Stop = Literal["end", "break", "cancelled after turns", "cancelled after seconds"]


@frozen(kw_only=True)
class Trial:
    """One iteration and its fate."""

    seed: int
    endpoint: str
    asked: Mapping[str, Any]
    options: Mapping[str, Any]
    windows: int | None
    """As for `concurrently()`; 1 is a plain iteration."""
    reading: str
    faults: tuple[tuple[str, int], ...]
    """Kinds, each with how many answers it lets pass."""
    lookups_fail: float | None
    """How often the look-up of the host fails, for a new connection each time; None: there is none,
    and connections are kept."""
    rate: int | None
    """How many requests a second the sandbox answers."""
    clock_at: tuple[int, int]
    """The client's clock when the iteration begins, and once half of it is there."""
    now_after: int
    """The sandbox's clock once half of the iteration is there."""
    stop: Stop
    stop_at: float

    @classmethod
    def drawn(cls, seed: int) -> "Trial":
        """The trial of a *seed*, always the same."""
        return _Draw(seed).trial()


@define
class _Draw:
    seed: int
    rng: random.Random = field(
        init=False, default=Factory(lambda self: random.Random(self.seed), takes_self=True)
    )

    def trial(self) -> Trial:
        rng = self.rng
        endpoint = rng.choice(ENDPOINTS)
        asked = self.asked(endpoint)
        jumps = rng.random() < 0.2
        faults = self.faults(asked, clock_is_right=not jumps)
        return Trial(
            seed=self.seed,
            endpoint=endpoint,
            asked=asked,
            options=self.options(faults),
            windows=rng.choice((1, 1, 1, None, 2, 3, 8)),
            reading=rng.choice(READINGS),
            faults=faults,
            lookups_fail=rng.choice((*[None] * 12, 0.0, 0.1, 0.5, 1.0)),
            rate=rng.choice((None, None, None, None, 3, 20)),
            clock_at=(self.moment(asked), self.moment(asked)) if jumps else (NOW, NOW),
            now_after=NOW + (0 if jumps else rng.choice((*[0] * 9, 60, DAY, 40 * DAY))),
            **self.stop(),
        )

    def moment(self, asked: Mapping[str, Any]) -> int:
        widths = self.rng.choice((-400, -3, -1, 0, 1, 30)) * self.rng.random()
        return NOW + int(widths * SECONDS[asked["bucket_width"]])

    def asked(self, endpoint: str) -> dict[str, Any]:
        rng = self.rng
        width: Any = "1d" if endpoint == "costs" else rng.choice(("1m", "1h", "1d", "1d"))
        seconds = SECONDS[width]
        end = NOW - rng.randint(0, 30) * seconds - rng.choice((0, rng.randint(1, seconds)))
        start = end - rng.randint(1, 30) * seconds
        if rng.random() < 0.5:
            start, end = start // seconds * seconds, end // seconds * seconds
        return {
            "start_time": start,
            "end_time": None if rng.random() < 0.1 else end,
            "bucket_width": width,
            "limit": rng.choice((None, 1, 2, 3, 5, 7)),
            "group_by": rng.choice((None, ["project_id"])),
        }

    def options(self, faults: tuple[tuple[str, int], ...]) -> dict[str, Any]:
        rng = self.rng
        return {
            "timeout": rng.choice((1.0, 60.0)),
            "max_retries": rng.choice((0, 1, 3, 5)),
            "max_retry_wait": rng.choice((10.0, 60.0)),
            "max_response_bytes": LARGEST,
            "max_connections": rng.choice((1, 2, 100)),
            # Where a bucket is missing, it is an error, or a function is called with the gap: a
            # record in the log would not say whether it is the right one.
            "on_gap": rng.choice(
                ("raise", "call")
                if any("missing" in kind for kind, _ in faults)
                else ("warn", "raise", "call")
            ),
        }

    def faults(
        self, asked: Mapping[str, Any], *, clock_is_right: bool
    ) -> tuple[tuple[str, int], ...]:
        # Most iterations have no cursor to spoil, and most of what depends on one is here.
        kinds = [*KINDS, *["cursor dead"] * 4, *["cursor repeated"] * 2]
        open_since = NOW // SECONDS[asked["bucket_width"]] * SECONDS[asked["bucket_width"]]
        if not clock_is_right or (asked["end_time"] or NOW) > open_since:
            # Whether a bucket at the end is missing or not yet there, only the clock can tell.
            kinds.remove("bucket missing")
        rng = self.rng
        count = rng.choice((0, 1, 1, 2, 3, 6))
        return tuple((rng.choice(kinds), rng.choice((0, 0, 1, 2, 5))) for _ in range(count))

    def stop(self) -> dict[str, Any]:
        rng = self.rng
        stop: Stop = "end"
        if rng.random() < 0.4:
            stop = rng.choice(("break", "cancelled after turns", "cancelled after seconds"))
        at = {
            "end": 0.0,
            "break": rng.randint(1, 12),
            "cancelled after turns": rng.randint(0, 300),
            "cancelled after seconds": rng.choice((rng.uniform(0, 1), rng.uniform(0, 30))),
        }
        return {"stop": stop, "stop_at": at[stop]}


def spoil(trial: Trial, sandbox: Sandbox) -> Callable[[], Counter[str]]:
    """Ask *sandbox* for the faults of *trial*; gives what tells how many of each there were."""
    rng = random.Random(trial.seed)
    asked_for: list[tuple[str, Any, int]] = []
    for kind, after in trial.faults:
        KINDS[kind](rng, sandbox.faults, sandbox.admin_api_key, after)
        fault = sandbox.faults._pending[-1]
        asked_for.append((kind, fault, fault.times))

    def done() -> Counter[str]:
        counts: Counter[str] = Counter()
        for kind, fault, times in asked_for:
            counts[kind] += times - fault.times
        return counts

    return done
