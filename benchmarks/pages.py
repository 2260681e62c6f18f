"""The answers that are served, rendered before they are asked for."""

import json
from functools import cache

from benchmarks.job import SECONDS

_COMPLETIONS = {
    "object": "organization.usage.completions.result",
    "input_tokens": 1_234_567,
    "output_tokens": 76_543,
    "num_model_requests": 421,
    "project_id": "proj_Zb3nQ8rT1xW5vK7m",
    "user_id": None,
    "api_key_id": None,
    "model": "gpt-4.1-2025-04-14",
    "batch": None,
    "service_tier": None,
    "input_uncached_tokens": 1_134_567,
    "input_text_tokens": 1_134_067,
    "input_audio_tokens": 500,
    "input_image_tokens": 0,
    "input_cached_tokens": 100_000,
    "input_cached_text_tokens": 100_000,
    "input_cached_audio_tokens": 0,
    "input_cached_image_tokens": 0,
    "output_text_tokens": 76_043,
    "output_audio_tokens": 500,
    "output_image_tokens": 0,
}
_COSTS = {
    "object": "organization.costs.result",
    "amount": {"value": 0.06123456, "currency": "usd"},
    "line_item": "gpt-4.1-2025-04-14, input",
    "project_id": "proj_Zb3nQ8rT1xW5vK7m",
    "organization_id": "org-4kL9sD2fG6hJ",
}


def page(  # noqa: PLR0917 - as a URL has them
    endpoint: str, groups: int, width: str, start: int, end: int, limit: int
) -> bytes:
    """The page that begins at *start* of a range that ends at *end*."""
    step = SECONDS[width]
    starts = range(start, end, step)[:limit]
    results = _results(endpoint, groups)
    buckets = b",".join(
        b'{"object":"bucket","start_time":%d,"end_time":%d,"results":[%s]}'
        % (each, each + step, results)
        for each in starts
    )
    done = starts[-1] + step
    return b'{"object":"page","data":[%s],"has_more":%s,"next_page":%s}' % (
        buckets,
        *((b"true", b'"page_%d"' % done) if done < end else (b"false", b"null")),
    )


@cache
def _results(endpoint: str, groups: int) -> bytes:
    rows = (_row(endpoint, number) for number in range(groups))
    return ",".join(json.dumps(row, separators=(",", ":")) for row in rows).encode()


def _row(endpoint: str, number: int) -> dict[str, object]:
    if endpoint == "costs":
        amount = {"value": round(0.06123456 * (number + 1), 8), "currency": "usd"}
        return {**_COSTS, "amount": amount}
    return {**_COMPLETIONS, "input_tokens": 1_234_567 + number}
