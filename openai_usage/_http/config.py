"""Options of a client: the argument, or else the environment, or else the default, validated."""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import wraps
from ipaddress import ip_address
from ssl import SSLContext
from typing import Any, Concatenate, Literal, NoReturn, ParamSpec, TypeAlias, TypeVar

from attrs import Attribute, field, frozen
from attrs.validators import optional
from yarl import URL

from openai_usage._http.environment import (
    CREATE_ADMIN_KEY,
    KEYS_OF_PROJECTS,
    key_advice,
    resolve,
    resolve_admin_key,
)
from openai_usage._http.secret import Secret
from openai_usage._http.tls import check_tls
from openai_usage._text import contains_key, short_repr
from openai_usage.errors import InvalidOptionError, MissingAdminKeyError
from openai_usage.gaps import Gap
from openai_usage.retries import OnRetry
from openai_usage.schema.validation import ONLY_AS_KEY

P = ParamSpec("P")
Client = TypeVar("Client")
Config = TypeVar("Config")
Named: TypeAlias = "Attribute[Any]"
Validator: TypeAlias = Callable[[Any, Named, Any], None]

OnGap: TypeAlias = Literal["warn", "raise"] | Callable[[Gap], object]
"""The reaction to missing buckets."""

_ADDRESS = (
    r"(?ai)https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[1-9][0-9]*)?"
    r"(?:/(?!\.{1,2}(?:/|$))[a-z0-9._~!$&'()*+,;=:-]+)*/?"
)
"""A base URL without escapes, non-ASCII characters or `..`, so that every parser reads it alike."""

LEAST_PACE = Decimal("0.001")
"""The lowest `requests_per_second`. A lower one is a typing error."""

_TOO_MUCH = 2**63
"""The exclusive upper bound of every numeric option."""

_HEADER_TEXT = "printable ASCII characters without blanks"

INSECURE = "The admin key would be sent unencrypted: use https, or pass allow_insecure_http=True."
"""The hint for a plain http address of another machine."""

_DEFAULT_BASE_URL = "https://api.openai.com/v1"


def configured_by(
    config: Callable[P, Config],
) -> Callable[[Callable[[Client, Config], None]], Callable[Concatenate[Client, P], None]]:
    """Give a client's constructor the options of *config* as its signature."""

    def decorate(
        finish: Callable[[Client, Config], None],
    ) -> Callable[Concatenate[Client, P], None]:
        signed: Any = config.__init__
        signed.__qualname__ = finish.__qualname__  # which a TypeError of an unknown option quotes

        @wraps(finish)
        def construct(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> None:
            try:
                finish(self, config(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - raised again
                # Arguments hold the key, and tracebacks can show locals.
                del args, kwargs
                raise error.with_traceback(None) from None

        construct.__wrapped__ = signed  # has the signature
        return construct

    return decorate


def reject_option(option: str, expected: str, value: str = "", hint: str = "") -> NoReturn:
    """Raise an `InvalidOptionError`: *option* takes *expected*, not *value*."""
    raise InvalidOptionError(option=option, value=value, expected=expected, hint=hint)


def _key(passed: str | None) -> Secret:
    # Never assign the revealed key to a variable: tracebacks can show the values of variables.
    secret = resolve_admin_key(passed)
    if not isinstance(secret.reveal(), str):
        reject_option("admin_api_key", "text", type(secret.reveal()).__name__)
    key = Secret(secret.reveal().strip())
    if not key.reveal():
        raise MissingAdminKeyError(
            "no admin key: set OPENAI_ADMIN_KEY, or pass admin_api_key=.", hint=key_advice()
        )
    if not _fits_a_header(key.reveal()):
        reject_option("admin_api_key", _HEADER_TEXT, hint="Copy the whole key again.")
    return key


def _base_url(passed: str | None) -> str:
    return resolve("base_url", passed, "OPENAI_BASE_URL") or _DEFAULT_BASE_URL


def _organization(passed: str | None) -> str | None:
    return resolve("organization", passed, "OPENAI_ORG_ID")


def _fits_a_header(value: str) -> bool:
    return value.isascii() and value.isprintable() and " " not in value


def _no_key(config: "ClientConfig", attribute: Named, text: str | None) -> None:
    if text and (contains_key(text) or config.admin_api_key.is_in(text)):
        expected = "an address" if attribute.name == "base_url" else "an id"
        reject_option(attribute.name, expected, "an API key", ONLY_AS_KEY)


def _an_id(_: object, attribute: Named, organization: str | None) -> None:
    if organization and not _fits_a_header(organization):
        # The value may be a key in the wrong place, so the message does not show it.
        reject_option(attribute.name, _HEADER_TEXT, hint="Copy the whole id again.")


def _secure(config: "ClientConfig", attribute: Named, text: str) -> None:
    try:
        url = URL(text if re.fullmatch(_ADDRESS, text) else "")
        (url.host or "").encode("idna")  # a DNS lookup encodes it too
    except ValueError:
        url = URL()
    host = url.host
    if not host:
        reject_option(
            attribute.name,
            "an address such as https://api.openai.com/v1 in plain ASCII, without a password, a "
            "query or escaped characters",
        )
    if url.scheme == "http" and not (config.allow_insecure_http or is_loopback(host)):
        reject_option(attribute.name, "an https address", short_repr(text), INSECURE)


def _reads_usage(config: "ClientConfig", _: object, text: str) -> None:
    """Reject the key of a project. Other servers than OpenAI's may accept any key."""
    if not f".{URL(text).host}".endswith(".api.openai.com"):
        return
    for prefix, kind in KEYS_OF_PROJECTS.items():
        if config.admin_api_key.reveal().startswith(prefix):
            reject_option("admin_api_key", "an organization's admin key", kind, CREATE_ADMIN_KEY)


def is_loopback(host: str) -> bool:
    """Return whether *host* is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _number(expected: str, *, least: float) -> Validator:
    # A bool is an int in Python, but always a mistake here.
    kinds = int if isinstance(least, int) else (int, float)

    def check(config: "ClientConfig", attribute: Named, value: object) -> None:
        if (
            isinstance(value, bool)
            or not isinstance(value, kinds)
            or not least <= value < _TOO_MUCH
        ):
            _reject_value(config, attribute, value, expected)

    return check


def _flag(config: "ClientConfig", attribute: Named, value: object) -> None:
    if not isinstance(value, bool):
        _reject_value(config, attribute, value, "True or False")


def _on_gap(config: "ClientConfig", attribute: Named, value: object) -> None:
    is_word = isinstance(value, str) and value in ("warn", "raise")
    if not is_word and not callable(value):
        _reject_value(config, attribute, value, "'warn', 'raise' or a function")


def _function(config: "ClientConfig", attribute: Named, value: object) -> None:
    if value is not None and not callable(value):
        _reject_value(config, attribute, value, "a function or None")


def _reject_value(
    config: "ClientConfig", attribute: Named, value: object, expected: str
) -> NoReturn:
    shown = config.admin_api_key.hidden_in(short_repr(value))
    reject_option(attribute.name, expected, shown)


@frozen
class ClientConfig:
    """The options of a client, complete and validated: they become its constructor's signature.

    `AsyncUsageClient` describes them.
    """

    admin_api_key: Secret = field(default=None, converter=_key)
    base_url: str = field(
        default=None,
        kw_only=True,
        converter=_base_url,
        validator=[_no_key, _secure, _reads_usage],
    )
    organization: str | None = field(
        default=None, kw_only=True, converter=_organization, validator=[_no_key, _an_id]
    )
    timeout: float = field(
        default=60.0, kw_only=True, validator=_number("seconds above 0", least=0.001)
    )
    max_retries: int = field(
        default=5, kw_only=True, validator=_number("a whole number from 0", least=0)
    )
    max_retry_wait: float = field(
        default=60.0, kw_only=True, validator=_number("seconds from 0", least=0.0)
    )
    max_response_bytes: int = field(
        default=2**28, kw_only=True, validator=_number("a number of bytes from 1", least=1)
    )
    max_connections: int = field(
        default=100, kw_only=True, validator=_number("a whole number from 1", least=1)
    )
    requests_per_second: float | None = field(
        default=None,
        kw_only=True,
        validator=optional(_number(f"a number from {LEAST_PACE}", least=float(LEAST_PACE))),
    )
    on_gap: OnGap = field(default="warn", kw_only=True, validator=_on_gap)
    on_retry: OnRetry | None = field(default=None, kw_only=True, validator=_function)
    ssl: SSLContext | None = field(default=None, kw_only=True, validator=check_tls)
    trust_env: bool = field(default=False, kw_only=True, validator=_flag)
    allow_insecure_http: bool = field(default=False, kw_only=True, validator=_flag)

    @property
    def url(self) -> URL:
        """`base_url`, parsed."""
        return URL(self.base_url)
