"""The ledger of fetches: a row for every try, with what came or why nothing did."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import transaction

from papers.intake import Counts
from papers.models import Fetch
from papers.sources import values
from papers.sources.base import Answer, Parsed, Refusal, SourceError, StoppedError

logger = logging.getLogger(__name__)

NAMED = 100  # refusals named in a row
LONGEST_REASON = 1_000


@contextmanager
def entry(source: str, target: str, now: datetime) -> Iterator[Entry]:
    """One try: an error inside closes its row with the reason and goes no further.

    Where the service is stopped in the middle there was no try: the next run asks again at once.
    """
    opened = Entry(source, target, now)
    try:
        yield opened
    except StoppedError:
        opened.row.delete()
        raise
    except SourceError as error:
        opened.failed(error.reason)
    except Exception as error:
        logger.exception("fetch %s of %s broke", opened.row.pk, source)
        opened.failed(f"a fault of ours: {type(error).__name__}: {error}")


class Entry:
    """One try on its way: opened before the source is asked, closed by exactly one verb."""

    def __init__(self, source: str, target: str, now: datetime) -> None:
        self._began = time.monotonic()
        self.row = Fetch.objects.create(
            source=source[:20], target=printable(target, 300), started_at=now
        )

    def failed(self, reason: str) -> None:
        """Nothing else of the row is written: it may be what cannot be stored."""
        self.row.reason = printable(reason, LONGEST_REASON)
        self._close(Fetch.Status.FAILED, only=("reason", "status", "finished_at"))

    def remember(self, answer: Answer) -> None:
        """What the next question says that we have, where it can be sent back."""
        self.row.etag = values.validator(answer.etag, values.ETAG_LONGEST)
        self.row.last_modified = values.validator(
            answer.last_modified, values.LAST_MODIFIED_LONGEST
        )

    def unchanged(self) -> None:
        """The source says that nothing is new since the last time."""
        self._close(Fetch.Status.UNCHANGED)

    def done(self, parsed: Parsed, counts: Counts, *, broken_off: str = "") -> None:
        """What could be read is in; what was refused is named; `broken_off`: why it ended early."""
        row, refusals = self.row, [*parsed.refusals, *counts.refusals]
        row.announced = parsed.announced
        row.received = counts.records + len(parsed.refusals)
        row.new, row.changed, row.merged = counts.new, counts.changed, counts.merged
        row.unchanged = counts.unchanged + counts.passed_over
        row.refused = len(refusals)
        row.refusals = [asdict(named(refusal)) for refusal in refusals[:NAMED]]
        reasons = [f"broken off: {printable(broken_off, LONGEST_REASON)}"] if broken_off else []
        if refusals:
            first = named(refusals[0])
            reasons.append(f"{len(refusals):,} refused; the first, {first.record}: {first.reason}")
        row.reason = "; ".join(reasons) or ("" if row.received else "lists no papers")
        self._close(Fetch.Status.PARTIAL if reasons else Fetch.Status.DONE)

    def _close(self, status: Fetch.Status, *, only: tuple[str, ...] | None = None) -> None:
        self.row.status = status
        self.row.finished_at = self.row.started_at + timedelta(
            seconds=time.monotonic() - self._began
        )
        with transaction.atomic():
            self.row.save(update_fields=only)


def named(refusal: Refusal) -> Refusal:
    return Refusal(printable(refusal.record, 80), printable(refusal.reason, 200))


def printable(text: str, limit: int) -> str:
    """One line without what a database or terminal cannot take."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:limit]
