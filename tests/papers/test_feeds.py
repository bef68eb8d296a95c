from datetime import timedelta

import pytest
from lxml import etree

from papers.models import Author
from tests.factories import NOW, make_paper, make_topic
from tests.papers.test_views import listed

pytestmark = pytest.mark.django_db
ATOM = {"a": "http://www.w3.org/2005/Atom"}


def feed(client, address):
    response = client.get(address)
    assert response["Content-Type"].startswith("application/atom+xml")
    return etree.fromstring(response.content)


def test_every_list_has_a_feed_with_what_rfc_4287_demands(client):
    topic = make_topic(slug="robots")
    listed(topic=topic, authors=["Ada A"])
    ada = Author.objects.get()

    for address in (
        "/today/atom",
        f"/d/{NOW.date()}/atom",
        "/topic/robots/atom",
        f"/author/{ada.pk}/atom",
    ):
        root = feed(client, address)
        for name in ("id", "title", "updated"):
            assert len(root.findall(f"a:{name}", ATOM)) == 1, (address, name)
        assert root.find("a:link[@rel='self']", ATOM) is not None
        entry = root.find("a:entry", ATOM)
        for name in ("id", "title", "updated", "author", "link"):
            assert entry.find(f"a:{name}", ATOM) is not None, (address, name)


def test_an_entry_keeps_its_id_when_the_paper_is_revised(client):
    paper = listed(title="First title")
    before = feed(client, "/today/atom").findtext("a:entry/a:id", namespaces=ATOM)
    paper.title = "Second title"
    paper.save()

    after = feed(client, "/today/atom")

    assert after.findtext("a:entry/a:id", namespaces=ATOM) == before
    assert after.findtext("a:entry/a:title", namespaces=ATOM) == "Second title"


def test_hostile_text_stays_text(client):
    listed(title="]]> <script>x</script> & \u202e", authors=['"><img src=x>'])

    root = feed(client, "/today/atom")

    assert "<script>x</script>" in root.findtext("a:entry/a:title", namespaces=ATOM)
    assert root.find(".//{*}img") is None


def test_a_reader_that_has_the_newest_feed_gets_no_second_copy(client):
    listed()
    first = client.get("/today/atom")

    again = client.get("/today/atom", headers={"if-modified-since": first["Last-Modified"]})

    assert again.status_code == 304


def test_a_feed_without_papers_is_still_a_feed(client):
    make_paper(first_mentioned_on=NOW.date() - timedelta(days=1))

    assert feed(client, "/today/atom").findall("a:entry", ATOM) == []


def test_the_feed_of_nothing_is_not_found(client):
    assert client.get("/topic/nosuch/atom").status_code == 404
