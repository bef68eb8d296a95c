"""What providers and bounces say later: stored as it came, then applied once.

An event is stored in the request that brings it and applied by whoever comes first, the request
or the sweep; applying is one transaction that begins with a conditional UPDATE on the event, so a
replay, a second worker or a crash in the middle change nothing.

Order does not matter. For one letter: complaint > hard bounce > delivered > soft bounce > sent.
"""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from anymail.signals import AnymailTrackingEvent
from django.db import DatabaseError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from newsletter import brake, verdicts
from newsletter.models import DeliveryEvent, Digest
from newsletter.outcomes import quoted
from newsletter.providers import METADATA
from newsletter.verdicts import Verdict
from subscribers import addresses, consent
from subscribers.models import Subscriber, Suppression

logger = logging.getLogger(__name__)

Status = Digest.Status

# Nobody's business here: we track no opening and no click.
NOT_KEPT = {"opened", "clicked", "inbound", "inbound_failed", "autoresponded", "subscribed"}
PATIENCE = timedelta(minutes=10)  # for a sender that has not yet noted the provider's id
GIVE_UP = timedelta(days=3)
SOFT_LIMIT = 4  # letters in a row that came back softly
SOFT_SPAN = timedelta(days=3)  # and at least so far apart, so that one bad day counts once

SUPPRESSED_AS = {
    Verdict.HARD: Suppression.Reason.BOUNCED,
    Verdict.REJECTED: Suppression.Reason.REJECTED,
    Verdict.COMPLAINT: Suppression.Reason.COMPLAINED,
}


@dataclass(frozen=True)
class Report:
    """One thing said about one letter, in our words; what all doors hand to store_reports()."""

    provider: str
    key: str  # the same for every copy of the same report
    kind: str
    verdict: Verdict
    recipient: str = ""  # normalised, or empty where nobody is named
    digest: str = ""  # its uuid
    message_id: str = ""
    words: str = ""  # without addresses
    happened_at: datetime | None = None


# Storing


def store(events: Iterable[AnymailTrackingEvent], esp_name: str, *, now: datetime) -> None:
    """Keep a provider's events that matter to us, before anything is done about them."""
    provider = esp_name.lower().replace(" ", "_")
    kept = (event for event in events if event.event_type not in NOT_KEPT)
    store_reports([report(event, provider) for event in kept], now=now)


def store_reports(reports: Iterable[Report], *, now: datetime) -> None:
    """One row each; a copy of one that is there already changes nothing."""
    rows = [
        DeliveryEvent(
            provider=report.provider[:40],
            event_key=report.key,
            kind=report.kind[:20],
            address_hash=consent.address_hash(report.recipient) if report.recipient else "",
            # A provider's clock may be ahead; nothing happened in the future.
            happened_at=min(report.happened_at, now) if report.happened_at else None,
            received_at=now,
            payload={
                "verdict": report.verdict.value,
                "recipient": report.recipient,  # until it is applied
                "digest": report.digest,
                "message_id": report.message_id,
                "words": report.words,
            },
        )
        for report in reports
    ]
    DeliveryEvent.objects.bulk_create(rows, ignore_conflicts=True)


def report(event: AnymailTrackingEvent, provider: str) -> Report:
    """The little we need of a provider's event."""
    words = " ".join(str(part) for part in (event.description, event.mta_response) if part)
    verdict = verdicts.of_event(
        event.event_type,
        type_name=verdicts.type_of(provider, event.esp_event),
        reject_reason=str(event.reject_reason or ""),
        words=words,
    )
    return Report(
        provider=provider,
        key=_key(event),
        kind=event.event_type,
        verdict=verdict,
        recipient=normalised(event.recipient),
        digest=_digest_named(event),
        message_id=_plain(event.message_id),
        words=quoted(words),
        happened_at=event.timestamp,
    )


def _key(event: AnymailTrackingEvent) -> str:
    """The same for a replay. Some providers send one id for several recipients, some none."""
    told = event.event_id or json.dumps(event.esp_event, sort_keys=True, default=str)
    parts = json.dumps([event.event_type, str(told), str(event.recipient)])
    return hashlib.sha256(parts.encode()).hexdigest()


def _digest_named(event: AnymailTrackingEvent) -> str:
    metadata = event.metadata if isinstance(event.metadata, dict) else {}
    tags = event.tags if isinstance(event.tags, list) else []
    for candidate in (metadata.get(METADATA), *tags, _local_part(event.message_id)):
        if found := as_uuid(candidate):
            return found
    return ""


def as_uuid(text: Any) -> str:
    """The digest's uuid in its one spelling; empty where this is none."""
    try:
        return str(uuid.UUID(str(text)))
    except ValueError:
        return ""


def normalised(address: Any) -> str:
    """A recipient as we would have stored it; empty where it is none."""
    try:
        return addresses.normalise(str(address or ""))
    except addresses.AddressError:
        return ""


def _local_part(message_id: Any) -> str:
    return str(message_id or "").strip("<> ").partition("@")[0]


def _plain(text: Any) -> str:
    return "".join(c for c in str(text or "") if c.isprintable())[:300]


# Applying


def apply_open(now: datetime | None = None, *, limit: int = 1000) -> int:
    """Apply what is stored and not applied; returns how many were. Safe from several hosts."""
    at = now or timezone.now()
    waiting = DeliveryEvent.objects.filter(applied_at=None).order_by("received_at", "id")
    applied = complaints = 0
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


@transaction.atomic
def apply(event: DeliveryEvent, *, now: datetime) -> Verdict | None:
    """Do once what an event asks for; None where another did it or its time has not come."""
    verdict = Verdict(event.payload.get("verdict", Verdict.IGNORED))
    recipient = str(event.payload.get("recipient", ""))
    digest = find_digest(event)
    if _is_too_early(event, digest, now):
        return None
    if digest and recipient and digest.subscriber.email != recipient:
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
    softly = Q(status=Status.BOUNCED) & ~Q(reason__startswith=Verdict.HARD.value)
    if verdict == Verdict.DELIVERED:
        _move(row, Q(status=Status.SENT) | softly, Status.DELIVERED, "")
    elif verdict in {Verdict.SOFT, Verdict.REFUSED}:
        _move(row, Q(status=Status.SENT), Status.BOUNCED, reason)
    elif verdict in {Verdict.HARD, Verdict.REJECTED}:
        arrived = Q(status__in=[Status.SENT, Status.DELIVERED])
        _move(row, arrived | softly, Status.BOUNCED, f"{Verdict.HARD.value}: {reason}"[:300])
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
