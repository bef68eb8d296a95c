"""What an operator may do with an edition, at any moment; senders obey at their next letter."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from django.db import connection, transaction
from django.db.models import QuerySet

from newsletter.models import Digest, Edition
from newsletter.schedule import LATE

Status = Edition.Status

DIGESTS = Digest._meta.db_table
# The few that are held have an index of their own; the + keeps SQLite from the edition's there.
BY_STATUS = (
    f"SELECT status, COUNT(*) FROM {DIGESTS} WHERE edition_id = %s AND sender_id IS NULL"  # noqa: S608 - our own names
    f" GROUP BY status UNION ALL SELECT status, COUNT(*) FROM {DIGESTS}"
    " WHERE +edition_id = %s AND sender_id IS NOT NULL GROUP BY status"
)
CANCELLED = "edition cancelled"  # as newsletter/digests.py says it of those not built yet


def pause(edition: Edition, *, reason: str = "") -> bool:
    """Nothing more goes until resume(); letters 12 hours late expire meanwhile. True if it did."""
    return _move(edition, {Status.OPEN, Status.HELD}, Status.PAUSED, reason)


def resume(edition: Edition) -> bool:
    return _move(edition, {Status.PAUSED, Status.HELD}, Status.OPEN, "")


@transaction.atomic
def cancel(edition: Edition, *, reason: str = "") -> bool:
    """Nothing more goes, ever; what has left stays sent. True if this call did it."""
    living = {Status.OPEN, Status.PAUSED, Status.HELD}
    if not _move(edition, living, Status.CANCELLED, reason):
        return False
    drop_pending(Edition.objects.filter(pk=edition.pk))
    return True


def drop_pending(cancelled: QuerySet[Edition]) -> int:
    """Skip what waits in cancelled editions; how many letters that were."""
    waiting = Digest.objects.filter(edition__in=cancelled, status=Digest.Status.PENDING)
    return waiting.update(status=Digest.Status.SKIPPED, reason=CANCELLED, not_before=None)


@transaction.atomic
def retry_failed(edition: Edition, *, now: datetime) -> int:
    """Give the failed letters a new start, and nobody else; returns how many.

    Left out are those that may have arrived, those too late to be of use, and all of an edition
    that was cancelled.
    """
    failed = Digest.objects.filter(
        edition=edition,
        sender=None,
        status=Digest.Status.FAILED,
        uncertain_attempts=0,
        due_at__gte=now - LATE,
    ).exclude(edition__status=Status.CANCELLED)
    again = failed.update(status=Digest.Status.PENDING, reason="", attempts=0, not_before=None)
    if again:
        Edition.objects.filter(pk=edition.pk, status=Status.CLOSED).update(
            status=Status.OPEN, closed_at=None, counts={}
        )
    return again


def repeat(digests: QuerySet[Digest]) -> int:
    """An operator's word: send uncertain letters once more, under the same Message-ID."""
    uncertain = digests.filter(status=Digest.Status.UNCERTAIN)
    return uncertain.update(
        status=Digest.Status.PENDING, uncertain_since=None, not_before=None, attempts=0
    )


def count_as_sent(digests: QuerySet[Digest], *, now: datetime) -> int:
    """An operator's word: uncertain letters did arrive."""
    uncertain = digests.filter(status=Digest.Status.UNCERTAIN)
    return uncertain.update(
        status=Digest.Status.SENT, sent_at=now, reason="the operator's word", uncertain_since=None
    )


def by_status(edition: Edition) -> dict[str, int]:
    """How many digests it has in each status, all counted at one moment."""
    with connection.cursor() as cursor:
        cursor.execute(BY_STATUS, [edition.pk, edition.pk])
        counts: Counter[str] = Counter()
        for status, n in cursor.fetchall():
            counts[status] += n
    return dict(counts)


def _move(edition: Edition, allowed: set[Edition.Status], to: Edition.Status, reason: str) -> bool:
    row = Edition.objects.filter(pk=edition.pk, status__in=allowed, closed_at=None)
    return row.update(status=to, reason=reason) == 1
