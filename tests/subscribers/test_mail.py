import re
from uuid import uuid4

import pytest

from subscribers import mail

CONTEXT = {
    "address": "ada@mail.example.net",
    "topics": ["Vision & <b>language</b>"],
    "action_url": "https://papers.example.org/c/token",
}


def test_a_letter_has_text_first_then_html_and_is_not_bulk(settings):
    settings.SITE_NAME = "Paper Round"

    message = mail.compose("confirm", "ada@mail.example.net", CONTEXT)

    parts = [part.get_content_type() for part in message.message().walk()]
    assert parts == ["multipart/alternative", "text/plain", "text/html"]
    assert message.subject == "Confirm your address for Paper Round"
    assert message.to == ["ada@mail.example.net"]
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"
    assert not {"List-Unsubscribe", "Precedence"} & set(message.extra_headers)


def test_outside_text_is_escaped_in_html_and_literal_in_text():
    message = mail.compose("confirm", "ada@mail.example.net", CONTEXT)

    assert "Vision & <b>language</b>" in message.body
    assert "Vision &amp; &lt;b&gt;language&lt;/b&gt;" in str(message.alternatives[0][0])


def test_a_subject_is_one_line_whatever_stands_in_it():
    message = mail.compose(
        "operator_alert", "op@mail.example.net", {"about": "No\r\nBcc: x@y.example", "text": "t"}
    )

    assert message.subject.endswith("No Bcc: x@y.example")
    assert "\nBcc" not in message.message().as_string().partition("\n\n")[0]


def test_a_site_name_with_a_comma_is_quoted_in_from(settings):
    settings.SITE_NAME = "Papers, daily"

    message = mail.compose("confirm", "ada@mail.example.net", CONTEXT)

    assert message.from_email.startswith('"Papers, daily" <')


@pytest.mark.parametrize(
    "name", ["confirm", "already", "sign_in", "goodbye", "changed", "operator_alert"]
)
def test_every_letter_has_its_link_in_both_parts_and_the_postal_address(settings, name):
    settings.POSTAL_ADDRESS = "12 Sample Street"
    context = CONTEXT | {"rhythm": "Daily.", "about": "a", "text": "t", "unsubscribe_url": "u"}

    message = mail.compose(name, "ada@mail.example.net", context)

    html = str(message.alternatives[0][0])
    assert CONTEXT["action_url"] in message.body
    assert f'href="{CONTEXT["action_url"]}"' in html
    assert "12 Sample Street" in message.body
    assert "12 Sample Street" in html
    assert "<img" not in html
    assert max(map(len, message.body.splitlines())) <= 200


def test_an_arabic_readers_letter_runs_from_right_to_left():
    message = mail.compose("confirm", "ada@mail.example.net", CONTEXT, language="ar")

    assert '<html lang="ar" dir="rtl"' in str(message.alternatives[0][0])


@pytest.mark.parametrize(
    ("address", "owner"),
    [
        ("12 Sample Street, Berlin", "Paper Round, 12 Sample Street, Berlin"),
        ("Paper Round, 12 Sample Street", "Paper Round, 12 Sample Street"),
        ("", "Paper Round"),
    ],
)
def test_the_footer_names_the_operator_once(settings, address, owner):
    settings.SITE_NAME, settings.POSTAL_ADDRESS = "Paper Round", address

    assert mail.owner() == owner


def test_the_boundary_of_a_letter_is_its_own_and_as_mail_allows():
    notice, digest = "<notice-7@mail.example.net>", f"<{uuid4()}@mail.example.net>"

    boundaries = [mail.boundary(notice), mail.boundary(digest)]

    assert boundaries == ["=_notice-7", f"=_{digest[1:37]}"]
    # RFC 2046, 5.1.1: at most 70 of these, the last no space.
    assert all(re.fullmatch(r"[0-9A-Za-z'()+_,./:=?-]{1,70}", each) for each in boundaries)
