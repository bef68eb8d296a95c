"""Subscribe, confirm, pause, withdraw, suppress, erase: the only place a status changes.

Every step is one conditional UPDATE whose row count decides, with its ConsentEvent in the same
transaction. Nothing is mailed here: a Notice row is the work, subscribers/notices.py sends it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.encoding import force_bytes

from papers.models import Topic
from subscribers import addresses
from subscribers.hints import hint
from subscribers.models import ConsentEvent, Notice, Subscriber, Suppression, TopicPreference

Status = Subscriber.Status
Kind = ConsentEvent.Kind

RESTORE_WITHIN = timedelta(days=7)
# The reader's own doors, after which a letter confirms the end and offers the way back.
READER_DOORS = frozenset({"page", "one-click", "mail"})


@transaction.atomic
def subscribe(
    email: str,
    *,
    topics: Iterable[Topic],
    timezone: str = "UTC",
    language: str = "en",
    name: str = "",
    door: str = "form",
    now: datetime,
    shown: str = "",
) -> None:
    """Take a sign-up; a letter tells the owner of the address what to do next.

    Says nothing, because whoever typed the address may not learn whether it is known. `shown` is
    the promise the person saw, kept as proof. Raises addresses.AddressError.
    """
    email = addresses.normalise(email)
    chosen = list(topics)
    detail = {"topics": [topic.slug for topic in chosen], "zone": timezone, "language": language}
    if shown:
        detail["shown"] = shown
    if is_suppressed(email):
        _record(email, None, Kind.SUBSCRIBED, door=door, now=now, detail=detail)
        return

    subscriber, _ = Subscriber.objects.get_or_create(email=email)
    record(subscriber, Kind.SUBSCRIBED, door=door, now=now, detail=detail)
    is_signing_up = _move(
        subscriber,
        {Status.PENDING, Status.UNSUBSCRIBED},
        Status.PENDING,
        confirmed_at=None,
        timezone=timezone,
        language=language,
        name=name or subscriber.name,
    )
    if is_signing_up:
        # The latest sign-up counts: it is the one that will be confirmed.
        subscriber.topic_preferences.exclude(topic__in=chosen).delete()
        TopicPreference.objects.bulk_create(
            [TopicPreference(subscriber=subscriber, topic=topic) for topic in chosen],
            ignore_conflicts=True,
        )
    kind = Notice.Kind.CONFIRM if is_signing_up else Notice.Kind.ALREADY
    Notice.objects.queue(subscriber, kind, now=now)


@transaction.atomic
def confirm(subscriber: Subscriber, *, door: str, now: datetime) -> bool:
    """Make a pending reader active; True if this call did."""
    if is_suppressed(subscriber.email):
        return False
    if not _move(subscriber, {Status.PENDING}, Status.ACTIVE, confirmed_at=now, rhythm_since=now):
        return False
    record(subscriber, Kind.CONFIRMED, door=door, now=now)
    hint("newsletter.tasks.tick")  # the first letter need not wait for the minute
    return True


@transaction.atomic
def pause(
    subscriber: Subscriber, *, until: datetime | None, door: str = "page", now: datetime
) -> bool:
    """No letters until then, or until they come back where `until` is None."""
    if not _move(subscriber, {Status.ACTIVE, Status.PAUSED}, Status.PAUSED, paused_until=until):
        return False
    detail = {"until": until.isoformat() if until else None}
    record(subscriber, Kind.PAUSED, door=door, now=now, detail=detail)
    return True


@transaction.atomic
def pause_silent(readers: Collection[int], *, since: datetime, now: datetime) -> int:
    """Pause those of these readers who are active and gave no sign of life since then.

    Until they come back. Returns how many; one who answers in the same instant is left alone.
    """
    silent = Subscriber.objects.active().silent_since(since).filter(pk__in=readers)
    found = list(silent.order_by("pk").select_for_update().only("pk", "email"))
    paused = Subscriber.objects.filter(pk__in=[reader.pk for reader in found])
    ConsentEvent.objects.bulk_create(
        ConsentEvent(
            subscriber=reader,
            address_hash=address_hash(reader.email),
            kind=Kind.PAUSED,
            happened_at=now,
            door="clock",
            detail={"until": None, "silent_since": since.isoformat()},
        )
        for reader in found
    )
    return paused.update(status=Status.PAUSED, paused_until=None)


@transaction.atomic
def resume(subscriber: Subscriber, *, door: str = "page", now: datetime) -> bool:
    """Letters again, from the next hour that comes."""
    if not _move(subscriber, {Status.PAUSED}, Status.ACTIVE, paused_until=None, rhythm_since=now):
        return False
    record(subscriber, Kind.RESUMED, door=door, now=now)
    return True


def resume_due(*, now: datetime, limit: int = 1000) -> int:
    """Bring back readers whose pause is over; returns how many."""
    over = Subscriber.objects.filter(status=Status.PAUSED, paused_until__lte=now)
    return sum(resume(reader, door="clock", now=now) for reader in over.order_by("pk")[:limit])


@transaction.atomic
def withdraw(subscriber: Subscriber, *, door: str, now: datetime) -> bool:
    """End the subscription; True if this call did. Any number of times, with the same end."""
    was_reading = subscriber.confirmed_at is not None
    living = {Status.PENDING, Status.ACTIVE, Status.PAUSED}
    if not _move(subscriber, living, Status.UNSUBSCRIBED, paused_until=None):
        return False
    record(subscriber, Kind.WITHDRAWN, door=door, now=now)
    _drop_open_notices(subscriber, reason="unsubscribed")
    if was_reading and door in READER_DOORS:
        Notice.objects.queue(subscriber, Notice.Kind.GOODBYE, now=now)
    return True


def can_restore(subscriber: Subscriber, *, now: datetime) -> bool:
    """Whether the latest withdrawal is fresh enough to be undone without a new confirmation."""
    if subscriber.status != Status.UNSUBSCRIBED or subscriber.confirmed_at is None:
        return False
    last = subscriber.consent_events.filter(kind=Kind.WITHDRAWN).last()
    return last is not None and now - last.happened_at <= RESTORE_WITHIN


@transaction.atomic
def restore(subscriber: Subscriber, *, door: str, now: datetime) -> bool:
    """Undo a withdrawal of the last seven days; True if this call did."""
    if not can_restore(subscriber, now=now) or is_suppressed(subscriber.email):
        return False
    if not _move(subscriber, {Status.UNSUBSCRIBED}, Status.ACTIVE, rhythm_since=now):
        return False
    record(subscriber, Kind.RESUMED, door=door, now=now, detail={"undone": "withdrawn"})
    _drop_open_notices(subscriber, reason="came back")
    return True


@transaction.atomic
def suppress(
    email: str, *, reason: str, detail: str = "", door: str = "provider", now: datetime
) -> None:
    """Never mail this address again, whoever it belongs to; any number of times.

    `reason` is a Suppression.Reason. Raises addresses.AddressError.
    """
    email = addresses.normalise(email)
    began = {"reason": reason, "detail": detail[:300], "suppressed_at": now, "lifted_at": None}
    hashed = address_hash(email)
    _, is_new = Suppression.objects.get_or_create(address_hash=hashed, defaults=began)
    lifted = Suppression.objects.filter(address_hash=hashed, lifted_at__isnull=False)
    is_new = is_new or lifted.update(**began) == 1
    subscriber = Subscriber.objects.filter(email=email).first()
    if subscriber:
        living = set(Status) - {Status.SUPPRESSED}
        _move(subscriber, living, Status.SUPPRESSED, paused_until=None)
        _drop_open_notices(subscriber, reason="suppressed")
    if is_new:
        proof = {"reason": reason}
        _record(email, subscriber, Kind.SUPPRESSED, door=door, now=now, detail=proof)


@transaction.atomic
def lift(suppression: Suppression, *, door: str, now: datetime) -> bool:
    """Let an address sign up again; its owner must confirm anew. True if this call did."""
    standing = Suppression.objects.filter(pk=suppression.pk, lifted_at=None)
    if standing.update(lifted_at=now) != 1:
        return False
    theirs = Subscriber.objects.filter(consent_events__address_hash=suppression.address_hash)
    for subscriber in theirs.filter(status=Status.SUPPRESSED).distinct():
        _move(subscriber, {Status.SUPPRESSED}, Status.UNSUBSCRIBED, confirmed_at=None)
        record(subscriber, Kind.RESUMED, door=door, now=now, detail={"undone": "suppressed"})
    return True


@transaction.atomic
def erase(subscriber: Subscriber, *, door: str, now: datetime) -> None:
    """Delete all we know of a reader; proofs and suppressions stay and hold no address."""
    record(subscriber, Kind.ERASED, door=door, now=now)
    subscriber.delete()


def address_hash(email: str, *, secret: str | bytes | None = None) -> str:
    """HMAC-SHA256 of the normalised address, keyed by SECRET_KEY: 64 hex digits."""
    return _hasher(secret or settings.SECRET_KEY)(email)


@lru_cache(maxsize=8)
def _hasher(secret: str | bytes) -> Callable[[str], str]:
    """RFC 2104 with both key blocks hashed beforehand, because each letter's mark asks for it."""
    key = hashlib.sha256(b"subscribers.consent address" + force_bytes(secret)).digest()
    block = key.ljust(64, b"\0")  # as long as a block of SHA-256
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def hashed(email: str) -> str:
        inside, outside = inner.copy(), outer.copy()
        inside.update(email.encode())
        outside.update(inside.digest())
        return outside.hexdigest()

    return hashed


def address_hashes(email: str) -> list[str]:
    """The hash under the current key, and under older ones while SECRET_KEY_FALLBACKS has them."""
    return [hashed(email) for hashed in address_hashers()]


def address_hashers() -> list[Callable[[str], str]]:
    """What makes address_hashes(), for many addresses."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [_hasher(key) for key in keys]


def is_suppressed(email: str) -> bool:
    """Whether this normalised address must not be mailed."""
    return Suppression.objects.filter(
        address_hash__in=address_hashes(email), lifted_at=None
    ).exists()


def record(
    subscriber: Subscriber,
    kind: ConsentEvent.Kind,
    *,
    door: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Append a proof; `detail` never holds an address."""
    _record(subscriber.email, subscriber, kind, door=door, now=now, detail=detail)


def _record(
    email: str,
    subscriber: Subscriber | None,
    kind: ConsentEvent.Kind,
    *,
    door: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    ConsentEvent.objects.create(
        subscriber=subscriber,
        address_hash=address_hash(email),
        kind=kind,
        happened_at=now,
        door=door,
        detail=dict(detail or {}),
    )


def _move(
    subscriber: Subscriber, origin: Collection[str], to: Subscriber.Status, **fields: Any
) -> bool:
    """Change the status where the row still has one of `origin`; the instance follows the row."""
    rows = Subscriber.objects.filter(pk=subscriber.pk, status__in=origin)
    if rows.update(status=to, **fields) != 1:
        return False
    for name, value in {"status": to, **fields}.items():
        setattr(subscriber, name, value)
    return True


def _drop_open_notices(subscriber: Subscriber, *, reason: str) -> None:
    waiting = subscriber.notices.filter(status=Notice.Status.PENDING)
    waiting.update(status=Notice.Status.FAILED, reason=reason)
