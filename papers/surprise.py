"""The one paper from outside a reader's interests, and what may truly be said of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from papers.candidates import Bools, Floats, Ints, Pool, Readers
from papers.relevance import TRENDING, Scores

FAR = 0.5  # relevance below which a paper is no interest of the reader's


@dataclass(frozen=True)
class Surprises:
    """One for each reader of a chunk."""

    paper: Ints  # position in the pool, -1 for none
    topic: Ints  # column of a topic it belongs to, -1 for none
    leads: Bools  # no paper trends more in that topic, or without one anywhere outside


def surprises(pool: Pool, readers: Readers, scores: Scores) -> Surprises:
    """The strongest trending paper outside each reader's interests, for those who asked for it."""
    number = len(scores.readers)
    wanted = readers.wants_surprise[scores.readers.start : scores.readers.stop]
    none = Surprises(np.full(number, -1), np.full(number, -1), np.zeros(number, np.bool_))
    if not len(pool) or not wanted.any():
        return none
    worth: Floats = np.where(pool.trend >= TRENDING, pool.trend * scores.freshness, 0)
    worth = np.where(pool.best_topic >= 0, worth, worth / 2)  # better one that can be followed
    far: Bools = (scores.relevance < FAR) & ~scores.barred & ~scores.belongs
    far &= ~_of_own_topics(pool, readers, scores)
    offered = np.where(far, worth[None, :], 0)
    paper = np.where((offered.max(axis=1) > 0) & wanted, offered.argmax(axis=1), -1)
    topic, leads = none.topic, none.leads
    for one in np.unique(paper[paper >= 0]).tolist():
        rows = np.flatnonzero(paper == one)
        topic[rows], leads[rows] = _told(pool, scores, one, rows)
    return Surprises(paper, topic, leads)


def _of_own_topics(pool: Pool, readers: Readers, scores: Scores) -> Bools:
    """Readers × papers: whether it belongs to a topic they follow, whatever their answers made of
    its score."""
    span = slice(scores.worth.interests.start, scores.worth.interests.stop)
    topic = readers.interests.topic[span]
    known = topic >= 0
    owner = readers.interests.owner[span][known] - scores.readers.start
    own = np.zeros((len(scores.readers), len(pool)), np.bool_)
    rows, first = np.unique(owner, return_index=True)
    if len(rows):
        own[rows] = np.logical_or.reduceat(pool.members[topic[known]], first, axis=0)
    return own


def _told(pool: Pool, scores: Scores, paper: int, rows: Ints) -> tuple[Ints, Bools]:
    """For the readers at `rows`: the topic the paper fits best of those it leads; else the one it
    fits best and that it does not lead.

    It leads a topic where none of the topic's papers trends more, but such as the reader may not
    get: muted, answered or sent before.
    """
    stronger = pool.trend > pool.trend[paper]
    fits = pool.topic_scores[paper]
    topics = [n for n in np.argsort(-fits, kind="stable").tolist() if pool.members[n, paper]]
    if not topics:
        open_to = ~scores.barred[rows] & ~scores.belongs[rows]
        return np.full(len(rows), -1), ~(open_to & stronger).any(axis=1)
    topic = np.full(len(rows), topics[0])
    leads = np.zeros(len(rows), np.bool_)
    for n in topics:
        rivals = np.flatnonzero(stronger & pool.members[n])
        led = ~leads & scores.barred[np.ix_(rows, rivals)].all(axis=1)
        topic[led] = n
        leads |= led
    return topic, leads
