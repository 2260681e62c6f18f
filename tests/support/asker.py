"""Ask the sandbox for JSON."""

from collections.abc import Mapping
from typing import Any

import aiohttp

from openai_usage.sandbox import Sandbox


class Asker:
    """Asks the sandbox as any HTTP program would, and reads plain JSON."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session

    async def __call__(
        self,
        path: str,
        query: str = "",
        *,
        key: str | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        url = f"{self.sandbox.base_url}/organization/{path}?{query}"
        headers = {
            "Authorization": f"Bearer {key or self.sandbox.admin_api_key}",
            **(headers or {}),
        }
        async with self.session.get(url, headers=headers) as response:
            assert response.status == status
            return await response.json()

    async def project(self, name: str) -> str:
        """Return the id of the project with this name."""
        answer = await self("projects", "include_archived=true")
        return next(str(each["id"]) for each in answer["data"] if each["name"] == name)

    async def refused(self, path: str, query: str = "", **more: Any) -> dict[str, Any]:
        answer = await self(path, query, **more)
        error: dict[str, Any] = answer["error"]
        assert set(error) == {"message", "type", "param", "code"}
        return error
