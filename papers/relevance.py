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
from papers.likes import Profiles

TREND_WEIGHT = 0.5  # a paper that trends most counts half as much again
HALF_LIFE = 3.0  # days after which a paper counts half
FOLLOWED = 0.5  # what a followed author adds to the relevance; each further one half as much
WANTED = 0.5  # the same for wanted keywords
NOT_AUTHOR = 0.5  # what "not these people" takes away
TRENDING = 0.5  # trend from which a paper is news to a reader who has chosen nothing
AGAINST = 0.5  # the weight of a profile of nothing but what is not wanted
LIKES_FULL = 5.0  # likes from which the profile weighs as much as the topic; from 10, twice


@dataclass(frozen=True)
class Worth:
    """What a span of interests is worth to each paper; rows are interests."""

    interests: range
    total: Floats  # interests × papers, weighted
    words: Floats  # interests: by what the score of the words is multiplied
    profiles: Profiles
    profile: Ints  # row in `profiles`, -1 where there are no likes


@dataclass(frozen=True)
class Scores:
    """What a chunk of readers is worth to each paper; rows are readers."""

    readers: range
    worth: Worth
    best: Floats  # of all interests, before rules and authors; may be below 0
    relevance: Floats
    final: Floats  # 0 where the paper may not be sent
    belongs: Bools
    followed: Bools
    wanted: Bools
    barred: Bools  # muted, answered or sent before
    freshness: Floats  # papers


def score(pool: Pool, readers: Readers, rows: range, *, now: datetime, sent: csr_matrix) -> Scores:
    """The whole formula, for the readers at `rows` of the batch."""
    first, last = np.searchsorted(readers.interests.owner, [rows.start, rows.stop])
    worth = relevance(pool, readers, range(int(first), int(last)))
    owner = readers.interests.owner[first:last] - rows.start
    best = _best_by_reader(worth.total, owner, len(rows))
    # Who has said nothing yet gets what everybody talks about.
    silent = np.bincount(owner, minlength=len(rows)) == 0
    best[silent] = pool.trend / TRENDING
    total = np.maximum(best, 0)

    part = slice(rows.start, rows.stop)
    by_author = pool.authorship.T
    doubted = (readers.doubted_authors[part] @ by_author).tocoo()
    total[doubted.row, doubted.col] -= NOT_AUTHOR
    belongs = total >= 1
    followed = _add(total, belongs, readers.follows[part] @ by_author, FOLLOWED)
    wanted = _add(total, belongs, readers.wanted[part] @ readers.keyword_hits, WANTED)
    barred = np.zeros(total.shape, np.bool_)
    for matrix in (
        readers.muted[part] @ readers.keyword_hits,
        readers.muted_authors[part] @ by_author,
        readers.known[part],
        sent[part],
    ):
        bars = matrix.tocoo()
        barred[bars.row, bars.col] = True
    belongs &= ~barred
    fresh = freshness(pool.published, now)
    final = np.maximum(total, 0)
    final *= (1 + TREND_WEIGHT * pool.trend) * fresh
    final *= belongs
    return Scores(rows, worth, best, total, final, belongs, followed, wanted, barred, fresh)


def relevance(pool: Pool, readers: Readers, span: range) -> Worth:
    """Topic, search and likes of each interest, apart from all the others."""
    interests = readers.interests
    part = slice(span.start, span.stop)
    topic, search = interests.topic[part], interests.search[part]
    total = np.zeros((len(span), len(pool)), np.float32)
    total[topic >= 0] = pool.scores_by_topic[topic[topic >= 0]]
    total[search >= 0] = readers.search_scores[search[search >= 0]]

    liked = np.flatnonzero(np.diff(interests.likes.indptr[span.start : span.stop + 1]))
    likes = interests.likes[part][liked]
    profiles = Profiles.of(likes, readers.liked_near, len(pool))
    words = np.ones(len(span), np.float32)
    row = np.full(len(span), -1)
    if len(liked):
        has_words = ((topic >= 0) | (search >= 0))[liked]
        words[liked], theirs = parts(profiles.wanted, has_words)
        row[liked] = np.arange(len(liked))
        total[liked] *= words[liked, None]
        total[liked] += theirs[:, None] * bounded(profiles.scores(), profiles.wanted[:, None])
    weight = interests.weight[part]
    total *= weight[:, None]
    return Worth(span, total, words * weight, profiles, row)


def parts(wanted: Ints, has_words: Bools) -> tuple[Floats, Floats]:
    """The weights of the words and of the profile, for so many wanted likes.

    Without likes the words alone; half each at 5, one third and two thirds from 10. Where there are
    only papers of which less is wanted, those take away and leave the words as they are.
    """
    ratio = np.minimum(wanted / LIKES_FULL, 2)
    profile = np.where(has_words, ratio / (1 + ratio), 1)
    words = np.where(has_words, 1 - profile, 0)
    against = wanted == 0
    return (
        np.where(against, 1, words).astype(np.float32),
        np.where(against, AGAINST, profile).astype(np.float32),
    )


def bounded(profile: NDArray[np.floating], wanted: Ints) -> Floats:
    """A profile of nothing but what is not wanted can only take away."""
    return np.where(wanted > 0, profile, np.minimum(profile, 0)).astype(np.float32)


def bonus(number: Floats, first: float) -> Floats:
    """What several followed authors or wanted words add: each half as much as the one before."""
    added: Floats = (2 * first * (1 - 0.5**number)).astype(np.float32)
    return added


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


def _add(total: Floats, belongs: Bools, matches: csr_matrix, first: float) -> Bools:
    """Add the bonus for what matched, let it belong, and say where that is; readers × papers."""
    found = matches.tocoo()
    total[found.row, found.col] += bonus(found.data, first)
    matched = np.zeros(total.shape, np.bool_)
    matched[found.row, found.col] = True
    belongs |= matched
    return matched
