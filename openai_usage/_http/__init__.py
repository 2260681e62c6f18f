"""One request. The only room that knows aiohttp."""
