"""SQLite's own connection below Django's: its transactions, its marks for values, its instants."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

# SQLite has one writer. Who waits for that sleeps for milliseconds; who waits for this, no longer
# than needed. Processes still meet in SQLite.
TURNS = threading.Lock()


@lru_cache(maxsize=32)
def question_marks(sql: str) -> str:
    return sql.replace("%s", "?")


def utc(at: datetime) -> str:
    return str(at.astimezone(UTC))[: -len("+00:00")]


class Immediately:
    """SQLite's own connection in a transaction, or in the one that is open; any number of times."""

    def __init__(self, db: BaseDatabaseWrapper) -> None:
        self.db = db
        self.raw: Any = db.connection
        self.cursor = self.raw.cursor()  # one for all: to make it costs as much as a small mark
        self.is_ours = False

    def __enter__(self) -> Any:
        self.is_ours = not self.db.in_atomic_block
        if self.is_ours:
            TURNS.acquire()
            try:
                self.cursor.execute("BEGIN IMMEDIATE")
            except BaseException:
                TURNS.release()
                raise
        return self.cursor

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if not self.is_ours:
            return
        try:
            if kind is None:
                self.cursor.execute("COMMIT")
        finally:
            try:
                if self.raw.in_transaction:  # it failed, or its commit did
                    self.cursor.execute("ROLLBACK")
            finally:
                TURNS.release()
