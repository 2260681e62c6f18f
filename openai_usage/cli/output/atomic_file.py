"""Files that are there whole or not at all."""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from openai_usage import InvalidOptionError

_TELLING = 50
"""Characters of a file's name that the name of its part begins with: a name can be no longer."""


def check_path(path: Path) -> None:
    """Refuse a file that cannot be written, before anything is asked.

    Raises:
        InvalidOptionError: Its folder is not there, or it is a folder itself.
        OSError: The system refuses it, as it does links that lead in a circle.
    """
    _follow(path)
    folder = path.absolute().parent
    if path.is_dir() or not folder.is_dir():
        wrong = "it is a folder" if folder.is_dir() else f"there is no folder {folder}"
        raise InvalidOptionError(f"--output {path}: {wrong}", option="output")


def _follow(path: Path) -> None:
    """Follow the links of *path*, as far as there is something at their end.

    Raises:
        OSError: They lead in a circle, or the system refuses the path for something else. All
            that follows them later differs in that from one version of Python to the next.
    """
    with suppress(FileNotFoundError, NotADirectoryError):
        path.stat()


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of *path* once all of it is written.

    Until then it lies beside it under another name; where anything fails, it is removed and what
    was there before stays. What is no file, such as a pipe or `/dev/stdout`, is written directly.

    Raises:
        OSError: It could not be written. Its `filename` is *path*.
    """
    try:
        _follow(path)
        is_special = path.exists() and not path.is_file()
        with path.open("wb") if is_special else _replacing(path) as file:
            yield file
    except OSError as error:
        error.filename = str(path)  # and not the part, of which nobody knows
        raise


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    target = Path(os.path.realpath(path))  # a link stays one, and what it points to is replaced
    part = target.with_name(f".{target.name[:_TELLING]}.{uuid4().hex[:8]}.part")
    # The permissions are those of the target, or of any other new file, before there is a byte.
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666
    try:
        with open(part, "xb", opener=partial(os.open, mode=mode)) as file:
            if target.exists():
                shutil.copymode(target, part)  # of which the umask may have taken something
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
