from datetime import timedelta

import pytest
from lxml import etree

from papers.models import Author, Paper, PaperTopic
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


def test_an_entry_has_a_short_summary_whatever_the_source_wrote(client):
    paper = listed(summary="We count all the papers in the world. " * 30)

    root = feed(client, "/today/atom")

    said = root.findtext("a:entry/a:summary", namespaces=ATOM)
    assert len(said) <= 320
    assert said.endswith("world.")
    assert len(paper.summary) > 320


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


def fetched_again(client, address, first):
    """What a feed reader gets that has `first` and says so by every means it was given."""
    names = {"ETag": "if-none-match", "Last-Modified": "if-modified-since"}
    return client.get(address, headers={names[h]: first[h] for h in names if h in first})


@pytest.mark.parametrize("address", ["/today/atom", f"/d/{NOW.date()}/atom", "/topic/robots/atom"])
def test_a_reader_that_has_the_newest_feed_gets_no_second_copy(client, address):
    listed(topic=make_topic(slug="robots"))

    again = fetched_again(client, address, client.get(address))

    assert (again.status_code, again.content) == (304, b"")


def test_a_paper_that_joins_a_topic_later_is_in_the_next_copy(client):
    robots = make_topic(slug="robots")
    joins = listed(title="Joins")
    listed(title="Was there", topic=robots)
    first = client.get("/topic/robots/atom")
    PaperTopic.objects.create(paper=joins, topic=robots, score=1.5, belongs=True)

    again = fetched_again(client, "/topic/robots/atom", first)

    assert b"Joins" in again.content


def test_a_paper_that_is_retracted_is_gone_from_the_next_copy(client):
    listed(title="Stays")
    withdrawn = listed(title="Withdrawn")
    first = client.get(f"/d/{NOW.date()}/atom")
    Paper.objects.filter(pk=withdrawn.pk).update(retracted_at=NOW)

    again = fetched_again(client, f"/d/{NOW.date()}/atom", first)

    assert b"Stays" in again.content
    assert b"Withdrawn" not in again.content


def test_a_revised_paper_a_new_order_another_name_and_language_are_each_a_new_copy(client):
    robots, one, other = make_topic(slug="robots"), listed(trend=0.9), listed(trend=0.5)
    for paper in (one, other):
        PaperTopic.objects.create(paper=paper, topic=robots, score=1.5, belongs=True)

    def told():
        languages = [{"accept-language": code} for code in ("en", "de")]
        return [client.get("/today/atom", headers=h)["ETag"] for h in languages] + [
            client.get("/topic/robots/atom")["ETag"]
        ]

    before = told()
    Paper.objects.filter(pk=other.pk).update(trend=0.95)
    robots.name = "Machines"
    robots.save()
    reordered = told()
    other.save()  # notes the instant of the change
    revised = told()

    assert len({*before, *reordered, *revised}) == 9


def test_a_copy_that_is_only_dated_is_sent_again(client):
    listed()

    again = client.get(
        "/today/atom", headers={"if-modified-since": "Sat, 20 Feb 2100 07:00:00 GMT"}
    )

    assert again.status_code == 200


def test_a_list_of_tomorrow_is_not_in_the_feed_of_today(client, time_machine):
    time_machine.move_to(NOW)
    listed(title="Of today")
    listed(title="Of tomorrow", on=NOW.date() + timedelta(days=1))

    found = feed(client, "/today/atom").findall("a:entry/a:title", ATOM)

    assert [title.text for title in found] == ["Of today"]


def test_a_feed_without_papers_is_still_a_feed(client):
    make_paper(first_mentioned_on=NOW.date() - timedelta(days=1))

    assert feed(client, "/today/atom").findall("a:entry", ATOM) == []


def test_the_feed_of_nothing_is_not_found(client):
    assert client.get("/topic/nosuch/atom").status_code == 404
