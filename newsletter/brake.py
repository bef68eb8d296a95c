"""The complaint brake: too many readers calling the letter spam stop it, before providers do.

Mailbox providers ask for less than 0.1 % and block at 0.3 %.
"""

from __future__ import annotations

import logging
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from newsletter.models import Digest, Edition, Throttle
from subscribers import notices

logger = logging.getLogger(__name__)

KEY = "complaints"  # a row of Throttle: filled_at is when the count began anew
WINDOW = 10_000  # letters
# With few letters one complaint is no rate: below this many they count as if they were so many.
LEAST = 1_000
WARN_AT = 0.001
STOP_AT = 0.0025


class Grip(StrEnum):
    FREE = "free"
    WARN = "warn"
    STOP = "stop"


def grip(sent: int, complaints: int) -> Grip:
    rate = complaints / max(sent, LEAST)
    if rate >= STOP_AT:
        return Grip.STOP
    return Grip.WARN if rate >= WARN_AT else Grip.FREE


def counted() -> tuple[int, int]:
    """The last 10,000 letters since the last stop, and how many of them were complained about."""
    letters = Digest.objects.filter(sent_at__isnull=False)
    since = Throttle.objects.filter(key=KEY).values_list("filled_at", flat=True).first()
    if since:
        letters = letters.filter(sent_at__gt=since)
    states = list(letters.order_by("-pk").values_list("status", flat=True)[:WINDOW])
    return len(states), states.count(Digest.Status.COMPLAINED)


@transaction.atomic
def check(*, now: datetime) -> Grip:
    """Hold every open edition where complaints pass the limit, and tell the operator once.

    A stop begins the count anew: an operator who resumes is not stopped by the same complaints.
    """
    sent, complaints = counted()
    found = grip(sent, complaints)
    if found == Grip.FREE:
        return found
    rate = f"{complaints} complaints about the last {sent} letters"
    if found == Grip.STOP:
        Throttle.objects.update_or_create(key=KEY, defaults={"filled_at": now, "reason": rate})
        Edition.objects.filter(status=Edition.Status.OPEN).update(
            status=Edition.Status.HELD, reason=f"complaint brake: {rate}"
        )
    what = "Open editions are held" if found == Grip.STOP else "Nothing is held yet"
    text = f"{what}: {rate}. The limits are 0.1 % (warning) and 0.25 % (stop)."
    logger.warning("complaint brake: %s: %s", found, rate)
    notices.alert_operator(f"complaints: {found}", text, now=now)
    return found
