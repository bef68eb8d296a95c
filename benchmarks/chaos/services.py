"""A PostgreSQL and a Redis of our own, on free ports, that may be broken at will."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import redis


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postgres:
    """A cluster below `folder`; its server refuses to run as root, so postgres runs it then."""

    def __init__(self, folder: Path) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
        where = shutil.which("pg_ctl") or (str(found[-1]) if found else "")
        if not where:
            raise SystemExit("needs PostgreSQL's pg_ctl")
        self.bin = Path(where).parent
        self.folder, self.port = folder / "postgres", free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        self.folder.mkdir()
        if os.geteuid() == 0:
            folder.chmod(0o755)
            shutil.chown(self.folder, "postgres")
        self._do("initdb", "-A", "trust", "-U", "postgres")
        (self.folder / "postgresql.conf").open("a").write(
            f"port = {self.port}\nlisten_addresses = '127.0.0.1'\n"
            f"unix_socket_directories = '{self.folder}'\nmax_connections = 60\n"
        )
        self._do("pg_ctl", "start", "-w", "-l", str(self.folder / "log"))

    def crash(self) -> None:
        """As if its machine had lost power, and come back."""
        self._do("pg_ctl", "restart", "-m", "immediate", "-w", "-l", str(self.folder / "log"))

    def stop(self) -> None:
        self._do("pg_ctl", "stop", "-m", "immediate")

    def _do(self, program: str, *arguments: str) -> None:
        command = [str(self.bin / program), "-D", str(self.folder), *arguments]
        if os.geteuid() == 0:
            command = ["su", "postgres", "-s", "/bin/sh", "-c", " ".join(command)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


class Redis:
    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.url = f"redis://127.0.0.1:{port}/0"
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(
            ["redis-server", *options, "--dir", str(folder)], stdout=subprocess.DEVNULL
        )
        self.client = redis.Redis.from_url(self.url)
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(redis.ConnectionError):
                self.client.ping()
                break
            if time.monotonic() > deadline:
                raise SystemExit("redis-server does not answer")
            time.sleep(0.1)

    def empty(self) -> None:
        self.client.flushall()

    def stop(self) -> None:
        self.client.close()
        self.process.terminate()
        self.process.wait(10)


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    server = Postgres(folder)
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def broker(folder: Path) -> Iterator[Redis]:
    server = Redis(folder)
    try:
        yield server
    finally:
        server.stop()
