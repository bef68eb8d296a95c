"""How the text part of a letter breaks its lines and labels its addresses."""

import re
from itertools import pairwise

import pytest
from django.conf import settings
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from newsletter import letter, reasons, wording
from newsletter.templatetags import letter as tags
from newsletter.templatetags.letter import COLUMNS, labelled, wrap
from tests.letter_checks import columns
from tests.letters import make_variant

LANGUAGES = [code for code, _ in settings.LANGUAGES]
NO_BREAK = "\u00a0\u2007\u202f"
WORDS = st.text("ab.«»:", min_size=1, max_size=30) | st.sampled_from(["论文", "（一）", "1"])
SPACES = st.sampled_from([" ", " ", "  ", "\n", *NO_BREAK])


@st.composite
def prose(draw):
    words = draw(st.lists(WORDS, min_size=1, max_size=40))
    return "".join(word + draw(SPACES) for word in words[:-1]) + words[-1]


@given(prose(), st.integers(0, 6))
def test_no_line_is_too_long_but_for_one_piece_that_cannot_be_broken(words, indent):
    lines = wrap(words, indent).split("\n")

    for line in lines:
        assert columns(line) <= COLUMNS or not re.search(r"\S\s+\S", line.strip())


@given(prose())
def test_nothing_but_ordinary_spaces_is_lost(words):
    lines = wrap(words).split("\n")

    assert re.sub("[ \n]", "", "".join(lines)) == re.sub("[ \n]", "", words)


@pytest.mark.parametrize("space", NO_BREAK)
@given(st.lists(st.text("abc论", min_size=1, max_size=12), min_size=2, max_size=30))
def test_a_no_break_space_keeps_both_its_words_on_one_line(space, words):
    pairs = [f"{one}{space}{two}" for one, two in pairwise(words)]

    text = wrap(" ".join(pairs))

    assert text.count(space) == len(pairs)
    assert not re.search(f"{space}\n|\n{space}", text)


@given(st.lists(st.sampled_from(["论文", "（一）", "“Two”", "。", "，", "》《", "x"]), max_size=90))
def test_no_line_of_chinese_begins_with_a_closing_sign_or_ends_with_an_opening_one(words):
    lines = wrap("论" + "".join(words)).split("\n")

    assert not any(line[0] in "）”。，》" for line in lines)
    assert not any(line[-1] in "（“《" for line in lines[:-1])


def test_words_that_no_line_can_hold_together_are_parted_all_the_same():
    lines = wrap("\u00a0".join(["word"] * 40)).split("\n")

    assert max(map(len, lines)) <= COLUMNS
    assert " ".join(lines).split() == ["word"] * 40


@pytest.mark.parametrize("language", sorted({*LANGUAGES} - {"zh-hans"}))
def test_a_number_of_hours_stays_beside_its_unit(language):
    with translation.override(language):
        line = reasons.sentence([{"kind": "trend", "field": "cs.LG", "upvotes": 200, "hours": 25}])

    assert " 25\u00a0" in line


@pytest.mark.django_db
def test_a_french_letter_parts_no_sign_from_its_word():
    digest = make_variant("french")

    body = letter.email(digest).body

    assert re.search("«\u00a0world[ \n]+model\u00a0»", body)
    assert not re.search(r"[ \n][»?!;:]|«[ \n]", body)
    assert not re.findall(r"[^ ]+[^\u00a0]:(?![/\d])", without_titles(body, digest))
    assert "\n   PDF\u00a0: https://" in body


@pytest.mark.django_db
def test_a_chinese_letter_has_chinese_signs_between_its_words():
    digest = make_variant("chinese")

    body = letter.email(digest).body

    assert "摘要：https://" in body
    assert "\n在浏览器中查看：\nhttp" in body
    assert "为 Computer vision、Language models、Reinforcement" in body
    assert not re.findall(r".*[:;](?![/\d]).*", without_titles(body, digest))
    assert not re.search(r"。 ", body)


def without_titles(body, digest):
    """The letter's words without those of papers, which are in English whatever its language."""
    whole = " ".join(re.sub("https?://", "//", body).split(" "))
    for entry in digest.entries.select_related("paper"):
        for words in (entry.paper.title, entry.paper.summary):
            pattern = r"\s+".join(map(re.escape, words.split()[:-1]))
            whole = re.sub(pattern, "", whole)
    return whole


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_label_names_comes_last_so_that_an_address_can_go_on(language):
    with translation.override(language):
        line, alone = labelled("PDF", "https://a.example/"), labelled("PDF")

    assert line.endswith("https://a.example/")
    assert alone == alone.strip() != "PDF"


@pytest.mark.parametrize(
    ("language", "count", "stars"),
    [
        ("en", 1_000_000, "1M stars"),
        ("fr", 1_000_000, "1 M d’étoiles"),
        ("fr", 1_200_000, "1,2 M d’étoiles"),
        ("fr", 999_499, "999 k étoiles"),
        ("es", 999_500, "1 M de estrellas"),
        ("es", 999_499, "999 mil estrellas"),
        ("de", 1_000_000, "1 Mio. Sterne"),
        ("zh-hans", 1_000_000, "1M 星"),
        ("ar", 2_000_000, "2 مليون نجمة"),
    ],
)
def test_a_million_stars_are_counted_as_their_language_counts_millions(language, count, stars):
    with translation.override(language):
        assert wording.stars(count).replace("\u00a0", " ").replace("\u202f", " ") == stars


@pytest.mark.parametrize("count", [1000, 1203, 1105, 11_000])
def test_arabic_stars_go_with_the_thousands_shown(count):
    with translation.override("ar"):
        assert wording.stars(count).endswith("ألف نجمة")


@given(st.text("ab é’“”…–·σд×∞ ", max_size=200), st.integers(3, 80))
def test_the_quick_way_for_western_text_breaks_where_the_slow_one_does(words, room):
    words = " ".join(words.split())

    assert tags.SIMPLE.fullmatch(words)
    assert list(tags._simple_lines(words, room)) == list(tags._any_lines(words, room))


@pytest.mark.parametrize("sign", [*"\u00a0\u202f\u2007\u3000\u0301", "论", "，", "🙂"])
def test_text_with_signs_that_the_slow_way_minds_does_not_take_the_quick_one(sign):
    assert not tags.SIMPLE.fullmatch(f"a{sign}b")
