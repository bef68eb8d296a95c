"""The two lines a mailbox shows: what they name, and how long they are."""

import html

import pytest
from django.conf import settings
from django.utils import translation
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter import facts, letter, subjects
from newsletter.archive import Archive
from newsletter.content import Layout
from newsletter.models import Entry
from tests.letters import make_variant

LANGUAGES = st.sampled_from([code for code, _ in settings.LANGUAGES])
WORD = st.text("abcdefgh", min_size=1, max_size=14)
TITLES = st.lists(WORD, min_size=1, max_size=25).map(" ".join)
LONG_WORDS = st.lists(st.text("ab", min_size=40, max_size=70), min_size=1, max_size=3).map(" ".join)
NAMES = st.lists(WORD, min_size=1, max_size=5).map(" ".join)


def laid_out(digest):
    (copy,) = facts.copies([digest])
    archive = Archive(facts.as_of(digest))
    archive.fetch(copy.paper_ids)
    return Layout(archive.papers, on=digest.edition.date).letter(copy)


def entry(digest, section):
    return Entry.objects.filter(digest=digest, section=section).order_by("position").first()


@given(LANGUAGES, NAMES, TITLES)
def test_a_subject_with_an_author_fits_a_phone(language, name, title):
    with translation.override(language):
        subject = subjects.followed(name, title)

    assert len(subject) <= subjects.LONGEST
    assert len(subject) >= subjects.SHORTEST or title in subject


@pytest.mark.parametrize(
    ("title", "subject"),
    [
        ("Reading Long Books: A Survey", "Reading Long Books, and 5 more papers"),
        (
            "No evaluation without fair representation : Impact of labels",
            "No evaluation without fair representation, and 5 more papers",
        ),
        (
            "Learning Multi-View Spatial Reasoning from Synthetic Streets",
            "Learning Multi-View Spatial Reasoning…, and 5 more papers",
        ),
        (
            "CoWTracker: Tracking by Warping instead of Correlation",
            "CoWTracker: Tracking by Warping…, and 5 more papers",
        ),
        (
            "Developing a Guideline for the Reproducibility of Science",
            "Developing a Guideline…, and 5 more papers",
        ),
    ],
)
def test_a_subject_names_a_paper_by_whole_words(title, subject):
    assert subjects.daily(title, 5) == subject


@example("Dancing Bees " + "of the " * 12)
@given(st.lists(st.sampled_from(["of", "the", "bees", "dancing"]), min_size=12).map(" ".join))
def test_a_title_cut_at_small_words_still_makes_a_subject_long_enough(title):
    subject = subjects.daily(title, 0)

    assert subjects.SHORTEST <= len(subject) <= subjects.LONGEST


@pytest.mark.django_db
def test_a_followed_authors_paper_wins_the_subject_from_the_top_pick():
    digest = make_variant("daily")
    top, theirs = entry(digest, "top"), entry(digest, "followed")
    name = theirs.reasons[0]["author"]

    made = laid_out(digest)

    start, _, title = made.subject.partition(": ")
    assert start == f"New from {name}"
    assert theirs.paper.title.startswith(title.removesuffix("…"))
    assert made.preheader.startswith(subjects.teaser(top.paper.title))
    assert subjects.teaser(theirs.paper.title) not in made.preheader


@pytest.mark.django_db
def test_a_followed_authors_top_pick_wins_the_subject_whatever_else_it_is_there_for():
    digest = make_variant("daily")
    top, theirs = entry(digest, "top"), entry(digest, "followed")
    theirs.delete()
    author = top.paper.authorships.first().author
    digest.subscriber.follows.create(author=author)
    top.reasons = [*top.reasons, {"kind": "author", "author": author.name}]
    top.save()

    made = laid_out(digest)

    assert made.subject.startswith(f"New from {author.name}: ")
    assert subjects.teaser(top.paper.title) not in made.preheader


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "section"), [("weekly", Entry.Section.FOLLOWED), ("one_paper", Entry.Section.TOP)]
)
def test_a_week_and_a_top_pick_that_is_there_for_other_reasons_keep_their_subject(kind, section):
    digest = make_variant(kind)
    top, last = entry(digest, "top"), digest.entries.order_by("position").last()
    Entry.objects.filter(pk=last.pk).update(section=section)
    digest.subscriber.follows.create(author=last.paper.authorships.first().author)

    subject = laid_out(digest).subject

    assert "New from" not in subject
    assert subjects.before_colon(top.paper.title)[:20] in subject


def preheader(teasers, otherwise, language="en"):
    with translation.override(language):
        return subjects.preheader(teasers, otherwise, subjects.joints())


@given(LANGUAGES, st.lists(TITLES.map(subjects.teaser), max_size=4), TITLES | LONG_WORDS)
def test_a_preheader_has_60_to_110_characters_where_there_is_so_much_to_say(
    language, teasers, otherwise
):
    line = preheader(teasers, otherwise, language)

    assert len(line) <= subjects.PREHEADER_LONGEST
    assert len(line) >= subjects.PREHEADER_SHORTEST or line.endswith(otherwise)


@pytest.mark.parametrize(
    ("language", "teasers", "line"),
    [
        ("en", ["A cut title…"], "A cut title… Chosen."),
        ("en", ["Why not?"], "Why not? Chosen."),
        ("en", ["One", "Two"], "One; Two. Chosen."),
        ("fr", ["Un", "Deux"], "Un\u00a0; Deux. Chosen."),
        ("zh-hans", ["一", "二"], "一；二。Chosen."),
        ("zh-hans", ["一…"], "一…Chosen."),
        ("ar", ["One", "Two"], "One؛ Two. Chosen."),
    ],
)
def test_the_parts_of_a_preheader_are_joined_as_their_language_joins_them(language, teasers, line):
    assert preheader(teasers, "Chosen.", language) == line


@pytest.mark.django_db
@pytest.mark.parametrize("variant", ["one_paper", "quiet", "still_useful", "first", "catch_up"])
def test_a_letter_with_few_titles_fills_its_preheader_with_its_opening(variant):
    made = laid_out(make_variant(variant))

    shortest = min(subjects.PREHEADER_SHORTEST, len(made.opening))
    assert shortest <= len(made.preheader) <= subjects.PREHEADER_LONGEST
    if variant in {"one_paper", "quiet", "still_useful"}:
        assert made.opening.startswith(made.preheader.removesuffix("…"))


@pytest.mark.django_db
def test_the_plain_letter_shows_the_same_two_lines():
    digest = make_variant("quiet")

    message = letter.email(digest)

    made = laid_out(digest)
    assert message.subject == made.subject
    assert made.preheader in html.unescape(str(message.alternatives[0][0]))
