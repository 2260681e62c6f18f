"""Lists of projects and users, and requests for them."""

import json
from collections.abc import Iterable
from typing import Any

from openai_usage.sandbox import Sandbox

PROJECTS = "/v1/organization/projects"


USERS = "/v1/organization/users"


def paths(sandbox: Sandbox) -> list[str]:
    return [request.path for request in sandbox.requests]


def listed(entries: Iterable[dict[str, Any]], **more: Any) -> str:
    """A page of a list as the API words it."""
    return json.dumps({"object": "list", "data": [*entries], "has_more": False, **more})


def projects(count: int) -> list[dict[str, Any]]:
    return [{"id": f"proj_{n}", "name": f"Project {n}"} for n in range(count)]
