"""What the benchmarks of ranking count."""

import pytest

from benchmarks.crossvalidate import AS_IS, left_out
from benchmarks.relevance import f1, ndcg


def test_the_right_order_gains_everything_and_the_wrong_one_less():
    grades = {"a": 3, "b": 1}

    gains = [ndcg(order, grades) for order in (["a", "b", "c"], ["b", "a", "c"], ["c"])]

    assert gains[0] == 1
    assert gains[0] > gains[1] > gains[2] == 0


def test_f1_counts_all_requests_together():
    accepted = {"t/x/1": ["a", "b"], "t/x/2": ["c"]}
    labels = {"t/x/1": {"a": 1}, "t/x/2": {"c": 2, "d": 1, "e": 0}}

    assert f1(accepted, labels) == pytest.approx(2 * 2 / (3 + 3))


def test_a_setting_chosen_for_its_own_topic_only_gains_nothing_when_that_is_left_out():
    runs = {
        AS_IS: {"t/one/1": 0.5, "t/two/1": 0.5},
        "fits one": {"t/one/1": 0.9, "t/two/1": 0.1},
    }

    def mean(run):
        return sum(run.values()) / len(run)

    assert left_out(runs, 1, mean) == pytest.approx((0.5 + 0.1) / 2)
