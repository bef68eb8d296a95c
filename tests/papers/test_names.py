"""Of several spellings of a name the same one is shown, and the best, however they come."""

from functools import reduce
from itertools import permutations

import hypothesis
import pytest
from hypothesis import strategies as st

from papers.names import better_name, rank

SPELLINGS = st.lists(
    st.sampled_from("jJaAéÉ -.'’–\ufe0f") | st.characters(codec="utf-8"), max_size=8
).map("".join)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("Jian Yang", "jian Yang"),
        ("Xin Li", "Xin li"),
        ("Xin Li", "Xin LI"),
        ("Xin Li", "XIN LI"),
        ("Ying-Cong Chen", "Ying-cong Chen"),
        ("Y. Charles", "Y. charles"),
        ("Kathleen McKeown", "Kathleen Mckeown"),
        ("Daniel D'Souza", "Daniel D'souza"),
        ("Yifan Zhang", "YiFan Zhang"),
        ("Zhang Wei", "ZHang Wei"),
        ("Joost van de Weijer", "Joost Van De Weijer"),
        ("Jürgen Müller", "jurgen muller"),
        ("jan křetínský", "Jan Kretinsky"),
        ("Jan Křetínský", "Jan Kretínsky"),
        ("Gauß", "Gauss"),
        ("Vince D. Calhoun", "Vince D Calhoun"),
        ("D. Frank Hsu", "D. Frank. Hsu"),
        ("Jane", "Jane –"),
        ("a b", "a\ufe0fb"),
        ("Jane Doe", "Ｊａｎｅ Doe"),
        ("Jane O'Brien", "Jane O’Brien"),
        ("Ho Yin Sam Ng", "Ho Yin 'Sam' Ng"),
    ],
)
def test_the_better_spelling_is_shown(better, worse):
    assert better_name(better, worse) == better_name(worse, better) == better


@hypothesis.settings(max_examples=200, deadline=None, derandomize=True)
@hypothesis.given(st.lists(SPELLINGS, min_size=1, max_size=4))
def test_the_order_of_spellings_does_not_matter(names):
    shown = {reduce(better_name, order) for order in permutations(names)}

    assert len(shown) == 1
    assert shown <= set(names)


@hypothesis.settings(max_examples=200, deadline=None, derandomize=True)
@hypothesis.given(SPELLINGS, SPELLINGS)
def test_no_two_spellings_are_equal(one, other):
    assert (rank(one) == rank(other)) == (one == other)
