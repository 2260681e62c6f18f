"""Files that are there whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from openai_usage import InvalidOptionError


def check_path(path: Path) -> None:
    """Refuse a file that cannot be written, before anything is asked.

    Raises:
        InvalidOptionError: Its folder is not there, or it is a folder itself.
    """
    folder = path.absolute().parent
    if path.is_dir() or not folder.is_dir():
        wrong = "it is a folder" if folder.is_dir() else f"there is no folder {folder}"
        raise InvalidOptionError(f"--output {path}: {wrong}", option="output")


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of *path* once all of it is written.

    Until then it lies beside it under another name; where anything fails, it is removed and what
    was there before stays. What is no file, such as a pipe or `/dev/stdout`, is written directly.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as direct:
            yield direct
        return
    target = path.resolve()  # a link stays one, and what it points to is replaced
    part = target.with_name(f".{target.name}.{uuid4().hex[:8]}.part")
    try:
        # Opened like any other new file, so that it has the permissions of one.
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
