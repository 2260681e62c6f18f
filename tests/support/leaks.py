"""Find where a key shows: in errors, tracebacks and the objects behind them."""

import traceback
from collections.abc import Awaitable, Iterator
from pathlib import Path

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
    trace = rich.traceback.Traceback.extract(
        type(error), error, error.__traceback__, show_locals=True, locals_max_string=10_000
    )
    # What rich prints, without the lines of code, which it takes long to colour.
    shown = [
        f"{name} = {value.render(max_width=200)}"
        for stack in trace.stacks
        for frame in stack.frames
        for name, value in (frame.locals or {}).items()
    ]
    whole = traceback.TracebackException.from_exception(error, capture_locals=True)
    said = [str(stack.exc_value) for stack in trace.stacks]
    return "\n".join([*said, *shown, *whole.format(), repr(vars(error)), repr(error)])


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
