"""Letters that are no digests, held to the same: clean, readable, alike in both parts, not bulk."""

import re

import pytest

from newsletter import letter
from subscribers import mail
from tests.letter_checks import (
    URL,
    assert_no_spam_filter_minds,
    assert_rfc_clean,
    assert_same_said,
    columns,
    least_contrast,
)
from tests.letters import NOTES, make_note
from tests.newsletter.test_letter_variants import BULK, HOSTILE, html_of

# What only bulk mail carries; the others tell machines not to answer.
ONLY_BULK = BULK - {"Auto-Submitted", "Message-ID", "Reply-To"}


@pytest.fixture(params=NOTES)
def note(request):
    return make_note(request.param)


def test_it_is_clean_mail_without_a_header_of_bulk(note):
    raw = note.message().as_bytes(linesep="\r\n")

    assert_rfc_clean(raw)
    assert set(note.message().keys()) & ONLY_BULK == set()
    assert note.message()["Auto-Submitted"] == "auto-generated"


def test_both_parts_say_the_same_and_can_be_read(note):
    html = html_of(note)

    assert_same_said(note.body, html)
    assert min(least_contrast(html), least_contrast(html, dark=True)) >= 4.5
    assert max(columns(line) for line in note.body.split("\n") if not URL.search(line)) <= 72
    assert len(html) <= letter.HTML_BUDGET
    assert html.isascii()
    assert not re.search(r"<img|<script|<link|<iframe|url\(|@import|src=", html)


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_appear_literally_or_not_at_all(words):
    context = {
        "about": words,
        "text": words,
        "topics": [words],
        "rhythm": words,
        "address": "ada@mail.example.net",
        "action_url": "https://papers.example.org/a",
    }

    for name in ("operator_alert", "confirm", "changed"):
        message = mail.compose(name, "ada@mail.example.net", context)
        raw = message.message().as_bytes(linesep="\r\n")
        assert_rfc_clean(raw)
        assert "<script" not in html_of(message)
        assert message.message()["Bcc"] is None
        assert "only-for-development" not in message.body


def test_no_spam_filter_minds():
    notes = [make_note(name).message() for name in NOTES]

    assert_no_spam_filter_minds(*(note.as_bytes(linesep="\r\n") for note in notes))
