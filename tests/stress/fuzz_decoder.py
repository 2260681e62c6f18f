"""Any bytes are a page or an error, and a page is what they say: atheris makes the bytes.

`nox -s fuzz` begins with pages of the sandbox. Each input is a byte that chooses the class of
results, and a body. Bytes alone seldom get past the first bracket, so they are changed by token.
"""

import random
import re
from importlib import import_module
from pathlib import Path
from typing import Any

from openai_usage import AsyncUsageClient
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW, client_of
from tests.support.reading import RESULTS, SCRAPS, hold_against_plain_json

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[-+.\w]+|[][{},:]', re.ASCII)


def read(data: bytes) -> None:
    hold_against_plain_json(RESULTS[data[0] % len(RESULTS)] if data else RESULTS[0], data[1:])


def changed(data: bytes, max_size: int, seed: int) -> bytes:
    """*data* with a few tokens replaced, doubled or dropped, or else with bytes changed."""
    rng = random.Random(seed)
    text = data[1:].decode(errors="replace")
    tokens = TOKEN.findall(text)
    if not tokens or rng.random() < 0.2:
        mutated: bytes = import_module("atheris").Mutate(data, max_size)
        return mutated
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(tokens))
        match rng.randrange(5):
            case 0 | 1:
                tokens[place] = rng.choice(SCRAPS)
            case 2:
                tokens[place] = rng.choice(tokens)
            case 3:  # a member or an item again, or no more
                tokens[place:place] = tokens[place : place + rng.randint(1, 4)]
            case _:
                del tokens[place : place + rng.randint(1, 4)]
        tokens = tokens or ["{}"]
    return (data[:1] + "".join(tokens).encode())[:max_size]


async def seeds(folder: Path) -> None:
    """Write a page of every endpoint to *folder*, small and as grouped as can be."""
    for amounts in ("number", "string"):
        async with (
            Sandbox(seed=7, now=NOW, amounts=amounts) as sandbox,
            client_of(sandbox) as client,
        ):
            for which, (name, row) in enumerate(AsyncUsageClient.table().items()):
                assert row.result is RESULTS[which]
                for group_by in ([], ["project_id"]):
                    asked: Any = {"start_time": NOW - DAY, "end_time": NOW, "group_by": group_by}
                    async for body in getattr(client, name)(**asked).raw_pages():
                        where = folder / f"{name}-{len(group_by)}-{amounts}"
                        where.write_bytes(bytes([which]) + body)
