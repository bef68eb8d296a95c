"""What holds of every choice: the batch does not matter, and each reason is a fact of the score."""

from dataclasses import replace
from datetime import date

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from papers import ranking
from papers.readers import DISLIKE, Opinion, Reader, arrays
from papers.relevance import score, sent_matrix
from tests.papers.crowds import NOW, make_liked, make_pool, make_readers

SEEDS = st.integers(0, 10_000)


def choices(pool, readers, liked):
    return list(ranking.choose(pool, arrays(readers, pool, liked), seen=[], now=NOW))


def final(pool, readers):
    nobody = sent_matrix(pool, readers, [])
    return score(pool, readers, range(len(readers)), now=NOW, sent=nobody).final


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_a_reader_alone_gets_what_they_get_in_a_batch(seed):
    pool, liked, readers = make_pool(seed), make_liked(seed), make_readers(12, seed)

    together = choices(pool, readers, liked)

    assert together == [choices(pool, [reader], liked)[0] for reader in readers]


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_without_the_fact_of_a_reason_the_score_falls(seed):
    pool, liked, people = make_pool(seed), make_liked(seed), make_readers(8, seed)
    readers = arrays(people, pool, liked)
    before = final(pool, readers)

    for row, choice in enumerate(ranking.choose(pool, readers, seen=[], now=NOW)):
        for pick in choice.picks:
            paper = pool.position[pick.paper_id]
            for reason in pick.reasons:
                if reason.kind == "exploration" or pick.section == "outside":
                    continue
                poorer = without(pool, readers, row, paper, reason)
                assert final(*poorer)[row, paper] < before[row, paper], reason


def without(pool, readers, row, paper, reason):
    """The same pool and readers but for one fact."""
    facts = reason.facts
    match reason.kind:
        case "topic":
            scores = pool.topic_scores.copy()
            scores[paper, facts["topic_id"] - 1] = 0
            return replace(pool, topic_scores=scores), readers
        case "trend":
            trend = pool.trend.copy()
            trend[paper] = 0
            return replace(pool, trend=trend), readers
        case "author":
            return pool, replace(
                readers, follows=cleared(readers.follows, row, facts["author_id"] - 1)
            )
        case "keyword":
            column = list(readers.keywords).index(facts["text"])
            return pool, replace(readers, wanted=cleared(readers.wanted, row, column))
        case "liked":
            column = list(readers.liked_ids).index(facts["paper_id"])
            interests = readers.interests
            likes = interests.likes
            for mine in np.flatnonzero(interests.owner == row):
                likes = cleared(likes, mine, column)
            return pool, replace(readers, interests=replace(interests, likes=likes))
    raise AssertionError(reason)


def cleared(matrix: csr_matrix, row: int, column: int) -> csr_matrix:
    """The matrix without one entry; the others stay in their order."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    kept = ~((rows == row) & (matrix.indices == column))
    starts = np.r_[0, np.cumsum(np.bincount(rows[kept], minlength=matrix.shape[0]))]
    return csr_matrix((matrix.data[kept], matrix.indices[kept], starts), shape=matrix.shape)


def test_a_reader_who_muted_everything_gets_nothing():
    pool, liked = make_pool(), make_liked()
    reader = Reader(1, topics={1: 1.0}, muted_authors=list(range(1, 13)), muted=["paper"])
    muted = arrays([reader], pool, liked)
    every = csr_matrix(np.ones((1, len(pool)), np.float32))

    [choice] = ranking.choose(pool, replace(muted, muted=csr_matrix([[1.0]]), keyword_hits=every),
                              seen=[], now=NOW)  # fmt: skip

    assert choice.picks == ()
    assert choice.held_back == 0


def test_less_like_this_alone_never_brings_a_paper_in():
    pool, liked = make_pool(), make_liked()
    plain = Reader(1, topics={1: 1.0})
    against = [Opinion(paper_id, date(2026, 2, 1), DISLIKE) for paper_id in (5, 6, 7)]

    fewer = final(pool, arrays([replace(plain, opinions=against)], pool, liked))

    assert (fewer <= final(pool, arrays([plain], pool, liked)) + 1e-6).all()


def test_a_doubted_paper_of_a_followed_author_stands_in_the_letter_once():
    pool = make_pool(54, papers=60)
    readers = arrays(make_readers(30, 54), pool, make_liked(54))

    choices = list(ranking.choose(pool, readers, seen=[], now=NOW))

    doubted = (readers.doubted_authors @ pool.authorship.T).multiply(
        readers.follows @ pool.authorship.T
    )
    letters = [[pick.paper_id for pick in choice.picks] for choice in choices]
    assert doubted.nnz
    assert all(len(letter) == len(set(letter)) for letter in letters)


def test_a_like_nearer_to_a_followed_topic_than_ordinary_papers_speaks_for_it():
    pool, liked = make_pool(), make_liked()
    scores = np.zeros_like(liked.topic_scores)
    scores[0, 0], scores[1, 0] = 0.3, 0.2
    near, far = (
        Reader(1, topics={1: 1.0}, opinions=[Opinion(int(liked.ids[n]), date(2026, 2, 1))])
        for n in (0, 1)
    )

    numbers = [
        len(arrays([reader], pool, replace(liked, topic_scores=scores)).interests)
        for reader in (near, far)
    ]

    assert numbers == [1, 2]
