"""A topic's text tried on the past: what would have belonged to it, day by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from papers import pool as pools
from papers import scoring, vectors
from papers.backtest import POOL_DAYS
from papers.candidates import Pool
from papers.models import Paper, Topic

DAYS = 30
LONGEST = DAYS + POOL_DAYS - 1  # as readers' back-tests look back, so that papers are read once


@dataclass(frozen=True)
class Tested:
    paper: Paper
    score: float
    belongs: bool
    phrase: str
    is_new: bool  # belongs, and does not under the stored text


@dataclass(frozen=True)
class TopicTrial:
    found: Sequence[Tested]  # what belongs, or nearly; best first
    lost: Sequence[Paper]  # what belongs under the stored text alone
    days: Sequence[tuple[date, int]]  # newest first: how many of that day's papers would belong
    papers: int  # looked through

    @property
    def belonging(self) -> int:
        return sum(one.belongs for one in self.found)

    @property
    def new(self) -> int:
        return sum(one.is_new for one in self.found)


def back_test(topic: Topic, *, now: datetime) -> TopicTrial:
    """The topic may be unsaved or edited; scores and threshold are those that letters go by.

    Looks at the last DAYS, or at fewer where those hold too many papers to keep.
    """
    on = now.date()
    kept = pools.days_kept(on, most=LONGEST)
    days = min(kept, DAYS)
    pool = pools.recent(on, now=now, days=kept)
    first = on - timedelta(days=days - 1)
    scores, phrases = _scores(topic, pool, now)
    stored = _stored(topic, pool)
    papers = Paper.objects.defer("abstract", "origins").in_bulk(
        pool.paper_ids[(scores >= scoring.NEAR) | stored].tolist()
    )
    found, lost = [], []
    for n, pk in enumerate(pool.paper_ids.tolist()):
        paper = papers.get(pk)
        if paper is None or paper.first_mentioned_on is None or paper.first_mentioned_on < first:
            continue
        belongs, belonged = bool(scores[n] >= 1), bool(stored[n])
        if scores[n] >= scoring.NEAR:
            is_new = belongs and not belonged
            found.append(Tested(paper, float(scores[n]), belongs, phrases.get(n, ""), is_new))
        if belonged and not belongs:
            lost.append(paper)
    found.sort(key=lambda one: (-one.score, -one.paper.pk))
    counts = Counter(one.paper.first_mentioned_on for one in found if one.belongs)
    span = [on - timedelta(days=n) for n in range(days)]
    return TopicTrial(found, lost, [(day, counts[day]) for day in span], len(pool))


def _scores(topic: Topic, pool: Pool, now: datetime) -> tuple[np.ndarray, dict[int, str]]:
    """Of each paper of the pool, with the phrase found in it."""
    if not len(pool):
        return np.zeros(0), {}
    matcher = scoring.matcher((scoring.topic_text(topic),), vectors.current(now))
    matches = matcher.match(pool.documents)
    return matches.scores[0], {paper: phrase for (_, paper), phrase in matches.phrases.items()}


def _stored(topic: Topic, pool: Pool) -> np.ndarray:
    """Whether each paper of the pool belongs under the text that letters go by now."""
    column = np.flatnonzero(pool.topic_ids == (topic.pk or 0))
    if not len(column):
        return np.zeros(len(pool), np.bool_)
    stored: np.ndarray = pool.topic_scores[:, column[0]] >= 1
    return stored
