"""The past month by the formula of today's letter; pools and readers of random numbers."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import numpy as np
import pytest

from papers import backtest, ranking
from papers import readers as gathered
from papers.backtest import Past
from tests.papers.crowds import NOW, make_liked, make_pool, make_readers

DAYS = 20


@pytest.fixture(scope="module")
def pool():
    made = make_pool(seed=3, papers=120)
    start = datetime.combine(NOW.date(), time(), UTC).timestamp()
    days = np.random.default_rng(4).integers(0, DAYS + 6, len(made))
    return replace(made, published=start - days * 86_400.0)


@pytest.fixture(scope="module")
def readers(pool):
    return gathered.arrays(make_readers(12, seed=3), pool, make_liked(3))


def past_letters():
    return [Past((NOW - timedelta(days=n)).date(), NOW - timedelta(days=n)) for n in range(DAYS)][
        ::-1
    ]


def ids(choices):
    return [[pick.paper_id for pick in choice.picks] for choice in choices]


def test_each_past_letter_is_what_choosing_that_day_would_have_given(pool, readers):
    tested = list(backtest.run(pool, readers, past_letters()))

    seen = []
    for past, choices in zip(past_letters(), tested, strict=True):
        outside = [
            (reader, paper)
            for reader in readers.ids.tolist()
            for paper, listed in zip(pool.paper_ids.tolist(), pool.published, strict=True)
            if not -6 <= (datetime.fromtimestamp(listed, UTC).date() - past.on).days <= 0
        ]
        alone = list(ranking.choose(pool, readers, seen=[*outside, *seen], now=past.at))
        surprise = [n for n, reader in enumerate(readers.wants_surprise) if not reader]
        assert [ids(choices)[n] for n in surprise] == [ids(alone)[n] for n in surprise]
        seen += [(one.subscriber_id, pick.paper_id) for one in choices for pick in one.picks]


def test_nobody_gets_a_paper_twice(pool, readers):
    tested = list(backtest.run(pool, readers, past_letters()))

    for n in range(len(readers)):
        got = [pick.paper_id for choices in tested for pick in choices[n].picks]
        assert len(got) == len(set(got))


def test_something_is_sent_and_only_from_the_seven_days_before(pool, readers):
    day_of = {
        paper: datetime.fromtimestamp(listed, UTC).date()
        for paper, listed in zip(pool.paper_ids.tolist(), pool.published, strict=True)
    }

    tested = list(backtest.run(pool, readers, past_letters()))

    ages = [
        (past.on - day_of[pick.paper_id]).days
        for past, choices in zip(past_letters(), tested, strict=True)
        for choice in choices
        for pick in choice.picks
    ]
    assert len(ages) > DAYS
    assert set(ages) <= set(range(7))


def test_a_muted_word_takes_its_papers_out_of_the_past(pool):
    [reader] = make_readers(1, seed=5)
    reader.muted, reader.known = [], []
    muted = replace(reader, id=2, muted=["bee"])
    readers = gathered.arrays([reader, muted], pool, make_liked(3))
    texts = dict(zip(pool.paper_ids.tolist(), pool.documents.texts, strict=True))

    tested = list(backtest.run(pool, readers, past_letters()))

    before = [texts[pick.paper_id] for pair in tested for pick in pair[0].picks]
    after = [texts[pick.paper_id] for pair in tested for pick in pair[1].picks]
    assert any("bee" in words for words in before)
    assert after
    assert not any("bee" in words for words in after)


def test_days_without_papers_give_empty_letters(readers):
    empty = make_pool(papers=0)
    nobody = gathered.arrays(make_readers(2), empty, make_liked())

    tested = list(backtest.run(empty, nobody, past_letters()))

    assert [ids(choices) for choices in tested] == [[[], []]] * DAYS
