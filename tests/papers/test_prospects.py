"""The cold start of the trend: what a paper may expect before anybody has voted."""

import numpy as np
import pytest

from papers.features import Document, fit
from papers.prospects import LEAST, Facts, Prospects

BEES = "foraging honey bees dance in the hive"
CODES = "surface codes protect quantum memory"


@pytest.fixture(scope="module")
def documents():
    """Papers on bees and on codes in turn, 200 of each."""
    texts = [Document(f"{(BEES, CODES)[n % 2]} {n % 7}", "") for n in range(400)]
    return fit(texts, latent=8).read(texts)


def nobody_voted(documents):
    return np.full(len(documents), np.nan)


def test_papers_like_those_that_won_votes_may_expect_more(documents):
    votes = nobody_voted(documents)
    votes[0:100:2] = 50

    expected = Prospects.fit(documents, votes).votes(documents, [None] * len(documents))

    assert expected[200::2].mean() > expected[201::2].mean()


@pytest.mark.parametrize(
    "better",
    [Facts("ann", ("z",)), Facts("bob", ("y",)), Facts("bob", ("z",), code=True)],
    ids=["submitter", "author", "code"],
)
def test_each_fact_that_earlier_went_with_votes_raises_what_is_expected(documents, better):
    votes, facts = nobody_voted(documents), [None] * len(documents)
    for n in range(100):
        known = Facts(("ann", "bob")[n % 3 == 0], ("yz"[n % 5 < 3],), code=n % 7 < 3)
        votes[n] = 5 + 40 * (known.submitter == "ann") + 30 * ("y" in known.authors)
        votes[n] += 30 * known.code
        facts[n] = known
    prospects = Prospects.fit(documents, votes, facts)
    cold = documents.take([300, 300])

    plain, expected = prospects.votes(cold, [Facts("bob", ("z",)), better])

    assert expected > plain


def test_a_record_of_one_paper_weighs_less_than_one_of_many(documents):
    votes, facts = nobody_voted(documents), [None] * len(documents)
    for n in range(100):
        often = n % 2 == 0
        votes[n] = 60 if often or n == 99 else 5
        facts[n] = Facts("often" if often else "once" if n == 99 else f"other {n}")
    prospects = Prospects.fit(documents, votes, facts)
    cold = documents.take([300, 300, 300])

    new, once, often = prospects.votes(cold, [Facts("new"), Facts("once"), Facts("often")])

    assert new < once < often


def test_too_few_votes_teach_nothing(documents):
    votes = nobody_voted(documents)
    votes[: LEAST - 1] = 50

    prospects = Prospects.fit(documents, votes)

    assert prospects.votes(documents, [None] * len(documents)) is None
