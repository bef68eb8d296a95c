"""No letter keeps a word of English in another language: see tests/leftovers.py."""

from datetime import timedelta

import pytest
from lxml import html as lxml_html

from newsletter import letter
from papers.models import Engagement
from subscribers import notices
from subscribers.models import Notice, Subscriber
from tests.factories import NOW, make_paper, make_subscriber, make_topic
from tests.leftovers import FOREIGN, english, left_of
from tests.letters import VARIANTS, make_variant

pytestmark = pytest.mark.django_db

# What tests/letters.py calls its readers, their town, a topic, a phrase and a venue.
NAMES = {"Ada", "Maximiliane", "Berlin", "Astronomy", "world", "model", "ICML", "CET"}


@pytest.fixture(autouse=True)
def _greek_house(settings):
    settings.SITE_NAME = "Εφημερίδα"
    settings.POSTAL_ADDRESS = "Οδός 1, Αθήνα"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def greek_papers():
    """With code, stars, votes that rise, ages from a day to years."""
    papers = []
    for n in range(24):
        paper = make_paper(
            title=f"Μέλισσες {n}",
            summary="Πετούν.",
            authors=["Μαρία", "Νίκος", "Ελένη", "Άννα", "Ζωή"],
            published_at=NOW - timedelta(days=1 + n**2 * 3),
            upvotes=[3, 1500, 90, None][n % 4],
            stars=[None, 2, 1200][n % 3],
            code_url="https://code.example.net/1" if n % 2 else "",
            discussion_url="https://talk.example.net/1",
            primary_category="cs.LG",
        )
        for hours, votes in ((30, 1), (2, paper.upvotes)):
            if votes:
                at = NOW - timedelta(hours=hours)
                Engagement.objects.create(paper=paper, source="hf", read_at=at, upvotes=votes)
        papers.append(paper)
    return papers


def left_in(message):
    """Of both parts and the subject."""
    document = lxml_html.document_fromstring(str(message.alternatives[0][0]))
    return {*english(document), *left_of(message.body), *left_of(str(message.subject))} - NAMES


@pytest.mark.parametrize("language", FOREIGN)
@pytest.mark.parametrize("variant", VARIANTS)
def test_no_digest_keeps_a_word_of_english(variant, language):
    for n, name in enumerate(("Ζώα", "Άστρα", "Νερό", "Φως")):
        make_topic(name=name, slug=f"topic-{n}")
    digest = make_variant(variant, greek_papers())
    Subscriber.objects.update(language=language, email="1@2.gr")
    digest.subscriber.refresh_from_db()

    message = letter.email(digest)

    assert left_in(message) == set()


STATUS = {Notice.Kind.CONFIRM: "pending", Notice.Kind.GOODBYE: "unsubscribed"}


@pytest.mark.parametrize("language", FOREIGN)
@pytest.mark.parametrize("kind", sorted(set(Notice.Kind.values) - {"operator_alert"}))
def test_no_other_letter_keeps_a_word_of_english(kind, language, mailoutbox):
    reader = make_subscriber(
        language=language,
        email="1@2.gr",
        status=STATUS.get(kind, "active"),
        topics=[make_topic(name="Ζώα"), make_topic(name="Νερό")],
        timezone="Europe/Berlin",
    )
    Notice.objects.queue(reader, kind, now=NOW)

    notices.send_due(now=NOW + timedelta(minutes=1))

    assert [left_in(message) for message in mailoutbox] == [set()]
