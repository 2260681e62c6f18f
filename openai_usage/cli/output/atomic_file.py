"""Write files completely or not at all."""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from openai_usage._text import contains_key
from openai_usage.cli.wording import CommandError

_PREFIX_LENGTH = 50
"""Characters of the target's name in the temporary name, which may not become too long."""


def check_path(path: Path) -> None:
    """Reject a path that cannot be written, before a request is sent.

    Raises:
        CommandError: The folder does not exist, the path is a folder, or it contains an API key.
        OSError: The system rejects the path, for example because its links form a loop.
    """
    if contains_key(str(path)):
        raise CommandError(
            "--output takes a file, not an API key. Set only OPENAI_ADMIN_KEY to the key."
        )
    _follow_links(path)
    folder = path.absolute().parent
    if path.is_dir() or not folder.is_dir():
        reason = "it is a folder" if folder.is_dir() else f"there is no folder {folder}"
        raise CommandError(
            f"--output {path} cannot be written: {reason}. Choose a file in an existing folder."
        )


def _follow_links(path: Path) -> None:
    """Follow the links of *path*; a missing target is not an error.

    This comes first because the methods of `Path` treat a loop differently in each Python version.

    Raises:
        OSError: The links form a loop, or the system rejects the path for another reason.
    """
    with suppress(FileNotFoundError, NotADirectoryError):
        path.stat()


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that replaces *path* once it is written completely.

    Until then it has another name in the same folder. If anything fails, it is removed, and *path*
    stays as it was. A pipe or a device such as `/dev/stdout` is written directly.

    Raises:
        OSError: The file cannot be written. Its `filename` is *path*.
    """
    try:
        _follow_links(path)
        is_special = path.exists() and not path.is_file()
        with path.open("wb") if is_special else _replacing(path) as file:
            yield file
    except OSError as error:
        error.filename = str(path)  # the user does not know the temporary name
        raise


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    target = Path(os.path.realpath(path))  # keep a link, and replace the file it points to
    part = target.with_name(f".{target.name[:_PREFIX_LENGTH]}.{uuid4().hex[:8]}.part")
    # Set before the first byte, so that nobody can read it who cannot read the target.
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666
    try:
        with open(part, "xb", opener=partial(os.open, mode=mode)) as file:
            if target.exists():
                shutil.copymode(target, part)  # the umask may have removed permissions
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
