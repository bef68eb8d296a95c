"""Who sends just now. A sender is dead when its lock is free, never because it is slow.

The lock is an advisory one of the very PostgreSQL session that writes the marks, so that neither
outlives the other; on SQLite it is a file's, beside the database. The operating system frees
both when a process ends, however it ends. (A pooler that shares sessions would break this.)
"""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections, transaction

from newsletter import restored
from newsletter.models import Sender

# A restart of PostgreSQL takes the locks of senders that live. They wait for the answer in hand
# (five minutes), then write down what it has forgotten; nobody takes their letters before.
RESTART_PATIENCE = timedelta(minutes=6)
CLOCKS_APART = timedelta(minutes=1)  # of this host and the database's, at most

SPACE = 0x5052 << 40  # our corner of PostgreSQL's one space of advisory locks


class LockLostError(Exception):
    """The session that held the lock is gone; others may take this sender for dead."""


class Presence:
    """A living sender: its row, and whether it still holds its lock."""

    def __init__(self, sender: Sender) -> None:
        self.pk = sender.pk
        self._db = connections[DEFAULT_DB_ALIAS]  # of this thread
        self._session = self._db.connection

    def check(self) -> None:
        """Raise LockLostError where the connection is another than the one that locked."""
        if self._db.connection is not self._session:
            raise LockLostError


@contextmanager
def present(clock: Callable[[], datetime]) -> Iterator[Presence]:
    """Be a sender, on this thread's connection, until the end of the block."""
    sender = Sender.objects.create(host=_host(), pid=os.getpid(), started_at=clock())
    unlock = _lock(sender.pk)
    try:
        restored.remember(sender)
        yield Presence(sender)
    finally:
        try:
            Sender.objects.filter(pk=sender.pk).update(ended_at=clock())
        finally:
            unlock()


@contextmanager
def if_dead(sender_id: int, now: datetime) -> Iterator[bool]:
    """Whether a sender's lock is free. It stays taken for the block, a transaction, if so."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_try_advisory_xact_lock(%s), pg_postmaster_start_time()",
                    [SPACE + sender_id],
                )
                free, server_since = cursor.fetchone()
            yield free and not _may_be_without_lock(sender_id, server_since, now)
        else:
            handle = _open(_path(sender_id), os.O_RDWR)
            try:
                yield handle is None or _try_flock(handle)
            finally:
                if handle is not None:
                    os.close(handle)


def _may_be_without_lock(sender_id: int, server_since: datetime, now: datetime) -> bool:
    """Whether the server was started again under a sender so short a time ago that it may live."""
    if not server_since - CLOCKS_APART <= now < server_since + RESTART_PATIENCE:
        return False
    sender = Sender.objects.filter(pk=sender_id, started_at__lt=server_since, ended_at=None).first()
    return sender is not None and not _has_left(sender)


def _has_left(sender: Sender) -> bool:
    """Whether a sender of this very host has no process any more. Of others nobody can know."""
    if sender.host != _host():
        return False
    try:
        os.kill(sender.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # somebody else's process: it lives
        return False
    return False


def _host() -> str:
    return socket.gethostname()[:200]


def _lock(sender_id: int) -> Callable[[], None]:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [SPACE + sender_id])
        return lambda: _unlock_session(sender_id)
    return _lock_file(_path(sender_id))


def _unlock_session(sender_id: int) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [SPACE + sender_id])
    except DatabaseError:
        connection.close()  # the lock ends with its session


def _lock_file(path: Path) -> Callable[[], None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if _is_still(handle, path):
            break
        os.close(handle)  # somebody tidied it away between opening and locking

    def unlock() -> None:
        path.unlink(missing_ok=True)
        os.close(handle)

    return unlock


def _is_still(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _open(path: Path, flags: int) -> int | None:
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        return None


def _try_flock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _path(sender_id: int) -> Path:
    name = str(connection.settings_dict["NAME"])
    in_memory = name.startswith("file:") or name == ":memory:"
    private = Path(tempfile.gettempdir()) / f"paper-round-{os.getpid()}"
    folder = private if in_memory else Path(f"{name}-senders")
    return folder / f"{sender_id}.lock"
