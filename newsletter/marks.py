"""The marks on a letter's row, before its first byte and after the last reply.

Closing one letter and opening the next is one commit. Each mark is a conditional UPDATE whose row
count decides. They are SQL of our own, because a million letters a morning pass here.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

import psycopg
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.models import Case, F, Max, Q, Value, When

from newsletter.endings import change
from newsletter.models import Attempt, Digest, Edition
from newsletter.outcomes import WORDS, Outcome
from newsletter.schedule import LATE
from newsletter.senders import Presence
from newsletter.sqlite import Immediately, question_marks, utc
from subscribers import consent
from subscribers.models import Subscriber, Suppression

logger = logging.getLogger(__name__)

Kind = Attempt.Outcome
Status = Digest.Status

DURABLE_EVERY = 0.2  # seconds; what a power cut may repeat

DIGESTS, ATTEMPTS = Digest._meta.db_table, Attempt._meta.db_table
READERS, EDITIONS = Subscriber._meta.db_table, Edition._meta.db_table
SUPPRESSIONS = Suppression._meta.db_table


T = TypeVar("T")
Statement = tuple[str, list[Any]]  # as the database takes them

SETTLE, SETTLE_AND_NAME = (
    f"UPDATE {DIGESTS} SET status = %s, reason = %s, not_before = %s,"  # noqa: S608 - our own names
    " sent_at = COALESCE(%s, sent_at), uncertain_since = %s, attempts = attempts - %s,"
    f" uncertain_attempts = uncertain_attempts + %s{name}, sender_id = NULL, claimed_at = NULL"
    " WHERE id = %s AND status = 'sending' AND sender_id = %s"
    for name in ("", ", provider_message_id = %s")
)
# Nearly every letter; the same as the above with fewer columns.
SETTLE_SENT = (
    f"UPDATE {DIGESTS} SET status = 'sent', reason = '', not_before = NULL, sent_at = %s,"  # noqa: S608 - our own names
    " uncertain_since = NULL, sender_id = NULL, claimed_at = NULL"
    " WHERE id = %s AND status = 'sending' AND sender_id = %s"
)
CLOSE_ATTEMPT = (
    f"UPDATE {ATTEMPTS} SET finished_at = %s, outcome = %s, phase = %s, code = %s, reply = %s"  # noqa: S608 - our own names
    " WHERE id = %s AND outcome = 'open'"
)
# Whether the reader may still be mailed is asked by the very statement that starts the send.
BEGIN = (
    f"UPDATE {DIGESTS} SET status = 'sending', attempts = attempts + 1, provider = %s"  # noqa: S608 - our own names
    " WHERE id = %s AND status = 'claimed' AND sender_id = %s"
    " AND (due_at >= %s OR kind = 'first')"
    f" AND EXISTS (SELECT 1 FROM {EDITIONS} e WHERE e.id = edition_id AND e.status = 'open')"
    f" AND EXISTS (SELECT 1 FROM {READERS} r WHERE r.id = subscriber_id"
    " AND r.status = 'active' AND r.confirmed_at IS NOT NULL AND r.email = %s)"
    f" AND NOT EXISTS (SELECT 1 FROM {SUPPRESSIONS} s WHERE s.lifted_at IS NULL"
    " AND s.address_hash IN ({}))"
)
NUMBER = f"(SELECT COALESCE(MAX(a.number), 0) + 1 FROM {ATTEMPTS} a WHERE a.digest_id = {{}})"  # noqa: S608 - our own names
OPEN = "digest_id, number, sender_id, provider, started_at, outcome, phase, reply"
OPEN_BEGUN = (
    f"INSERT INTO {ATTEMPTS} ({OPEN}) SELECT d.id, {NUMBER.format('d.id')},"  # noqa: S608 - our own names
    " %s, %s, %s, 'open', '', '' FROM begun d WHERE d.id = %s"
)
# Not selected from a table: SQLite would put the one row into a temporary table first.
OPEN_NUMBERED = (
    f"INSERT INTO {ATTEMPTS} (id, {OPEN})"  # noqa: S608 - our own names
    f" VALUES (?1, ?5, {NUMBER.format('?5')}, ?2, ?3, ?4, 'open', '', '')"
)
# SQLite writes down the last id it gave with each commit that gave one: a page more for each letter
# unless many ids are taken at once.
IDS_AT_ONCE = 200
TAKE_IDS = f"UPDATE sqlite_sequence SET seq = seq + {IDS_AT_ONCE} WHERE name = '{ATTEMPTS}'"  # noqa: S608 - our own names
BEGIN_IDS = (
    f"INSERT INTO sqlite_sequence (name, seq) SELECT '{ATTEMPTS}',"  # noqa: S608 - our own names
    f" COALESCE(MAX(id), 0) + {IDS_AT_ONCE} FROM {ATTEMPTS}"
)
LAST_ID = f"SELECT seq FROM sqlite_sequence WHERE name = '{ATTEMPTS}'"  # noqa: S608 - our own names


class Next(NamedTuple):
    """A letter that is printed and about to be handed over."""

    digest: Digest
    to: str  # the address it was printed for
    provider: str


class Tried(NamedTuple):
    """A letter marked `sending`."""

    digest_id: int
    attempt_id: int
    attempts: int  # with this one
    provider: str
    started_at: datetime


class Done(NamedTuple):
    """A letter and what came of it."""

    tried: Tried
    outcome: Outcome


class Marks:
    """Writes the marks of one sender, on this thread's connection."""

    def __init__(self, sender: Presence) -> None:
        self.sender = sender
        self._db = connections[DEFAULT_DB_ALIAS]  # of this thread
        self._is_postgresql = self._db.vendor == "postgresql"
        # Each database has its own marks for values, and its own instants.
        self._sql = _as_it_is if self._is_postgresql else question_marks
        self._instant: Callable[[datetime], Any] = _as_it_is if self._is_postgresql else utc
        self._is_always_durable = settings.SENDER_DURABLE == "full"
        self._durable_at = 0.0
        self._hashers = consent.address_hashers()
        self._begin_sql = self._sql(BEGIN.format(", ".join(["%s"] * len(self._hashers))))
        self._second = Second(datetime(1, 1, 2, tzinfo=UTC), self._instant)
        self._ids: list[int] = []  # for attempts to come
        self.volatile: list[Done] = []  # in commits that a crash of the database may forget
        if self._is_postgresql:
            self._commit_waits_for_disk(False)
        else:
            self._turn = Immediately(self._db)

    def close(self) -> None:
        if self._is_postgresql and connection.is_usable():
            self._commit_waits_for_disk(True)

    def step(self, done: Done | None, following: Next | None, now: datetime) -> Tried | None:
        """Close the letter before and open the next, in one commit.

        None where there is no next one or it may not go: its reader is not active any more, is
        suppressed or has another address, its edition is not open, it is too late, or it is not
        ours any more. Raises DatabaseError or LockLostError; then nothing may be handed over.
        """
        self.sender.check()
        is_durable = self._is_durable_now()
        if is_durable:
            self._commit_waits_for_disk(True)
        try:
            step = self._step_postgresql if self._is_postgresql else self._step_sqlite
            settled, attempt_id = step(done, following, now)
        finally:
            if is_durable:
                self._commit_waits_for_disk(False)
        if is_durable:
            self.volatile.clear()  # the log of PostgreSQL reaches the disk in order
        elif done and self._is_postgresql:
            self.volatile.append(done)
        if done and not settled and not self.settle_late(done, now):
            logger.warning("digest %s was settled by somebody else", done.tried.digest_id)
        if following is None or attempt_id is None:
            return None
        digest = following.digest
        return Tried(digest.id, attempt_id, digest.attempts + 1, following.provider, now)

    def _step_sqlite(
        self, done: Done | None, following: Next | None, now: datetime
    ) -> tuple[bool, int | None]:
        settled, attempt_id = False, None
        if following and not self._ids:
            self._ids = self._take_ids()
        at = self._second_of(now).written(now)
        with self._db.wrap_database_errors, self._turn as cursor:
            if done:
                settled = cursor.execute(*self._settle(done, now, at)).rowcount == 1
                cursor.execute(*self._close_attempt(done, at))
            if following and cursor.execute(*self._begin(following, now)).rowcount == 1:
                attempt_id = self._ids.pop()
                cursor.execute(OPEN_NUMBERED, [attempt_id, *self._open_attempt(following, at)])
        return settled, attempt_id

    def _take_ids(self) -> list[int]:
        """Ids of attempts that nobody else gets, the next one last; SQLite."""
        with self._db.wrap_database_errors, self._turn as cursor:
            if not cursor.execute(TAKE_IDS).rowcount:  # none was ever given
                cursor.execute(BEGIN_IDS)
            ((last,),) = cursor.execute(LAST_ID).fetchall()
        return list(range(last, last - IDS_AT_ONCE, -1))

    def _step_postgresql(
        self, done: Done | None, following: Next | None, now: datetime
    ) -> tuple[bool, int | None]:
        parts: list[str] = []
        values: list[Any] = []
        for name, made in (
            ("settled", done and self._settle(done, now, now)),
            ("closed", done and self._close_attempt(done, now)),
            ("begun", following and self._begin(following, now)),
            ("opened", following and (OPEN_BEGUN, self._open_attempt(following, now))),
        ):
            if made:
                parts.append(f"{name} AS ({made[0]} RETURNING id)")
                values += made[1]
        if not parts:
            return False, None
        settled = "(SELECT count(*) FROM settled)" if done else "0"
        opened = "(SELECT id FROM opened)" if following else "NULL"
        with self._db.wrap_database_errors, psycopg.Cursor(self._db.connection) as cursor:
            sql = f"WITH {', '.join(parts)} SELECT {settled}, {opened}"
            row = cursor.execute(sql, values, prepare=True).fetchone()
        return row is not None and row[0] == 1, row and row[1]

    def _settle(self, done: Done, now: datetime, at: Any) -> Statement:
        """`at` is `now` as the database takes it."""
        tried, outcome = done
        mine = [tried.digest_id, self.sender.pk]
        if outcome.is_sent and not outcome.message_id:
            return self._sql(SETTLE_SENT), [at, *mine]
        made = change(outcome, attempts=tried.attempts, now=now, jitter=random.random())
        values = [
            made.status.value, made.reason, made.not_before and self._instant(made.not_before),
            at if made.status == Status.SENT else None, at if made.is_unsure else None,
            int(not made.is_blamed), int(made.is_unsure),
        ]  # fmt: skip
        sql = SETTLE
        if outcome.message_id:
            sql = SETTLE_AND_NAME
            values.append(outcome.message_id[:300])
        return self._sql(sql), [*values, *mine]

    def _close_attempt(self, done: Done, at: Any) -> Statement:
        tried, outcome = done
        said = [WORDS[outcome.kind], outcome.phase[:12], outcome.code, outcome.reply[:300]]
        return self._sql(CLOSE_ATTEMPT), [at, *said, tried.attempt_id]

    def _begin(self, letter: Next, now: datetime) -> Statement:
        digest, to, provider = letter
        hashes = [hashed(to) for hashed in self._hashers]
        due_since = self._second_of(now).due_since
        return self._begin_sql, [provider, digest.id, self.sender.pk, due_since, to, *hashes]

    def _second_of(self, now: datetime) -> Second:
        if not self._second.since <= now < self._second.until:
            self._second = Second(now, self._instant)
        return self._second

    def _open_attempt(self, letter: Next, at: Any) -> list[Any]:
        return [self.sender.pk, letter.provider, at, letter.digest.id]

    # Durability

    def _is_durable_now(self) -> bool:
        if self._is_always_durable:
            return True
        now = time.monotonic()
        if now - self._durable_at < DURABLE_EVERY:
            return False
        self._durable_at = now
        return True

    def _commit_waits_for_disk(self, waits: bool) -> None:
        if self._is_postgresql:
            sql = f"SET synchronous_commit TO {'on' if waits else 'off'}"
        elif connection.in_atomic_block:
            return  # SQLite refuses the change; whoever opened the transaction decides
        else:
            sql = f"PRAGMA synchronous={'FULL' if waits else 'NORMAL'}"
        with connection.cursor() as cursor:
            cursor.execute(sql)

    # After a fault

    def settle_late(self, done: Done, now: datetime) -> bool:
        """Write down an outcome, also where a sweep has taken the letter for uncertain by now, or
        where the database crashed and forgot the mark.

        A letter that somebody else has in hand again is theirs. Any number of times.
        """
        tried = done.tried
        made = change(done.outcome, attempts=tried.attempts, now=now, jitter=0)
        log = Attempt.objects.filter(digest=tried.digest_id)
        fields: dict[str, Any] = {"sent_at": now} if made.status == Status.SENT else {}
        if done.outcome.message_id:
            fields["provider_message_id"] = done.outcome.message_id[:300]
        with transaction.atomic():
            attempt = log.filter(sender=self.sender.pk, started_at=tried.started_at).first()
            is_forgotten = attempt is None
            if attempt is None:
                if not Digest.objects.filter(pk=tried.digest_id).exists():
                    return False  # the reader was erased
                last = log.aggregate(n=Max("number"))["n"] or 0
                attempt = Attempt.objects.create(
                    digest_id=tried.digest_id, number=last + 1, sender_id=self.sender.pk,
                    provider=tried.provider, started_at=tried.started_at,
                )  # fmt: skip
            held = [Status.CLAIMED, Status.SENDING] if is_forgotten else [Status.SENDING]
            nobodys = [Status.PENDING, Status.UNCERTAIN] if is_forgotten else [Status.UNCERTAIN]
            mine = Q(status__in=held, sender=self.sender.pk)
            if not log.filter(number__gt=attempt.number).exists():
                mine |= Q(status__in=nobodys, sender=None)
            # A sweep has counted the try as uncertain; the truth takes that back.
            counted = Case(When(status=Status.UNCERTAIN, then=Value(1)), default=Value(0))
            settled = Digest.objects.filter(mine, pk=tried.digest_id).update(
                status=made.status,
                reason=made.reason,
                not_before=made.not_before,
                uncertain_since=now if made.is_unsure else None,
                uncertain_attempts=F("uncertain_attempts") - counted + int(made.is_unsure),
                attempts=tried.attempts - int(not made.is_blamed),
                sender=None,
                claimed_at=None,
                **fields,
            )
            log.filter(pk=attempt.pk, outcome__in=[Kind.OPEN, Kind.UNCERTAIN]).update(
                finished_at=now,
                outcome=done.outcome.kind,
                phase=done.outcome.phase[:12],
                code=done.outcome.code,
                reply=done.outcome.reply[:300],
            )
        return settled == 1

    def take_back(self, letter: Next, now: datetime) -> None:
        """Undo a mark of which nobody knows if it was written: the letter was not handed over."""
        with transaction.atomic():
            undone = Digest.objects.filter(
                pk=letter.digest.pk, status=Status.SENDING, sender=self.sender.pk
            ).update(
                status=Status.PENDING, attempts=F("attempts") - 1, sender=None, claimed_at=None
            )
            if undone:
                Attempt.objects.filter(
                    digest=letter.digest.pk, sender=self.sender.pk, outcome=Kind.OPEN
                ).update(
                    finished_at=now,
                    outcome=Kind.NOT_TRIED,
                    reply="the mark could not be written in time",
                )


def _as_it_is(value: T) -> T:
    return value


class Second:
    """What is alike for all letters that are marked within one, made once for them."""

    def __init__(self, now: datetime, instant: Callable[[datetime], Any]) -> None:
        self.since = now.replace(microsecond=0)
        self.until = self.since + timedelta(seconds=1)
        self.due_since = instant(self.since - LATE)  # of a letter that is not too late
        self._text = utc(self.since)

    def written(self, at: datetime) -> str:
        """An instant of this second as SQLite keeps it."""
        return f"{self._text}.{at.microsecond:06}" if at.microsecond else self._text
