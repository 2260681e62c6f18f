"""The server, a process of its own: `python -m benchmarks.server` prints its address and serves.

What it is to do stands in the path: `/{results in a bucket}/{latency}/{rates}/{retry after}/v1/…`.
"""

import asyncio
import sys
from functools import lru_cache

from aiohttp import web

from benchmarks.pages import page
from openai_usage.sandbox.rate_limit import RateLimit

rendered = lru_cache(maxsize=64)(page)


class Limit:
    """So many requests in any one second; the rate changes after so many answers."""

    def __init__(self, rates: str) -> None:
        spans = [tuple(map(int, each.split("x"))) for each in rates.split(",")]
        self.rates = iter([rate for rate, answers in spans for _ in range(answers)])
        self.limit = RateLimit(next(self.rates))

    def allows_one_more(self, now: float) -> bool:
        allowed = self.limit.allows(now)
        if allowed:
            self.limit.requests_per_second = next(self.rates, self.limit.requests_per_second)
        return allowed


class Server:
    """Answers, and counts."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.limits: dict[str, Limit] = {}
        self.counted = {"requests": 0, "refused": 0, "in_flight": 0, "most_in_flight": 0}

    async def answer(self, request: web.Request) -> web.Response:
        counted = self.counted
        counted["requests"] += 1
        counted["in_flight"] += 1
        counted["most_in_flight"] = max(counted["most_in_flight"], counted["in_flight"])
        try:
            return await self._answer(request)
        finally:
            counted["in_flight"] -= 1

    async def _answer(self, request: web.Request) -> web.Response:
        asked, query = request.match_info, request.query
        if asked["rates"] != "any":
            limit = self.limits.setdefault(asked["rates"], Limit(asked["rates"]))
            if not limit.allows_one_more(asyncio.get_running_loop().time()):
                self.counted["refused"] += 1
                wait = asked["retry_after"]
                return web.json_response(
                    {"error": {"message": "Rate limit reached"}},
                    status=429,
                    headers={} if wait == "0" else {"Retry-After": wait},
                )
        await asyncio.sleep(float(asked["latency"]))
        begin = query.get("page", "").removeprefix("page_") or query["start_time"]
        body = rendered(
            asked["endpoint"],
            int(asked["groups"]),
            query["bucket_width"],
            int(begin),
            int(query["end_time"]),
            int(query["limit"]),
        )
        return web.Response(body=body, content_type="application/json")

    async def stats(self, _: web.Request) -> web.Response:
        counted = dict(self.counted)
        self.reset()
        return web.json_response(counted)


async def main() -> None:
    """Serve until the standard input ends, as it does with the process that began this one."""
    server = Server()
    app = web.Application()
    app.router.add_get("/stats", server.stats)
    api = "/{groups}/{latency}/{rates}/{retry_after}/v1/organization"
    app.router.add_get(f"{api}/usage/{{endpoint}}", server.answer)
    app.router.add_get(f"{api}/{{endpoint}}", server.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    print(f"http://{host}:{port}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
