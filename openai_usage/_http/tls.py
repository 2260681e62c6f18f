"""Reject a TLS context that does not keep the admin key safe on its way."""

import ssl

from openai_usage.errors import InvalidOptionError

_OLD_TLS = (
    (ssl.HAS_SSLv3, ssl.OP_NO_SSLv3),
    (ssl.HAS_TLSv1, ssl.OP_NO_TLSv1),
    (ssl.HAS_TLSv1_1, ssl.OP_NO_TLSv1_1),
)
"""For each version before TLS 1.2: whether Python's OpenSSL has it, and the option that forbids it.
"""


def check_tls(_: object, __: object, context: ssl.SSLContext | None) -> None:
    """Validate the option `ssl`, as a validator of attrs.

    Raises:
        InvalidOptionError: *context* has another type, does not verify the server, or allows
            versions of TLS before 1.2.
    """
    if context is None:
        return
    if not isinstance(context, ssl.SSLContext):
        raise InvalidOptionError(
            option="ssl",
            expected="an ssl.SSLContext, such as ssl.create_default_context(cafile=…)",
        )
    if context.verify_mode != ssl.CERT_REQUIRED or not context.check_hostname:
        raise InvalidOptionError(
            "ssl does not verify the server, so the admin key could go to anyone. To trust a "
            "private authority, pass ssl.create_default_context(cafile=…) instead.",
            option="ssl",
        )
    if _speaks_old_tls(context):
        raise InvalidOptionError(
            "ssl allows versions of TLS before 1.2. Only 1.2 and later keep the admin key safe: "
            "set its minimum_version to ssl.TLSVersion.TLSv1_2.",
            option="ssl",
        )


def _speaks_old_tls(context: ssl.SSLContext) -> bool:
    """Return whether *context* can negotiate a version of TLS before 1.2."""
    if context.minimum_version != ssl.TLSVersion.MINIMUM_SUPPORTED:
        return context.minimum_version < ssl.TLSVersion.TLSv1_2
    # No minimum is set, as in Debian's builds of Python, so something else must rule out old
    # versions. From OpenSSL 3.0 on, any security level above 0 does.
    if ssl.OPENSSL_VERSION_INFO >= (3,) and context.security_level > 0:
        return False
    return any(
        is_built_in and not context.options & forbidden for is_built_in, forbidden in _OLD_TLS
    )
