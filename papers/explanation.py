"""Why papers were chosen: the largest true terms of their own scores."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np

from papers.candidates import Bools, Floats, Ints, Pool, Readers, Reason
from papers.likes import Doubles
from papers.relevance import (
    FOLLOWED,
    TREND_WEIGHT,
    TRENDING,
    WANTED,
    Scores,
    bonus,
    bounded,
    parts,
)

MOST = 3  # reasons kept with an entry
LEAST = 1e-4  # by how much the score must fall without a fact


class Explainer:
    """Finds reasons for the papers of one batch; remembers those that readers share."""

    def __init__(self, pool: Pool, readers: Readers) -> None:
        self.pool = pool
        self.readers = readers
        self.wrote = pool.authorship
        self.keywords_of = readers.keyword_hits.T.tocsr()
        self._plain: dict[tuple[bool, int, int, float], tuple[Reason, ...]] = {}
        self._trends: dict[int, Reason | None] = {}

    def explain(self, scores: Scores, rows: Ints, papers: Ints) -> list[tuple[Reason, ...]]:
        """For pairs of a reader (by row in the chunk) and a paper, reasons, strongest first."""
        interest, worth = best_interest(scores, self.readers, rows, papers)
        liked, fall = self._liked(scores, interest, worth, papers)
        extra = scores.followed[rows, papers] | scores.wanted[rows, papers] | (liked >= 0)
        words_part = self._words_part(scores, interest, worth)
        columns = (rows, papers, interest, words_part, extra, liked, fall)
        explained = []
        for row, paper, at, part, more, like, less in zip(
            *(column.tolist() for column in columns), strict=True
        ):
            found = self._plainly(paper, at, part)
            if more:
                kept = [reason for reason in found if reason.kind != "trend"]
                kept += self._authors(scores.readers.start + row, paper)
                kept += self._keywords(scores.readers.start + row, paper)
                if like >= 0:
                    kept.append(self._like(like, less))
                kept.sort(key=lambda reason: -reason.weight)
                trend = self.trend(paper)
                found = tuple([*kept, trend] if trend else kept)[:MOST]
            explained.append(found)
        return explained

    def trend(self, paper: int) -> Reason | None:
        if paper not in self._trends:
            facts = self.pool.trend_facts[paper]
            trend = float(self.pool.trend[paper])
            shown = facts is not None and trend >= TRENDING
            self._trends[paper] = (
                Reason("trend", TREND_WEIGHT * trend, facts) if shown and facts else None
            )
        return self._trends[paper]

    def exploration(self, paper: int, topic: int, *, leads: bool) -> tuple[Reason, ...]:
        """`topic`: one it belongs to, or -1; `leads`: there, or everywhere outside."""
        name = self.pool.topic_names[topic] if topic >= 0 else ""
        trend = self.trend(paper)
        explored = Reason("exploration", 0.0, {"topic": name, "leads": leads})
        return (explored,) if trend is None else (explored, trend)

    def rising(self, paper: int) -> Reason:
        """The change in votes that a paper is there for."""
        rise = self.pool.rises[int(self.pool.paper_ids[paper])]
        return Reason("rising", 0.0, {"before": rise.before, "upvotes": rise.votes})

    def _plainly(self, paper: int, interest: int, part: float) -> tuple[Reason, ...]:
        """Of the interest's words and the trend alone, which most readers of a topic share."""
        topic = search = -1
        if interest >= 0 and part > 0:
            topic = int(self.readers.interests.topic[interest])
            search = int(self.readers.interests.search[interest])
        key = search >= 0, paper, max(topic, search), part
        if key not in self._plain:
            found = []
            if search >= 0:
                found.append(self._search(paper, search, part))
            elif topic >= 0:
                found.append(self._topic(paper, topic, part))
            trend = self.trend(paper)
            kept = [reason for reason in found if reason.weight > LEAST]
            self._plain[key] = tuple([*kept, trend] if trend else kept)
        return self._plain[key]

    def _topic(self, paper: int, topic: int, part: float) -> Reason:
        facts = {
            "topic_id": int(self.pool.topic_ids[topic]),
            "topic": self.pool.topic_names[topic],
            "phrase": self.pool.phrases.get((paper, topic), ""),
        }
        return Reason("topic", part * float(self.pool.topic_scores[paper, topic]), facts)

    def _search(self, paper: int, search: int, part: float) -> Reason:
        value = part * float(self.readers.search_scores[search, paper])
        return Reason(
            self.readers.search_kinds[search], value, {"text": self.readers.searches[search]}
        )

    def _words_part(self, scores: Scores, interest: Ints, worth: Floats) -> Floats:
        """By what the score of the words is multiplied in each pair's interest; 0 for none."""
        if not len(scores.worth.interests):
            return np.zeros(len(interest), np.float32)
        part = scores.worth.words[np.maximum(interest - scores.worth.interests.start, 0)]
        return np.where((interest >= 0) & (worth > 0), part, 0)

    def _liked(
        self, scores: Scores, interest: Ints, worth: Floats, papers: Ints
    ) -> tuple[Ints, Doubles]:
        """For each pair, the like without which its score falls most, and by how much; or -1."""
        best = np.full(len(interest), -1)
        most = np.zeros(len(interest))
        if not scores.worth.profiles.likes.nnz:
            return best, most
        local = np.maximum(interest - scores.worth.interests.start, 0)
        profile = scores.worth.profile[local]
        pairs = np.flatnonzero((interest >= 0) & (worth > 0) & (profile >= 0))
        if not len(pairs):
            return best, most
        rows = profile[pairs]
        pair, like, left = scores.worth.profiles.without(rows, papers[pairs])
        words, has_words = self._words_score(interest[pairs], papers[pairs])
        wanted = scores.worth.profiles.wanted[rows] - 1
        of_words, of_profile = parts(wanted, has_words)
        weight = self.readers.interests.weight[interest[pairs]]
        mixed = (of_words * words)[pair] + of_profile[pair] * bounded(left, wanted[pair])
        fall = worth[pairs][pair] - weight[pair] * mixed
        fall[scores.worth.profiles.likes.data[like] <= 0] = 0
        starts = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]])
        most[pairs] = np.maximum.reduceat(fall, starts)
        first = np.flatnonzero(fall == most[pairs][pair])
        at, place = np.unique(pair[first], return_index=True)
        # From the profile's likes to those of the whole batch.
        start = self.readers.interests.likes.indptr[interest[pairs[at]]]
        within = like[first[place]] - scores.worth.profiles.likes.indptr[rows[at]]
        best[pairs[at]] = start + within
        best[most <= LEAST] = -1
        return best, most

    def _words_score(self, interest: Ints, papers: Ints) -> tuple[Floats, Bools]:
        """The interests' topic or search score for a paper each, and whether they have any."""
        topic = self.readers.interests.topic[interest]
        search = self.readers.interests.search[interest]
        words = np.zeros(len(interest), np.float32)
        known = topic >= 0
        words[known] = self.pool.topic_scores[papers[known], topic[known]]
        known = search >= 0
        words[known] = self.readers.search_scores[search[known], papers[known]]
        return words, (topic >= 0) | (search >= 0)

    def _like(self, like: int, fall: float) -> Reason:
        interests = self.readers.interests
        liked = int(interests.likes.indices[like])
        return Reason(
            "liked",
            fall,
            {
                "paper_id": int(self.readers.liked_ids[liked]),
                "title": self.readers.liked_titles[liked],
                "on": date.fromordinal(int(interests.liked_on[like])).isoformat(),
            },
        )

    def _authors(self, reader: int, paper: int) -> Iterator[Reason]:
        follows = self.readers.follows
        followed = set(follows.indices[follows.indptr[reader] : follows.indptr[reader + 1]])
        wrote = self.wrote.indices[self.wrote.indptr[paper] : self.wrote.indptr[paper + 1]]
        known = [int(author) for author in wrote if author in followed]
        for author in known:
            yield Reason(
                "author",
                _last(len(known), FOLLOWED),
                {
                    "author_id": int(self.pool.author_ids[author]),
                    "author": self.pool.author_names[author],
                },
            )

    def _keywords(self, reader: int, paper: int) -> Iterator[Reason]:
        wanted, hits = self.readers.wanted, self.keywords_of
        held = set(hits.indices[hits.indptr[paper] : hits.indptr[paper + 1]])
        listed = wanted.indices[wanted.indptr[reader] : wanted.indptr[reader + 1]]
        found = [int(keyword) for keyword in listed if keyword in held]
        for keyword in found:
            facts = {"text": self.readers.keywords[keyword]}
            yield Reason("keyword", _last(len(found), WANTED), facts)


def best_interest(
    scores: Scores, readers: Readers, rows: Ints, papers: Ints
) -> tuple[Ints, Floats]:
    """For pairs of a row in the chunk and a paper: the interest that it is there for, -1 for none,
    and what it is worth to that."""
    worth = scores.worth
    owner = readers.interests.owner[worth.interests.start : worth.interests.stop]
    owner = owner - scores.readers.start
    number = np.bincount(owner, minlength=len(scores.readers))
    starts = np.cumsum(number) - number
    best = np.full(len(rows), -1)
    most = np.zeros(len(rows), np.float32)
    for n in range(int(number.max(initial=0))):
        having = np.flatnonzero(number[rows] > n)
        at = starts[rows[having]] + n
        value = worth.total[at, papers[having]]
        better = value > most[having]
        best[having[better]] = at[better] + worth.interests.start
        most[having[better]] = value[better]
    return best, most


def _last(number: int, first: float) -> float:
    """What the bonus falls by when one of so many goes."""
    counts = np.array([number, number - 1], dtype=np.float32)
    more, fewer = bonus(counts, first)
    return float(more - fewer)
