"""A PostgreSQL server of its own, on a free port, in a folder that is removed afterwards."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def running() -> Iterator[str]:
    """Yield the address of a server, as a connection string."""
    with TemporaryDirectory(prefix="postgres-") as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        data = f"{folder}/data"
        # Nothing has to survive a crash of the machine.
        options = f"-F -h 127.0.0.1 -p {port} -k ''"
        user = _server_user(folder)
        _run(user, "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8")
        _run(user, "pg_ctl", "-D", data, "-o", options, "-l", f"{folder}/log", "-w", "start")
        try:
            yield f"postgresql://postgres:none@127.0.0.1:{port}/postgres"
        finally:
            _run(user, "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


def _server_user(folder: str) -> str | None:
    """Return the user that runs the server and owns *folder*, since the server rejects root."""
    if os.geteuid() != 0:
        return None
    owner = pwd.getpwnam("postgres")  # which Debian's package makes
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return owner.pw_name


def _run(user: str | None, program: str, *arguments: str) -> None:
    command = [_path_of(program), *arguments]
    subprocess.run(command, user=user, cwd="/", stdout=subprocess.DEVNULL, check=True)


def _path_of(program: str) -> str:
    # Debian keeps a folder for each version, and does not have them on the path.
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    return shutil.which(program) or str(versions[-1])
