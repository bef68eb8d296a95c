"""What the tick repairs each minute: nothing here depends on who runs it, how often, or where."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q

from newsletter import editions, schedule
from newsletter.models import Attempt, Digest, Edition, Sender
from newsletter.schedule import LATE, LOOK_BACK
from newsletter.senders import if_dead

logger = logging.getLogger(__name__)

Status = Digest.Status

REPEATS = 2  # of a letter nobody knows the end of
CHUNK = 1000
TOO_LATE = "more than 12 hours late"
MAY_HAVE_ARRIVED = "too late to repeat; an earlier try may have arrived"
NEVER_SETTLED = "nobody knows whether it arrived"


def sweep(now: datetime) -> Counter[str]:
    """Take back what the dead held, settle what is uncertain, expire what is too late, close what
    balances; counts of each. Safe twice and from several hosts at once.
    """
    counts: Counter[str] = Counter()
    counts += take_back(now)
    counts += repeat_uncertain(now)
    counts["cancelled"] += editions.drop_pending(
        Edition.objects.filter(status=Edition.Status.CANCELLED, closed_at=None)
    )
    counts += expire(now)
    counts += close_editions(now)
    return +counts


def take_back(now: datetime) -> Counter[str]:
    """Letters held by dead senders: claimed ones wait again, those in `sending` are uncertain."""
    counts: Counter[str] = Counter()
    held = Digest.objects.filter(status__in=[Status.CLAIMED, Status.SENDING]).order_by()
    counts += _bury(None, now)  # rows of senders that were deleted
    for sender_id in set(held.filter(sender__isnull=False).values_list("sender", flat=True)):
        with if_dead(sender_id, now) as is_dead:
            if is_dead:
                counts += _bury(sender_id, now)
                Sender.objects.filter(pk=sender_id, ended_at=None).update(ended_at=now)
    return counts


def _bury(sender_id: int | None, now: datetime) -> Counter[str]:
    """What a dead sender held; its lock is ours while this runs."""
    held = Digest.objects.filter(sender=sender_id).order_by()
    if sender_id is None:  # an edition that is closed holds none; there may be years of them
        living = Edition.objects.filter(closed_at=None).values_list("pk", flat=True)
        held = held.filter(edition__in=list(living))
    claimed = held.filter(status=Status.CLAIMED).update(
        status=Status.PENDING, sender=None, claimed_at=None
    )
    sending = held.filter(status=Status.SENDING)
    Attempt.objects.filter(digest__in=sending, outcome=Attempt.Outcome.OPEN).update(
        outcome=Attempt.Outcome.UNCERTAIN, finished_at=now, reply="the sender died"
    )
    uncertain = sending.update(
        status=Status.UNCERTAIN,
        reason="nobody knows if it left: the sender died",
        uncertain_attempts=F("uncertain_attempts") + 1,
        uncertain_since=now,
        sender=None,
        claimed_at=None,
    )
    if claimed or uncertain:
        logger.warning(
            "sender %s died holding %s letters, %s in flight", sender_id, claimed, uncertain
        )
    return Counter({"taken back": claimed, "uncertain": uncertain})


def repeat_uncertain(now: datetime) -> Counter[str]:
    """After a grace for a word from the provider: once more with the same Message-ID, or held."""
    grace = timedelta(minutes=settings.UNCERTAIN_GRACE)
    waiting = Digest.objects.filter(status=Status.UNCERTAIN, uncertain_since__lte=now - grace)
    counts: Counter[str] = Counter()
    if settings.DIGEST_ON_UNCERTAIN == "retry":
        counts["repeated"] = waiting.filter(
            Q(due_at__gte=now - LATE) | Q(kind=Digest.Kind.FIRST),
            uncertain_attempts__lte=REPEATS,
            edition__status=Edition.Status.OPEN,
        ).update(status=Status.PENDING, uncertain_since=None, not_before=None)
    # The edition shall close some day; the reason tells what is known.
    counts["unsettled"] = waiting.filter(due_at__lt=now - LOOK_BACK).update(
        status=Status.FAILED, reason=NEVER_SETTLED, uncertain_since=None
    )
    return counts


def expire(now: datetime) -> Counter[str]:
    """Letters that would come so late that they are better not sent."""
    late = Digest.objects.filter(status=Status.PENDING, due_at__lt=now - LATE).exclude(
        kind=Digest.Kind.FIRST
    )
    tried = late.filter(uncertain_attempts__gt=0).update(
        status=Status.EXPIRED, reason=MAY_HAVE_ARRIVED, not_before=None
    )
    untried = late.update(status=Status.EXPIRED, reason=TOO_LATE, not_before=None)
    return Counter({"expired": tried + untried})


def close_editions(now: datetime) -> Counter[str]:
    """Close each edition whose day is over and whose counts balance; else say why not."""
    counts: Counter[str] = Counter()
    living = Edition.objects.filter(closed_at=None).exclude(status=Edition.Status.CLOSED)
    for edition in living.order_by("date"):
        if schedule.is_over(edition.date, now):
            counts["closed" if close(edition, now) else "not closed"] += 1
    return counts


def close(edition: Edition, now: datetime) -> bool:
    """Freeze an edition's counts where every due reader is accounted for."""
    found = editions.by_status(edition)
    unfinished = {status: found[status] for status in Digest.UNFINISHED if found.get(status)}
    this = Edition.objects.filter(pk=edition.pk, closed_at=None, status=edition.status)
    if unfinished:
        names = ", ".join(f"{n} {status}" for status, n in unfinished.items())
        if edition.status == Edition.Status.OPEN:
            this.update(reason=f"not closed: {names}")
        return False
    counted = dict.fromkeys(["due", "sent", "failed", "skipped", "expired"], 0)
    for status, n in found.items():
        counted["due"] += n
        counted[Digest.COUNTED_AS[status]] += n
    is_cancelled = edition.status == Edition.Status.CANCELLED
    return (
        this.update(
            status=edition.status if is_cancelled else Edition.Status.CLOSED,
            reason=edition.reason if is_cancelled else "",
            closed_at=now,
            counts=counted,
        )
        == 1
    )
