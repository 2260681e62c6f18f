"""The fixture `usage_sandbox` for the tests of programs that use this package."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from openai_usage.sandbox import Sandbox


@pytest.fixture
def usage_sandbox() -> "Iterator[Sandbox]":
    """A running `Sandbox`, in a thread of its own: for tests of any kind, async or not.

    `OPENAI_ADMIN_KEY` and `OPENAI_BASE_URL` stay as they are: pass `usage_sandbox.admin_api_key`
    and `usage_sandbox.base_url` to the client, or set them with pytest's `monkeypatch`.
    """
    from openai_usage.sandbox import Sandbox  # noqa: PLC0415 - no server where no test wants it

    with Sandbox() as sandbox:
        yield sandbox
