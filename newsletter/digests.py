"""Build an edition's digests: set-wise, in batches, any number of times with the same end."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import reduce
from itertools import chain, groupby, islice
from operator import or_
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import IntegrityError
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from newsletter import cycles, dormancy, outages, schedule, silence, updates
from newsletter.drafts import Draft, write
from newsletter.models import Digest, Edition, Entry
from newsletter.outages import NO_FRESH_PAPERS, is_fresh
from papers import pool as pools
from papers import ranking
from papers.models import Paper
from subscribers import interests, zones
from subscribers.models import Subscriber

logger = logging.getLogger(__name__)

BATCH = 2000  # subscribers whose digests are written in one transaction
PAGE = 20_000  # subscribers whose due hours are held at once
FIRST_LETTER_WITHIN = timedelta(days=2)  # of the confirmation; later the regular letter serves

NOTHING_PASSED = "nothing passed"
TOO_LATE = "more than 12 hours late"
EDITION_CANCELLED = "edition cancelled"


class Due(NamedTuple):
    subscriber_id: int
    due_at: datetime


Row = tuple[int, str, int, datetime]  # of a subscriber: id, timezone, hour, due from when on


def build_due(now: datetime) -> Counter[str]:
    """Write a digest for everyone whose hour has come; counts by status.

    Whoever was missed in the last 48 hours is still accounted for: built while less than 12 hours
    late, else recorded as expired. A weekly letter that fell out comes on a later day.
    """
    counts: Counter[str] = Counter()
    for cadence, day, due in all_due(now):
        counts += build(open_edition(cadence, day, now), due, now=now)
    for day, missed in outages.missed_weeks(now).items():
        edition = open_edition(Edition.Cadence.WEEKLY, day, now)
        counts += build(edition, [Due(*reader) for reader in missed], now=now)
    return counts


def all_due(now: datetime) -> Iterator[tuple[str, date, Iterator[Due]]]:
    """Readers whose hour has come and who have no digest yet, by cadence and local date.

    They are read as they are asked for, in the order of their ids.
    """
    places = Subscriber.objects.active().order_by().values_list("timezone", flat=True).distinct()
    for cadence in Edition.Cadence:
        for day, due in due_by_day(now, list(places), cadence):
            yield cadence, day, due


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
        day = now.astimezone(ZoneInfo(zones.or_utc(zone))).date()
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
    now: datetime, places: list[str], cadence: Edition.Cadence | str
) -> Iterator[tuple[date, Iterator[Due]]]:
    """Readers of this rhythm who are due and have no digest yet, by local date."""
    # A zone that the clock's tables do not know (any more) goes by UTC rather than be forgotten.
    unknown = [zone for zone in places if zones.or_utc(zone) != zone]
    if unknown:
        logger.error("readers have unknown time zones, treated as UTC: %s", sorted(unknown))
    windows = schedule.windows(now, {zones.or_utc(zone) for zone in places})
    for day, of_day in groupby(windows, key=lambda window: window.day):
        by_zone = {zone: window for window in of_day for zone in window.zones}
        if "UTC" in by_zone:
            by_zone |= dict.fromkeys(unknown, by_zone["UTC"])
        due = due_on(day, by_zone, cadence)
        if first := next(due, None):
            yield day, chain([first], due)


def due_on(
    day: date, by_zone: dict[str, schedule.Window], cadence: Edition.Cadence | str
) -> Iterator[Due]:
    """Readers due on this local date who have no digest for it, of whatever cadence."""
    bit = 1 << day.weekday()
    # A weekly reader's letter comes on the first of the chosen days.
    mask = bit if cadence == Edition.Cadence.DAILY else 2 * bit - 1
    hours: dict[tuple[int, int], list[str]] = defaultdict(list)
    for zone, window in by_zone.items():
        hours[window.first_hour, window.last_hour].append(zone)
    have_one = Digest.objects.filter(subscriber=OuterRef("pk"), edition__date=day)
    rows = (
        Subscriber.objects.active()
        .filter(
            reduce(or_, (Q(timezone__in=z, hour__range=range_) for range_, z in hours.items())),
            ~Exists(have_one),
            cadence=cadence,
        )
        .annotate(
            on_this_day=F("weekdays").bitand(mask),
            since=Coalesce("rhythm_since", "confirmed_at"),
        )
        .filter(on_this_day=bit)
        .order_by("id")
        .values_list("id", "timezone", "hour", "since")
    )
    for subscriber_id, zone, hour, since in by_page(rows):
        if (due_at := by_zone[zone].due_at(hour)) >= since:
            yield Due(subscriber_id, due_at)


def by_page(rows: QuerySet[Subscriber, Row]) -> Iterator[Row]:
    """Rows that begin with an id and are ordered by it, at most a page of them held at once.

    Nearly always all are on the first page. Where they are not, each further question is about a
    range of ids as wide as the first page's, so that it leads past the rest unread.
    """
    page = list(rows[:PAGE])
    yield from page
    if len(page) < PAGE:
        return
    after, width = page[-1][0], page[-1][0] - page[0][0] + 1
    last = Subscriber.objects.aggregate(last=Max("id"))["last"] or 0
    while after < last:
        page = list(rows.filter(id__gt=after, id__lte=after + width)[:PAGE])
        yield from page
        after = page[-1][0] if len(page) == PAGE else after + width


@cycles.rarely_sought()
def build(
    edition: Edition,
    due: Iterable[Due],
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
    after_silence = fresh and outages.sources_fell_silent(now)
    pool: ranking.Pool | None = None
    rest = iter(due)
    while batch := list(islice(rest, BATCH)):
        on_time: list[Due] = []
        drafts: list[Draft] = []
        for reader in batch:
            # A first letter is sent at once, whenever that comes to be.
            if kind != Digest.Kind.FIRST and schedule.is_late(reader.due_at, now):
                drafts.append(Draft(*reader, Digest.Status.EXPIRED, TOO_LATE, kind))
            else:
                on_time.append(reader)
        if cancelled or not fresh:
            why = EDITION_CANCELLED if cancelled else NO_FRESH_PAPERS
            drafts += [Draft(*reader, Digest.Status.SKIPPED, why, kind) for reader in on_time]
        elif on_time:
            if kind == Digest.Kind.REGULAR:
                questions, on_time = ask_the_dormant(on_time, now)
                drafts += questions
            if on_time:
                pool = pool or pools.load(edition.date, now=now)
                chosen = choose(edition, on_time, pool, now=now, kind=kind)
                if after_silence:
                    outages.cover_missed_days(chosen, edition)
                drafts += chosen
        counts += save(drafts, edition, now)
    return counts


def ask_the_dormant(due: list[Due], now: datetime) -> tuple[list[Draft], list[Due]]:
    """A question in place of the letter for those who have to be asked; and the others."""
    asked = dormancy.to_ask([reader.subscriber_id for reader in due], now=now)
    kind = Digest.Kind.STILL_USEFUL
    questions = [
        Draft(*reader, Digest.Status.PENDING, kind=kind)
        for reader in due
        if reader.subscriber_id in asked
    ]
    return questions, [reader for reader in due if reader.subscriber_id not in asked]


def choose(
    edition: Edition, due: list[Due], pool: ranking.Pool, *, now: datetime, kind: str
) -> list[Draft]:
    """Drafts for one batch of readers, each with its papers or the reason why there are none."""
    due_at = dict(due)
    readers = interests.load(list(due_at), pool)
    seen = had(list(due_at), [int(n) for n in pool.paper_ids])
    drafts = []
    shape = ranking.SHAPES[edition.cadence]
    for choice in ranking.choose(pool, readers, seen=seen, now=now, shape=shape):
        reader = choice.subscriber_id
        draft = Draft(reader, due_at[reader], Digest.Status.PENDING, kind=kind, picks=choice.picks)
        draft.pool_size, draft.held_back = choice.pool_size, choice.held_back
        if not choice.picks:
            draft.status, draft.reason = Digest.Status.SKIPPED, NOTHING_PASSED
        drafts.append(draft)
    silence.break_after_three_days(drafts, edition, nothing_passed=NOTHING_PASSED)
    told = updates.since_sent([draft.subscriber_id for draft in drafts if draft.picks], now=now)
    for draft in drafts:
        draft.updates = told.get(draft.subscriber_id, ())
    return drafts


def had(readers: list[int], papers: list[int]) -> list[tuple[int, int]]:
    """Reader and paper for each of these papers that a reader was given, under whatever row."""
    merged = dict(Paper.objects.filter(merged_into__in=papers).values_list("pk", "merged_into_id"))
    given = Entry.objects.filter(subscriber_id__in=readers, paper_id__in=[*papers, *merged])
    return [
        (reader, merged.get(paper) or paper)
        for reader, paper in given.values_list("subscriber_id", "paper_id")
    ]


def save(drafts: list[Draft], edition: Edition, now: datetime) -> Counter[str]:
    """Write a batch; what another builder has written stays as it is."""
    try:
        return write(drafts, edition_id=edition.pk, now=now)
    except IntegrityError:
        # Another builder gave one of these readers one of these papers in the same instant, in
        # another edition. The next tick builds this batch again, knowing of it.
        logger.warning("%s drafts met another builder; left to the next tick", len(drafts))
        return Counter()
