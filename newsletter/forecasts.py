"""A letter before it is written: the next one as it would be now, and those of the past month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django import forms
from django.db import transaction

from newsletter import digests, reasons
from papers import backtest, ranking, topic_trial
from papers import pool as pools
from papers.candidates import Choice, Pick
from papers.models import Author, Authorship, Paper
from papers.readers import Reader
from subscribers import interests, preference_views, zones
from subscribers.models import Feedback, Follow, Subscriber

DAYS = topic_trial.DAYS
ANSWERED_LATELY = timedelta(minutes=30)  # shown with an undo
AUTHORS_SHOWN = 3
SAVED, EDITED = 1, 2  # readers of a back-test, who are one and the same


@dataclass(frozen=True)
class Row:
    paper: Paper
    section: str
    why: str
    authors: Sequence[Author]
    followed: bool  # its first author


@dataclass(frozen=True)
class NextLetter:
    rows: Sequence[Row]
    pool_size: int
    held_back: int
    answered: Sequence[Feedback]


@dataclass(frozen=True)
class Sent:
    """A paper of a past letter under the edited settings, or one that they lose."""

    paper: Paper
    why: str
    is_new: bool


@dataclass(frozen=True)
class Day:
    on: date
    sent: Sequence[Sent]
    lost: Sequence[Paper]  # under the saved settings alone


@dataclass(frozen=True)
class BackTest:
    days: Sequence[Day]  # with a letter, newest first
    span: int  # days looked back, 30 where those do not hold too many papers to keep
    before: int  # sent under the saved settings
    after: int

    @property
    def new(self) -> int:
        return sum(sent.is_new for day in self.days for sent in day.sent)

    @property
    def lost(self) -> int:
        return sum(len(day.lost) for day in self.days)


def next_letter(subscriber: Subscriber, *, now: datetime) -> NextLetter:
    """What the reader would get if the letter left now; nothing is written."""
    pool = pools.recent(_today(subscriber, now), now=now)
    readers = interests.load([subscriber.pk], pool)
    seen = digests.had([subscriber.pk], pool.paper_ids.tolist())
    shape = ranking.SHAPES[subscriber.cadence]
    [choice] = ranking.choose(pool, readers, seen=seen, now=now, shape=shape)
    answered = subscriber.feedback.filter(
        undone_at=None, given_at__gt=now - ANSWERED_LATELY
    ).exclude(kind=Feedback.Kind.PASTED)
    return NextLetter(
        _rows(subscriber, choice.picks),
        choice.pool_size,
        choice.held_back,
        list(answered.select_related("paper").order_by("-given_at", "-id")[:5]),
    )


def _today(subscriber: Subscriber, now: datetime) -> date:
    return now.astimezone(ZoneInfo(zones.or_utc(subscriber.timezone))).date()


def _rows(subscriber: Subscriber, picks: Sequence[Pick]) -> list[Row]:
    ids = [pick.paper_id for pick in picks]
    papers = Paper.objects.in_bulk(ids)
    authors = _authors(ids)
    first = [theirs[0].pk for theirs in authors.values()]
    followed = set(
        Follow.objects.filter(subscriber=subscriber, author__in=first).values_list(
            "author_id", flat=True
        )
    )
    return [
        Row(
            papers[pick.paper_id],
            pick.section,
            _why(pick),
            authors[pick.paper_id],
            any(author.pk in followed for author in authors[pick.paper_id][:1]),
        )
        for pick in picks
    ]


def _authors(paper_ids: Iterable[int]) -> dict[int, list[Author]]:
    found: dict[int, list[Author]] = defaultdict(list)
    rows = Authorship.objects.filter(paper__in=paper_ids, position__lte=AUTHORS_SHOWN)
    for row in rows.select_related("author").order_by("paper_id", "position"):
        found[row.paper_id].append(row.author)
    return found


def _why(pick: Pick) -> str:
    return reasons.sentence([reason.as_dict() for reason in pick.reasons])


def edited(subscriber: Subscriber, form: forms.Form, *, now: datetime) -> Reader:
    """The reader as saving this form would make them; nothing is kept of it."""
    with transaction.atomic():
        preference_views.keep(subscriber, form, now)
        reader = interests.gather([subscriber.pk])[subscriber.pk]
        transaction.set_rollback(True)
    return reader


def back_test(subscriber: Subscriber, after: Reader, *, now: datetime) -> BackTest:
    """The letters of the last 30 days, with the saved settings and with these.

    What the reader has answered to may come again: it was new to them then.
    """
    before = interests.gather([subscriber.pk])[subscriber.pk]
    pair = [replace(before, id=SAVED, known=[]), replace(after, id=EDITED, known=[])]
    today = _today(subscriber, now)
    kept = pools.days_kept(today, most=topic_trial.LONGEST, least=backtest.POOL_DAYS)
    letters = past_letters(subscriber, days=kept - backtest.POOL_DAYS + 1, now=now)
    pool = pools.recent(today, now=now, days=kept)
    shape = ranking.SHAPES[subscriber.cadence]
    results = list(backtest.run(pool, interests.read(pair, pool), letters, shape=shape))
    picked = {pick.paper_id for both in results for one in both for pick in one.picks}
    papers = Paper.objects.in_bulk(picked)
    found = [
        _day(past.on, saved, tried, papers)
        for past, (saved, tried) in zip(letters, results, strict=True)
    ]
    counts = [sum(len(both[n].picks) for both in results) for n in range(2)]
    return BackTest(found[::-1], kept - backtest.POOL_DAYS + 1, *counts)


def _day(on: date, before: Choice, after: Choice, papers: dict[int, Paper]) -> Day:
    had = {pick.paper_id for pick in before.picks}
    has = {pick.paper_id for pick in after.picks}
    return Day(
        on,
        [Sent(papers[pick.paper_id], _why(pick), pick.paper_id not in had) for pick in after.picks],
        [papers[pick.paper_id] for pick in before.picks if pick.paper_id not in has],
    )


def past_letters(subscriber: Subscriber, *, days: int = DAYS, now: datetime) -> list[backtest.Past]:
    """When letters of this rhythm were due in the last days, earliest first."""
    mask = subscriber.weekdays
    if subscriber.cadence == Subscriber.Cadence.WEEKLY:
        mask &= -mask
    place = ZoneInfo(zones.or_utc(subscriber.timezone))
    today = _today(subscriber, now)
    dates = [today - timedelta(days=n) for n in range(days)][::-1]
    return [
        backtest.Past(day, datetime(day.year, day.month, day.day, subscriber.hour, tzinfo=place))
        for day in dates
        if mask & (1 << day.weekday())
    ]
