"""An edition's candidates, loaded once for all its readers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Count, Max
from scipy.sparse import csr_matrix

from papers import readings, scoring, sentences, vectors
from papers.candidates import Pool
from papers.features import Documents
from papers.likeness import Likeness
from papers.models import Author, Authorship, Engagement, Paper, PaperTopic, Topic

PART = 900  # ids in one query
KEPT = timedelta(minutes=5)
# Of a paper; the rest stays in the database.
READ = (
    *("title", "abstract", "summary", "categories"),
    *("trend", "upvotes", "first_mentioned_on", "published_at", "changed_at"),
)
MOST_KEPT = 15_000  # papers of a pool that a web process may keep


@dataclass(frozen=True)
class Kept:
    """A pool with all that says whether it is still true."""

    state: tuple[Any, ...]
    at: datetime
    model: vectors.Vectors
    stamps: dict[int, datetime]  # when each paper was last changed
    pool: Pool


_recent: dict[int, Kept] = {}  # by their days


def load(on: date, *, now: datetime, days: int = 7) -> Pool:
    """The papers first mentioned in the `days` up to and with `on`, as arrays."""
    return of_papers(_papers(on, days), now=now)


def recent(on: date, *, now: datetime, days: int = 7) -> Pool:
    """As `load`, shared by the requests of KEPT: for previews, which may be that old.

    A paper or topic that came or changed counts at once. Papers are read once while they stay as
    they are: that is most of the work.
    """
    rows = Paper.objects.pool(on, days=days).order_by()
    papers = rows.aggregate(n=Count("id"), id=Max("id"), at=Max("changed_at"))
    topics = Topic.objects.aggregate(n=Count("id"), id=Max("id"), at=Max("changed_at"))
    model = vectors.current(now)
    state = (on, *papers.values(), *topics.values(), model.version)
    kept = _recent.get(days)
    if kept is None or kept.state != state or not kept.at <= now < kept.at + KEPT:
        listed = _papers(on, days)
        documents = _read(listed, model, kept)
        stamps = {paper.pk: paper.changed_at for paper in listed}
        pool = of_papers(listed, now=now, documents=documents)
        _recent[days] = kept = Kept(state, now, model, stamps, pool)
    return kept.pool


def days_kept(on: date, *, most: int, least: int = 7) -> int:
    """How many days up to and with `on` hold no more than MOST_KEPT papers."""
    rows = Paper.objects.pool(on, days=most).order_by("-first_mentioned_on")
    total = 0
    for day, number in rows.values_list("first_mentioned_on").annotate(n=Count("id")):
        total += number
        if total > MOST_KEPT and day is not None:
            behind: int = (on - day).days
            return max(behind, least)
    return most


def _papers(on: date, days: int) -> list[Paper]:
    return list(Paper.objects.pool(on, days=days).only(*READ).order_by("-id"))


def _read(papers: Sequence[Paper], model: vectors.Vectors, kept: Kept | None = None) -> Documents:
    """The papers as numbers; those that stayed as they are come from what was kept."""
    same: dict[int, int] = {}
    if kept is not None and kept.model is model:
        same = {
            paper.pk: kept.pool.position[paper.pk]
            for paper in papers
            if kept.stamps.get(paper.pk) == paper.changed_at
        }
    others = [paper for paper in papers if paper.pk not in same]
    read = scoring.read(others, model)
    if kept is None or not same:
        return read
    place = {pk: n for n, pk in enumerate([*same, *(paper.pk for paper in others)])}
    together = Documents.stack(kept.pool.documents.take(list(same.values())), read)
    return together.take([place[paper.pk] for paper in papers])


def of_papers(
    papers: Sequence[Paper], *, now: datetime, documents: Documents | None = None
) -> Pool:
    """`documents` are the papers as numbers, where somebody has read them already."""
    model = vectors.current(now)
    documents = _read(papers, model) if documents is None else documents
    ids = [paper.pk for paper in papers]
    position = {paper_id: n for n, paper_id in enumerate(ids)}
    topics = list(Topic.objects.active())
    topic_scores, phrases = _topics(ids, position, topics)
    authors, authorship = _authors(ids, position)
    votes = _votes(papers, now)
    return Pool(
        paper_ids=np.array(ids, dtype=np.int64),
        published=np.array([_since(paper, now) for paper in papers]),
        trend=np.array([paper.trend for paper in papers], dtype=np.float32),
        trend_facts=_trend_facts(papers, topics, topic_scores, votes, now),
        topic_ids=np.array([topic.pk for topic in topics], dtype=np.int64),
        topic_names=[topic.name for topic in topics],
        topic_scores=topic_scores,
        phrases=phrases,
        author_ids=np.array([author.pk for author in authors], dtype=np.int64),
        author_names=[author.name for author in authors],
        authorship=authorship,
        features=model.features,
        documents=documents,
        ordinary=model.ordinary,
        likeness=Likeness.of(model.ordinary),
        encode=sentences.encode,
        rises=_rises(votes, now),
    )


def _since(paper: Paper, now: datetime) -> float:
    """From when a paper's age counts: since it was first mentioned anywhere."""
    began = scoring.listed_at(paper)
    return (began or now).timestamp()


def _topics(
    ids: Sequence[int], position: dict[int, int], topics: Sequence[Topic]
) -> tuple[np.ndarray, dict[tuple[int, int], str]]:
    column = {topic.pk: n for n, topic in enumerate(topics)}
    scores = np.zeros((len(ids), len(topics)), np.float32)
    phrases: dict[tuple[int, int], str] = {}
    for part in _parts(ids):
        rows = PaperTopic.objects.filter(
            paper_id__in=part, topic_id__in=column, score__gte=scoring.NEAR
        )
        for paper_id, topic_id, score, phrase in rows.values_list(
            "paper_id", "topic_id", "score", "phrase"
        ):
            place = position[paper_id], column[topic_id]
            scores[place] = score
            if phrase:
                phrases[place] = phrase
    return scores, phrases


def _authors(ids: Sequence[int], position: dict[int, int]) -> tuple[list[Author], csr_matrix]:
    pairs = [
        pair
        for part in _parts(ids)
        for pair in Authorship.objects.filter(paper_id__in=part).values_list(
            "paper_id", "author_id"
        )
    ]
    author_ids = sorted({author_id for _, author_id in pairs})
    column = {author_id: n for n, author_id in enumerate(author_ids)}
    known: dict[int, Author] = {}
    for part in _parts(author_ids):
        known.update(Author.objects.in_bulk(part))
    rows = [position[paper_id] for paper_id, _ in pairs]
    columns = [column[author_id] for _, author_id in pairs]
    matrix = csr_matrix(
        (np.ones(len(pairs), np.float32), (rows, columns)), shape=(len(ids), len(author_ids))
    )
    return [known[author_id] for author_id in author_ids], matrix


def _trend_facts(
    papers: Sequence[Paper],
    topics: Sequence[Topic],
    scores: np.ndarray,
    votes: Mapping[int, Sequence[readings.Reading]],
    now: datetime,
) -> list[Mapping[str, Any] | None]:
    """Votes of the last day (or since it came), else all there are, and the topic it rises in."""
    facts: list[Mapping[str, Any] | None] = []
    for n, paper in enumerate(papers):
        counted = _counted(paper, votes.get(paper.pk, ()), now)
        if counted is None:
            facts.append(None)
            continue
        best = int(scores[n].argmax()) if len(topics) else -1
        field = topics[best].name if best >= 0 and scores[n, best] >= 1 else ""
        facts.append({"field": field, **counted})
    return facts


def _counted(
    paper: Paper, votes: Sequence[readings.Reading], now: datetime
) -> dict[str, int] | None:
    began = scoring.listed_at(paper)
    if not votes or began is None:
        return None
    if lately := readings.gained(votes, began, now=now):
        return {"upvotes": lately[0], "hours": lately[1]}
    return {"total": votes[-1][1]} if votes[-1][1] else None


def _votes(papers: Sequence[Paper], now: datetime) -> dict[int, list[readings.Reading]]:
    """Paper → readings of its votes, earliest first, by the source that was read last."""
    found: dict[int, list[tuple[str, readings.Reading]]] = defaultdict(list)
    for part in _parts([paper.pk for paper in papers if paper.upvotes is not None]):
        rows = Engagement.objects.filter(
            paper_id__in=part, upvotes__isnull=False, read_at__lte=now
        ).order_by("read_at", "id")
        for paper_id, source, read_at, votes in rows.values_list(
            "paper_id", "source", "read_at", "upvotes"
        ):
            found[paper_id].append((source, (read_at, votes or 0)))
    return {
        paper_id: [reading for source, reading in theirs if source == theirs[-1][0]]
        for paper_id, theirs in found.items()
    }


def _rises(
    votes: Mapping[int, Sequence[readings.Reading]], now: datetime
) -> dict[int, readings.Rise]:
    found = {paper_id: readings.rise(theirs, now=now) for paper_id, theirs in votes.items()}
    return {paper_id: rise for paper_id, rise in found.items() if rise}


def _parts(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[start : start + PART] for start in range(0, len(ids), PART)]
