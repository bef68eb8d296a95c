"""What readers chose and said, as ranking reads it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from papers import vectors
from papers.candidates import Interests, Pool, Readers, nearness
from papers.features import Documents
from papers.matching import Matcher, TopicText
from papers.models import Authorship, Paper
from papers.phrases import hits
from subscribers.models import Feedback, Follow, Rule, Subscriber, TopicPreference

WEIGHTS = {
    TopicPreference.Weight.LESS: 0.7,
    TopicPreference.Weight.NORMAL: 1.0,
    TopicPreference.Weight.MORE: 1.3,
}
LIKES = (Feedback.Kind.MORE, Feedback.Kind.SAVED, Feedback.Kind.PASTED)
DISLIKE = -0.5  # of a like's weight: "less like this"
NEWEST = 50  # likes of a reader that count
PART = 900


@dataclass
class _Reader:
    """One reader's rows while they are gathered."""

    topics: dict[int, float] = field(default_factory=dict)
    follows: list[int] = field(default_factory=list)
    muted_authors: list[int] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)
    muted: list[str] = field(default_factory=list)
    searches: list[tuple[str, str]] = field(default_factory=list)  # kind, text
    feedback: list[Feedback] = field(default_factory=list)  # newest first

    @property
    def opinions(self) -> list[Feedback]:
        kinds = (*LIKES, Feedback.Kind.LESS)
        return [given for given in self.feedback if given.kind in kinds][:NEWEST]


def load(subscriber_ids: Sequence[int], pool: Pool) -> Readers:
    """The interests of these readers, in this order; ids that are nobody's are left out."""
    subscribers = Subscriber.objects.in_bulk(list(subscriber_ids))
    listed = [subscribers[pk] for pk in dict.fromkeys(subscriber_ids) if pk in subscribers]
    gathered = _gather([subscriber.pk for subscriber in listed])
    readers = [gathered[subscriber.pk] for subscriber in listed]
    return _arrays(listed, readers, pool)


def _gather(ids: Sequence[int]) -> dict[int, _Reader]:
    found = {pk: _Reader() for pk in ids}
    for start in range(0, len(ids), PART):
        part = ids[start : start + PART]
        for preference in TopicPreference.objects.filter(subscriber_id__in=part).order_by("id"):
            weight = WEIGHTS[TopicPreference.Weight(preference.weight)]
            found[preference.subscriber_id].topics[preference.topic_id] = weight
        for follow in Follow.objects.filter(subscriber_id__in=part):
            found[follow.subscriber_id].follows.append(follow.author_id)
        for rule in Rule.objects.filter(subscriber_id__in=part).order_by("id"):
            _add_rule(found[rule.subscriber_id], rule)
        given = Feedback.objects.filter(subscriber_id__in=part, undone_at=None)
        for feedback in given.select_related("paper").order_by("-given_at", "-id"):
            found[feedback.subscriber_id].feedback.append(feedback)
    return found


def _add_rule(reader: _Reader, rule: Rule) -> None:
    match rule.kind:
        case Rule.Kind.WANT:
            reader.wanted.append(rule.text)
        case Rule.Kind.MUTE:
            reader.muted.append(rule.text)
        case Rule.Kind.MUTE_AUTHOR if rule.author_id is not None:
            reader.muted_authors.append(rule.author_id)
        case Rule.Kind.SEARCH | Rule.Kind.INTEREST:
            reader.searches.append((rule.kind, rule.text))


def _arrays(listed: Sequence[Subscriber], readers: Sequence[_Reader], pool: Pool) -> Readers:
    keywords = sorted({text for reader in readers for text in (*reader.wanted, *reader.muted)})
    searches = sorted({search for reader in readers for search in reader.searches})
    liked = list({given.paper_id: given.paper for r in readers for given in r.opinions}.values())
    liked_rows = {paper.pk: n for n, paper in enumerate(liked)}
    texts = [TopicText(text) for _, text in searches]
    found = Matcher.of(texts, pool.features, pool.ordinary).match(pool.documents)
    doubted = _authors_of(
        {g.paper_id for r in readers for g in r.feedback if g.kind == Feedback.Kind.NOT_AUTHOR}
    )
    authors = {int(pk): n for n, pk in enumerate(pool.author_ids)}
    words = {text: n for n, text in enumerate(keywords)}
    return Readers(
        ids=np.array([subscriber.pk for subscriber in listed], dtype=np.int64),
        limits=np.array([subscriber.max_papers for subscriber in listed], dtype=np.int64),
        wants_surprise=np.array([s.wants_surprise for s in listed], dtype=np.bool_),
        interests=_interests(readers, pool, searches, liked_rows),
        follows=_sparse([r.follows for r in readers], authors),
        muted_authors=_sparse([r.muted_authors for r in readers], authors),
        doubted_authors=_sparse(
            [
                [
                    author
                    for given in r.feedback
                    if given.kind == Feedback.Kind.NOT_AUTHOR
                    for author in doubted[given.paper_id]
                ]
                for r in readers
            ],
            authors,
        ),
        wanted=_sparse([r.wanted for r in readers], words),
        muted=_sparse([r.muted for r in readers], words),
        keywords=keywords,
        keyword_hits=csr_matrix(hits([[text] for text in keywords], pool.documents.texts).counts),
        searches=[text for _, text in searches],
        search_kinds=[kind for kind, _ in searches],
        search_scores=found.scores,
        liked_ids=np.array([paper.pk for paper in liked], dtype=np.int64),
        liked_titles=[paper.title for paper in liked],
        liked_near=nearness(pool, _read(liked, pool)),
        known=_sparse([[given.paper_id for given in r.feedback] for r in readers], pool.position),
    )


def _interests(
    readers: Sequence[_Reader],
    pool: Pool,
    searches: Sequence[tuple[str, str]],
    liked_rows: dict[int, int],
) -> Interests:
    columns = {int(pk): n for n, pk in enumerate(pool.topic_ids)}
    search_rows = {search: n for n, search in enumerate(searches)}
    owner, topic, search, weight = [], [], [], []
    likes: list[list[tuple[int, float]]] = []
    days: list[int] = []
    for n, reader in enumerate(readers):
        rows = [(columns[pk], -1, w) for pk, w in reader.topics.items() if pk in columns]
        rows += [(-1, search_rows[wanted], 1.0) for wanted in dict.fromkeys(reader.searches)]
        opinions = [
            (liked_rows[g.paper_id], DISLIKE if g.kind == Feedback.Kind.LESS else 1.0)
            for g in reader.opinions
        ]
        if opinions:
            rows.append((-1, -1, 1.0))
        for topic_column, search_row, value in rows:
            owner.append(n)
            topic.append(topic_column)
            search.append(search_row)
            weight.append(value)
            own = topic_column < 0 and search_row < 0
            likes.append(opinions if own else [])
            days.extend(g.given_at.date().toordinal() for g in reader.opinions if own)
    return Interests(
        np.array(owner, dtype=np.int64),
        np.array(topic, dtype=np.int64),
        np.array(search, dtype=np.int64),
        np.array(weight, dtype=np.float32),
        _weighted(likes, len(liked_rows)),
        np.array(days, dtype=np.int64),
    )


def _weighted(rows: Sequence[Sequence[tuple[int, float]]], width: int) -> csr_matrix:
    starts = np.cumsum([0, *(len(row) for row in rows)])
    columns = [column for row in rows for column, _ in row]
    values = np.array([value for row in rows for _, value in row], dtype=np.float32)
    return csr_matrix((values, columns, starts), shape=(len(rows), width))


def _sparse(rows: Sequence[Iterable[Any]], columns: Mapping[Any, int]) -> csr_matrix:
    """Ones where a row names a column; names that are no column are passed over."""
    known = [sorted({columns[name] for name in row if name in columns}) for row in rows]
    return _weighted([[(column, 1.0) for column in row] for row in known], len(columns))


def _read(papers: Sequence[Paper], pool: Pool) -> Documents:
    return pool.features.read(
        vectors.document(paper.title, paper.abstract, paper.categories) for paper in papers
    )


def _authors_of(paper_ids: set[int]) -> dict[int, list[int]]:
    authors: dict[int, list[int]] = defaultdict(list)
    pairs = Authorship.objects.filter(paper_id__in=paper_ids).values_list("paper_id", "author_id")
    for paper_id, author_id in pairs:
        authors[paper_id].append(author_id)
    return authors
