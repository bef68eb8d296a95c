"""Papers from files and live sources into the tables, with a ledger row for every try."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from django.utils import timezone

from papers import ledger
from papers.intake import Counts, ingest
from papers.live import SOURCES, fetch_and_ingest, fetch_due, online
from papers.models import Fetch
from papers.sources import files
from papers.sources.base import PaperRecord, SourceError

__all__ = [
    "SOURCES",
    "Counts",
    "fetch_and_ingest",
    "fetch_due",
    "ingest",
    "ingest_path",
    "online",
]

FILE = "file"  # the ledger's source of what was read from a path


def ingest_path(
    path: Path | str,
    *,
    on: date | None = None,
    now: datetime | None = None,
    report: Callable[[Fetch, Counts], None] = lambda fetch, counts: None,
) -> list[Fetch]:
    """Read a file, or every file below a folder; returns a ledger row for each.

    `on` is the day of lists that do not say theirs. `report` hears of each file as it is done,
    with the papers it told of.
    """
    now = now or timezone.now()
    fetches = []
    for name, parsed in files.read_path(Path(path), on=on):
        counts = Counts()
        with ledger.entry(FILE, name, now) as entry:
            if isinstance(parsed, SourceError):
                raise parsed
            waiting = deque(parsed.records)
            parsed = replace(parsed, records=())
            counts = ingest(drained(waiting), now=now)
            entry.done(parsed, counts)
        report(entry.row, counts)
        fetches.append(entry.row)
    return fetches


def drained(waiting: deque[PaperRecord]) -> Iterator[PaperRecord]:
    """Each record once, let go as soon as it is read: a large file need not stay in memory."""
    while waiting:
        yield waiting.popleft()
