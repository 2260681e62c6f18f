"""Send one request. The only package of the client that uses aiohttp."""
