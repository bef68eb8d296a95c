from email import message_from_bytes, policy

import pytest

from newsletter import letter
from newsletter.models import Digest
from tests.factories import make_digest, make_paper, make_subscriber

pytestmark = pytest.mark.django_db


def parsed(digest):
    raw = letter.email(digest).message().as_bytes(linesep="\r\n")
    return message_from_bytes(raw, policy=policy.default)


def test_a_digest_carries_the_headers_of_bulk_mail(settings):
    settings.SITE_URL, settings.MAIL_DOMAIN = "https://papers.example.org", "example.org"
    digest = make_digest()

    message = parsed(digest)

    token = digest.subscriber.unsubscribe_token
    assert message["Message-ID"] == f"<{digest.uuid}@example.org>"
    assert message["List-Id"] == f"{settings.SITE_NAME} <digest.example.org>"
    assert message["List-Unsubscribe"] == (
        f"<https://papers.example.org/u/{token}>, <mailto:unsubscribe@example.org?subject={token}>"
    )
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Feedback-ID"] == "20260220:daily:paper-round:exampleorg"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert message["Precedence"] == "bulk"
    assert message["X-Paper-Round-Edition"] == "daily 2026-02-20"
    assert message["X-Paper-Round-Digest"] == str(digest.uuid)


def test_it_goes_to_one_reader_who_can_answer(settings):
    settings.MAIL_REPLY_TO = "editor@example.org"
    digest = make_digest(subscriber=make_subscriber(email="ada@mail.example.net"))

    message = parsed(digest)

    assert message["To"] == "ada@mail.example.net"
    assert message["From"].startswith(settings.SITE_NAME)
    assert message["Reply-To"] == "editor@example.org"
    assert message["Cc"] is message["Bcc"] is None


def test_text_comes_first_as_quoted_printable_and_html_in_seven_bits():
    message = parsed(make_digest(papers=[make_paper(title="Über Löcher: 孔")]))

    text, html = message.iter_parts()

    assert (text.get_content_type(), text["Content-Transfer-Encoding"]) == (
        "text/plain",
        "quoted-printable",
    )
    assert (html.get_content_type(), html["Content-Transfer-Encoding"]) == ("text/html", "7bit")
    assert "Über Löcher: 孔" in text.get_content()
    assert "&#220;ber L&#246;cher: &#23380;" in html.get_content()


def test_the_same_digest_is_the_same_bytes_every_time():
    digest = make_digest()

    first = letter.email(digest).message().as_bytes()
    second = letter.email(Digest.objects.get(pk=digest.pk)).message().as_bytes()

    assert first == second


def test_a_long_summary_of_the_source_ends_at_a_sentence():
    sentences = [f"We count part {number} of all the papers in the world." for number in range(30)]
    paper = make_paper(summary=" ".join(sentences), summary_source="source")

    text, html = parsed(make_digest(papers=[paper])).iter_parts()

    for part in (text, html):
        said = " ".join(part.get_content().split())
        shown = [sentence for sentence in sentences if sentence in said]
        assert 160 <= len(" ".join(shown)) <= 320
        assert said.count("We count") == len(shown)


def test_a_reader_of_text_only_gets_one_part():
    message = parsed(make_digest(subscriber=make_subscriber(text_only=True)))

    assert not message.is_multipart()
    assert message.get_content_type() == "text/plain"


def test_a_batch_is_printed_as_it_goes_over_the_wire():
    papers = [make_paper(), make_paper()]
    digests = [make_digest(papers=papers, subscriber=make_subscriber()) for _ in range(3)]

    printed = list(letter.print_batch(digests))

    assert [(p.digest_id, p.to) for p in printed] == [(d.pk, d.subscriber.email) for d in digests]
    for each in printed:
        assert b"\n" not in each.data.replace(b"\r\n", b"")
        assert each.data.endswith(b"\r\n")
        assert max(map(len, each.data.split(b"\r\n"))) <= 998
        assert b"\r\n." not in each.data.replace(b"\r\n..", b"")


def test_one_letter_that_cannot_be_printed_leaves_the_others_alone():
    empty, good = make_digest(papers=[]), make_digest()

    first, second = letter.print_batch([empty, good])

    assert isinstance(first, letter.Unprintable)
    assert "papers" in first.reason
    assert isinstance(second, letter.Printed)


def test_printing_twice_as_many_takes_no_more_queries(django_assert_num_queries):
    def batch(size):
        digests = [make_digest(papers=[make_paper(), make_paper()]) for _ in range(size)]
        return list(Digest.objects.filter(pk__in=[d.pk for d in digests]))

    few, many = batch(3), batch(6)

    with django_assert_num_queries(14):
        list(letter.print_batch(few))
    with django_assert_num_queries(14):
        list(letter.print_batch(many))
