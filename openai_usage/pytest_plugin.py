"""The pytest fixture `usage_sandbox`, for testing programs that use this package."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from openai_usage.sandbox import Sandbox


@pytest.fixture
def usage_sandbox() -> "Iterator[Sandbox]":
    """Run a `Sandbox` in its own thread, for blocking and async tests.

    The fixture does not set `OPENAI_ADMIN_KEY` or `OPENAI_BASE_URL`: pass
    `usage_sandbox.admin_api_key` and `usage_sandbox.base_url` to the client, or set the variables
    with pytest's `monkeypatch`.
    """
    from openai_usage.sandbox import Sandbox  # noqa: PLC0415 - load aiohttp's server only if used

    with Sandbox() as sandbox:
        yield sandbox
