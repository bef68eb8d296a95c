"""Build an edition's digests: set-wise, in batches, any number of times with the same end."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from django.db import IntegrityError
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Coalesce

from newsletter import schedule, silence
from newsletter.drafts import Draft, write
from newsletter.models import Digest, Edition, Entry
from papers import pool as pools
from papers import ranking
from papers.models import Fetch
from subscribers import interests
from subscribers.models import Subscriber

logger = logging.getLogger(__name__)

BATCH = 2000  # subscribers whose digests are written in one transaction
STALE = timedelta(hours=36)  # no letter from papers older than this
FIRST_LETTER_WITHIN = timedelta(days=2)  # of the confirmation; later the regular letter serves

NOTHING_PASSED = "nothing passed"
TOO_LATE = "more than 12 hours late"
NO_FRESH_PAPERS = "no source has answered for 36 hours"
EDITION_CANCELLED = "edition cancelled"


class Due(NamedTuple):
    subscriber_id: int
    due_at: datetime


def build_due(now: datetime) -> Counter[str]:
    """Write a digest for everyone whose hour has come; counts by status.

    Whoever was missed in the last 48 hours is still accounted for: built while less than 12 hours
    late, else recorded as expired.
    """
    counts: Counter[str] = Counter()
    zones = Subscriber.objects.active().order_by().values_list("timezone", flat=True).distinct()
    for cadence in Edition.Cadence:
        for day, due in due_by_day(now, list(zones), cadence):
            edition = open_edition(cadence, day, now)
            counts += build(edition, due, now=now)
    return counts


def first_letters(now: datetime) -> Counter[str]:
    """Write the letter that a reader gets at once after confirming; counts by status."""
    counts: Counter[str] = Counter()
    if not is_fresh(now):
        return counts
    newcomers = (
        Subscriber.objects.active()
        .filter(confirmed_at__gt=now - FIRST_LETTER_WITHIN, confirmed_at__lte=now, digests=None)
        .order_by("id")
        .values_list("id", "timezone", "confirmed_at")
    )
    by_day: dict[date, list[Due]] = {}
    for subscriber_id, zone, confirmed_at in newcomers:
        day = now.astimezone(ZoneInfo(known_zone(zone))).date()
        by_day.setdefault(day, []).append(Due(subscriber_id, confirmed_at or now))
    for day, due in by_day.items():
        edition = open_edition(Edition.Cadence.DAILY, day, now)
        counts += build(edition, due, now=now, kind=Digest.Kind.FIRST)
    return counts


def open_edition(cadence: Edition.Cadence | str, day: date, now: datetime) -> Edition:
    """The edition of that day; one that had closed is opened again for the reader it missed."""
    edition, _ = Edition.objects.get_or_create(
        cadence=cadence, date=day, defaults={"created_at": now}
    )
    closed = Edition.objects.filter(pk=edition.pk, status=Edition.Status.CLOSED)
    if closed.update(status=Edition.Status.OPEN, closed_at=None):
        logger.warning("edition %s opened again for readers it had missed", edition)
        edition.refresh_from_db()
    return edition


def due_by_day(
    now: datetime, zones: list[str], cadence: Edition.Cadence | str
) -> Iterator[tuple[date, list[Due]]]:
    """Readers of this rhythm who are due and have no digest yet, by local date."""
    # A zone that the clock's tables do not know (any more) goes by UTC rather than be forgotten.
    unknown = [zone for zone in zones if known_zone(zone) != zone]
    if unknown:
        logger.error("readers have unknown time zones, treated as UTC: %s", sorted(unknown))
    windows = schedule.windows(now, {known_zone(zone) for zone in zones})
    for day, of_day in groupby(windows, key=lambda window: window.day):
        due = [
            reader
            for window in of_day
            for reader in due_in(window, cadence, also=unknown if "UTC" in window.zones else [])
        ]
        if due:
            yield day, due


def due_in(
    window: schedule.Window, cadence: Edition.Cadence | str, *, also: list[str]
) -> list[Due]:
    """Readers due in the window who have no digest for its local date, of whatever cadence."""
    bit = window.weekday_bit
    # A weekly reader's letter comes on the first of the chosen days.
    mask = bit if cadence == Edition.Cadence.DAILY else 2 * bit - 1
    have_one = Digest.objects.filter(subscriber=OuterRef("pk"), edition__date=window.day)
    rows = (
        Subscriber.objects.active()
        .filter(
            ~Exists(have_one),
            timezone__in=[*window.zones, *also],
            cadence=cadence,
            hour__range=(window.first_hour, window.last_hour),
        )
        .annotate(
            on_this_day=F("weekdays").bitand(mask),
            since=Coalesce("rhythm_since", "confirmed_at"),
        )
        .filter(on_this_day=bit)
        .order_by("id")
        .values_list("id", "hour", "since")
    )
    return [
        Due(subscriber_id, window.due_at(hour))
        for subscriber_id, hour, since in rows
        if window.due_at(hour) >= since
    ]


def known_zone(zone: str) -> str:
    return zone if zone in available_timezones() else "UTC"


def is_fresh(now: datetime) -> bool:
    """Whether any source has answered within the last 36 hours."""
    answered = (Fetch.Status.DONE, Fetch.Status.UNCHANGED, Fetch.Status.PARTIAL)
    return Fetch.objects.filter(status__in=answered, finished_at__gte=now - STALE).exists()


def build(
    edition: Edition,
    due: Sequence[Due],
    *,
    now: datetime,
    kind: str = Digest.Kind.REGULAR,
) -> Counter[str]:
    """Write digests and entries for these readers; those who have theirs are passed over.

    May stop half-way and be repeated, and may run in two processes at once: a digest is written
    together with its entries, and (edition, subscriber) is unique.
    """
    counts: Counter[str] = Counter()
    cancelled = edition.status == Edition.Status.CANCELLED
    fresh = is_fresh(now)
    pool: ranking.Pool | None = None
    for start in range(0, len(due), BATCH):
        on_time: list[Due] = []
        drafts: list[Draft] = []
        for reader in due[start : start + BATCH]:
            # A first letter is sent at once, whenever that comes to be.
            if kind != Digest.Kind.FIRST and schedule.is_late(reader.due_at, now):
                drafts.append(Draft(*reader, Digest.Status.EXPIRED, TOO_LATE, kind))
            else:
                on_time.append(reader)
        if cancelled or not fresh:
            why = EDITION_CANCELLED if cancelled else NO_FRESH_PAPERS
            drafts += [Draft(*reader, Digest.Status.SKIPPED, why, kind) for reader in on_time]
        elif on_time:
            pool = pool or pools.load(edition.date, now=now)
            drafts += choose(edition, on_time, pool, now=now, kind=kind)
        counts += save(drafts, edition, now)
    return counts


def choose(
    edition: Edition, due: list[Due], pool: ranking.Pool, *, now: datetime, kind: str
) -> list[Draft]:
    """Drafts for one batch of readers, each with its papers or the reason why there are none."""
    due_at = dict(due)
    readers = interests.load(list(due_at), pool)
    seen = Entry.objects.filter(
        subscriber_id__in=list(due_at), paper_id__in=[int(n) for n in pool.paper_ids]
    ).values_list("subscriber_id", "paper_id")
    drafts = []
    for choice in ranking.choose(pool, readers, seen=list(seen), now=now):
        reader = choice.subscriber_id
        draft = Draft(reader, due_at[reader], Digest.Status.PENDING, kind=kind, picks=choice.picks)
        draft.pool_size, draft.held_back = choice.pool_size, choice.held_back
        if not choice.picks:
            draft.status, draft.reason = Digest.Status.SKIPPED, NOTHING_PASSED
        drafts.append(draft)
    silence.break_after_three_days(drafts, edition, nothing_passed=NOTHING_PASSED)
    return drafts


def save(drafts: list[Draft], edition: Edition, now: datetime) -> Counter[str]:
    """Write a batch; what another builder has written stays as it is."""
    try:
        return write(drafts, edition_id=edition.pk, now=now)
    except IntegrityError:
        # Another builder gave one of these readers one of these papers in the same instant, in
        # another edition. The next tick builds this batch again, knowing of it.
        logger.warning("%s drafts met another builder; left to the next tick", len(drafts))
        return Counter()
