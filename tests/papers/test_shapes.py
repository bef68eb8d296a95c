"""How many papers a day's and a week's letter have room for."""

from collections import Counter
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from papers import ranking
from papers.candidates import DAILY, WEEKLY
from papers.readers import arrays
from papers.readings import Rise
from tests.papers.crowds import NOW, make_liked, make_pool, make_readers

SEEDS = st.integers(0, 10_000)


def risen(seed):
    """A pool of which half the papers rose, each by another number."""
    pool = make_pool(seed, papers=90)
    chance = np.random.default_rng(seed)
    gains = dict(zip(pool.paper_ids.tolist(), chance.permutation(90).tolist(), strict=True))
    return replace(pool, rises={pk: Rise(n, n + n) for pk, n in gains.items() if n > 44})


def choices(pool, seed, shape, **fields):
    people = [replace(reader, **fields) for reader in make_readers(12, seed)]
    readers = arrays(people, pool, make_liked(seed))
    return people, list(ranking.choose(pool, readers, seen=[], now=NOW, shape=shape))


def papers_of(choice, *sections):
    return [pick.paper_id for pick in choice.picks if pick.section in sections]


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_a_weeks_letter_keeps_its_limits(seed):
    people, chosen = choices(risen(seed), seed, WEEKLY)

    for reader, choice in zip(people, chosen, strict=True):
        number = Counter(pick.section for pick in choice.picks)
        assert len({pick.paper_id for pick in choice.picks}) == len(choice.picks) <= 16
        assert number["top"] + number["followed"] + number["more"] <= reader.limit
        assert number["rising"] <= 3
        assert number["rising"] + number["outside"] + number["also"] <= 8


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_of_those_without_a_full_place_the_ones_that_rose_most_are_told(seed):
    pool = risen(seed)

    _, chosen = choices(pool, seed, WEEKLY, wants_surprise=False)

    for choice in chosen:
        rising, also = papers_of(choice, "rising"), papers_of(choice, "also")
        gained = [pool.rises[pk].gained for pk in rising]
        assert gained == sorted(gained, reverse=True)
        left = [pool.rises[pk].gained for pk in also if pk in pool.rises]
        assert not left or (len(rising) == 3 and max(left) <= min(gained))


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_each_of_them_says_from_how_many_votes_to_how_many(seed):
    pool = risen(seed)

    _, chosen = choices(pool, seed, WEEKLY)

    for choice in chosen:
        for pick in choice.picks:
            told = [reason.facts for reason in pick.reasons if reason.kind == "rising"]
            rise = pool.rises.get(pick.paper_id)
            expected = pick.section == "rising" and rise
            assert told == ([{"before": rise.before, "upvotes": rise.votes}] if expected else [])


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_a_days_letter_does_not_know_of_rises(seed):
    pool = risen(seed)

    _, chosen = choices(pool, seed, DAILY)

    assert chosen == choices(replace(pool, rises={}), seed, DAILY)[1]
    assert all(len(choice.picks) <= 12 for choice in chosen)
    assert all(len(papers_of(choice, "also")) <= 5 for choice in chosen)


def test_a_crowd_of_readers_fills_every_place_of_a_week():
    most = Counter()
    for seed in range(20):
        for choice in choices(risen(seed), seed, WEEKLY, wants_surprise=True)[1]:
            number = Counter(pick.section for pick in choice.picks)
            number["short"] = number["rising"] + number["outside"] + number["also"]
            most |= number | Counter(all=len(choice.picks))

    assert (most["all"], most["short"], most["rising"]) == (16, 8, 3)
