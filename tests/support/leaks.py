"""Find where a key shows: in errors, tracebacks and the objects behind them."""

import io
import traceback
from collections.abc import Awaitable, Iterator
from pathlib import Path

import rich.console
import rich.pretty
import rich.traceback

KEY = f"sk-admin-{'s3cr3t' * 20}"
"""As long as real ones are: what shows the beginning of a long text would show it."""


HERE = str(Path(__file__).parents[1])


def holders(found: object) -> Iterator[object]:
    """Whatever hangs from an object of this package, as a debugger would unfold it."""
    seen: set[int] = set()
    todo = [found]
    while todo:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if type(one).__module__.startswith("openai_usage"):
            slots = [s for kind in type(one).__mro__ for s in getattr(kind, "__slots__", ())]
            todo += [getattr(one, name) for name in slots if hasattr(one, name)]
            todo += list(getattr(one, "__dict__", {}).values())


def printed(error: BaseException) -> str:
    """An error as it may be printed: with its causes, and the locals of this package's frames."""
    out = io.StringIO()
    console = rich.console.Console(file=out, width=200)
    console.print(
        rich.traceback.Traceback.from_exception(
            type(error), error, error.__traceback__, show_locals=True, locals_max_string=10_000
        )
    )
    whole = traceback.TracebackException.from_exception(error, capture_locals=True)
    return out.getvalue() + "".join(whole.format()) + repr(vars(error)) + repr(error)


def of_ours(error: BaseException) -> BaseException:
    """The error without the frames of the tests, which know the key well enough."""
    place = error.__traceback__
    while place is not None and place.tb_frame.f_code.co_filename.startswith(HERE):
        place = place.tb_next
    return error.with_traceback(place)


async def error_of(doing: Awaitable[object]) -> BaseException:
    try:
        await doing
    except BaseException as error:  # noqa: BLE001 - whatever it is
        return of_ours(error)
    raise AssertionError("it went well")
