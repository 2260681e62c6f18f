"""How a message shows what a caller passed, which can be anything."""

_LONGEST = 200


def shown(value: object) -> str:
    """The repr of *value*, cut short; or its type: a very large integer, for one, has no repr."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a repr can be anyone's code, and is not what went wrong here
        return f"a certain {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
