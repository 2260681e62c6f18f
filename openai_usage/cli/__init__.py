"""`openai-usage`: the table of endpoints, at a terminal. Needs the extra `[cli]`."""

import logging
import os
import signal
import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        _open_missing_streams()
        _end_as_ctrl_c_does()
        sys.exit(_run())
    except KeyboardInterrupt:  # in the first moment, while all is being imported
        sys.exit(130)


def _run() -> int:
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
    return run(sys.argv[1:])


def _open_missing_streams() -> None:
    """Have stdout and stderr lead nowhere where the process was started without them."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(nowhere, "w", encoding="utf-8", closefd=False))


def _end_as_ctrl_c_does() -> None:
    """Leave as little behind where a signal ends it, or its terminal is closed, as Ctrl-C does."""
    for each in {signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}:
        if signal.getsignal(each) != signal.SIG_IGN:  # as it is under nohup
            signal.signal(each, _interrupt)


def _interrupt(*_: object) -> None:
    """What Ctrl-C does now; also where a shell has it ignored, as in jobs in the background."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)
