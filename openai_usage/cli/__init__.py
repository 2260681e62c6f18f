"""The command line `openai-usage`. Needs the extra `[cli]`."""

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
        # The encoding of stdout may lack a character of a path or a help text.
        cast("TextIOWrapper", sys.stdout).reconfigure(errors="backslashreplace")
        _treat_signals_as_ctrl_c()
        sys.exit(_run())
    except KeyboardInterrupt:  # while modules are still being imported
        sys.exit(130)


def _run() -> int:
    try:
        import cyclopts  # noqa: F401, PLC0415 - an extra may be missing
        import rich  # noqa: F401, PLC0415
    except ModuleNotFoundError as error:
        from openai_usage._extras import missing_library  # noqa: PLC0415

        print(f"openai-usage: {missing_library(str(error.name), 'cli')}", file=sys.stderr)
        return 2
    from openai_usage.cli.app import run  # noqa: PLC0415
    from openai_usage.cli.output.messages import log_to_stderr  # noqa: PLC0415

    log_to_stderr()
    # The transport logs each retry itself, with more detail than stamina.
    logging.getLogger("stamina").setLevel(logging.ERROR)
    try:
        return run(sys.argv[1:])
    except Exception:
        # The error may quote the server, and the interpreter's traceback would not mask that.
        logging.getLogger("openai_usage").exception(
            "the command failed because of a bug in it. Please report it, with the lines below."
        )
        return 1


def _open_missing_streams() -> None:
    """Discard stdout and stderr if the process was started without them."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            devnull = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(devnull, "w", encoding="utf-8", closefd=False))


def _treat_signals_as_ctrl_c() -> None:
    """Clean up after SIGTERM or a closed terminal as after Ctrl-C."""
    for each in {signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}:
        if signal.getsignal(each) != signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(each, _interrupt)


def _interrupt(*_: object) -> None:
    """Do what Ctrl-C does now, even if the shell ignores it, as it does for background jobs."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)
