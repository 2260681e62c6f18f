"""Certificates for servers in tests."""

import ssl
from datetime import datetime

import trustme

AUTHORITY = trustme.CA()


def server_context(
    *names: str, authority: trustme.CA = AUTHORITY, not_after: datetime | None = None
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, not_after=not_after).configure_cert(context)
    return context
