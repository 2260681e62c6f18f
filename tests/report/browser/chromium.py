"""Chromium without a window, spoken to in its own protocol (DevTools) over a websocket."""

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import aiohttp
from attrs import define, field

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
"""Where it is; None where it is not installed."""

_ALONE = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)
"""So that it asks nobody for anything but what a page asks for."""

Scheme = Literal["light", "dark"]


@define(eq=False)
class Tab:
    """One tab, and what it said since it was opened."""

    _socket: aiohttp.ClientWebSocketResponse
    _session: str | None = None
    requests: list[str] = field(factory=list)
    """The addresses of all that it asked for."""
    complaints: list[str] = field(factory=list)
    """Errors and warnings of the console, and dialogs that a script opened."""
    _answers: dict[int, "asyncio.Future[dict[str, Any]]"] = field(factory=dict)
    _numbers: Iterator[int] = field(factory=count)
    _loaded: asyncio.Event = field(factory=asyncio.Event)

    async def listen(self) -> None:
        """Hear what it says, until the connection is closed."""
        async for message in self._socket:
            said = json.loads(message.data)
            if "id" in said:
                self._answers.pop(said["id"]).set_result(said)
            else:
                self._note(said["method"], said["params"])

    def _note(self, event: str, about: Mapping[str, Any]) -> None:
        match event:
            case "Network.requestWillBeSent":
                self.requests.append(about["request"]["url"])
            case "Log.entryAdded":
                self.complaints.append(about["entry"]["text"])
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown":
                self.complaints.append(str(about))
            case "Page.javascriptDialogOpening":
                self.complaints.append(about["message"])
            case "Page.loadEventFired":
                self._loaded.set()

    async def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """What it answers to a method of the protocol."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        message: dict[str, object] = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        await self._socket.send_json(message)
        said = await answer
        assert "error" not in said, said
        result: dict[str, Any] = said["result"]
        return result

    async def begin(self) -> None:
        """Open it."""
        made = await self.ask("Target.createTarget", url="about:blank")
        attached = await self.ask("Target.attachToTarget", targetId=made["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            await self.ask(f"{domain}.enable")

    async def show(
        self, file: Path, *, width: int, scheme: Scheme = "light", media: str = "screen"
    ) -> None:
        """Load a file, as it is seen by someone with such a screen, or on paper."""
        await self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )
        preferred = {"name": "prefers-color-scheme", "value": scheme}
        await self.ask("Emulation.setEmulatedMedia", media=media, features=[preferred])
        self._loaded.clear()
        await self.ask("Page.navigate", url=file.as_uri())
        await self._loaded.wait()

    async def run(self, script: str) -> Any:
        """What a script in the page comes to."""
        said = await self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    async def pdf(self) -> bytes:
        """The page as it is printed."""
        said = await self.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        return base64.b64decode(said["data"])


@asynccontextmanager
async def tab() -> AsyncIterator[Tab]:
    """A tab of a browser that is started for it alone."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            str(PROGRAM), *_ALONE, f"--user-data-dir={profile}", stderr=asyncio.subprocess.PIPE
        )
        try:
            assert process.stderr is not None
            address = ""
            async for line in process.stderr:
                if line.startswith(b"DevTools listening on "):
                    address = line.decode().split()[-1]
                    break
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(address, max_msg_size=0) as socket,
            ):
                opened = Tab(socket)
                listening = asyncio.create_task(opened.listen())
                await opened.begin()
                yield opened
                await socket.close()
                await listening
        finally:
            process.terminate()
            await process.communicate()
