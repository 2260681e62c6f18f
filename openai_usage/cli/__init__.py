"""`openai-usage`: the table of endpoints, at a terminal. Needs the extra `[cli]`."""

import logging
import os
import signal
import sys
from io import TextIOWrapper
from typing import cast


def main() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        _open_missing_streams()
        # A path or a help text that the encoding of stdout does not have is shown with escapes.
        cast("TextIOWrapper", sys.stdout).reconfigure(errors="backslashreplace")
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
    from openai_usage.cli.output.messages import log_to_stderr  # noqa: PLC0415

    log_to_stderr()
    # What stamina says of a retry, the transport has said before it, and better.
    logging.getLogger("stamina").setLevel(logging.ERROR)
    try:
        return run(sys.argv[1:])
    except Exception:
        # Its text may quote the server's, and a traceback would show it as it is.
        logging.getLogger("openai_usage").exception(
            "this failed by a mistake of its own. Please report it, with the lines below."
        )
        return 1


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
