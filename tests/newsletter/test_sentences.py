"""The sentences of a letter that are not about one paper."""

import pytest
from django.conf import settings
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from newsletter import sentences
from papers import text

NAMES = st.lists(st.text(min_size=1, max_size=30).filter(text.clean), max_size=3)
WEEK = "Sie haben sich diese Woche"


def said(names, pool_size=412):
    frames = sentences.opening("regular", pool_size, 3, len(names))
    return sentences.with_topics(frames, [sentences.topic(name) for name in names])


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
def test_the_opening_names_topics_in_the_order_given(language):
    names = ["Robotics", "100 % vision", "Graphs & <trees>"]

    with translation.override(language):
        words, html = said(names)

    assert sorted(names, key=words.index) == names
    assert html.index("<strong>Robotics</strong>") < html.index("<strong>100 % vision</strong>")
    assert "<strong>Graphs &amp; &lt;trees&gt;</strong>" in html


@given(NAMES)
def test_the_opening_says_what_topics_are_called(names):
    words, _ = said(names)

    assert all(text.clean(name) in words for name in names)


def test_an_opening_without_a_count_of_papers_names_no_topics():
    words, html = said(["Robotics"], pool_size=0)

    assert words == html == "About a 3-minute read."


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Ada Lovelace", "Ada"),
        ("Dr. Ada Lovelace", "Ada"),
        ("Prof. Dr. Ada Lovelace", "Ada"),
        ("Mrs Ada Lovelace", "Ada"),
        ("Lovelace, Ada", "Ada"),
        ("Lovelace, Dr. Ada", "Ada"),
        ("van der Berg, Jan", "Jan"),
        ("Ada Lovelace, Ph.D.", "Ada"),
        ("Lovelace,", "Lovelace"),
        ("J. R. R. Tolkien", "J."),
        ("Dr.", "Dr"),
        ("李明", "李明"),
        (" , ", ""),
        ("", ""),
    ],
)
def test_a_reader_is_addressed_by_their_first_name(name, first):
    assert sentences.first_name(name) == first


HONORED = st.lists(st.sampled_from(["Dr.", "prof.", "MR.", "Mrs.", "Ms."]), max_size=3)
NAMED = st.text(max_size=60)


@given(HONORED, NAMED, st.sampled_from([" ", ", ", ","]), NAMED)
def test_a_first_name_is_a_clean_word_without_comma_or_honorific(titles, one, between, other):
    name = " ".join([*titles, f"{one}{between}{other}"])

    first = sentences.first_name(name)

    assert len(first) <= sentences.NAME_LONGEST
    assert first == text.clean(first)
    assert not set(first) & set(" ,")
    assert first.casefold() not in {"dr.", "prof.", "mr.", "mrs.", "ms."}
    assert bool(first) == bool(text.clean(name).strip(",،， "))


@pytest.mark.parametrize(
    ("language", "saved", "liked", "line"),
    [
        ("en", 2, 1, "You saved 2 papers this week and asked for more like 1."),
        (
            "de",
            2,
            1,
            "Sie haben sich diese Woche 2 Arbeiten gemerkt und sich zu einer mehr gewünscht.",
        ),
        ("de", 1, 2, "Sie haben sich diese Woche 1 Arbeit gemerkt und sich zu 2 mehr gewünscht."),
        ("es", 2, 1, "Esta semana guardaste 2 artículos y pediste más como uno."),
        ("ar", 1, 2, "حفظت هذا الأسبوع ورقة واحدة وطلبت المزيد مثل ورقتين."),
        ("ar", 3, 1, "حفظت هذا الأسبوع 3 أوراق وطلبت المزيد مثل ورقة واحدة."),
    ],
)
def test_what_a_reader_saved_and_liked_are_counted_each_in_its_own_form(
    language, saved, liked, line
):
    with translation.override(language):
        assert sentences.own_week(saved, liked) == line


@pytest.mark.parametrize(
    ("cadence", "weekdays", "language", "rhythm"),
    [
        ("weekly", 0b0000001, "en", "on Mondays at 07:00"),
        ("weekly", 0b0010001, "en", "on Mondays at 07:00"),
        ("daily", 0b0010101, "en", "on Mondays, Wednesdays and Fridays at 07:00"),
        ("daily", 0b0011111, "en", "on weekdays at 07:00"),
        ("daily", 0b1111111, "en", "every day at 07:00"),
        ("weekly", 0b0000001, "de", "jeden Montag um 07:00"),
        ("daily", 0b0010001, "es", "cada lunes y viernes a las 07:00"),
    ],
)
def test_a_letter_says_on_which_days_it_comes_every_week(cadence, weekdays, language, rhythm):
    with translation.override(language):
        line = sentences.why_this_mail(cadence, weekdays, 7, "Europe/Berlin")

    assert f", {rhythm} " in line


@pytest.mark.parametrize(
    ("zone", "named"), [("Europe/Berlin", "Berlin"), ("Mars/Olympus_Mons", "UTC")]
)
def test_the_footer_names_the_clock_that_the_letter_goes_by(zone, named):
    footer = sentences.why_this_mail("daily", 0b0011111, 7, zone)

    assert footer.endswith(f" {named}.")
