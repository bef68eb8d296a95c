"""What is said about a letter later, in our words, and how it is stored: as it came, at once."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anymail.signals import AnymailTrackingEvent

from newsletter import verdicts
from newsletter.models import DeliveryEvent, Digest
from newsletter.outcomes import quoted
from newsletter.providers import METADATA
from newsletter.verdicts import Verdict
from subscribers import addresses, consent

# Nobody's business here: we track no opening and no click.
NOT_KEPT = {"opened", "clicked", "inbound", "inbound_failed", "autoresponded", "subscribed"}
# These ask nothing of the reader, so that the address need not be kept for them.
ABOUT_THE_LETTER = {Verdict.ACCEPTED, Verdict.DELIVERED, Verdict.IGNORED}


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


def store(events: Iterable[AnymailTrackingEvent], esp_name: str, *, now: datetime) -> None:
    """Keep a provider's events that matter to us, before anything is done about them."""
    provider = esp_name.lower().replace(" ", "_")
    kept = (event for event in events if event.event_type not in NOT_KEPT)
    store_reports([report(event, provider) for event in kept], now=now)


def store_reports(reports: Iterable[Report], *, now: datetime) -> None:
    """One row each; a copy of one that is there already changes nothing."""
    told = list(reports)
    named = {report.digest for report in told if report.digest}
    digests = dict(Digest.objects.filter(uuid__in=named).values_list("uuid", "pk"))
    by_uuid = {str(key): pk for key, pk in digests.items()}
    rows = [_row(report, by_uuid.get(report.digest), now) for report in told]
    DeliveryEvent.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)


def _row(report: Report, digest_id: int | None, now: datetime) -> DeliveryEvent:
    payload = {
        "verdict": report.verdict.value,
        "digest": report.digest,
        "message_id": report.message_id,
        "words": report.words,
    }
    if report.recipient and report.verdict not in ABOUT_THE_LETTER:
        payload["recipient"] = report.recipient  # until it is applied
    return DeliveryEvent(
        provider=report.provider[:40],
        event_key=report.key,
        kind=report.kind[:20],
        digest_id=digest_id,
        address_hash=consent.address_hash(report.recipient) if report.recipient else "",
        # A provider's clock may be ahead; nothing happened in the future.
        happened_at=min(report.happened_at, now) if report.happened_at else None,
        received_at=now,
        payload=payload,
    )


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
