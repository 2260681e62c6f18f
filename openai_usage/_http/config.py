"""Options of a client, validated: the argument, or else the environment, or else the default."""

import re
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from typing import Literal, TypeAlias, TypeVar

from attrs import field, frozen
from yarl import URL

from openai_usage._http.environment import key_advice, proxy_for, resolve
from openai_usage._http.secret import Secret
from openai_usage._text import contains_key, short_repr
from openai_usage.errors import InvalidOptionError, MissingAdminKeyError
from openai_usage.gaps import Gap

Number = TypeVar("Number", int, float)

OnGap: TypeAlias = Literal["warn", "raise"] | Callable[[Gap], object]
"""The reaction to missing buckets."""

_ADDRESS = (
    r"(?ai)https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[1-9][0-9]*)?"
    r"(?:/(?!\.{1,2}(?:/|$))[a-z0-9._~!$&'()*+,;=:-]+)*/?"
)
"""A base URL without escapes, non-ASCII characters or `..`, so that every parser reads it alike."""

_TOO_MUCH = 2**63
"""The exclusive upper bound of every numeric option."""

_OLD_TLS = (
    (ssl.HAS_SSLv3, ssl.OP_NO_SSLv3),
    (ssl.HAS_TLSv1, ssl.OP_NO_TLSv1),
    (ssl.HAS_TLSv1_1, ssl.OP_NO_TLSv1_1),
)
"""For each version before TLS 1.2: whether Python's OpenSSL has it, and the option that forbids it.
"""

_DEFAULT_BASE_URL = "https://api.openai.com/v1"


@frozen(kw_only=True)
class ClientConfig:
    """The options of a client, complete and validated."""

    admin_api_key: Secret
    base_url: URL
    organization: str | None
    timeout: float
    max_retries: int
    max_retry_wait: float
    max_response_bytes: int
    max_connections: int
    on_gap: OnGap
    ssl: ssl.SSLContext | None
    proxy: URL | None = field(repr=False)  # it can hold a password


def options(
    *,
    admin_api_key: Secret,
    base_url: str | None,
    organization: str | None,
    timeout: float,
    max_retries: int,
    max_retry_wait: float,
    max_response_bytes: int,
    max_connections: int,
    on_gap: OnGap,
    ssl: ssl.SSLContext | None,
    trust_env: bool,
    allow_insecure_http: bool,
) -> ClientConfig:
    """Return the options that a client uses.

    Raises:
        MissingAdminKeyError: The key was neither passed nor set in the environment.
        InvalidOptionError: An option has an invalid value.
    """
    _check_flag("trust_env", trust_env)
    _check_flag("allow_insecure_http", allow_insecure_http)
    address = resolve("base_url", base_url, "OPENAI_BASE_URL") or _DEFAULT_BASE_URL
    key = _key(admin_api_key)
    url = _secure(_no_key("base_url", address, key), allow_insecure_http=allow_insecure_http)
    named = resolve("organization", organization, "OPENAI_ORG_ID")
    return ClientConfig(
        admin_api_key=key,
        base_url=url,
        organization=named and _organization(_no_key("organization", named, key)),
        timeout=_number("timeout", timeout, "seconds above 0", least=0.001),
        max_retries=_number("max_retries", max_retries, "a whole number from 0", least=0),
        max_retry_wait=_number("max_retry_wait", max_retry_wait, "seconds from 0", least=0.0),
        max_response_bytes=_number("max_response_bytes", max_response_bytes, "bytes", least=1),
        max_connections=_number(
            "max_connections", max_connections, "a whole number from 1", least=1
        ),
        on_gap=_on_gap(on_gap),
        ssl=_verifying(ssl),
        proxy=proxy_for(url) if trust_env else None,
    )


def _key(passed: Secret) -> Secret:
    # Never assign the revealed key to a variable: tracebacks can show the values of variables.
    if not isinstance(passed.reveal(), str):
        kind = type(passed.reveal()).__name__
        raise InvalidOptionError(f"admin_api_key takes text, not {kind}.", option="admin_api_key")
    key = Secret(passed.reveal().strip())
    if not key.reveal():
        raise MissingAdminKeyError(
            f"no admin key: set OPENAI_ADMIN_KEY, or pass admin_api_key=. {key_advice()}"
        )
    if not _fits_a_header(key.reveal()):
        raise InvalidOptionError(
            "admin_api_key holds a character that cannot be part of a key. Copy the key again.",
            option="admin_api_key",
        )
    return key


def _no_key(option: str, text: str, key: Secret) -> str:
    if contains_key(text) or key.is_in(text):
        raise InvalidOptionError(
            f"{option} holds an API key. Pass the key as admin_api_key, or set OPENAI_ADMIN_KEY, "
            f"and correct {option} or leave it out.",
            option=option,
        )
    return text


def _organization(organization: str) -> str:
    if not _fits_a_header(organization):
        # The value may be a key in the wrong place, so the message does not show it.
        raise InvalidOptionError(
            "organization holds a character that cannot be part of an id. Copy the whole id again.",
            option="organization",
        )
    return organization


def _fits_a_header(value: str) -> bool:
    return value.isascii() and value.isprintable() and " " not in value


def _secure(text: str, *, allow_insecure_http: bool) -> URL:
    try:
        url = URL(text if re.fullmatch(_ADDRESS, text) else "")
        (url.host or "").encode("idna")  # a DNS lookup encodes it too
    except ValueError:
        url = URL()
    host = url.host
    if not host:
        raise InvalidOptionError(
            "base_url takes an address such as https://api.openai.com/v1 in plain ASCII, "
            "without a password, a query or escaped characters.",
            option="base_url",
        )
    if url.scheme == "http" and not (allow_insecure_http or _is_loopback(host)):
        raise InvalidOptionError(
            f"base_url={short_repr(text)} would send the admin key unencrypted: use https, "
            f"or pass allow_insecure_http=True.",
            option="base_url",
        )
    return url


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _number(option: str, value: Number, expected: str, *, least: Number) -> Number:
    # A bool is an int in Python, but always a mistake here.
    kinds = int if isinstance(least, int) else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value < _TOO_MUCH:
        raise InvalidOptionError(
            f"{option} takes {expected}, not {short_repr(value)}.", option=option
        )
    return value


def _check_flag(option: str, value: object) -> None:
    if not isinstance(value, bool):
        raise InvalidOptionError(
            f"{option} takes True or False, not {short_repr(value)}.", option=option
        )


def _on_gap(on_gap: OnGap) -> OnGap:
    if on_gap in ("warn", "raise") or callable(on_gap):
        return on_gap
    raise InvalidOptionError(
        f"on_gap takes 'warn', 'raise' or a function, not {short_repr(on_gap)}.", option="on_gap"
    )


def _verifying(context: ssl.SSLContext | None) -> ssl.SSLContext | None:
    if context is None:
        return None
    if not isinstance(context, ssl.SSLContext):
        raise InvalidOptionError(
            "ssl takes an ssl.SSLContext, such as ssl.create_default_context(cafile=…).",
            option="ssl",
        )
    if context.verify_mode != ssl.CERT_REQUIRED or not context.check_hostname:
        raise InvalidOptionError(
            "ssl does not verify the server, so the admin key could go to anyone. To trust a "
            "private authority, pass ssl.create_default_context(cafile=…) instead.",
            option="ssl",
        )
    if _speaks_old_tls(context):
        raise InvalidOptionError(
            "ssl allows versions of TLS before 1.2. Only 1.2 and later keep the admin key safe: "
            "set its minimum_version to ssl.TLSVersion.TLSv1_2.",
            option="ssl",
        )
    return context


def _speaks_old_tls(context: ssl.SSLContext) -> bool:
    """Return whether *context* can negotiate a version of TLS before 1.2."""
    if context.minimum_version != ssl.TLSVersion.MINIMUM_SUPPORTED:
        return context.minimum_version < ssl.TLSVersion.TLSv1_2
    # No minimum is set, as in Debian's builds of Python, so something else must rule out old
    # versions. From OpenSSL 3.0 on, any security level above 0 does.
    if ssl.OPENSSL_VERSION_INFO >= (3,) and context.security_level > 0:
        return False
    return any(
        is_built_in and not context.options & forbidden for is_built_in, forbidden in _OLD_TLS
    )
