"""Bodies of pages written by hand."""

import json
from typing import Any


def page_with(result: str | dict[str, Any], **page: Any) -> bytes:
    """A page of one bucket with one result, given as JSON so that every digit is the test's."""
    text = result if isinstance(result, str) else json.dumps(result)
    bucket = f'{{"object":"bucket","start_time":0,"end_time":86400,"results":[{text}]}}'
    outside = json.dumps({"object": "page", "has_more": False, "next_page": None, **page})
    return f'{outside[:-1]},"data":[{bucket}]}}'.encode()
