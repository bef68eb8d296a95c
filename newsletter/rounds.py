"""One minute of the service: every step of the round, in order, none able to stop the others."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import DatabaseError, connection

from newsletter import alerts, delivery, digests, dormancy, preflight, restored, status, tracking
from newsletter.letter import Printer
from newsletter.models import Digest
from papers import changes
from subscribers import consent, library, notices

logger = logging.getLogger(__name__)

Step = Callable[[datetime], "Mapping[str, int] | int | None"]
ERRORS = "errors"


def tick(now: datetime, *, send: bool = True) -> Counter[str]:
    """Do what this minute asks for; what each step did, by name, and how many steps failed.

    Any number of processes may tick at once, and any number of times: each step works on rows
    that are still to be done, and the database holds the rules.
    """
    counts = _run(
        {
            "resumed": lambda at: consent.resume_due(now=at),
            "paused": dormancy.pause_silent,
            "events": tracking.apply_open,
            "titles": lambda _: library.match_kept(),
            "topped": lambda at: changes.note_top_of_week(now=at),
            "first": digests.first_letters,
            "built": digests.build_due,
            "held": lambda at: bool(restored.hold_if_restored(at, has_built=True)),
            "notices": lambda at: notices.send_due(now=at),
        },
        now,
    )
    counts += sweep(now)
    counts += _run({"alerts": alerts.look}, now)
    if send:
        counts += _run({"letters": send_letters}, now)
    status.beat(status.TICK, now=now)
    return counts


def at_once(now: datetime) -> Counter[str]:
    """What a reader waits for in front of the screen: confirmations and first letters."""
    return _run(
        {
            "notices": lambda at: notices.send_due(now=at),
            "first": digests.first_letters,
        },
        now,
    )


def sweep(now: datetime) -> Counter[str]:
    """Take back what the dead held, settle what is uncertain, close what balances."""
    return _run({"swept": delivery.sweep}, now)


def send_letters(
    now: datetime,
    *,
    seconds: float | None = None,
    printer: Printer | None = None,
    stop: threading.Event | None = None,
) -> Counter[str]:
    """Send what is pending; nothing while the settings forbid a letter to anybody."""
    if reason := preflight.forbids_sending():
        if Digest.objects.filter(status=Digest.Status.PENDING).exists():
            logger.error("letters wait: %s", reason)
        return Counter()
    return delivery.send_pending(now, seconds=seconds, printer=printer, stop=stop)


def _run(steps: Mapping[str, Step], now: datetime) -> Counter[str]:
    counts: Counter[str] = Counter()
    for name, step in steps.items():
        try:
            done = step(now)
        except Exception:
            # Whatever one step meets, the others are owed to readers; the log has the trace.
            logger.exception("the step %r of this round failed", name)
            counts[ERRORS] += 1
            _leave_broken_connection()
            continue
        if isinstance(done, Mapping):
            counts.update({f"{name} {what}": number for what, number in done.items() if number})
        elif done:
            counts[name] += done
    return counts


def _leave_broken_connection() -> None:
    """A connection that the database closed is opened anew by the next step."""
    if connection.in_atomic_block:
        return
    try:
        connection.close_if_unusable_or_obsolete()
    except DatabaseError:
        connection.close()
