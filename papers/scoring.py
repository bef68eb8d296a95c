"""Keeps what ranking reads up to date: each paper's topics and its trend."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from papers import attention, paper_vectors, sentences, trend, vectors
from papers.bursts import Burst
from papers.features import Documents
from papers.matching import Matcher, Matches, TopicText
from papers.models import Authorship, Engagement, Paper, PaperTopic, Topic
from papers.packing import Texts
from papers.prospects import Facts, Prospects

STORED = 0.25  # scores from here are kept; a like from here may speak for the topic
NEAR = 0.5  # scores from here are shown to the operator and weighed for letters; 1 belongs
LOOK_BACK = timedelta(days=60)  # papers whose votes say what is ordinary
FRESH = timedelta(days=14)  # papers whose prospects are asked for; older ones are in no letter
TAUGHT_BY = 3_000  # newest papers with votes that prospects are learned from
BATCH = 1_000
# Without texts: a whole import is read at once.
READ_BY_TREND = (
    *("trend", "trend_inputs", "primary_category"),
    *("first_mentioned_on", "published_at"),
)


def refresh(paper_ids: Collection[int], *, now: datetime) -> None:
    """Score these papers for every topic, and their trend. Twice is as good as once."""
    topics = list(Topic.objects.active())
    ids = sorted(set(paper_ids))
    for start in range(0, len(ids), BATCH):
        papers = list(Paper.objects.canonical().filter(pk__in=ids[start : start + BATCH]))
        if papers and topics:
            model = vectors.current(now)
            _store(papers, topics, _match(topics, read_and_keep(papers, model, now), model))
    refresh_topics([topic for topic in topics if topic.scored_hash != text_hash(topic)], now=now)
    refresh_trends(Paper.objects.canonical().filter(pk__in=ids), now=now)


def refresh_topic(topic: Topic, *, days: int = 60, now: datetime | None = None) -> None:
    """Score the papers of the last days anew for a topic whose text was changed."""
    refresh_topics([topic], days=days, now=now)


def refresh_topics(topics: Sequence[Topic], *, days: int = 60, now: datetime | None = None) -> None:
    """The same for several, which read each paper once."""
    if not topics:
        return
    now = now or timezone.now()
    since = (now - timedelta(days=days)).date()
    recent = Paper.objects.mentioned_since(since)
    PaperTopic.objects.filter(topic__in=topics).exclude(paper__in=recent).delete()
    papers, model = list(recent), vectors.current(now)
    for start in range(0, len(papers), BATCH):
        batch = papers[start : start + BATCH]
        _store(batch, topics, _match(topics, read(batch, model), model))
    for topic in topics:
        Topic.objects.filter(pk=topic.pk).update(scored_hash=text_hash(topic))


def topic_text(topic: Topic) -> TopicText:
    return TopicText(
        topic.name,
        topic.description,
        tuple(topic.keywords),
        tuple(tuple(group) for group in topic.synonyms),
        tuple(topic.categories),
    )


def text_hash(topic: Topic) -> str:
    """Of everything that a topic's scores depend on."""
    text = topic_text(topic)
    parts = [text.name, text.description, text.keywords, text.synonyms, text.categories]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def refresh_trends(papers: QuerySet[Paper], *, now: datetime) -> None:
    """Write Paper.trend, and the inputs it is made of, where they changed."""
    rows = list(papers.only(*READ_BY_TREND))
    if not rows:
        return
    voted = _voted_lately(now)
    ordinary = trend.field_means(
        voted.votes, voted.hours, [paper.primary_category for paper in voted.papers]
    )
    votes, hours = _votes(rows, newest_readings([paper.pk for paper in rows]))
    field = np.array([ordinary.get(p.primary_category, ordinary[""]) for p in rows])
    promised = _priors(rows, field, now)
    topics = _bursts(rows, attention.of_topics(now, *voted), now)
    lent = np.array([burst.value if burst else 1.0 for _, burst in topics])
    estimated = trend.estimate(votes, hours, trend.lifted(promised, lent, field), field)
    changed: dict[tuple[float, str], list[int]] = defaultdict(list)
    for n, paper in enumerate(rows):
        known = {"votes": int(votes[n]), "hours": hours[n]} if votes[n] >= 0 else {}
        inputs = _inputs(ordinary=field[n], promised=promised[n], **known, **_told(*topics[n]))
        new = round(float(estimated.trend[n]), 4), inputs
        if (paper.trend, paper.trend_inputs) != new:
            changed[new[0], json.dumps(inputs)].append(paper.pk)
    with transaction.atomic():
        # Papers of which nothing is known share their values: one statement for all of them.
        for (value, told), ids in changed.items():
            for start in range(0, len(ids), BATCH):
                Paper.objects.filter(pk__in=ids[start : start + BATCH]).update(
                    trend=value, trend_inputs=json.loads(told)
                )


class _VotedLately(NamedTuple):
    papers: list[Paper]
    votes: trend.Floats
    hours: trend.Floats


def _voted_lately(now: datetime) -> _VotedLately:
    """The papers of the last 60 days with votes."""
    since = (now - LOOK_BACK).date()
    rows = list(Paper.objects.mentioned_since(since).exclude(upvotes=None).only(*READ_BY_TREND))
    return _VotedLately(rows, *_votes(rows, newest_readings([paper.pk for paper in rows])))


def _bursts(
    papers: Sequence[Paper], bursts: dict[int, Burst], now: datetime
) -> list[tuple[int, Burst | None]]:
    """The topic that each new paper fits best, 0 for none, and its burst."""
    since = (now - FRESH).date()
    fresh = [p.pk for p in papers if p.first_mentioned_on and p.first_mentioned_on >= since]
    best = {pk: topics[0] for pk, topics in attention.topics_of(fresh).items()}
    return [(best.get(paper.pk, 0), bursts.get(best.get(paper.pk, 0))) for paper in papers]


def _told(topic_id: int, burst: Burst | None) -> dict[str, float]:
    if burst is None:
        return {}
    return {
        "topic": topic_id, "burst": burst.value, "listed": burst.listed, "usual": burst.usual,
        "excess": burst.excess, "voted": burst.voted,
    }  # fmt: skip


def _inputs(**values: float) -> dict[str, float]:
    """As they are stored and shown: whole numbers as such, the others rounded."""
    return {
        name: value if isinstance(value, int) else round(float(value), 3)
        for name, value in values.items()
    }


def newest_readings(paper_ids: Sequence[int]) -> dict[int, tuple[int, datetime]]:
    """Paper → votes and when they were read, by the last reading that says any."""
    newest: dict[int, tuple[int, datetime]] = {}
    for start in range(0, len(paper_ids), BATCH):
        rows = Engagement.objects.filter(
            paper_id__in=paper_ids[start : start + BATCH], upvotes__isnull=False
        ).order_by("read_at")
        for paper_id, votes, read_at in rows.values_list("paper_id", "upvotes", "read_at"):
            newest[paper_id] = (votes or 0, read_at)
    return newest


def listed_at(paper: Paper) -> datetime | None:
    """When readers could begin to vote: the start of the day it was first mentioned on."""
    if paper.first_mentioned_on is None:
        return paper.published_at
    return datetime.combine(paper.first_mentioned_on, time(), tzinfo=UTC)


def _votes(
    papers: Sequence[Paper], readings: dict[int, tuple[int, datetime]]
) -> tuple[trend.Floats, trend.Floats]:
    votes = np.full(len(papers), np.nan)
    hours = np.zeros(len(papers))
    for n, paper in enumerate(papers):
        began = listed_at(paper)
        if paper.pk in readings and began is not None:
            votes[n], read_at = readings[paper.pk]
            hours[n] = (read_at - began).total_seconds() / 3600
    return votes, hours


def _priors(papers: Sequence[Paper], field: trend.Floats, now: datetime) -> trend.Floats:
    """What new papers may expect; older ones, what is ordinary in their field."""
    since = (now - FRESH).date()
    fresh = [
        n
        for n, paper in enumerate(papers)
        if paper.first_mentioned_on and paper.first_mentioned_on >= since
    ]
    model = vectors.current(now)
    known = _prospects(model)
    priors = field.copy()
    for start in range(0, len(fresh), BATCH):
        part = fresh[start : start + BATCH]
        rows = [papers[n] for n in part]
        expected = known.votes(read(rows, model), _facts(rows)) if known.text else None
        if expected is not None:
            priors[part] = expected
    return priors


@lru_cache(maxsize=1)
def _prospects(model: vectors.Vectors) -> Prospects:
    """Learned from the newest papers with votes; papers of the model itself count as unlisted."""
    if not model.version:
        return Prospects()
    voted = Paper.objects.canonical().exclude(upvotes=None).exclude(first_mentioned_on=None)
    rows = list(voted.order_by("-first_mentioned_on", "-id")[:TAUGHT_BY])
    votes, hours = _votes(rows, newest_readings([paper.pk for paper in rows]))
    documents = Documents.stack(read(rows, model), model.ordinary)
    final = np.r_[votes / trend.arrived(hours), np.full(len(model.ordinary), np.nan)]
    return Prospects.fit(documents, final, _facts(rows))


def _facts(papers: Sequence[Paper]) -> list[Facts | None]:
    """Of the papers that a community listed."""
    listed = [p.pk for p in papers if p.submitter or p.upvotes is not None]
    authors: dict[int, list[str]] = defaultdict(list)
    for start in range(0, len(listed), BATCH):
        pairs = Authorship.objects.filter(paper_id__in=listed[start : start + BATCH])
        for paper_id, key in pairs.values_list("paper_id", "author__key"):
            authors[paper_id].append(key)
    known = set(listed)
    return [
        Facts(p.submitter, tuple(authors[p.pk]), bool(p.code_url), bool(p.project_url))
        if p.pk in known
        else None
        for p in papers
    ]


def read(papers: Sequence[Paper], model: vectors.Vectors) -> Documents:
    """Papers as numbers, in their order."""
    documents = [vectors.document_of(paper) for paper in papers]
    ids = [paper.pk for paper in papers]
    found = paper_vectors.read(model.version, model.features, ids, documents)
    return sentences.attach(found, documents) if model.has_sentences else found


def read_and_keep(papers: Sequence[Paper], model: vectors.Vectors, now: datetime) -> Documents:
    """The same for papers that came or changed; those that pools may hold are stored."""
    documents = [vectors.document_of(paper) for paper in papers]
    texts = Texts.of(documents, model.features)
    since = (now - paper_vectors.SPAN).date()
    fresh = [
        n
        for n, paper in enumerate(papers)
        if paper.first_mentioned_on and paper.first_mentioned_on >= since
    ]
    if model.version:
        ids = [papers[n].pk for n in fresh]
        paper_vectors.store(model.version, ids, [documents[n] for n in fresh], texts.take(fresh))
    found = sentences.attach(texts.read(model.features), documents)
    return found if model.has_sentences else replace(found, sentences=None)


def _match(topics: Iterable[Topic], papers: Documents, model: vectors.Vectors) -> Matches:
    return matcher(tuple(topic_text(topic) for topic in topics), model).match(papers)


@lru_cache(maxsize=4)
def matcher(topics: tuple[TopicText, ...], model: vectors.Vectors) -> Matcher:
    """What decides how well papers fit these topics; the same for letters and previews."""
    return Matcher.of(topics, model.features, model.ordinary, sentences.encode)


def _store(papers: Sequence[Paper], topics: Sequence[Topic], matches: Matches) -> None:
    """Bring the rows of these papers and topics to what was found, touching only the changed."""
    wanted = {
        (papers[column].pk, topics[row].pk): (
            round(float(matches.scores[row, column]), 4),
            matches.phrases.get((row, column), "")[:120],
        )
        for row, column in zip(*np.nonzero(matches.scores >= STORED), strict=True)
    }
    stored: dict[tuple[int, int], PaperTopic] = {
        (row.paper_id, row.topic_id): row
        for row in PaperTopic.objects.filter(paper__in=papers, topic__in=topics)
    }
    gone = [row.pk for pair, row in stored.items() if pair not in wanted]
    by_state: dict[bool, list[PaperTopic]] = defaultdict(list)
    for (paper_id, topic_id), (score, phrase) in wanted.items():
        row = stored.get((paper_id, topic_id))
        if row is not None and (row.score, row.phrase) == (score, phrase):
            continue
        fresh = PaperTopic(
            pk=row.pk if row else None, paper_id=paper_id, topic_id=topic_id,
            score=score, belongs=score >= 1, phrase=phrase,
        )  # fmt: skip
        by_state[row is None].append(fresh)
    with transaction.atomic():
        PaperTopic.objects.filter(pk__in=gone).delete()
        PaperTopic.objects.bulk_create(by_state[True], batch_size=500)
        PaperTopic.objects.bulk_update(
            by_state[False], ["score", "belongs", "phrase"], batch_size=500
        )
