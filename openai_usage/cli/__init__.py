"""`openai-usage`: the table of endpoints, at a terminal. Needs the extra `[cli]`."""

import logging
import signal
import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        import cyclopts  # noqa: F401, PLC0415 - an extra may be missing
        import rich  # noqa: F401, PLC0415
    except ModuleNotFoundError as error:
        sys.exit(
            f"openai-usage: {error.name} is missing, which comes with the extra for the command "
            "line: pip install 'openai-usage-client[cli]'"
        )
    from openai_usage.cli.app import run  # noqa: PLC0415

    logging.basicConfig(format="openai-usage: %(message)s")
    # What stamina says of a retry, the transport has said before it, and better.
    logging.getLogger("stamina").setLevel(logging.ERROR)
    # Whoever ends it leaves as little behind as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run(sys.argv[1:]))
