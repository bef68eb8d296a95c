"""A topic's burst: what it rests on, and what cannot make one."""

from math import exp, sqrt

import pytest

from papers import bursts
from papers.bursts import Burst, Listed, Voted

BEES, CODES = 1, 2
USUAL = [Voted((BEES,), 2.0, False)] * 30 + [Voted((CODES,), 2.0, False)] * 30


def burst(lists, bees, papers=USUAL):
    return bursts.of_topics(lists, {BEES: bees}, papers)[BEES].value


def test_a_topic_as_busy_as_ever_has_no_burst():
    lists = {"arxiv": Listed(200, 1000)}

    assert burst(lists, {"arxiv": Listed(20, 100)}) == 1


def test_more_papers_than_usual_or_more_votes_than_usual_are_a_burst():
    lists = {"arxiv": Listed(200, 1000)}
    loved = [*USUAL, *[Voted((BEES,), 3.0, True)] * 10]

    listed = burst(lists, {"arxiv": Listed(60, 100)})
    voted = burst(lists, {"arxiv": Listed(20, 100)}, loved)

    assert listed == pytest.approx(sqrt(70 / 30))
    assert voted == pytest.approx(exp(10 / 20))


def test_fewer_are_the_opposite():
    lists = {"arxiv": Listed(200, 1000)}
    unloved = [*USUAL, *[Voted((BEES,), 1.0, True)] * 10]

    assert burst(lists, {"arxiv": Listed(0, 100)}) < 1
    assert burst(lists, {"arxiv": Listed(20, 100)}, unloved) < 1


def test_a_few_papers_are_no_burst_yet():
    lists = {"arxiv": Listed(200, 1000)}
    one_hit = [*USUAL, Voted((BEES,), 9.0, True)]

    assert burst(lists, {"arxiv": Listed(2, 0)}) < 1.1
    assert burst(lists, {"arxiv": Listed(20, 100)}, one_hit) < 1.2


def test_a_source_that_fell_silent_neither_makes_nor_ends_a_burst():
    """Bees stand mostly on the list of hf, codes on that of arxiv."""
    lists = {"arxiv": Listed(200, 1000), "hf": Listed(0, 300)}
    bees = {"arxiv": Listed(20, 100), "hf": Listed(0, 200)}

    assert burst(lists, bees) == 1


def test_a_source_that_is_new_says_nothing():
    lists = {"arxiv": Listed(200, 1000), "hf": Listed(300, 0)}
    bees = {"arxiv": Listed(20, 100), "hf": Listed(150, 0)}

    assert burst(lists, bees) == 1


def test_votes_that_are_withdrawn_only_lead_back():
    lists, bees = {"arxiv": Listed(200, 1000)}, {"arxiv": Listed(20, 100)}

    values = [
        burst(lists, bees, [*USUAL, *[Voted((BEES,), votes, True)] * 10])
        for votes in (4.0, 3.0, 2.0)
    ]

    assert values == sorted(values, reverse=True)
    assert values[-1] == 1


def test_no_burst_goes_beyond_its_bounds():
    high, low = Burst(10_000, 1.0, 500.0, 400), Burst(0, 10_000.0, -500.0, 400)

    assert (high.value, low.value) == (bursts.MOST, 1 / bursts.MOST)


def test_without_anything_known_everything_is_usual():
    assert bursts.of_topics({}, {}, []) == {}
    assert Burst().value == 1
