"""Why a paper was chosen: the largest true terms of its own score."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np

from papers.candidates import Pool, Readers, Reason
from papers.relevance import FOLLOWED, TREND_WEIGHT, TRENDING, WANTED, Scores, profile_scores

MOST = 3  # reasons kept with an entry


class Explainer:
    """Finds reasons for the papers of one batch; remembers those that readers share."""

    def __init__(self, pool: Pool, readers: Readers) -> None:
        self.pool = pool
        self.readers = readers
        self._topics: dict[tuple[int, int], Reason] = {}
        self._trends: dict[int, Reason | None] = {}

    def reasons(self, scores: Scores, reader: int, paper: int) -> tuple[Reason, ...]:
        """Of the reader at `reader` in the batch for the paper at `paper` in the pool."""
        found = [
            *self._authors(reader, paper),
            *self._interests(scores, reader, paper),
            *self._keywords(reader, paper),
        ]
        found.sort(key=lambda reason: -reason.weight)
        trend = self.trend(paper)
        if trend is not None:
            found.append(trend)
        return tuple(found[:MOST])

    def trend(self, paper: int) -> Reason | None:
        if paper not in self._trends:
            facts = self.pool.trend_facts[paper]
            trend = float(self.pool.trend[paper])
            shown = facts is not None and trend >= TRENDING
            self._trends[paper] = (
                Reason("trend", TREND_WEIGHT * trend, facts) if shown and facts else None
            )
        return self._trends[paper]

    def exploration(self, paper: int) -> tuple[Reason, ...]:
        topic = int(self.pool.best_topic[paper])
        name = self.pool.topic_names[topic] if topic >= 0 else ""
        trend = self.trend(paper)
        explored = Reason("exploration", 0.0, {"topic": name})
        return (explored,) if trend is None else (explored, trend)

    def _interests(self, scores: Scores, reader: int, paper: int) -> Iterator[Reason]:
        owners = self.readers.interests.owner
        first, last = np.searchsorted(owners, [reader, reader + 1])
        if first == last:
            return
        worth = scores.by_interest[first - scores.interests.start : last - scores.interests.start]
        row = int(first + worth[:, paper].argmax())
        if worth[row - first, paper] <= 0:
            return
        topic = int(self.readers.interests.topic[row])
        search = int(self.readers.interests.search[row])
        weight = float(self.readers.interests.weight[row])
        if topic >= 0 and self.pool.topic_scores[paper, topic] > 0:
            yield self._topic(paper, topic)
        if search >= 0 and self.readers.search_scores[search, paper] > 0:
            value = float(self.readers.search_scores[search, paper]) * weight
            kind, text = self.readers.search_kinds[search], self.readers.searches[search]
            yield Reason(kind, value, {"text": text})
        yield from self._liked(row, paper)

    def _topic(self, paper: int, topic: int) -> Reason:
        if (paper, topic) not in self._topics:
            self._topics[paper, topic] = Reason(
                "topic",
                float(self.pool.topic_scores[paper, topic]),
                {
                    "topic_id": int(self.pool.topic_ids[topic]),
                    "topic": self.pool.topic_names[topic],
                    "phrase": self.pool.phrases.get((paper, topic), ""),
                },
            )
        return self._topics[paper, topic]

    def _liked(self, row: int, paper: int) -> Iterator[Reason]:
        """The liked paper that adds most to this one's score, where the likes add to it at all."""
        readers, likes = self.readers, self.readers.interests.likes[row]
        near = readers.liked_near[likes.indices]
        added = likes.data * (near[:, paper] - near[:, len(self.pool) :].mean(axis=1))
        if not len(added) or added.max() <= 0 or added.sum() <= 0:
            return
        best = int(likes.indices[added.argmax()])
        value = float(profile_scores(self.pool, readers, likes)[0, paper])
        yield Reason(
            "liked",
            value,
            {
                "paper_id": int(readers.liked_ids[best]),
                "title": readers.liked_titles[best],
                "on": self._liked_on(row, best),
            },
        )

    def _liked_on(self, row: int, liked: int) -> str:
        interests = self.readers.interests
        first, last = interests.likes.indptr[row : row + 2]
        at = first + int(np.flatnonzero(interests.likes.indices[first:last] == liked)[0])
        return date.fromordinal(int(interests.liked_on[at])).isoformat()

    def _authors(self, reader: int, paper: int) -> Iterator[Reason]:
        wrote = self.pool.authorship[paper].indices
        follows = self.readers.follows[reader].indices
        for author in wrote[np.isin(wrote, follows)]:
            facts = {
                "author_id": int(self.pool.author_ids[author]),
                "author": self.pool.author_names[author],
            }
            yield Reason("author", FOLLOWED, facts)

    def _keywords(self, reader: int, paper: int) -> Iterator[Reason]:
        for keyword in self.readers.wanted[reader].indices:
            if self.readers.keyword_hits[keyword, paper] > 0:
                yield Reason("keyword", WANTED, {"text": self.readers.keywords[keyword]})
