"""Say how to install an extra: from the same place as this package."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

_NAME = "openai-usage-client"


def require(extra: str, *libraries: str) -> None:
    """Raise the error for the first of the *libraries* of an *extra* that is not installed.

    Raises:
        ModuleNotFoundError: A library is missing.
    """
    for library in libraries:
        if find_spec(library) is None:
            raise missing_library(library, extra)


def missing_library(library: str, extra: str) -> ModuleNotFoundError:
    """Return the error for a *library* that is not installed and comes with an *extra*."""
    return ModuleNotFoundError(
        f"the library {library} is missing. It comes with the extra [{extra}]: "
        f"{install_command(extra)}",
        name=library,
    )


def install_command(extra: str) -> str:
    """Return the command that installs *extra* from where this package was installed.

    Installers record that place in `direct_url.json` (PEP 610), unless it is an index. From an
    index, the name is enough.
    """
    import json  # noqa: PLC0415 - these are only needed if a library is missing
    import shlex  # noqa: PLC0415
    from importlib.metadata import PackageNotFoundError, distribution  # noqa: PLC0415

    try:
        text = distribution(_NAME).read_text("direct_url.json")
        arguments = _arguments(json.loads(text or "{}"), extra)
    except PackageNotFoundError:  # it runs from its folder
        arguments = [f"{Path(__file__).parents[1]}[{extra}]"]
    except (ValueError, LookupError, TypeError, AttributeError):  # the record is damaged
        arguments = _arguments({}, extra)
    return f"pip install {shlex.join(arguments)}"


def _arguments(record: dict[str, Any], extra: str) -> list[str]:
    """Return the arguments of `pip install` for a *record*, without anything secret."""
    from urllib.parse import urlsplit  # noqa: PLC0415
    from urllib.request import url2pathname  # noqa: PLC0415

    url = urlsplit(record.get("url", ""))
    vcs = record.get("vcs_info")
    if not url.scheme:
        return [f"{_NAME}[{extra}]"]
    if url.scheme == "file" and not vcs:
        editable = ["-e"] if record.get("dir_info", {}).get("editable") else []
        return [*editable, f"{url2pathname(url.path)}[{extra}]"]
    user, _, host = url.netloc.rpartition("@")
    # ssh needs the user, which is not secret. pip rejects git+file:/// because the host is empty.
    user = f"{user.partition(':')[0]}@" if user and url.scheme == "ssh" else ""
    address = f"{url.scheme}://{user}{host or 'localhost'}{url.path}"
    if vcs:
        address = f"{vcs['vcs']}+{address}@{vcs.get('requested_revision') or vcs['commit_id']}"
    if folder := record.get("subdirectory"):
        address += f"#subdirectory={folder}"
    return [f"{_NAME}[{extra}] @ {address}"]
