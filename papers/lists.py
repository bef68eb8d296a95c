"""The public lists: which papers a page or feed shows, dressed for printing in few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import (
    BooleanField,
    Exists,
    ExpressionWrapper,
    Max,
    Min,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
)
from django.utils import timezone

from papers.models import Author, Authorship, Engagement, Mention, Paper, PaperTopic, Topic

NAMED_AUTHORS = 3
# Readings are irregular: about a day.
A_DAY_AT_LEAST, A_DAY_AT_MOST = timedelta(hours=20), timedelta(hours=28)


@dataclass(frozen=True)
class Row:
    """One paper as a list prints it."""

    paper: Paper
    everyone: Sequence[Author]  # who wrote it, in order
    topic: Topic | None  # the one it fits best, of those it belongs to
    gained: int | None  # upvotes since yesterday; None where nobody counted then or now

    @property
    def authors(self) -> Sequence[Author]:
        """Those a list names."""
        return self.everyone[:NAMED_AUTHORS]

    @property
    def others(self) -> int:
        """How many more there are."""
        return len(self.everyone) - len(self.authors)


@dataclass(frozen=True)
class Newest:
    """The front of the newest list."""

    day: date | None  # that it is of; None before the first
    is_today: bool
    rows: list[Row]


def latest_day(until: date | None = None) -> date | None:
    """The newest day on which a source listed papers, not after `until`; None before the first."""
    mentions = Mention.objects.all()
    if until:
        mentions = mentions.filter(mentioned_on__lte=until)
    day: date | None = mentions.aggregate(day=Max("mentioned_on"))["day"]
    return day


def next_day(after: date) -> date | None:
    """The first day after `after` on which a source listed papers."""
    mentions = Mention.objects.filter(mentioned_on__gt=after)
    day: date | None = mentions.aggregate(day=Min("mentioned_on"))["day"]
    return day


def ranked(
    last: date, *, days: int = 1, topic: Topic | None = None, has_code: bool = False
) -> QuerySet[Paper]:
    """Papers listed in the `days` up to and with `last`, strongest trend first.

    A paper that no source counts votes for has the trend of an ordinary one; it stands behind
    those whose trend was seen.
    """
    listed = Mention.objects.filter(
        paper=OuterRef("pk"),
        mentioned_on__gt=last - timedelta(days=days),
        mentioned_on__lte=last,
    )
    papers: QuerySet[Paper] = Paper.objects.canonical().filter(Exists(listed), retracted_at=None)
    if topic:
        papers = of_topic(papers, topic)
    if has_code:
        papers = papers.exclude(code_url="")
    uncounted = ExpressionWrapper(Q(upvotes=None), output_field=BooleanField())
    return papers.alias(uncounted=uncounted).order_by("uncounted", "-trend", "-upvotes", "-id")


def of_topic(papers: QuerySet[Paper], topic: Topic) -> QuerySet[Paper]:
    belongs = PaperTopic.objects.filter(paper=OuterRef("pk"), topic=topic, belongs=True)
    return papers.filter(Exists(belongs))


def newest(*, now: datetime, limit: int = 5) -> Newest:
    """The strongest papers of the newest list day that has come."""
    today = timezone.localdate(now)
    day = latest_day(until=today)
    rows = dress(ranked(day)[:limit], now=now) if day else []
    return Newest(day, day == today, rows)


def dress(
    papers: Iterable[Paper] | QuerySet[Paper], *, now: datetime, names_topics: bool = True
) -> list[Row]:
    """Rows in the same order; three queries for any number of papers, two without topics."""
    if isinstance(papers, QuerySet):
        papers = papers.defer("abstract", "keywords", "origins")
    listed = list(papers)
    ids = [paper.pk for paper in listed]
    authors: dict[int, list[Author]] = defaultdict(list)
    for authorship in Authorship.objects.filter(paper__in=ids).select_related("author"):
        authors[authorship.paper_id].append(authorship.author)
    topics = best_topics(ids) if names_topics else {}
    gained = gained_since_yesterday(ids, now=now)
    return [
        Row(
            paper,
            authors[paper.pk],
            topics.get(paper.pk),
            gained.get(paper.pk),
        )
        for paper in listed
    ]


def best_topics(paper_ids: Sequence[int]) -> dict[int, Topic]:
    """Paper → the active topic it fits best, among those it belongs to."""
    fits = (
        PaperTopic.objects.filter(paper__in=paper_ids, belongs=True)
        .filter(topic__is_active=True, topic__merged_into=None)
        .select_related("topic")
        .order_by("score", "-topic_id")
    )
    return {fit.paper_id: fit.topic for fit in fits}


def gained_since_yesterday(paper_ids: Sequence[int], *, now: datetime) -> dict[int, int]:
    """Paper → upvotes won since yesterday; without those of which nothing can be said."""
    readings: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
    rows = Engagement.objects.filter(
        paper__in=paper_ids,
        upvotes__isnull=False,
        read_at__range=(now - 2 * A_DAY_AT_MOST, now),
    )
    for paper_id, at, votes in rows.order_by("read_at").values_list(
        "paper_id", "read_at", "upvotes"
    ):
        readings[paper_id].append((at, votes or 0))
    found = {paper_id: gain(series, now=now) for paper_id, series in readings.items()}
    return {paper_id: votes for paper_id, votes in found.items() if votes}


def gain(series: Sequence[tuple[datetime, int]], *, now: datetime) -> int | None:
    """Votes that the newest reading has more than one about a day before it.

    `series` is (when, votes), oldest first. None where the newest is no longer of the last day,
    where none is about a day older, and where nothing was won.
    """
    newest, votes = series[-1]
    if now - newest > A_DAY_AT_MOST:
        return None
    earlier = [before for at, before in series if A_DAY_AT_LEAST <= newest - at <= A_DAY_AT_MOST]
    return votes - earlier[-1] if earlier and votes > earlier[-1] else None


def with_authors(papers: QuerySet[Paper]) -> QuerySet[Paper]:
    """For feeds: papers with their authorships in order, in one more query."""
    return papers.prefetch_related(
        Prefetch("authorships", Authorship.objects.select_related("author"))
    )
