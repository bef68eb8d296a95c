"""What providers and bounces say later: stored as it came, then applied once.

An event is stored in the request that brings it and applied by whoever comes first, the request
or the sweep; applying is one transaction that begins with a conditional UPDATE on the event, so a
replay, a second worker or a crash in the middle change nothing.

Order does not matter. For one letter: complaint > hard bounce > delivered > soft bounce > sent.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from newsletter import brake
from newsletter.models import DeliveryEvent, Digest
from newsletter.verdicts import Verdict
from subscribers import consent
from subscribers.models import Subscriber, Suppression

logger = logging.getLogger(__name__)

Status = Digest.Status

PATIENCE = timedelta(minutes=10)  # for a sender that has not yet noted the provider's id
GIVE_UP = timedelta(days=3)
SOFT_LIMIT = 4  # letters in a row that came back softly
SOFT_SPAN = timedelta(days=3)  # and at least so far apart, so that one bad day counts once
CHUNK = 1000  # events applied in one statement

# Kinds of events that only say a letter is on its way or there: almost all of them.
ARRIVALS = {
    "queued": Verdict.ACCEPTED,
    "sent": Verdict.ACCEPTED,
    "deferred": Verdict.ACCEPTED,
    "delivered": Verdict.DELIVERED,
}
UNSETTLED = (Status.PENDING, Status.CLAIMED, Status.SENDING, Status.UNCERTAIN)
SOFTLY = Q(status=Status.BOUNCED) & ~Q(reason__startswith=Verdict.HARD.value)
SUPPRESSED_AS = {
    Verdict.HARD: Suppression.Reason.BOUNCED,
    Verdict.REJECTED: Suppression.Reason.REJECTED,
    Verdict.COMPLAINT: Suppression.Reason.COMPLAINED,
}


def apply_open(now: datetime | None = None, *, limit: int = 5000) -> int:
    """Apply what is stored and not applied; returns how many were. Safe from several hosts.

    `limit` bounds the events looked at one by one; of mere arrivals ten times as many.
    """
    at = now or timezone.now()
    applied = apply_arrivals(at, chunks=max(1, limit * 10 // CHUNK))
    complaints = 0
    waiting = DeliveryEvent.objects.filter(applied_at=None).order_by("received_at", "id")
    for event in list(waiting[:limit]):
        try:
            verdict = apply(event, now=at)
        except (DatabaseError, ValueError):
            logger.exception("event %s cannot be applied", event.pk)
            _give_up(event, at)
            continue
        applied += verdict is not None
        complaints += verdict == Verdict.COMPLAINT
    if complaints:
        brake.check(now=at)
    return applied


def apply_arrivals(now: datetime, *, chunks: int) -> int:
    """The many that only say that a settled letter arrived, a thousand at a time.

    A million letters bring two million of them in a morning; one by one would take hours.
    """
    applied = last = 0
    for _ in range(chunks):
        rows = list(
            DeliveryEvent.objects.filter(
                applied_at=None, kind__in=ARRIVALS, digest__isnull=False, pk__gt=last
            )
            .exclude(digest__status__in=UNSETTLED)
            .order_by("pk")
            .values_list("pk", "kind", "address_hash", "digest_id", "digest__subscriber__email")[
                :CHUNK
            ]
        )
        if not rows:
            break
        last = rows[-1][0]
        told: dict[Verdict, tuple[list[int], list[int]]]
        told = {verdict: ([], []) for verdict in ARRIVALS.values()}
        for pk, kind, address_hash, digest_id, email in rows:
            if address_hash in {"", consent.address_hash(email)}:
                told[ARRIVALS[kind]][0].append(pk)
                told[ARRIVALS[kind]][1].append(digest_id)
        applied += _note_arrivals(told, now)
    return applied


@transaction.atomic
def _note_arrivals(told: dict[Verdict, tuple[list[int], list[int]]], now: datetime) -> int:
    """Ids of events and of digests by verdict; every step may be repeated by another worker."""
    delivered = Digest.objects.filter(pk__in=told[Verdict.DELIVERED][1])
    _move(delivered, Q(status=Status.SENT) | SOFTLY, Status.DELIVERED, "")
    return sum(
        DeliveryEvent.objects.filter(pk__in=events, applied_at=None).update(
            applied_at=now, verdict=verdict.value
        )
        for verdict, (events, _) in told.items()
    )


@transaction.atomic
def apply(event: DeliveryEvent, *, now: datetime) -> Verdict | None:
    """Do once what an event asks for; None where another did it or its time has not come."""
    verdict = Verdict(event.payload.get("verdict", Verdict.IGNORED))
    recipient = str(event.payload.get("recipient", ""))
    digest = find_digest(event)
    if _is_too_early(event, digest, now):
        return None
    if digest and event.address_hash not in {"", consent.address_hash(digest.subscriber.email)}:
        digest = None  # a letter of somebody else, or of the reader's former address
    reader = digest.subscriber if digest else Subscriber.objects.filter(email=recipient).first()

    note = verdict.value if reader else f"ignored: nobody here ({verdict.value})"
    payload = {k: v for k, v in event.payload.items() if k != "recipient"}
    taken = DeliveryEvent.objects.filter(pk=event.pk, applied_at=None).update(
        applied_at=now, digest=digest, verdict=note, payload=payload
    )
    if taken != 1:
        return None
    if reader is None:
        return Verdict.IGNORED
    if digest:
        _tell_digest(digest, verdict, event, now)
    _tell_reader(reader, recipient or reader.email, digest, verdict, event, now)
    return verdict


def find_digest(event: DeliveryEvent) -> Digest | None:
    """By the uuid that travelled with the letter, else by the provider's id of it."""
    named, message_id = event.payload.get("digest"), event.payload.get("message_id")
    digests = Digest.objects.select_related("subscriber")
    if named:
        return digests.filter(uuid=named).first()
    if message_id:
        bare = message_id.strip("<> ")
        return digests.filter(provider_message_id__in=[bare, f"<{bare}>"]).first()
    return None


def _is_too_early(event: DeliveryEvent, digest: Digest | None, now: datetime) -> bool:
    """The sender's own note must come first: it is the one that knows of attempts."""
    if now - event.received_at > GIVE_UP:
        return False
    if digest is not None:
        return digest.status in {Status.CLAIMED, Status.SENDING}
    refers = event.payload.get("digest") or event.payload.get("message_id")
    return bool(refers) and now - event.received_at < PATIENCE


def _give_up(event: DeliveryEvent, now: datetime) -> None:
    """An event that broke for days is closed, so that it stands in nobody's way."""
    if now - event.received_at > GIVE_UP:
        DeliveryEvent.objects.filter(pk=event.pk, applied_at=None).update(
            applied_at=now, verdict="ignored: could not be applied"
        )


def _tell_digest(digest: Digest, verdict: Verdict, event: DeliveryEvent, now: datetime) -> None:
    settle(digest, event, now=now)
    row = Digest.objects.filter(pk=digest.pk)
    reason = f"{verdict.value}: {event.payload.get('words', '')}".rstrip(": ")[:300]
    if verdict == Verdict.DELIVERED:
        _move(row, Q(status=Status.SENT) | SOFTLY, Status.DELIVERED, "")
    elif verdict in {Verdict.SOFT, Verdict.REFUSED}:
        _move(row, Q(status=Status.SENT), Status.BOUNCED, reason)
    elif verdict in {Verdict.HARD, Verdict.REJECTED}:
        arrived = Q(status__in=[Status.SENT, Status.DELIVERED])
        _move(row, arrived | SOFTLY, Status.BOUNCED, f"{Verdict.HARD.value}: {reason}"[:300])
    elif verdict == Verdict.COMPLAINT:
        known = [Status.SENT, Status.DELIVERED, Status.BOUNCED]
        _move(row, Q(status__in=known), Status.COMPLAINED, reason)


def settle(digest: Digest, event: DeliveryEvent, *, now: datetime) -> bool:
    """A word from the provider proves that it has a letter which nobody was sure of.

    One that waits to be tried again after such a try is not sent a second time.
    """
    unsure = Q(status=Status.UNCERTAIN) | Q(status=Status.PENDING, uncertain_attempts__gt=0)
    return (
        Digest.objects.filter(unsure, pk=digest.pk).update(
            status=Status.SENT,
            sent_at=Coalesce(F("sent_at"), event.happened_at or now),
            reason="",
            not_before=None,
            uncertain_since=None,
            provider_message_id=event.payload.get("message_id") or digest.provider_message_id,
        )
        == 1
    )


def _move(row: QuerySet[Digest], allowed: Q, to: Digest.Status, reason: str) -> None:
    row.filter(allowed).update(status=to, reason=reason)


def _tell_reader(
    reader: Subscriber,
    address: str,
    digest: Digest | None,
    verdict: Verdict,
    event: DeliveryEvent,
    now: datetime,
) -> None:
    words = str(event.payload.get("words", ""))
    if verdict in SUPPRESSED_AS:
        consent.suppress(address, reason=SUPPRESSED_AS[verdict], detail=words, now=now)
    elif verdict == Verdict.UNSUBSCRIBED:
        consent.withdraw(reader, door="provider", now=now)
    elif verdict == Verdict.SOFT and digest and keeps_bouncing(digest):
        detail = f"{SOFT_LIMIT} letters in a row came back: {words}"
        reason = Suppression.Reason.BOUNCED
        consent.suppress(address, reason=reason, detail=detail[:300], now=now)


def keeps_bouncing(digest: Digest) -> bool:
    """Whether the reader's letters up to this one all came back, over some days."""
    last = Digest.objects.filter(
        subscriber=digest.subscriber_id, pk__lte=digest.pk, sent_at__isnull=False
    ).order_by("-pk")
    rows = list(last.values_list("reason", "sent_at")[:SOFT_LIMIT])
    times = [at for reason, at in rows if at and reason.startswith(Verdict.SOFT.value)]
    return len(times) == SOFT_LIMIT and max(times) - min(times) >= SOFT_SPAN
