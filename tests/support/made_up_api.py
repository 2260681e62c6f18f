"""A server that answers whatever is asked with the results that a test makes up, day by day."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

DAY = 86_400


@contextmanager
def made_up_api(
    results: Mapping[str, Sequence[str]],
    *,
    first: Sequence[bytes] = (),
    names: Mapping[str, object] | None = None,
) -> Iterator[str]:
    """The base URL of a server that gives these JSON *results*, by endpoint, on every day.

    The *first* answers are 503s with these bodies; *names* are the lists of names, by their path.
    """
    to_refuse = list(first)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, query = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
            if "start_time" not in query:
                answer = (names or {}).get(path.removeprefix("/v1/organization/"), [])
                body = json.dumps({"data": answer, "has_more": False}).encode()
            elif to_refuse:
                return self._send(503, to_refuse.pop())
            else:
                body = _page(results.get(path.rpartition("/")[2], ()), query)
            return self._send(200, body)

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Retry-After-Ms", "1")
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()


def _page(results: Sequence[str], query: Mapping[str, str]) -> bytes:
    start, now = int(query["start_time"]), int(time.time())
    end = min(int(query.get("end_time", now)), now)
    buckets = []
    while start < end:
        until = (start // DAY + 1) * DAY
        buckets.append(
            f'{{"start_time":{start},"end_time":{until},"results":[{",".join(results)}]}}'
        )
        start = until
    return f'{{"data":[{",".join(buckets)}],"has_more":false}}'.encode()


def cost(value: str, label: str = "gpt-5", currency: str = "usd") -> str:
    """A result of costs, with its amount as it is written in JSON."""
    labels = json.dumps({"line_item": label, "project_id": label})
    return f'{{"amount":{{"value":{value},"currency":{json.dumps(currency)}}},{labels[1:]}'
