"""Debian's PostgreSQL as a private cluster on loopback, for the tests that run on both databases.

Started at the first use, ended with the test process.  The server refuses to run as root, so then it runs as the
user that the Debian package made for it.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path

import psycopg

_DEBIAN = Path("/usr/lib/postgresql")
_numbers = count(1)


class NoServer(Exception):
    """There are no server binaries on this machine."""


@dataclass(frozen=True)
class Server:
    port: int
    password: str

    def url(self, database: str) -> str:
        return f"postgresql://bridge:{self.password}@127.0.0.1:{self.port}/{database}"

    def new_database(self, template: str | None = None) -> str:
        """Makes an empty database, or a copy; returns its name."""
        name = f"test_{next(_numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template or 'template0'}")
        return name

    def drop(self, database: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


@cache
def server() -> Server:
    """Raises NoServer."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="bridge-pg-"))
    password = secrets.token_hex(8)
    password_file = folder / "password"
    password_file.write_text(password)
    if os.geteuid() == 0:
        for path in (folder, password_file):
            shutil.chown(path, "postgres", "postgres")
    data = folder / "data"
    _run(
        binaries / "initdb", "--pgdata", data, "--username=bridge", f"--pwfile={password_file}",
        "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
    )  # fmt: skip
    port = _free_port()
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off -c max_connections=40"
    atexit.register(_end, binaries, data, folder)
    _run(binaries / "pg_ctl", "start", "-w", "-D", data, "-l", folder / "log", "-o", options)
    return Server(port=port, password=password)


def _binaries() -> Path:
    versions = sorted(_DEBIAN.glob("*/bin/pg_ctl"), key=lambda p: int(p.parts[-3]))
    if versions:
        return versions[-1].parent
    if found := shutil.which("pg_ctl"):
        return Path(found).resolve().parent
    raise NoServer("no PostgreSQL server on this machine (apt install postgresql)")


def _run(*command: object) -> None:
    words = [str(part) for part in command]
    if os.geteuid() == 0:
        words = ["runuser", "-u", "postgres", "--", *words]
    # No pipes: the server would keep them open.
    done = subprocess.run(words, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"{words[-1] if len(words) < 3 else ' '.join(words)} ended with {done.returncode}")


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def _end(binaries: Path, data: Path, folder: Path) -> None:
    try:
        if (data / "postmaster.pid").exists():
            _run(binaries / "pg_ctl", "stop", "-w", "-m", "immediate", "-D", data)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
