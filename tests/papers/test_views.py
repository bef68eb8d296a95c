from datetime import date, timedelta

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from papers.models import Author, Engagement, Mention, Paper, PaperTopic
from tests.factories import NOW, make_paper, make_subscriber, make_topic
from tests.subscribers.test_session import signed_in

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


def listed(on=TODAY, topic=None, **fields):
    paper = make_paper(**fields)
    Mention.objects.create(paper=paper, source="hf", listing="daily", mentioned_on=on)
    if topic:
        PaperTopic.objects.create(paper=paper, topic=topic, score=1.5, belongs=True)
    return paper


def titles(response):
    page = BeautifulSoup(response.content, "lxml")
    return [heading.get_text() for heading in page.select(".list h3")]


def test_today_shows_the_newest_list_day_strongest_first(client):
    listed(title="Quiet", trend=0.1)
    listed(title="Loud", trend=0.9)
    listed(title="Of yesterday", on=TODAY - timedelta(days=1))

    response = client.get("/today")

    assert titles(response) == ["Loud", "Quiet"]


@pytest.mark.parametrize(("days", "name"), [(0, "Today"), (2, "20 February 2026")])
def test_the_newest_list_is_called_todays_on_its_day_only(client, time_machine, days, name):
    listed()
    time_machine.move_to(NOW + timedelta(days=days))

    page = BeautifulSoup(client.get("/today").content, "lxml")

    assert page.title.get_text() == f"{name}: Paper Round"
    assert page.h1.get_text() == "Papers of Friday 20 February 2026"


def test_before_the_first_paper_today_says_what_will_happen(client):
    response = client.get("/today")

    assert response.status_code == 200
    assert "No papers have come in yet" in response.content.decode()


def test_a_day_links_to_the_days_before_and_after_that_have_a_list(client):
    for days in (0, 3, 7):
        listed(on=TODAY - timedelta(days=days))

    page = client.get(f"/d/{TODAY - timedelta(days=3)}").content.decode()

    assert f'href="/d/{TODAY - timedelta(days=7)}"' in page
    assert f'href="/d/{TODAY}"' in page


def test_every_filter_stands_in_the_address_and_is_kept_by_the_page_links(client):
    topic = make_topic(slug="robots")
    for _ in range(31):
        listed(topic=topic, code_url="https://code.example.org/x")

    page = client.get("/today?topic=robots&span=7d&code=1").content.decode()

    assert "?topic=robots&amp;span=7d&amp;code=1&amp;page=2" in page


def test_the_code_filter_leaves_out_papers_without_code(client):
    listed(title="With", code_url="https://code.example.org/x")
    listed(title="Without")

    assert titles(client.get("/today?code=1")) == ["With"]


def test_a_longer_span_reaches_back(client):
    listed(title="New", trend=0.9)
    listed(title="Old", on=TODAY - timedelta(days=5))

    assert titles(client.get("/today?span=7d")) == ["New", "Old"]


@pytest.mark.parametrize(
    "address",
    [
        "/d/2026-02-31",
        "/d/9999-12-31",
        "/d/0001-01-01",
        "/d/1990-12-31",
        "/d/0001-01-01?span=30d",
        "/today?topic=nosuch",
        "/topic/nosuch",
        "/author/99",
        "/paper/2602.99999",
        "/paper/n99999999999999999999",
        "/paper/%00",
        f"/paper/{'x' * 3000}",
    ],
)
def test_what_is_not_there_is_a_page_of_the_house_that_says_so(client, address):
    response = client.get(address)

    assert response.status_code == 404
    assert "There is no such page." in response.content.decode()


@given(
    on=st.one_of(
        st.dates(),
        st.sampled_from([date.min, date.max, date(1990, 12, 31), date(1991, 1, 1)]),
        st.dates(TODAY - timedelta(days=40), TODAY + timedelta(days=40)),
    ),
    address=st.sampled_from(
        ["/d/{}", "/d/{}/atom", "/d/{}?span=30d", "/d/{}?span=7d&code=1&page=9",
         "/letters/daily/{}", "/letters/weekly/{}"]
    ),
)  # fmt: skip
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_date_in_an_address_is_a_page_or_not_found(client, on, address):
    response = client.get(address.format(on.isoformat()))

    assert response.status_code in (200, 404)
    if on.year < 1991:
        assert response.status_code == 404


@pytest.mark.parametrize("query", ["page=-1", "page=99999999999", "page=x", "span=never", "code=2"])
def test_a_senseless_query_shows_the_nearest_sensible_page(client, query):
    listed(title="Here")

    assert titles(client.get(f"/today?{query}")) == ["Here"]


def test_outside_text_is_shown_literally(client):
    paper = listed(title="<script>alert(1)</script> & <b>bold</b>", authors=["<i>Eve</i>"])

    for address in ("/today", paper.get_absolute_url()):
        page = client.get(address).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;" in page
        assert "<i>Eve" not in page


def test_a_paper_with_an_old_id_has_its_page(client):
    listed(arxiv_id="quant-ph/0201082", title="Old but gold")

    response = client.get("/paper/quant-ph/0201082")

    assert "Old but gold" in response.content.decode()


def test_a_merged_paper_leads_to_the_one_it_is(client):
    kept = listed()
    other = listed(merged_into=kept)

    response = client.get(other.get_absolute_url())

    assert (response.status_code, response["Location"]) == (301, kept.get_absolute_url())


def test_a_papers_votes_are_drawn_and_stand_in_a_table(client):
    paper = listed()
    for hours, votes in ((5, 2), (0, 17)):
        Engagement.objects.create(
            paper=paper, source="hf", read_at=NOW - timedelta(hours=hours), upvotes=votes
        )

    page = BeautifulSoup(client.get(paper.get_absolute_url()).content, "lxml")

    assert page.select_one("svg polyline")["points"].count(",") == 2
    cells = [row.find_all("td")[1].get_text() for row in page.select("tbody tr")]
    assert cells == ["2", "17"]


@pytest.mark.parametrize(("later", "told"), [(0, True), (280, False)])
def test_every_list_tells_of_votes_since_yesterday_only_on_the_day_itself(
    client, time_machine, later, told
):
    time_machine.move_to(NOW + timedelta(days=later))
    topic = make_topic(slug="robots")
    paper = listed(topic=topic, authors=["Ada A"], upvotes=258)
    for hours, votes in ((24, 172), (0, 258)):
        Engagement.objects.create(
            paper=paper, source="hf", read_at=NOW - timedelta(hours=hours), upvotes=votes
        )
    ada = Author.objects.get().get_absolute_url()

    for address in ("/", "/today", "/topic/robots", ada):
        page = client.get(address).content.decode()
        assert ("+86 since yesterday" in page) is told, address


def test_a_single_reading_of_votes_is_a_sentence_and_no_plot(client):
    paper = listed()
    Engagement.objects.create(paper=paper, source="hf", read_at=NOW, upvotes=1234)

    page = BeautifulSoup(client.get(paper.get_absolute_url()).content, "lxml")

    facts = " ".join(page.select_one("dl.facts").get_text().split())
    assert "One reading so far: 1,234, on 20 Feb 2026, 07:00 (UTC)." in facts
    assert not page.select("#votes, svg, details")


def test_a_papers_trend_is_told_with_its_formula_and_its_inputs(client):
    paper, bees = make_paper(), make_topic(name="Honey bees")
    PaperTopic.objects.create(paper=paper, topic=bees, score=2.0, belongs=True)
    paper.trend_inputs = {
        "votes": 40, "hours": 12.0, "ordinary": 6.0, "promised": 9.0, "topic": bees.pk,
        "burst": 1.31, "listed": 31, "usual": 22.4, "excess": 4.25, "voted": 17,
    }  # fmt: skip
    paper.save()

    page = " ".join(client.get(paper.get_absolute_url()).content.decode().split())

    for shown in ("expected ÷ (expected + 3 × ordinary)", ">40<", ">1.31<", "22.4 is usual"):
        assert shown in page
    # (40 + 2) ÷ (½ + 2 ÷ √(9 × 1.31 × 6)) = 56.9, of which 56.9 ÷ (56.9 + 18) is the trend.
    assert ">56.9<" in page
    assert ">0.76<" in page


def test_a_paper_whose_trend_was_never_computed_tells_none(client):
    page = client.get(make_paper().get_absolute_url()).content.decode()

    assert "How its trend is made" not in page


def test_similar_papers_share_a_topic(client):
    topic = make_topic()
    paper = listed(topic=topic)
    listed(title="Alike", topic=topic)
    listed(title="Unlike")

    assert titles(client.get(paper.get_absolute_url())) == ["Alike"]


def test_a_topic_shows_what_rises_its_weeks_and_how_to_follow_it(client):
    topic = make_topic(slug="robots", name="Robots")
    listed(title="Arm", topic=topic)
    listed(title="Leg")

    response = client.get("/topic/robots")

    assert titles(response) == ["Arm", "Arm"]  # rising, newest
    page = BeautifulSoup(response.content, "lxml")
    assert len(page.select("tbody tr")) == 12
    assert page.select("tbody tr")[-1].find_all("td")[1].get_text() == "1"
    assert page.find("a", href="/?topic=robots")


def test_a_topic_that_is_switched_off_is_gone_and_a_merged_one_leads_on(client):
    kept = make_topic()
    make_topic(slug="off", is_active=False)
    make_topic(slug="old", merged_into=kept)

    assert client.get("/topic/off").status_code == 404
    assert client.get("/topic/old")["Location"] == kept.get_absolute_url()


def test_an_author_has_papers_newest_first_and_people_they_wrote_with(client):
    listed(title="First", authors=["Ada A", "Bo B"], published_at=NOW - timedelta(days=9))
    listed(title="Second", authors=["Ada A"], published_at=NOW)
    ada = Author.objects.get(name="Ada A")

    response = client.get(ada.get_absolute_url())

    assert titles(response) == ["Second", "First"]
    assert "Bo B" in response.content.decode()


@pytest.mark.parametrize("who", ["stranger", "reader"])
@pytest.mark.parametrize("kind", ["today", "topics", "topic", "paper", "author"])
def test_twice_the_rows_take_no_more_queries_and_ten_at_most(client, kind, who):
    if who == "reader":
        client = signed_in(make_subscriber())
    topic = make_topic(slug="robots")
    paper = listed(topic=topic, authors=["Ada A", "Bo B"])
    addresses = {
        "today": "/today",
        "topics": "/topics",
        "topic": "/topic/robots",
        "paper": paper.get_absolute_url(),
        "author": Author.objects.get(name="Ada A").get_absolute_url(),
    }

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(addresses[kind]).status_code == 200
        return len(captured)

    for n in range(4):
        listed(topic=topic, authors=["Ada A", f"Co {n}"])
        make_topic()
    few = queries()
    for n in range(8):
        listed(topic=topic, authors=["Ada A", f"Other {n}"])
        make_topic()

    assert queries() == few
    assert few <= 10


def test_a_papers_topics_are_asked_for_once(client):
    paper = listed(topic=make_topic())

    with CaptureQueriesContext(connection) as captured:
        client.get(paper.get_absolute_url())

    asked = [query["sql"] for query in captured if 'FROM "papers_papertopic"' in query["sql"]]
    assert len([sql for sql in asked if '"paper_id" = ' in sql]) == 1


def test_every_page_answers_head_and_refuses_post(client):
    paper = listed()

    for address in ("/today", "/topics", "/privacy", paper.get_absolute_url()):
        assert client.head(address).status_code == 200
        assert client.post(address).status_code == 405


def test_no_page_changes_a_row(client):
    topic = make_topic(slug="robots")
    listed(topic=topic)
    before = list(Paper.objects.values())

    for address in ("/today", "/topics", "/topic/robots"):
        client.get(address)

    assert list(Paper.objects.values()) == before
