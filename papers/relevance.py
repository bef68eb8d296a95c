"""How much a paper is worth to a reader: the whole formula, for many readers at once.

Every relevance is on one scale, where 1 is the point from which a paper belongs to the interest.
Nothing here depends on who else is in the batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from papers.candidates import Bools, Floats, Ints, Pool, Readers, Seen
from papers.matching import Usual

TREND_WEIGHT = 0.5  # a paper that trends most counts half as much again
HALF_LIFE = 3.0  # days after which a paper counts half
FOLLOWED = 0.5  # what a followed author adds to the relevance
WANTED = 0.5  # what a wanted keyword adds
NOT_AUTHOR = 0.5  # what "not these people" takes away
TRENDING = 0.5  # trend from which a paper is news to a reader who has chosen nothing
LIKES_FULL = 5.0  # likes from which the profile weighs as much as the topic; from 10, twice
PROFILE_BELONGS = 5.0  # of the likeness to a profile, in deviations above ordinary papers
ASSUMED_SPREAD = 1.6  # of that likeness, on the first day


@dataclass(frozen=True)
class Scores:
    """What a chunk of readers is worth to each paper; rows are readers."""

    readers: range
    interests: range
    by_interest: Floats  # interests × papers, weighted
    relevance: Floats
    final: Floats  # 0 where the paper may not be sent
    belongs: Bools
    followed: Bools
    barred: Bools  # muted, answered or sent before
    freshness: Floats  # papers


def score(pool: Pool, readers: Readers, rows: range, *, now: datetime, sent: csr_matrix) -> Scores:
    """The whole formula, for the readers at `rows` of the batch."""
    first, last = np.searchsorted(readers.interests.owner, [rows.start, rows.stop])
    span = range(int(first), int(last))
    by_interest = relevance(pool, readers, span)
    owner = readers.interests.owner[first:last] - rows.start
    best = _best_by_reader(by_interest, owner, len(rows))
    # Who has said nothing yet gets what everybody talks about.
    silent = np.bincount(owner, minlength=len(rows)) == 0
    best[silent] = pool.trend / TRENDING

    part = slice(rows.start, rows.stop)
    followed = _dense(readers.follows[part] @ pool.authorship.T) > 0
    wanted = _dense(readers.wanted[part] @ readers.keyword_hits) > 0
    doubted = _dense(readers.doubted_authors[part] @ pool.authorship.T) > 0
    muted = (
        (_dense(readers.muted[part] @ readers.keyword_hits) > 0)
        | (_dense(readers.muted_authors[part] @ pool.authorship.T) > 0)
        | (_dense(readers.known[part]) > 0)
        | (_dense(sent[part]) > 0)
    )
    total = np.maximum(best, 0) + FOLLOWED * followed + WANTED * wanted - NOT_AUTHOR * doubted
    belongs = ((best - NOT_AUTHOR * doubted >= 1) | followed | wanted) & ~muted
    fresh = freshness(pool.published, now)
    final = np.maximum(total, 0) * ((1 + TREND_WEIGHT * pool.trend) * fresh)
    final = np.where(belongs, final, 0).astype(np.float32)
    return Scores(rows, span, by_interest, total, final, belongs, followed & ~muted, muted, fresh)


def relevance(pool: Pool, readers: Readers, span: range) -> Floats:
    """Interests × papers: topic, search and likes of each interest, apart from all the others."""
    interests = readers.interests
    part = slice(span.start, span.stop)
    topic, search = interests.topic[part], interests.search[part]
    total = np.zeros((len(span), len(pool)), np.float32)
    total[topic >= 0] = pool.topic_scores.T[topic[topic >= 0]]
    total[search >= 0] = readers.search_scores[search[search >= 0]]

    liked = np.flatnonzero(np.diff(interests.likes.indptr[span.start : span.stop + 1]))
    if len(liked):
        likes = interests.likes[span.start + liked]
        profile = profile_scores(pool, readers, likes)
        has_words = ((topic >= 0) | (search >= 0))[liked]
        share = _profile_weight(likes, has_words)[:, None]
        total[liked] = (1 - share) * total[liked] + share * profile
    weighted: Floats = total * interests.weight[part][:, None]
    return weighted


def profile_scores(pool: Pool, readers: Readers, likes: csr_matrix) -> Floats:
    """How near papers are to the weighted mean of liked ones: closed form, one product."""
    near = likes @ readers.liked_near
    usual = Usual.of(near[:, len(pool) :], ASSUMED_SPREAD)
    scores: Floats = usual.standardise(near[:, : len(pool)]) / np.float32(PROFILE_BELONGS)
    return scores


def freshness(published: NDArray[np.float64], now: datetime) -> Floats:
    """1 for a new paper, halved for every HALF_LIFE since it came out."""
    days = np.maximum((now.timestamp() - published) / 86_400, 0)
    return np.exp2(-days / HALF_LIFE).astype(np.float32)


def sent_matrix(pool: Pool, readers: Readers, seen: Seen) -> csr_matrix:
    """Readers × papers: what each already got. Pairs of other readers or papers are passed over."""
    if isinstance(seen, tuple) and len(seen) == 2 and isinstance(seen[0], np.ndarray):
        who, what = seen[0], np.asarray(seen[1])
    else:
        pairs = np.array(list(seen), dtype=np.int64).reshape(-1, 2)
        who, what = pairs[:, 0], pairs[:, 1]
    rows, known_reader = _positions(readers.ids, who)
    columns, known_paper = _positions(pool.paper_ids, what)
    both = known_reader & known_paper
    ones = np.ones(int(both.sum()), np.float32)
    return csr_matrix((ones, (rows[both], columns[both])), shape=(len(readers), len(pool)))


def _positions(ids: Ints, wanted: Ints) -> tuple[Ints, Bools]:
    """Where each of `wanted` stands in `ids`, and whether it does at all."""
    if not len(ids):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), bool)
    order = np.argsort(ids, kind="stable")
    at = np.minimum(np.searchsorted(ids, wanted, sorter=order), len(ids) - 1)
    places = order[at]
    return places, ids[places] == wanted


def _best_by_reader(by_interest: Floats, owner: Ints, readers: int) -> Floats:
    best = np.zeros((readers, by_interest.shape[1]), np.float32)
    if len(owner):
        starts = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
        best[owner[starts]] = np.maximum.reduceat(by_interest, starts, axis=0)
    return best


def _profile_weight(likes: csr_matrix, has_words: Bools) -> Floats:
    """The profile's share beside the topic: none without likes, half at 5, two thirds from 10."""
    number = np.diff(likes.indptr).astype(np.float32)
    weight = np.minimum(number / LIKES_FULL, 2)
    return np.where(has_words, weight / (1 + weight), 1).astype(np.float32)


def _dense(matrix: csr_matrix) -> Floats:
    return np.asarray(matrix.toarray(), dtype=np.float32)
