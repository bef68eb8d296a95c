"""Every variant of the letter, held to what a letter must be."""

import re
from datetime import timedelta
from functools import cache

import pytest
from django.db import transaction
from django.test import override_settings

from newsletter import letter
from newsletter.models import Digest
from subscribers import feedback
from tests.factories import make_digest, make_paper, make_subscriber
from tests.letter_checks import (
    URL,
    assert_all_said,
    assert_no_spam_filter_minds,
    assert_rfc_clean,
    columns,
    least_contrast,
    parsed,
    turned_dark,
)
from tests.letters import DUE_AT, VARIANTS, make_variant, sample_papers

pytestmark = pytest.mark.django_db

BULK = {
    "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID", "Precedence",
    "Auto-Submitted", "Message-ID", "X-Paper-Round-Edition", "X-Paper-Round-Digest", "Reply-To",
}  # fmt: skip
HOSTILE = [
    "{{ settings.SECRET_KEY }}{% load admin %}",
    "<script>alert(1)</script>\r\nBcc: all@example.org",
    "a" * 10_000,
    "\u202egnp.exe \x07\x1b[31m quoted \" ' &amp; &lt;b&gt;",
    "100% sure %s %(name)s {0}",
    "-- ",
    ".\r\n.",
]


@pytest.fixture(scope="module")
def message_of(django_db_setup, django_db_blocker):
    """Each variant's letter, made once for all that is asked of it; its rows are gone by then."""

    @cache
    def made(variant):
        address = override_settings(POSTAL_ADDRESS="Paper Round, 12 Sample Street, 10115 Berlin")
        with django_db_blocker.unblock(), address, transaction.atomic():
            message = letter.email(make_variant(variant))
            transaction.set_rollback(True)
        return message

    return made


@pytest.fixture(params=VARIANTS)
def message(request, message_of):
    return message_of(request.param)


def html_of(message):
    return str(message.alternatives[0][0])


def test_it_is_clean_mail_with_the_headers_of_a_digest(message):
    raw = message.message().as_bytes(linesep="\r\n")

    assert_rfc_clean(raw)
    assert set(parsed(raw).keys()) >= BULK


def test_text_and_html_say_the_same(message):
    assert_all_said(message.body, html_of(message))


def test_text_has_72_columns_and_addresses_are_never_broken(message):
    lines = message.body.split("\n")

    assert max(columns(line) for line in lines if not URL.search(line)) <= 72
    assert not re.search(r"</?[a-z]+>|&[a-z]+;|&#\d+;", message.body)


def test_html_is_small_seven_bits_and_loads_nothing(message):
    html = html_of(message)

    assert len(html) <= letter.HTML_BUDGET
    assert html.isascii()
    assert not re.search(r"<img|<script|<link|<iframe|url\(|@import|@font-face|src=", html)


@pytest.mark.parametrize("dark", [False, True])
def test_everything_can_be_read(message, dark):
    assert least_contrast(html_of(message), dark=dark) >= 4.5


def test_everything_can_be_read_where_a_program_turns_the_colours_round(message):
    assert least_contrast(turned_dark(html_of(message))) >= 4.5


def test_the_postal_address_and_the_way_out_stand_in_both_parts(message):
    for part in (message.body, html_of(message)):
        assert "12 Sample Street" in " ".join(part.split())
        assert "/u/" in part


def test_subject_and_preheader_fit_a_phone(message):
    assert 0 < len(message.subject) <= 78
    assert "\n" not in message.subject


def test_no_spam_filter_minds(message_of):
    letters = [message_of(variant).message() for variant in VARIANTS]

    assert_no_spam_filter_minds(*(each.as_bytes(linesep="\r\n") for each in letters))


@pytest.mark.parametrize("title", HOSTILE)
def test_hostile_words_appear_literally_or_not_at_all(title):
    paper = make_paper(
        title=title[:500],
        summary=title,
        authors=[title[:190]],
        code_url="javascript:alert(1)//",
        discussion_url="https://example.org/\"><script>'",
    )
    digest = make_digest(papers=[paper], subscriber=make_subscriber(name=title[:80]))

    message = letter.email(digest)

    raw = message.message().as_bytes(linesep="\r\n")
    assert_rfc_clean(raw)
    assert_all_said(message.body, html_of(message))
    assert parsed(raw)["Bcc"] is None
    assert "only-for-development" not in message.body
    for part in (message.body, html_of(message)):
        assert "javascript:" not in part
        assert not set(part) & set("\u202e\x07\x1b")
    assert "<script" not in html_of(message)


@pytest.mark.parametrize("before", range(8))
def test_a_summary_without_spaces_is_shown_as_it_is(before):
    summary = "x" * before + "我们提出一种新的方法，应用于大语言模型。" * 15
    digest = make_digest(papers=[make_paper(title="大语言模型" * 30, summary=summary)])

    message = letter.email(digest)

    assert_all_said(message.body, html_of(message))


def test_over_the_budget_short_lines_go_first_and_the_top_pick_stays_whole(monkeypatch):
    monkeypatch.setattr(letter, "HTML_BUDGET", 40_000)
    papers = sample_papers()

    message = letter.email(make_variant("largest", papers))

    assert len(html_of(message)) <= 40_000
    assert "Also new in your topics" not in message.body
    assert papers[0].summary.split(".")[0] in " ".join(message.body.split())


def test_what_is_left_out_for_size_is_counted_and_found_on_the_web(monkeypatch):
    digest = make_variant("largest")
    whole = letter.page(digest)
    monkeypatch.setattr(letter, "HTML_BUDGET", 40_000)

    message = letter.email(digest)

    for part in (message.body, html_of(message)):
        assert "6 more papers are in its copy on the web" in " ".join(part.split())
    assert whole.count("<h3") - html_of(message).count("<h3") == 6
    assert_all_said(message.body, html_of(message))


def test_a_letter_that_fits_says_nothing_of_its_length():
    message = letter.email(make_variant("largest"))

    assert "This letter is long" not in message.body


def test_a_week_ends_with_what_the_reader_did_in_it():
    papers = sample_papers()
    digest = make_variant("weekly", papers)
    for paper, kind in zip(papers, ["saved", "saved", "more"], strict=False):
        feedback.give(digest.subscriber, paper, kind, now=DUE_AT - timedelta(days=2))
    feedback.give(digest.subscriber, papers[5], "saved", now=DUE_AT - timedelta(days=9))

    message = letter.email(digest)

    assert "You saved 2 papers this week and asked for more like 1." in message.body
    assert "You saved 2 papers this week" in html_of(message)


@pytest.mark.parametrize(
    ("variant", "words"),
    [
        ("first", "the best of the last seven days"),
        ("catch_up", "also covers the days since your last one"),
        ("one_paper", "One paper worth your time, Ada"),
        ("quiet", "Widen my topics"),
        ("still_useful", "Once a week is enough"),
        ("weekly", "Your week in papers"),
    ],
)
def test_each_variant_says_what_it_is(variant, words):
    message = letter.email(make_variant(variant))

    assert words in " ".join(f"{message.subject} {message.body}".split())


def test_numbers_are_the_readers_own():
    digest = make_variant("daily")
    Digest.objects.update(pool_size=1234)
    digest.refresh_from_db()

    body = " ".join(letter.email(digest).body.split())

    assert "10 papers worth your time, Ada" in body
    assert "Chosen from 1,234 new papers, for Computer vision, Language models" in body
