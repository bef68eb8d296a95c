"""What the pages of a topic, a paper and an author tell beside their lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, F, QuerySet
from django.utils import timezone

from papers import lists
from papers.models import Author, Authorship, Engagement, Paper, PaperTopic, Topic

WEEKS = 12
RECENTLY = timedelta(days=90)
LATEST = 300  # papers looked at to name a topic's authors or neighbours


@dataclass(frozen=True)
class Week:
    monday: date
    papers: int


@dataclass(frozen=True)
class TopicProfile:
    """A topic's page, from its latest papers."""

    rising: list[lists.Row]
    newest: list[lists.Row]
    authors: list[Author]  # with papers_here
    neighbours: list[Topic]
    weeks: list[Week]


def of_topic(topic: Topic, limit: int = 10) -> TopicProfile:
    """Everything in seven queries, however many papers the topic has."""
    papers = lists.of_topic(Paper.objects.canonical(), topic)
    by_day = papers.order_by(F("first_mentioned_on").desc(nulls_last=True), "-id")
    latest = list(by_day.defer("abstract", "keywords", "origins")[:LATEST])
    ids, newest = [paper.pk for paper in latest], latest[:limit]
    last = (newest[0].first_mentioned_on if newest else None) or timezone.localdate()
    rising = list(lists.ranked(last, days=7, topic=topic)[:limit])
    rows = lists.dress([*rising, *newest], now=timezone.now(), names_topics=False)
    return TopicProfile(
        rising=rows[: len(rising)],
        newest=rows[len(rising) :],
        authors=list(active_authors(ids)),
        neighbours=list(neighbours(topic, ids)),
        weeks=papers_per_week(topic, last),
    )


def papers_per_week(topic: Topic, last: date) -> list[Week]:
    """The twelve weeks up to the one of `last`, oldest first; empty weeks count too."""
    first = last - timedelta(days=last.weekday(), weeks=WEEKS - 1)
    days = PaperTopic.objects.filter(
        topic=topic,
        belongs=True,
        paper__merged_into=None,
        paper__first_mentioned_on__range=(first, last),
    ).values_list("paper__first_mentioned_on", flat=True)
    counts = Counter((day - first).days // 7 for day in days if day)
    return [Week(first + timedelta(weeks=n), counts[n]) for n in range(WEEKS)]


def active_authors(paper_ids: Sequence[int], limit: int = 8) -> QuerySet[Author]:
    """Who wrote most of these papers; two at least, the newest first on a tie."""
    return (
        Author.objects.filter(authorships__paper__in=paper_ids)
        .annotate(papers_here=Count("authorships"))
        .filter(papers_here__gte=2)
        .order_by("-papers_here", "-pk")[:limit]
    )


def neighbours(topic: Topic, paper_ids: Sequence[int], limit: int = 6) -> QuerySet[Topic]:
    """Other topics that most of these papers belong to."""
    return (
        Topic.objects.active()
        .exclude(pk=topic.pk)
        .filter(paper_topics__paper__in=paper_ids, paper_topics__belongs=True)
        .annotate(shared=Count("paper_topics"))
        .order_by("-shared", "position")[:limit]
    )


def topics_of(paper: Paper) -> list[PaperTopic]:
    return list(
        paper.paper_topics.filter(belongs=True, topic__is_active=True, topic__merged_into=None)
        .select_related("topic")
        .order_by("-score")
    )


def similar(paper: Paper, fits: Sequence[PaperTopic], limit: int = 5) -> list[Paper]:
    """Papers that share its topics, those that share the most and trend strongest first."""
    topics = [fit.topic_id for fit in fits]
    since = (paper.first_mentioned_on or timezone.localdate()) - RECENTLY
    sharing = (
        Paper.objects.canonical()
        .exclude(pk=paper.pk)
        .filter(
            paper_topics__topic__in=topics,
            paper_topics__belongs=True,
            first_mentioned_on__gte=since,
            retracted_at=None,
        )
        .annotate(shared=Count("paper_topics"))
        .order_by("-shared", "-trend", "-id")
    )
    return list(sharing[:limit])


def readings(paper: Paper, limit: int = 200) -> list[Engagement]:
    """The newest timed readings that say something about votes, oldest first."""
    rows = paper.engagements.filter(upvotes__isnull=False).order_by("-read_at")[:limit]
    return list(rows)[::-1]


def affiliations(author: Author) -> list[str]:
    rows = author.authorships.exclude(affiliation="").order_by("-paper_id")
    return list(dict.fromkeys(rows.values_list("affiliation", flat=True)[:20]))[:3]


def coauthors(author: Author, limit: int = 12) -> QuerySet[Author]:
    theirs = Authorship.objects.filter(author=author).values("paper")
    return (
        Author.objects.filter(authorships__paper__in=theirs)
        .exclude(pk=author.pk)
        .annotate(together=Count("authorships"))
        .order_by("-together", "name")[:limit]
    )


def topics_of_author(author: Author, limit: int = 8) -> QuerySet[Topic]:
    theirs = Authorship.objects.filter(author=author).values("paper")
    return (
        Topic.objects.active()
        .filter(paper_topics__paper__in=theirs, paper_topics__belongs=True)
        .annotate(papers_here=Count("paper_topics"))
        .order_by("-papers_here", "position")[:limit]
    )
