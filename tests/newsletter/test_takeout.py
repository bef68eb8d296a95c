"""What a reader takes with them."""

import json
from datetime import date

import pytest

from newsletter.models import DeliveryEvent
from subscribers import links
from tests.factories import NOW, make_digest, make_edition, make_paper, make_subscriber

pytestmark = pytest.mark.django_db


def exported(client, reader):
    home = "/p/" + links.make(reader.pk, "preferences")
    answer = client.get(f"{home}/export")
    return json.loads(answer.content), answer.content.decode()


def test_a_reader_takes_every_letter_with_its_papers_and_what_became_of_it(client):
    reader = make_subscriber()
    digest = make_digest(subscriber=reader, papers=[make_paper(title="On nine")], answer="off")
    DeliveryEvent.objects.create(
        provider="bounce mail", event_key="1", kind="bounced", digest=digest, received_at=NOW
    )

    told, _ = exported(client, reader)

    (letter,) = told["letters"]
    assert letter["edition"] == f"daily {digest.edition.date}"
    assert letter["answer"] == "off"
    assert [paper["title"] for paper in letter["papers"]] == ["On nine"]
    assert [event["what"] for event in letter["said_by_providers"]] == ["bounced"]


def test_nobody_elses_letters_and_no_keys_are_in_it(client):
    reader = make_subscriber()
    digest = make_digest(subscriber=reader, papers=[make_paper(title="On nine")])
    make_digest(papers=[make_paper(title="On ten")])

    told, words = exported(client, reader)

    assert len(told["letters"]) == 1
    assert "On ten" not in words
    assert digest.view_token not in words
    assert reader.unsubscribe_token not in words


def test_many_letters_take_no_more_queries(client, django_assert_max_num_queries):
    reader = make_subscriber()
    for day in range(1, 6):
        edition = make_edition(date=date(2026, 2, day))
        make_digest(subscriber=reader, edition=edition, papers=[make_paper(), make_paper()])

    with django_assert_max_num_queries(12):
        told, _ = exported(client, reader)

    assert len(told["letters"]) == 5
