"""What the environment says, where the program says nothing: key, address, organization, proxy."""

import os
from urllib.request import getproxies, proxy_bypass

from yarl import URL

from openai_usage._http.secret import Secret
from openai_usage.errors import InvalidOptionError

_KEY_ADVICE = (
    "Usage and costs need an organization's admin key (sk-admin-…), which an organization owner "
    "makes at https://platform.openai.com/settings/organization/admin-keys."
)


def resolve(option: str, passed: str | None, variable: str) -> str | None:
    """What was passed, else what the environment says; blank is nothing, and edges do not count."""
    if passed is None:
        return _variable(variable) or None
    if not isinstance(passed, str):
        raise InvalidOptionError(f"{option} takes text, not {type(passed).__name__}", option=option)
    return passed.strip() or None


def resolve_admin_key(passed: str | None) -> Secret:
    """The key that was passed, else that of the environment; not checked yet, but hidden."""
    return Secret(_variable("OPENAI_ADMIN_KEY") if passed is None else passed)


def key_advice() -> str:
    """Which key is needed, where it is made, and why the one that is there does not do."""
    other = _variable("OPENAI_API_KEY")
    if not other or _variable("OPENAI_ADMIN_KEY"):
        return _KEY_ADVICE
    if other.startswith("sk-admin-"):
        return f"{_KEY_ADVICE} OPENAI_API_KEY is not read: set OPENAI_ADMIN_KEY to it instead."
    return f"{_KEY_ADVICE} OPENAI_API_KEY holds a project's key, which cannot read them."


def proxy_for(url: URL) -> URL | None:
    """The proxy that the environment names for *url*, as `HTTPS_PROXY` and `NO_PROXY` say.

    Only what is encrypted goes through a proxy: it could read the key of everything else.
    """
    proxies = getproxies()
    if url.scheme != "https" or proxy_bypass(url.authority):
        return None
    named = _bare(proxies.get("https", "")) or _bare(proxies.get("all", ""))
    if not named:
        return None
    try:
        proxy = URL(named)
        (proxy.host or "").encode("idna")  # as a look-up of the host will do it
        f"{proxy.user}{proxy.password}".encode("latin-1")  # as the header will
    except ValueError:
        proxy = URL()
    if proxy.scheme not in ("http", "https") or not proxy.host or ":" in (proxy.user or ""):
        raise InvalidOptionError(
            "the environment's HTTPS_PROXY is no address such as http://proxy.example:3128; "
            "mend it, or leave trust_env out",
            option="trust_env",
        )
    return proxy


def _variable(name: str) -> str:
    return _bare(os.environ.get(name, ""))


def _bare(value: str) -> str:
    """What a variable holds, without blanks at its ends or the quotes of a file it came from."""
    value = value.strip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1].strip() if quoted else value
