"""Turn errors of dlt, and of the drivers that it uses, into one plain line without secrets."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from dlt.common.configuration.exceptions import ConfigurationException
from dlt.common.destination.exceptions import UnknownDestinationModule
from dlt.common.exceptions import MissingDependencyException
from dlt.destinations.exceptions import DestinationConnectionError

from openai_usage.errors import SyncError

__all__ = ["errors_of_dlt"]

_CREDENTIALS = (
    "Put the credentials of the warehouse into .dlt/secrets.toml, or into a variable such as "
    "DESTINATION__POSTGRES__CREDENTIALS."
)

_SECRETS = re.compile(r"(?<=//)[^\s/]*@|(?<=password=)\S+")
"""The part before the host of a connection string, and the password in another form of it."""


@contextmanager
def errors_of_dlt(problem: str) -> Iterator[None]:
    """Raise a `SyncError` for whatever fails.

    The cause is not part of it, because it may have a connection string.

    Raises:
        SyncError: Something failed.
    """
    try:
        yield
    except SyncError:
        raise
    except Exception as error:  # noqa: BLE001 - each driver has errors of its own
        raise _plain(problem, error) from None


def _plain(problem: str, error: BaseException) -> SyncError:
    while (cause := _cause(error)) is not None:
        error = cause
    match error:
        case UnknownDestinationModule():
            return SyncError(f"{problem}: dlt does not know the destination {error.ref}.")
        case MissingDependencyException():
            needed = " ".join(f"'{each}'" for each in error.dependencies)
            return SyncError(f"{problem}: a library is missing.", hint=f"pip install {needed}")
        case ConfigurationException():
            return SyncError(f"{problem}: {_missing_fields(error)}.", hint=_CREDENTIALS)
    return SyncError(f"{problem}: {_first_line(error)}")


def _cause(error: BaseException) -> BaseException | None:
    match error:
        case ConfigurationException():  # whose cause may have the value, which may be secret
            return None
        case DestinationConnectionError():
            return error.inner_exc
    return error.__cause__


def _missing_fields(error: ConfigurationException) -> str:
    """Return the first line of an error, and those that name more missing fields."""
    first, *others = str(error).splitlines()
    return "; ".join([first, *(each.strip() for each in others if "missing field" in each)])


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return _SECRETS.sub("***", text.partition("\n")[0])
