"""A report of the sandbox."""

import asyncio

import pytest

from openai_usage.report.data import Figures
from openai_usage.report.fetch import gather
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW, TODAY, client_of


@pytest.fixture(scope="module")
def figures() -> Figures:
    async def asked() -> Figures:
        async with Sandbox(seed=7, now=NOW) as sandbox, client_of(sandbox) as client:
            return await gather(client, TODAY - 13 * DAY)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.time", lambda: NOW)
        return asyncio.run(asked())
