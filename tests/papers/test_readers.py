"""Interests as arrays: what batches have in common is found once, and memory stays bounded."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from papers import readers
from papers.readers import Opinion, Reader, arrays
from tests.papers.crowds import make_liked, make_pool


def likers(first, last):
    return [
        Reader(n, opinions=[Opinion(n, date(2026, 2, 1))], wanted=["bee"])
        for n in range(first, last)
    ]


@pytest.fixture
def compared(monkeypatch):
    """How many liked papers were compared with the pool, call by call."""
    numbers, plain = [], readers.nearness

    def counted(pool, liked):
        numbers.append(len(liked))
        return plain(pool, liked)

    monkeypatch.setattr(readers, "nearness", counted)
    return numbers


def test_a_like_that_the_last_batch_shares_is_not_compared_again(compared):
    pool, liked = make_pool(), make_liked()

    first = arrays(likers(1, 9), pool, liked)
    again = arrays(likers(3, 9), pool, replace(liked, ids=[99, *liked.ids[1:]]))

    assert compared == [20, 1]
    assert (again.liked_near == first.liked_near).all()
    assert (again.keyword_hits != first.keyword_hits).nnz == 0


def test_only_so_many_rows_are_remembered(monkeypatch):
    monkeypatch.setattr(readers, "REMEMBERED", 0)
    monkeypatch.setattr(readers, "SEARCHED", 5)
    pool, liked = make_pool(), make_liked()

    near = arrays(likers(1, 9), pool, liked).liked_near

    assert list(pool.near) == liked.ids[-5:]
    assert np.shares_memory(near, next(iter(pool.near.values()))) is False
