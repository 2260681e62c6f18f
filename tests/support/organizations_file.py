"""A file of organizations, each of them a sandbox."""

from collections.abc import Mapping
from pathlib import Path

from openai_usage.sandbox import Sandbox


def write_organizations(path: Path, sandboxes: Mapping[str, Sandbox]) -> None:
    """Write a file of organizations, with their keys in files beside it."""
    tables = []
    for label, each in sandboxes.items():
        (path.parent / f"{label}.key").write_text(each.admin_api_key)
        tables.append(
            f"[organizations.{label}]\nadmin_key_file = '{label}.key'\n"
            f"base_url = '{each.base_url}'\n"
        )
    path.write_text("".join(tables))
