"""Read options from the environment: the key, the address, the organization and the proxy."""

import os
from collections.abc import Mapping
from urllib.request import getproxies, proxy_bypass

from yarl import URL

from openai_usage._http.secret import Secret
from openai_usage.errors import InvalidOptionError

_ADMIN_KEYS = "https://platform.openai.com/settings/organization/admin-keys"

_KEY_ADVICE = (
    "Usage and costs need an organization's admin key (sk-admin-…), which an organization owner "
    f"creates at {_ADMIN_KEYS}."
)

CREATE_ADMIN_KEY = f"An organization owner creates one (sk-admin-…) at {_ADMIN_KEYS}."
"""The hint for a key that cannot read usage."""

KEYS_OF_PROJECTS: Mapping[str, str] = {
    "sk-proj-": "the key of a project",
    "sk-svcacct-": "the key of a service account, which belongs to a project",
}
"""Descriptions of keys that can never read an organization's usage, by prefix.

OpenAI's reference says that organization endpoints need an admin key. Other keys (`sk-…`, `sess-…`)
can belong to a person who may read usage, so only the API can decide about them.
"""


def resolve(option: str, passed: str | None, variable: str) -> str | None:
    """Return *passed*, or else the environment's value, stripped; None if it is blank."""
    if passed is None:
        return _variable(variable) or None
    if not isinstance(passed, str):
        raise InvalidOptionError(option=option, value=type(passed).__name__, expected="text")
    return passed.strip() or None


def resolve_admin_key(passed: str | None) -> Secret:
    """Return *passed*, or else the environment's key, as a `Secret` that is not validated yet."""
    return Secret(_variable("OPENAI_ADMIN_KEY") if passed is None else passed)


def key_advice() -> str:
    """Return which key is needed, where to create it, and why `OPENAI_API_KEY` does not work."""
    other = _variable("OPENAI_API_KEY")
    if not other or _variable("OPENAI_ADMIN_KEY"):
        return _KEY_ADVICE
    if other.startswith("sk-admin-"):
        return f"{_KEY_ADVICE} OPENAI_API_KEY is not read: set OPENAI_ADMIN_KEY to it instead."
    return f"{_KEY_ADVICE} OPENAI_API_KEY holds a project's key, which cannot read them."


def proxy_for(url: URL) -> URL | None:
    """Return the proxy for *url* from `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, if any.

    Only encrypted requests use a proxy, because it could read the key in any other.
    """
    proxies = getproxies()
    if url.scheme != "https" or proxy_bypass(url.authority):
        return None
    named = _bare(proxies.get("https", "")) or _bare(proxies.get("all", ""))
    if not named:
        return None
    try:
        proxy = URL(named)
        (proxy.host or "").encode("idna")  # a DNS lookup encodes it too
        f"{proxy.user}{proxy.password}".encode("latin-1")  # as in the header
    except ValueError:
        proxy = URL()
    if proxy.scheme not in ("http", "https") or not proxy.host or ":" in (proxy.user or ""):
        raise InvalidOptionError(
            "the proxy in the environment (HTTPS_PROXY or ALL_PROXY) is not an address such as "
            "http://proxy.example:3128. Correct it, or leave trust_env out.",
            option="trust_env",
        )
    return proxy


def _variable(name: str) -> str:
    return _bare(os.environ.get(name, ""))


def _bare(value: str) -> str:
    """Return *value* without surrounding blanks, or the quotes that a `.env` file can leave."""
    value = value.strip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1].strip() if quoted else value
