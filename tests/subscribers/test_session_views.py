from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from papers.models import Author
from subscribers import feedback, preferences
from subscribers.models import ConsentEvent, Follow, Notice, TopicPreference
from tests.factories import NOW, make_paper, make_subscriber, make_topic
from tests.subscribers.test_session import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader():
    return make_subscriber(email="ada@mail.example.net")


@pytest.fixture
def client(reader):
    return signed_in(reader)


@pytest.fixture
def robots():
    return make_topic(slug="robots", name="Robots & arms")


@pytest.fixture
def ada():
    make_paper(authors=["Ada <A>"])
    return Author.objects.get(name="Ada <A>")


@pytest.fixture(params=["topic", "author"])
def subject(request, robots, ada):
    return robots if request.param == "topic" else ada


def button(answer):
    return BeautifulSoup(answer.content, "lxml").select_one("#follow")


def followed(reader):
    topics = reader.topic_preferences.values_list("topic__name", "weight")
    return [*topics, *reader.follows.values_list("author__name", flat=True)]


def stored():
    return [model.objects.count() for model in (TopicPreference, Follow, Notice, ConsentEvent)]


def save(reader, *papers):
    """One after the other, an hour apart."""
    for n, paper in enumerate(papers):
        feedback.give(reader, paper, "saved", now=NOW + timedelta(hours=n))


def titles(answer):
    page = BeautifulSoup(answer.content, "lxml")
    return [title.get_text() for title in page.select(".learnt li a")]


def test_saved_papers_stand_newest_first_and_nothing_else(client, reader):
    old, new, other = make_paper(title="Old"), make_paper(title="New"), make_paper(title="Liked")
    save(reader, old, new)
    save(make_subscriber(), make_paper(title="Of another reader"))
    feedback.give(reader, other, "more", now=NOW)

    answer = client.get("/saved")

    assert titles(answer) == ["New", "Old"]
    assert reader.email not in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]


def test_without_a_saved_paper_the_page_says_where_to_save_one(client):
    page = BeautifulSoup(client.get("/saved").content, "lxml").select_one(".empty")

    assert (
        page.p.get_text()
        == "Nothing saved yet: tap “Save” under a paper, in a letter or on its page."
    )
    assert [link["href"] for link in page.select("a")] == ["/today"]


def test_a_saved_paper_is_removed_by_its_button_and_the_page_says_so(client, reader):
    kept, gone = make_paper(title="Kept"), make_paper(title="Gone")
    save(reader, kept, gone)
    feedback.give(reader, gone, "more", now=NOW)

    answer = client.post("/saved", {"paper": gone.pk}, follow=True)

    assert titles(answer) == ["Kept"]
    assert "Removed." in answer.content.decode()
    assert answer.redirect_chain == [("/saved?page=1&removed#saved", 302)]
    assert feedback.standing(reader, [gone]) == {gone.pk: {"more"}}, "no other answer is lost"
    reader.refresh_from_db()
    assert reader.last_seen_at is not None


def test_papers_that_became_one_stand_once_and_go_together(client, reader):
    kept, merged, other = make_paper(title="One"), make_paper(), make_paper(title="Two")
    save(reader, merged, other, kept)
    merged.merged_into = kept
    merged.save()

    before = titles(client.get("/saved"))
    client.post("/saved", {"paper": kept.pk})

    assert before == ["One", "Two"]
    assert titles(client.get("/saved")) == ["Two"]


def test_thirty_stand_on_a_page_and_removing_one_stays_on_it(client, reader):
    papers = [make_paper(title=f"Paper {n}") for n in range(31)]
    save(reader, *papers)

    second = client.get("/saved?page=2")
    after = client.post("/saved?page=2", {"paper": papers[0].pk}, follow=True)

    assert titles(second) == ["Paper 0"]
    assert len(titles(after)) == 30


@pytest.mark.parametrize("page", ["0", "-1", "99999999999999999999", "x", "%00", ""])
def test_a_senseless_page_shows_the_nearest_sensible_one(client, reader, page):
    save(reader, make_paper(title="Here"))

    shown = client.get(f"/saved?page={page}")
    removed = client.post(f"/saved?page={page}", {"paper": "0"}, follow=True)

    assert titles(shown) == ["Here"]
    assert removed.status_code == 404


@pytest.mark.parametrize("paper", ["", "0", "-1", "x", "\0", "9" * 40, "1 OR 1=1"])
def test_what_is_no_paper_removes_nothing(client, reader, paper):
    save(reader, make_paper())

    answer = client.post("/saved", {"paper": paper})

    assert answer.status_code == 404
    assert reader.feedback.filter(undone_at=None).count() == 1


def test_outside_text_is_shown_literally(client, reader):
    save(reader, make_paper(title='"><script>alert(1)</script>', authors=["<i>Eve</i>"]))

    page = client.get("/saved").content.decode()

    assert "<script>alert" not in page
    assert "<i>Eve" not in page


def test_twice_the_papers_take_no_more_queries(client, reader):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            client.get("/saved")
        return len(captured)

    save(reader, *[make_paper() for _ in range(5)])
    few = queries()
    save(reader, *[make_paper() for _ in range(10)])

    assert queries() == few
    assert few <= 10


@pytest.mark.parametrize("method", ["get", "head", "post"])
def test_a_stranger_is_led_to_sign_in_and_nothing_is_done(reader, method):
    paper = make_paper()
    save(reader, paper)

    answer = getattr(Client(), method)("/saved", {"paper": paper.pk})

    assert (answer.status_code, answer["Location"]) == (302, "/sign-in")
    assert feedback.standing(reader, [paper])


def test_another_site_cannot_remove_anything(client, reader):
    client.handler.enforce_csrf_checks = True
    paper = make_paper()
    save(reader, paper)

    answer = client.post("/saved", {"paper": paper.pk})

    assert answer.status_code == 403
    assert feedback.standing(reader, [paper])


def test_a_reader_follows_and_leaves_what_the_page_is_about(client, reader, subject):
    where = subject.get_absolute_url()
    offered = button(client.get(where))

    answer = client.post(f"{where}/follow", {offered["name"]: "1"}, follow=True)
    pressed, while_followed = button(answer), followed(reader)
    client.post(f"{where}/follow", {pressed["name"]: "1"})

    assert (offered["aria-pressed"], offered.get_text()) == ("false", f"Follow {subject.name}")
    assert answer.redirect_chain == [(f"{where}#follow", 302)], "the focus goes to the button"
    assert (pressed["aria-pressed"], pressed.get_text()) == ("true", f"Following {subject.name}")
    assert while_followed in ([(subject.name, 2)], [subject.name])
    assert followed(reader) == []
    reader.refresh_from_db()
    assert reader.last_seen_at is not None


def test_following_twice_is_once_and_asks_for_no_letter(client, reader, subject):
    where = f"{subject.get_absolute_url()}/follow"

    for _ in range(2):
        client.post(where, {"follow": "1"})

    assert stored() in ([1, 0, 0, 0], [0, 1, 0, 0])


def test_a_topic_keeps_the_weight_it_was_given(client, reader, robots):
    preferences.set_topics(reader, {robots: 3})

    client.post("/topic/robots/follow", {"follow": "1"})

    assert followed(reader) == [(robots.name, 3)]


def test_who_muted_an_author_is_told_and_cannot_follow_them(client, reader, ada):
    preferences.set_people(reader, followed=[], muted=[ada])

    client.post(f"{ada.get_absolute_url()}/follow", {"follow": "1"})
    answer = client.get(ada.get_absolute_url())

    assert followed(reader) == []
    assert button(answer) is None
    assert "You muted Ada &lt;A&gt;." in answer.content.decode()


def test_a_page_shows_its_own_readers_button(client, subject):
    other = make_subscriber(topics=[], language="ar")
    feedback.follow_topic(other, make_topic())
    where = subject.get_absolute_url()

    client.post(f"{where}/follow", {"follow": "1"})

    assert button(client.get(where))["aria-pressed"] == "true"
    assert button(signed_in(other).get(where))["aria-pressed"] == "false"


def test_a_stranger_is_offered_the_ways_in(robots, ada):
    stranger = Client()

    topic = BeautifulSoup(stranger.get("/topic/robots").content, "lxml")
    author = BeautifulSoup(stranger.get(ada.get_absolute_url()).content, "lxml")

    ways = [page.select_one(".pills a") for page in (topic, author)]
    assert [way["href"] for way in ways] == ["/?topic=robots", "/sign-in"]
    assert [way.get_text() for way in ways] == [
        "Follow Robots & arms",
        "Sign in to follow Ada <A>",
    ]
    assert not topic.select("form, #follow")
    assert not author.select("form, #follow")


def test_a_stranger_is_told_on_a_papers_page_how_to_save_it(client):
    page = make_paper().get_absolute_url()

    strangers = BeautifulSoup(Client().get(page).content, "lxml")
    readers = BeautifulSoup(client.get(page).content, "lxml")

    assert strangers.select(".pills a")[-1].get_text() == "Sign in to save it"
    assert strangers.select(".pills a")[-1]["href"] == "/sign-in"
    assert not strangers.select("form")
    assert "/sign-in" not in [way["href"] for way in readers.select(".pills a")]


def test_a_strangers_tap_is_led_to_sign_in_and_follows_nothing(subject):
    answer = Client().post(f"{subject.get_absolute_url()}/follow", {"follow": "1"})

    assert (answer.status_code, answer["Location"]) == (302, "/sign-in")
    assert stored() == [0, 0, 0, 0]


def test_a_reader_who_left_since_follows_nothing(client, reader, subject):
    reader.status = "unsubscribed"
    reader.save()

    answer = client.post(f"{subject.get_absolute_url()}/follow", {"follow": "1"})

    assert answer["Location"] == "/sign-in"
    assert stored() == [0, 0, 0, 0]


def test_opening_the_address_of_a_button_follows_nothing(client, subject):
    answer = client.get(f"{subject.get_absolute_url()}/follow?follow=1")

    assert answer["Location"] == subject.get_absolute_url()
    assert stored() == [0, 0, 0, 0]


def test_another_site_cannot_press_the_button(client, reader, subject):
    client.handler.enforce_csrf_checks = True
    where = subject.get_absolute_url()

    from_elsewhere = client.post(f"{where}/follow", {"follow": "1"})
    page = BeautifulSoup(client.get(where).content, "lxml")
    token = page.select_one("form:has(#follow) [name=csrfmiddlewaretoken]")["value"]
    own = client.post(f"{where}/follow", {"follow": "1", "csrfmiddlewaretoken": token})

    assert (from_elsewhere.status_code, own.status_code) == (403, 302)
    assert len(followed(reader)) == 1


@pytest.mark.parametrize(
    "path",
    ["topic/off", "topic/old", "topic/none", "author/0", f"author/{'9' * 30}", "author/-1"],
)
def test_what_is_not_offered_cannot_be_followed(client, robots, path):
    make_topic(slug="off", is_active=False)
    make_topic(slug="old", is_active=False, merged_into=robots)

    answer = client.post(f"/{path}/follow", {"follow": "1"})

    assert answer.status_code == 404
    assert stored() == [0, 0, 0, 0]


def taps(answer):
    """What stands on the buttons of a paper's page, and whether it is pressed."""
    buttons = BeautifulSoup(answer.content, "lxml").select(".actions [aria-pressed]")
    return {button.get_text().strip(): button["aria-pressed"] == "true" for button in buttons}


def test_a_reader_saves_a_paper_on_its_page_and_takes_it_back(client, reader):
    paper = make_paper()
    where = paper.get_absolute_url()

    before = taps(client.get(where))
    saved = client.post(f"/answer/{paper.pk}/saved", {"give": "1"}, follow=True)
    while_saved = titles(client.get("/saved"))
    undone = client.post(f"/answer/{paper.pk}/saved", {"undo": "1"}, follow=True)

    assert before == {"Save": False, "More like this": False, "Less like this": False}
    assert saved.redirect_chain == [(f"{where}#saved", 302)], "the focus goes to the button"
    assert taps(saved) == {"Saved": True, "More like this": False, "Less like this": False}
    assert while_saved == [paper.title]
    assert taps(undone) == before
    assert "private" in saved["Cache-Control"]
    reader.refresh_from_db()
    assert reader.last_seen_at is not None


def test_more_and_less_of_a_paper_take_each_other_back(client, reader):
    paper = make_paper()

    client.post(f"/answer/{paper.pk}/more", {"give": "1"})
    answer = client.post(f"/answer/{paper.pk}/less", {"give": "1"}, follow=True)

    assert taps(answer) == {"Save": False, "More like this": False, "Less like this": True}
    assert feedback.standing(reader, [paper]) == {paper.pk: {"less"}}


def test_what_was_said_of_a_paper_stands_on_the_page_of_the_one_it_became(client, reader):
    kept, merged = make_paper(), make_paper()
    save(reader, merged)
    merged.merged_into = kept
    merged.save()

    shown = taps(client.get(kept.get_absolute_url()))
    answer = client.post(f"/answer/{merged.pk}/saved", {"undo": "1"}, follow=True)

    assert shown["Saved"]
    assert answer.redirect_chain == [(f"{kept.get_absolute_url()}#saved", 302)]
    assert not taps(answer)["Save"]


def test_a_stranger_sees_no_buttons_and_what_they_post_is_led_to_sign_in():
    paper = make_paper()

    page = Client().get(paper.get_absolute_url())
    answer = Client().post(f"/answer/{paper.pk}/saved", {"give": "1"})

    assert taps(page) == {}
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in")


@pytest.mark.parametrize("path", ["0/saved", f"{'9' * 30}/saved", "x/saved", "1/pasted", "1/"])
def test_what_is_no_paper_or_no_answer_is_not_found(client, reader, path):
    answer = client.post(f"/answer/{path}", {"give": "1"})

    assert answer.status_code == 404
    assert not reader.feedback.exists()


def test_opening_the_address_of_an_answer_gives_none(client, reader):
    paper = make_paper()

    answer = client.get(f"/answer/{paper.pk}/more?give=1")

    assert answer["Location"] == paper.get_absolute_url()
    assert not reader.feedback.exists()


def test_another_site_cannot_answer_for_a_reader(client, reader):
    client.handler.enforce_csrf_checks = True

    answer = client.post(f"/answer/{make_paper().pk}/more", {"give": "1"})

    assert answer.status_code == 403
    assert not reader.feedback.exists()


def test_a_known_reader_costs_three_small_queries_more_at_most(client, reader, subject):
    where = subject.get_absolute_url()

    def queries(browser):
        with CaptureQueriesContext(connection) as captured:
            browser.get(where)
        return len(captured)

    for _ in range(5):
        feedback.follow_topic(reader, make_topic())

    assert queries(client) <= queries(Client()) + 3
