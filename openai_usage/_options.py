"""The options of a client: what was passed, else the environment, else the default; checked."""

import os
from ipaddress import ip_address
from math import inf
from typing import TypeVar

from attrs import field, frozen
from yarl import URL

from openai_usage.errors import InvalidOptionError, MissingAdminKeyError

Number = TypeVar("Number", int, float)

_DEFAULT_BASE_URL = "https://api.openai.com/v1"

_KEY_ADVICE = (
    "Usage and costs need an organization's admin key (sk-admin-…), which an organization owner "
    "makes at https://platform.openai.com/settings/organization/admin-keys."
)


@frozen(kw_only=True)
class Options:
    """What a client was told, complete and checked."""

    admin_api_key: str = field(repr=False)
    base_url: URL
    organization: str | None
    timeout: float
    max_retries: int
    max_retry_wait: float


def options(
    *,
    admin_api_key: str | None,
    base_url: str | None,
    organization: str | None,
    timeout: float,
    max_retries: int,
    max_retry_wait: float,
    allow_insecure_http: bool,
) -> Options:
    """The options that a client works with.

    Raises:
        MissingAdminKeyError: There is no key, neither passed nor in the environment.
        InvalidOptionError: An option cannot work.
    """
    key = _told("admin_api_key", admin_api_key, "OPENAI_ADMIN_KEY")
    if key is None:
        raise MissingAdminKeyError(
            f"no admin key: set OPENAI_ADMIN_KEY, or pass admin_api_key=. {key_advice()}"
        )
    base_url = _told("base_url", base_url, "OPENAI_BASE_URL") or _DEFAULT_BASE_URL
    organization = _told("organization", organization, "OPENAI_ORG_ID")
    return Options(
        admin_api_key=_header_safe("admin_api_key", key),
        base_url=_secure(base_url, allow_insecure_http=allow_insecure_http),
        organization=_header_safe("organization", organization) if organization else None,
        timeout=_number("timeout", timeout, "seconds above 0", least=0.001),
        max_retries=_number("max_retries", max_retries, "a whole number from 0", least=0),
        max_retry_wait=_number("max_retry_wait", max_retry_wait, "seconds from 0", least=0.0),
    )


def _told(option: str, passed: str | None, variable: str) -> str | None:
    """What was passed, else what the environment says; blank is nothing, and edges do not count."""
    told = os.environ.get(variable, "") if passed is None else passed
    if not isinstance(told, str):
        raise InvalidOptionError(f"{option} takes text, not {type(told).__name__}", option=option)
    return told.strip() or None


def key_advice() -> str:
    """Which key is needed, where it is made, and why the one that is there does not do."""
    other = os.environ.get("OPENAI_API_KEY", "")
    if not other or os.environ.get("OPENAI_ADMIN_KEY"):
        return _KEY_ADVICE
    if other.startswith("sk-admin-"):
        return f"{_KEY_ADVICE} OPENAI_API_KEY is not read: set OPENAI_ADMIN_KEY to it instead."
    return f"{_KEY_ADVICE} OPENAI_API_KEY holds a project's key, which cannot read them."


def _header_safe(option: str, value: str) -> str:
    if not (value.isascii() and value.isprintable()) or " " in value:
        # The value itself stays out of the message: it may well be a key.
        raise InvalidOptionError(
            f"{option} holds a character that no {option} has; was it copied whole?",
            option=option,
        )
    return value


def _secure(text: str, *, allow_insecure_http: bool) -> URL:
    try:
        url = URL(text)
        (url.host or "").encode("idna")  # as a look-up of the host will do it
    except ValueError:
        url = URL()
    host, told = url.host, url.query_string or url.fragment or url.user or url.password
    if not host or told or url.scheme not in ("http", "https"):
        raise InvalidOptionError(
            "base_url takes an address such as https://api.openai.com/v1, "
            "with neither a password nor a query in it",
            option="base_url",
        )
    if url.scheme == "http" and not (allow_insecure_http or _is_loopback(host)):
        raise InvalidOptionError(
            f"base_url={text!r} would send the admin key unencrypted: use https, "
            f"or say allow_insecure_http=True",
            option="base_url",
        )
    return url


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _number(option: str, value: Number, wanted: str, *, least: Number) -> Number:
    # A bool is an int to Python, and never what is meant here.
    kinds = int if isinstance(least, int) else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value < inf:
        raise InvalidOptionError(f"{option} takes {wanted}, not {value!r}", option=option)
    return value
