import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers import latex

BITS = st.sampled_from([
    "{", "}", "$", "\\", "\\[", "\\]", "[", "]", "^", "_", "\\sim", "\\not", "\\SI", "\\cite[",
    "\\emph", "\\mathcal", "\\sqrt[", "\\hat", "\\footnote{", "\\alpha", "a", "1", " ", "=",
])  # fmt: skip


@given(st.one_of(st.text(max_size=100), st.lists(BITS, max_size=40).map("".join)))
def test_any_input_is_read_to_the_end(raw):
    assert "\\" not in latex.to_text(raw)


@given(st.lists(st.sampled_from(["bees", "fly", "far", "∼", "3"]), min_size=1, max_size=8))
def test_words_in_bold_are_the_words_whatever_formula_opens_them(words):
    inside = " ".join(words)

    assert latex.to_text(f"\\textbf{{$x$ {inside}}}") == f"x {inside}"


@pytest.mark.parametrize(
    "part",
    ["{", "$", "\\[", "\\(", "\\cite[", "\\sqrt[", "\\not", "\\SI{", "\\textbf{$", "$( ", "$1 ∼ "],
)
def test_a_hundred_thousand_characters_are_read_in_time(part):
    hostile = part * (100_000 // len(part))
    start = time.process_time()

    latex.to_text(hostile)

    assert time.process_time() - start < 4
