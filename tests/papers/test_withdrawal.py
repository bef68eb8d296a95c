"""A paper is called withdrawn where it says so itself, and a paper about retractions is not."""

import time

import hypothesis
import pytest
from hypothesis import strategies as st

from papers.withdrawal import is_withdrawn

LONG = "We count how often papers cite one another, and find that they do so more every year. " * 4

WITHDRAWN = [
    "This paper has been withdrawn",
    "This paper has been withdrawn by the author due to a new work in [arXiv:0901.0456v4].",
    "This article has been withdrawn by arXiv administrators",
    "This submission has been removed by arXiv administrators as it was under copyright",
    "This submission is now withdrawn.",
    "This paper has been temporarily withdrawn",
    "This version has been withdrawn from arXiv",
    "9 pages, 3 figures This paper was submitted by mistake and has now been withdrawn",
    "12 pages, this paper has been withdrawn by the authors",
    "This manuscript contains an error in Lemma 2 and is withdrawn",
    "Paper withdrawn by the authors",
    "The paper has been withdrawn due to an error in Theorem 1",
    "The authors have withdrawn this paper",
    "The author has withdrawn this article because of a gap in the proof",
    "8 pages. We have withdrawn this paper.",
    "We withdraw this manuscript: the data were wrong.",
    "Both authors have retracted the paper.",
    "Withdrawn",
    "withdrawn by author",
    "Withdrawn: the proof of Lemma 2 is wrong",
    "8 pages, 2 figures; withdrawn due to a crucial error in equation 3",
    "Temporarily withdrawn.",
    "Retracted.",
]
STANDING = [
    "",
    "Retracted papers continue to be cited for years.",
    "Retracted articles pose a risk.",
    "Retracted, fabricated and plagiarized papers are read by many.",
    "Withdrawn arXiv submissions reveal how errors are found.",
    "Withdrawn papers are studied.",
    "Withdrawn from another workshop, 8 pages",
    "8 pages, on papers that were retracted",
    "8 pages. Withdrawn papers are at https://data.example.org",
    "This paper has been withdrawn from the conference",
    "This paper has not been withdrawn",
    "This paper was withdrawn and resubmitted as arXiv:2602.00002",
    "This paper studies articles that were published and have been retracted",
    "This paper is about a drug which was approved and has been withdrawn",
    "This paper replaces arXiv:2602.00002, which has been withdrawn",
    "This article was retracted-like",
    "The authors have withdrawn the claim of Section 2",
    "We have withdrawn this paper from ICML",
    "We ask why authors have withdrawn this many papers",
    "We retract this claim of Section 2.",
    "A deformation retract of the Teichmüller space",
]
ONLY_IN_SHORT = ["The paper has been withdrawn.", "Paper withdrawn by the authors", "Retracted."]


@pytest.mark.parametrize("words", WITHDRAWN)
def test_a_paper_that_says_so_is_withdrawn(words):
    assert is_withdrawn(words, "")
    assert is_withdrawn("", words)


@pytest.mark.parametrize("words", STANDING)
def test_a_paper_that_speaks_of_others_stands(words):
    assert not is_withdrawn(words, words)
    assert not is_withdrawn(words, f"{LONG}{words}")


@pytest.mark.parametrize("words", ONLY_IN_SHORT)
def test_words_without_this_paper_count_only_where_they_stand_for_the_paper(words):
    assert is_withdrawn(f"8 pages. {words}", LONG)
    assert not is_withdrawn("", f"{LONG}{words}")


def test_a_whole_abstract_may_end_with_the_notice():
    assert is_withdrawn("", f"{LONG}This paper has been withdrawn by the author.")


@hypothesis.settings(max_examples=50, deadline=None, derandomize=True)
@hypothesis.given(
    st.sampled_from(["this paper was ", "withdrawn ", "now ", "This paper is ", ". ", "and has "]),
    st.sampled_from(["a", "been withdrawn by ", "and ", "since "]),
)
def test_hostile_words_cost_no_more_than_their_length(one, other):
    began = time.process_time()

    is_withdrawn((one * 2 + other) * 300, (one + other) * 1_000)

    assert time.process_time() - began < 0.5
