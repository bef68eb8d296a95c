"""Taking letters for sending, a small batch at a time, and giving back what was not sent.

On PostgreSQL several senders claim at once (FOR UPDATE SKIP LOCKED); on SQLite they take turns
(a transaction begins with BEGIN IMMEDIATE).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.db.models import Model, Q
from django.db.models.base import ModelState

from newsletter.models import Digest, DigestQuerySet, Edition
from newsletter.schedule import LATE
from subscribers import consent
from subscribers.models import Subscriber

Status = Digest.Status
M = TypeVar("M", bound=Model)

MANY_SENDERS = 32  # beyond which their number does not matter
LOOK_AHEAD = 8  # claims

# What letters print, and marks; any other field is read where it is asked for.
PRINTED = (
    "id", "uuid", "edition_id", "subscriber_id", "kind", "due_at", "built_at", "pool_size",
    "updates", "view_token", "attempts", "uncertain_attempts", "provider",
)  # fmt: skip
PRINTED_OF_READER = (
    "id", "email", "unsubscribe_token", "name", "language", "timezone", "cadence", "hour",
    "weekdays", "summaries", "text_only",
)  # fmt: skip
INSTANTS = ("due_at", "built_at")
DIGESTS = Digest._meta.db_table

# SQL of our own where an edition of many small claims would spend more on making it than on it.
# The same letters as claimable() names, of one edition.
READY = (
    f"SELECT d.id FROM {DIGESTS} d JOIN {Edition._meta.db_table} e ON e.id = d.edition_id"  # noqa: S608 - our own names
    " WHERE d.edition_id = %s AND d.status = 'pending' AND d.id > %s AND e.status = 'open'"
    " AND d.due_at <= %s AND (d.due_at >= %s OR d.kind = 'first')"
    " AND (d.not_before IS NULL OR d.not_before <= %s)"
)
TAKE = (
    f"UPDATE {DIGESTS} SET status = 'claimed', sender_id = %s, claimed_at = %s"  # noqa: S608 - our own names
    " WHERE status = 'pending' AND id IN ({})"
)
HELD = (
    f"SELECT {{}} FROM {DIGESTS} d JOIN {Subscriber._meta.db_table} r ON r.id = d.subscriber_id"  # noqa: S608 - our own names
    " WHERE d.sender_id = %s AND d.status = 'claimed' AND d.id BETWEEN %s AND %s ORDER BY d.id"
)
HOLDING = (
    f"SELECT COUNT(*) FROM (SELECT DISTINCT sender_id FROM {DIGESTS}"  # noqa: S608 - our own names
    " WHERE sender_id IS NOT NULL AND sender_id <> %s LIMIT %s) others"
)
# Counted in the index alone: a letter that has to wait makes the share a little too large. And from
# where the claim begins: before it PostgreSQL's index is full of what was claimed.
REST = (
    f"SELECT COUNT(*) FROM (SELECT 1 FROM {DIGESTS}"  # noqa: S608 - our own names
    " WHERE edition_id IN ({}) AND status = 'pending' AND id > %s LIMIT %s) rest"
)


@dataclass(frozen=True)
class Choice:
    """Which letters a run is about; all where nothing is named."""

    date: date | None = None  # of the edition
    email: str = ""


EVERYTHING = Choice()


def claimable(now: datetime, choice: Choice = EVERYTHING) -> DigestQuerySet:
    """Letters that could go now. Whether their readers still want them is asked at the mark."""
    rows = Digest.objects.filter(
        Q(not_before=None) | Q(not_before__lte=now),
        Q(due_at__gte=now - LATE) | Q(kind=Digest.Kind.FIRST),
        status=Status.PENDING,
        edition__status=Edition.Status.OPEN,
        due_at__lte=now,
    )
    if choice.date:
        rows = rows.filter(edition__date=choice.date)
    if choice.email:
        rows = rows.filter(subscriber__email=choice.email)
    return rows


def claim(
    sender_id: int,
    now: datetime,
    *,
    most: int,
    after: int = 0,
    choice: Choice = EVERYTHING,
    editions: Mapping[int, Edition] | None = None,
) -> list[Digest]:
    """Take up to `most` letters with ids above `after`; nobody else gets them.

    `editions` are those that open_editions() named a moment ago.
    """
    editions = open_editions(choice) if editions is None else editions
    at, late = (connection.ops.adapt_datetimefield_value(t) for t in (now, now - LATE))
    many_at_once = connection.features.has_select_for_update_skip_locked
    ready, chosen = _ready_sql(by_email=bool(choice.email), skip_locked=many_at_once), []
    if choice.email:
        chosen.append(choice.email)
    ids: list[int] = []
    with transaction.atomic(), connection.cursor() as cursor:
        if many_at_once:
            # Marks need not wait for the disk because a crash never forgets whose letters
            # these are.
            cursor.execute("SET LOCAL synchronous_commit TO on")
        for edition in editions:
            cursor.execute(ready, [edition, after, at, late, at, *chosen, most - len(ids)])
            ids += (pk for (pk,) in cursor.fetchall())
            if len(ids) == most:
                break
        if ids:
            cursor.execute(TAKE.format(_marks(ids)), [sender_id, at, *ids])
    return _held(ids, sender_id, editions) if ids else []


@lru_cache(maxsize=4)
def _ready_sql(*, by_email: bool, skip_locked: bool) -> str:
    sql = READY
    if by_email:
        readers = Subscriber._meta.db_table
        sql += f" AND d.subscriber_id IN (SELECT r.id FROM {readers} r WHERE r.email = %s)"  # noqa: S608 - our own names
    sql += " ORDER BY d.id LIMIT %s"
    return f"{sql} FOR UPDATE OF d SKIP LOCKED" if skip_locked else sql


def waiting(now: datetime, *, most: int, choice: Choice = EVERYTHING) -> int:
    """How many letters could go now; not counted beyond `most`."""
    found = 0
    for rows in _by_edition(open_editions(choice), now, choice):
        found += rows.order_by()[: most - found].count()
        if found >= most:
            break
    return found


class Share(NamedTuple):
    letters: int
    sure: int  # further claims of `most` for which there is no need to ask


def fair_share(
    sender_id: int,
    *,
    most: int,
    least: int,
    after: int = 0,
    choice: Choice = EVERYTHING,
    editions: Iterable[int] | None = None,
) -> Share:
    """How many letters to take now: `most`, and ever fewer as the rest gets small.

    A half of what would be an equal part for each sender that holds letters, so that one who comes
    late, or from another host, still finds its part.
    """
    open_ones = list(open_editions(choice) if editions is None else editions)
    parts = 2 * (1 + _count(HOLDING, sender_id, MANY_SENDERS - 1))
    ahead = LOOK_AHEAD * parts * most
    rest = _count(REST.format(_marks(open_ones)), *open_ones, after, ahead) if open_ones else 0
    letters = max(least, min(most, -(-rest // parts)))
    return Share(letters, max(0, rest // (parts * most) - 1))


def _count(sql: str, *values: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.fetchone()[0])


def _marks(values: Sequence[int]) -> str:
    return ", ".join(["%s"] * len(values))


def _by_edition(editions: Iterable[int], now: datetime, choice: Choice) -> Iterator[DigestQuerySet]:
    """One edition at a time: then the index of what is pending leads there, and nobody reads over
    the letters of other days.
    """
    for edition in editions:
        yield claimable(now, choice).filter(edition=edition)


def open_editions(choice: Choice = EVERYTHING) -> dict[int, Edition]:
    """The few that letters may leave, oldest first."""
    rows = Edition.objects.filter(status=Edition.Status.OPEN, closed_at=None)
    if choice.date:
        rows = rows.filter(date=choice.date)
    return {edition.pk: edition for edition in rows.order_by("pk")}


def _held(ids: list[int], sender_id: int, editions: Mapping[int, Edition]) -> list[Digest]:
    """Those of these letters that are the sender's now, in the order of their ids."""
    taken, digests = set(ids), []
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute(_held_sql(is_sqlite), [sender_id, min(ids), max(ids)])
        rows = cursor.fetchall()
    for values in rows:
        if values[0] not in taken:
            continue
        fields = dict(zip(PRINTED, values, strict=False))
        _as_django_reads(fields, is_sqlite)
        readers = zip(PRINTED_OF_READER, values[len(PRINTED) :], strict=True)
        loaded = {
            "subscriber": _row(Subscriber, dict(readers), {}),
            "edition": editions[fields["edition_id"]],
        }
        digests.append(_row(Digest, fields, loaded))
    return digests


@lru_cache(maxsize=2)
def _held_sql(is_sqlite: bool) -> str:
    # A column with a sign before it has no type, and sqlite3 leaves its text to us.
    plain = INSTANTS if is_sqlite else ()
    columns = [f"{'+' if name in plain else ''}d.{name}" for name in PRINTED]
    return HELD.format(", ".join([*columns, *(f"r.{name}" for name in PRINTED_OF_READER)]))


def _as_django_reads(fields: dict[str, Any], is_sqlite: bool) -> None:
    """What SQLite keeps as text becomes what it stands for; both databases leave JSON to us."""
    fields["updates"] = json.loads(fields["updates"]) if fields["updates"] != "[]" else []
    if is_sqlite:
        fields["uuid"] = UUID(int=int(fields["uuid"], 16))
        for name in INSTANTS:
            fields[name] = _instant(fields[name])


@lru_cache(maxsize=64)  # letters of an hour are due, and of a batch built, at one instant
def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _row(model: type[M], fields: dict[str, Any], related: dict[str, Model]) -> M:
    """As Django loads a row of which some fields are deferred, at a fraction of its cost."""
    row, state = model.__new__(model), ModelState()
    state.__dict__.update(db=DEFAULT_DB_ALIAS, adding=False, fields_cache=related)
    row.__dict__ = {"_state": state, **fields}
    return row


def release(sender_id: int, ids: list[int] | None = None) -> int:
    """Give back claims that came to nothing; all of the sender's where no ids are named."""
    held = Digest.objects.filter(sender=sender_id, status=Status.CLAIMED)
    if ids is not None:
        held = held.filter(pk__in=ids)
    return held.update(status=Status.PENDING, sender=None, claimed_at=None)


def turn_down(digest_id: int, sender_id: int, now: datetime) -> str:
    """What becomes of a claimed letter that may not go, and why; empty where it goes back.

    It is skipped where its reader may not be mailed, expired where it is too late, and pending
    again where only its edition waits or its address has changed.
    """
    held = Digest.objects.filter(pk=digest_id, sender=sender_id, status=Status.CLAIMED)
    digest = held.select_related("subscriber", "edition").first()
    if digest is None:
        return ""
    status, reason = _why_not(digest, now)
    held.update(
        status=status, reason=reason or digest.reason, sender=None, claimed_at=None, not_before=None
    )
    return reason


def _why_not(digest: Digest, now: datetime) -> tuple[Digest.Status, str]:
    reader = digest.subscriber
    if consent.is_suppressed(reader.email) or reader.status == Subscriber.Status.SUPPRESSED:
        return Status.SKIPPED, "suppressed"
    if reader.status != Subscriber.Status.ACTIVE:
        return Status.SKIPPED, f"reader is {reader.status}"
    if reader.confirmed_at is None:
        return Status.SKIPPED, "never confirmed"
    if digest.edition.status == Edition.Status.CANCELLED:
        return Status.SKIPPED, "edition cancelled"
    if is_too_late(digest, now):
        return Status.EXPIRED, "more than 12 hours late"
    return Status.PENDING, ""


def is_too_late(digest: Digest, now: datetime) -> bool:
    return digest.kind != Digest.Kind.FIRST and now - digest.due_at > LATE
