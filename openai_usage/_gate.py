"""The gate that every request of a client passes, shut for a while after a 429."""

import asyncio

from attrs import define


@define
class Gate:
    """Holds all requests of a client back together.

    The limit belongs to the organization: where one request is refused for it, the others would
    be too, and each of them would make it worse.
    """

    _opens_at: float = 0.0

    def shut(self, seconds: float) -> None:
        """Let nothing pass for *seconds* from now."""
        self._opens_at = max(self._opens_at, asyncio.get_running_loop().time() + seconds)

    async def passed(self) -> None:
        """Return once the gate is open, at once if it is."""
        now = asyncio.get_running_loop().time
        while (wait := self._opens_at - now()) > 0:  # noqa: ASYNC110 - others may shut it longer
            await asyncio.sleep(wait)
