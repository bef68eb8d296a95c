"""Texts as numbers read as the lists they were made from."""

from hypothesis import given
from hypothesis import strategies as st

from papers import encoded
from papers.encoded import Encoded
from papers.phrases import hits

TEXTS = st.lists(st.lists(st.sampled_from(["bee", "code", "gene", "|", "of"]), max_size=8))


@given(TEXTS, st.data())
def test_any_rows_of_them_are_those_of_the_lists(texts, data):
    rows = data.draw(st.lists(st.sampled_from(range(len(texts))))) if texts else []

    taken = encoded.take(Encoded.of(texts), rows)

    assert taken == [texts[row] for row in rows]
    assert Encoded.of(texts)[1:3] == texts[1:3]


@given(TEXTS, TEXTS)
def test_joined_they_are_the_lists_one_after_the_other(some, others):
    joined = encoded.join([Encoded.of(some), others])

    assert joined == [*some, *others]


@given(TEXTS)
def test_phrases_are_found_in_them_as_in_lists(texts):
    wanted = [["bees"], ["bee code", "gene"], ["code of bees", "unknown"]]

    found, plain = hits(wanted, Encoded.of(texts)), hits(wanted, texts)

    assert (found.counts == plain.counts).all()
    assert found.phrases == plain.phrases
