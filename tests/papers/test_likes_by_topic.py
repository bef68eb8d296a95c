"""What readers chose and said, gathered into interests that stay apart."""

from dataclasses import replace
from datetime import date

import numpy as np

from papers.readers import Liked, Opinion, Reader, arrays
from tests.papers.crowds import TOPICS, make_documents, make_pool

FOLLOWED, PLACES = 1, np.eye(4, dtype=np.float32)


def placed(documents, at):
    return replace(documents, latent=PLACES[np.resize(at, len(documents))])


def liked(at, fits):
    """Papers at these latent places; how well each fits the followed topic."""
    documents = placed(make_documents(len(fits), np.random.default_rng(0)), at)
    scores = np.zeros((len(fits), TOPICS), np.float32)
    scores[:, 0] = fits
    ids = list(range(1, len(fits) + 1))
    return Liked(ids, [f"Liked {n}" for n in ids], documents, scores)


def interests_of(papers):
    """The topic column of each interest (-1: none) with the ids of its likes."""
    pool = make_pool()
    pool = replace(
        pool, documents=placed(pool.documents, [0]), ordinary=placed(pool.ordinary, range(4))
    )
    opinions = [Opinion(pk, date(2026, 2, 1)) for pk in papers.ids]
    reader = Reader(1, topics={FOLLOWED: 1.0}, opinions=opinions)
    interests = arrays([reader], pool, papers).interests
    return [
        (int(column), sorted(int(at) + 1 for at in interests.likes[n].indices))
        for n, column in enumerate(interests.topic)
    ]


def test_a_like_whose_words_fit_no_topic_speaks_for_the_topic_whose_likes_it_is_alike():
    papers = liked(at=[0, 0, 0], fits=[1.2, 0.8, 0.0])

    assert interests_of(papers) == [(0, [1, 2, 3])]


def test_a_like_unlike_those_of_the_topic_is_an_interest_of_its_own():
    papers = liked(at=[0, 0, 1], fits=[1.2, 0.8, 0.0])

    assert interests_of(papers) == [(0, [1, 2]), (-1, [3])]


def test_likes_near_no_topic_stay_apart_from_a_topic_without_likes():
    papers = liked(at=[0, 1], fits=[0.0, 0.0])

    assert interests_of(papers) == [(0, []), (-1, [1]), (-1, [2])]
