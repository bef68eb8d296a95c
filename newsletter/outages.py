"""Days on which the sources were silent: no letter from old papers, and none of the days lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Coalesce

from newsletter.drafts import Draft
from newsletter.models import Digest, Edition
from papers.models import Fetch
from subscribers import zones
from subscribers.models import Subscriber
from subscribers.rhythm import DAY, due_at

STALE = timedelta(hours=36)  # no letter from papers older than this
WINDOW = timedelta(days=7)  # the papers of so many days are a letter's candidates
WEEK_IS_SAVED_FOR = timedelta(days=5)  # later the next weekly letter is near
AT_THE_HOUR = timedelta(hours=1)

NO_FRESH_PAPERS = "no source has answered for 36 hours"
ANSWERED = (Fetch.Status.DONE, Fetch.Status.UNCHANGED, Fetch.Status.PARTIAL)
LEFT = frozenset({*Digest.UNFINISHED, "sent", "delivered", "bounced", "complained"})


class Missed(NamedTuple):
    """A weekly reader whose letter fell out, and when it is due instead."""

    subscriber_id: int
    due_at: datetime


def is_fresh(now: datetime) -> bool:
    """Whether any source has answered within the last 36 hours."""
    return Fetch.objects.filter(status__in=ANSWERED, finished_at__gte=now - STALE).exists()


def sources_fell_silent(now: datetime) -> bool:
    """Whether letters of the last days can have fallen out for it; asked before readers are."""
    since = now - WINDOW - STALE
    answers = Fetch.objects.filter(status__in=ANSWERED, finished_at__range=(since, now))
    times = answers.order_by("finished_at").values_list("finished_at", flat=True)
    instants = [since, *(at for at in times if at), now]
    return any(later - earlier > STALE for earlier, later in pairwise(instants))


def cover_missed_days(drafts: Sequence[Draft], edition: Edition) -> None:
    """Turn letters into catch-ups for readers whose days since their last letter were silent.

    That last one is within a week, so that the candidates of this one hold every day since. A day
    between them that expired says nothing; one on which nothing passed had its papers.
    """
    if edition.cadence != Edition.Cadence.DAILY:
        return
    letters = {d.subscriber_id: d for d in drafts if d.picks and d.kind == Digest.Kind.REGULAR}
    rows = (
        Digest.objects.filter(
            subscriber_id__in=list(letters),
            edition__date__gte=edition.date - WINDOW,
            edition__date__lt=edition.date,
        )
        .order_by("-edition__date")
        .values_list("subscriber_id", "status", "reason")
    )
    history: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for subscriber_id, status, reason in rows:
        history[subscriber_id].append((status, reason))
    for subscriber_id, past in history.items():
        if misses_days(past):
            letters[subscriber_id].kind = Digest.Kind.CATCH_UP


def misses_days(past: Sequence[tuple[str, str]]) -> bool:
    """`past`: status and reason of a reader's digests of the last week, newest first."""
    was_silent = False
    for status, reason in past:
        if status in LEFT:
            return was_silent
        if reason == NO_FRESH_PAPERS:
            was_silent = True
        elif status == Digest.Status.SKIPPED and not was_silent:
            return False
    return False


def missed_weeks(now: datetime) -> dict[date, list[Missed]]:
    """Weekly readers whose letter fell out, at their hour of the first day with fresh papers."""
    if not sources_fell_silent(now) or not is_fresh(now):
        return {}
    later = Digest.objects.filter(
        subscriber=OuterRef("subscriber"), edition__date__gt=OuterRef("edition__date")
    )
    rows = Digest.objects.filter(
        ~Exists(later),
        edition__cadence=Edition.Cadence.WEEKLY,
        edition__date__gte=now.date() - WINDOW,
        status=Digest.Status.SKIPPED,
        reason=NO_FRESH_PAPERS,
        subscriber__status=Subscriber.Status.ACTIVE,
        subscriber__cadence=Subscriber.Cadence.WEEKLY,
    ).order_by("subscriber")
    missed: dict[date, list[Missed]] = defaultdict(list)
    for subscriber_id, zone, hour, since, last in rows.values_list(
        "subscriber",
        "subscriber__timezone",
        "subscriber__hour",
        Coalesce(F("subscriber__rhythm_since"), F("subscriber__confirmed_at")),
        "edition__date",
    ):
        zone = zones.or_utc(zone)
        day = now.astimezone(ZoneInfo(zone)).date()
        due = due_at(zone, day, hour)
        is_time = max(due, since) == due <= now < due + AT_THE_HOUR
        if is_time and DAY <= day - last <= WEEK_IS_SAVED_FOR:
            missed[day].append(Missed(subscriber_id, due))
    return dict(missed)
