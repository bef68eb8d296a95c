"""Readers of whom nothing was heard for long: asked once whether letters are still useful, then
paused. There is no pixel: a sign of life is a tap, an answer, a visit by signed link with a form
sent, a new rhythm, a return from a pause, the confirmation.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef
from django.db.models.functions import Coalesce

from newsletter.models import Digest
from subscribers import consent
from subscribers.models import Subscriber

DORMANT = timedelta(days=60)  # without a sign of life
PATIENCE = timedelta(days=30)  # from the question to the pause
PAGE = 1000  # readers paused in one transaction

ARRIVED = (Digest.Status.SENT, Digest.Status.DELIVERED)
# One that failed, expired or came back asked nobody: the question comes again the next day.
ASKED = (*Digest.UNFINISHED, *ARRIVED)


def to_ask(readers: Collection[int], *, now: datetime) -> set[int]:
    """Those of these readers who are dormant and were not asked since their last sign of life."""
    asked = Digest.objects.filter(
        subscriber=OuterRef("pk"),
        kind=Digest.Kind.STILL_USEFUL,
        status__in=ASKED,
        # Whom a standstill of the service kept from being paused is asked anew.
        built_at__gt=now - DORMANT,
    )
    for sign in ("last_seen_at", "rhythm_since", "confirmed_at"):
        asked = asked.filter(built_at__gt=Coalesce(OuterRef(sign), OuterRef("confirmed_at")))
    dormant = Subscriber.objects.filter(pk__in=readers).silent_since(now - DORMANT)
    return set(dormant.filter(~Exists(asked)).values_list("pk", flat=True))


def pause_silent(now: datetime) -> int:
    """Pause whoever was asked 30 days ago and gave no sign since; returns how many."""
    silent = Subscriber.objects.active().silent_since(OuterRef("built_at"))
    asked = (
        Digest.objects.filter(
            kind=Digest.Kind.STILL_USEFUL,
            status__in=ARRIVED,
            built_at__gt=now - DORMANT,
            sent_at__lte=now - PATIENCE,
        )
        .filter(Exists(silent.filter(pk=OuterRef("subscriber"))))
        .order_by("subscriber")
        .values_list("subscriber", flat=True)
    )
    paused = after = 0
    while page := list(asked.filter(subscriber__gt=after)[:PAGE]):
        paused += consent.pause_silent(page, since=now - PATIENCE, now=now)
        after = page[-1]
    return paused
