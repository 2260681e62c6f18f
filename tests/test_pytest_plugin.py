"""The fixture that users' tests get with the package."""

import pytest

from openai_usage import AsyncUsageClient
from openai_usage.sandbox import Sandbox

pytest_plugins = ["pytester"]


@pytest.mark.real_clock
async def test_the_fixture_serves_async_tests(usage_sandbox: Sandbox) -> None:
    async with AsyncUsageClient(
        usage_sandbox.admin_api_key, base_url=usage_sandbox.base_url
    ) as client:
        page = await client.costs(start_time=1_700_000_000)
    assert len(page.data) == 7
    assert len(usage_sandbox.requests) == 1


@pytest.mark.slow
def test_the_fixture_is_there_without_a_word(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import asyncio
        from openai_usage import AsyncUsageClient

        def test_spend(usage_sandbox, monkeypatch):
            monkeypatch.setenv("OPENAI_ADMIN_KEY", usage_sandbox.admin_api_key)
            monkeypatch.setenv("OPENAI_BASE_URL", usage_sandbox.base_url)

            async def spend():
                async with AsyncUsageClient() as client:
                    costs = client.costs(start_time=1_700_000_000, end_time=1_710_000_000)
                    return await costs.collect()

            assert len(asyncio.run(spend())) == 117
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:asyncio")
    result.assert_outcomes(passed=1)


def test_the_fixture_costs_nothing_where_no_test_wants_it(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import sys

        def pytest_unconfigure(config):
            heavy = {"aiohttp", "attrs", "cattrs", "msgspec", "openai_usage.client"}
            print("plugin", "openai_usage.pytest_plugin" in sys.modules, heavy & {*sys.modules})
        """
    )
    pytester.makepyfile("def test_nothing(): pass")
    # hypothesis has a plugin, too, which may load attrs.
    result = pytester.runpytest_subprocess("-p", "no:asyncio", "-p", "no:hypothesispytest")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*plugin True set()"])
