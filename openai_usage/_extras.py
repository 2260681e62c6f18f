"""Say how to install an extra: from where this package was installed, which may be no index."""

from pathlib import Path
from typing import Any

_NAME = "openai-usage-client"


def missing_library(library: str, extra: str) -> ModuleNotFoundError:
    """Return the error for a *library* that is not installed and comes with an *extra*."""
    return ModuleNotFoundError(
        f"the library {library} is missing. It comes with the extra [{extra}]: "
        f"{install_command(extra)}",
        name=library,
    )


def install_command(extra: str) -> str:
    """Return the command that installs *extra* from where this package was installed.

    Installers record that in `direct_url.json` (PEP 610). There is no record if the package comes
    from an index, which then has it by name.
    """
    import json  # noqa: PLC0415 - these are only needed if a library is missing
    import shlex  # noqa: PLC0415
    from importlib.metadata import PackageNotFoundError, distribution  # noqa: PLC0415
    from urllib.parse import urlsplit  # noqa: PLC0415
    from urllib.request import url2pathname  # noqa: PLC0415

    try:
        record: dict[str, Any] = json.loads(
            distribution(_NAME).read_text("direct_url.json") or "{}"
        )
    except PackageNotFoundError:  # it runs from its folder
        record = {"url": Path(__file__).parents[1].as_uri()}
    url = urlsplit(record.get("url", ""))
    if url.scheme == "file":
        target = f"{url2pathname(url.path)}[{extra}]"
    elif url.scheme:
        address = url._replace(netloc=url.netloc.rpartition("@")[2])  # without a password
        vcs = record.get("vcs_info", {}).get("vcs")
        target = f"{_NAME}[{extra}] @ {f'{vcs}+' if vcs else ''}{address.geturl()}"
    else:
        target = f"{_NAME}[{extra}]"
    editable = "-e " if record.get("dir_info", {}).get("editable") else ""
    return f"pip install {editable}{shlex.quote(target)}"
