"""What tests of copies share: a warehouse."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The connection string of a PostgreSQL server."""
    from tests.support.postgres_server import running

    with running() as address:
        yield address
