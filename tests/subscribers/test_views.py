import re
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from papers.models import Mention
from subscribers import consent, links
from subscribers.models import ConsentEvent, Notice, Subscriber
from tests.factories import NOW, make_paper, make_subscriber, make_topic

pytestmark = pytest.mark.django_db

ADA = "ada@mail.example.net"
Status = Subscriber.Status


@pytest.fixture
def topic():
    return make_topic(slug="vision", name="Vision & graphics", field="Computing")


def path(url: str) -> str:
    """Without the host, as the test client wants it."""
    return "/" + url.split("/", 3)[3]


def sign_up(client, email=ADA, **fields):
    return client.post(reverse("subscribers:landing"), {"email": email, **fields})


def list_paper(**fields) -> None:
    paper = make_paper(**fields)
    Mention.objects.create(paper=paper, source="hf", mentioned_on=paper.first_mentioned_on)


def stored() -> int:
    return Subscriber.objects.count() + ConsentEvent.objects.count() + Notice.objects.count()


def test_the_landing_page_offers_topics_and_todays_papers(client, topic):
    list_paper(title="A <quiet> baseline", authors=["Ines Okafor", "B", "C", "D"])

    page = client.get("/").content.decode()

    assert 'value="vision"' in page
    assert "Vision &amp; graphics" in page
    assert "A &lt;quiet&gt; baseline" in page
    assert "Ines Okafor, B, C and 1 other" in re.sub("</?bdi>", "", page)


@pytest.mark.parametrize(
    ("days_later", "tag", "heading"),
    [
        (0, "Today's top paper", "Rising today"),
        (2, "Top paper", "Papers of Friday 20 February 2026"),
        (275, "Top paper", "Papers of Friday 20 February 2026"),
    ],
)
def test_the_landing_page_dates_a_list_that_is_not_of_today(
    client, time_machine, days_later, tag, heading
):
    list_paper(title="A quiet baseline")
    time_machine.move_to(NOW + timedelta(days=days_later))

    page = BeautifulSoup(client.get("/").content, "lxml")

    assert page.select_one("#today-heading").get_text() == heading
    assert page.select_one(".mail .tag").get_text() == tag
    assert ("today" in page.select_one(".mail")["aria-label"].lower()) is (days_later == 0)
    assert page.select_one(".mail .top span").get_text() == "Friday 20 February"


def test_the_landing_page_of_a_list_begun_earlier_elsewhere_has_the_lists_own_date(
    client, time_machine
):
    time_machine.move_to(NOW)
    paper = make_paper(first_mentioned_on=NOW.date() - timedelta(days=3))
    Mention.objects.create(paper=paper, source="hf", mentioned_on=NOW.date())

    page = BeautifulSoup(client.get("/").content, "lxml")

    assert page.select_one(".mail .top span").get_text() == "Friday 20 February"


def test_the_landing_page_leaves_a_list_of_tomorrow_for_tomorrow(client, time_machine):
    time_machine.move_to(NOW)
    list_paper(title="Of today")
    list_paper(title="Of tomorrow", first_mentioned_on=NOW.date() + timedelta(days=1))

    page = client.get("/").content.decode()

    assert "Of today" in page
    assert "Of tomorrow" not in page


@pytest.mark.parametrize(
    ("asked", "ticked"),
    [
        ("topic=vision", ["vision"]),
        ("topic=vision&topic=vision&topic=nosuch", ["vision"]),
        ("topic=%00&topic=%22%3E%3Cscript%3E", []),
        ("", []),
    ],
)
def test_who_comes_from_a_topic_finds_it_ticked(client, topic, asked, ticked):
    make_topic(slug="bees")

    page = BeautifulSoup(client.get(f"/?{asked}").content, "lxml")

    assert [box["value"] for box in page.select("input[name=topics][checked]")] == ticked


def test_a_ticked_topic_is_never_folded_away(client):
    for n in range(4):
        make_topic(slug=f"topic-{n}", field="Computing", position=n)

    page = BeautifulSoup(client.get("/?topic=topic-3").content, "lxml")

    assert page.select_one("details[open] input[checked]")["value"] == "topic-3"


def test_the_landing_page_stands_without_topics_and_papers(client):
    assert client.get("/").status_code == 200


def test_the_landing_page_takes_few_queries(client, topic, django_assert_max_num_queries):
    for n in range(8):
        list_paper(trend=n / 10)

    with django_assert_max_num_queries(10):
        client.get("/")


def test_a_sign_up_keeps_topics_zone_and_language_and_says_what_to_do(client, topic):
    answer = client.post(
        "/",
        {"email": "Ada@mail.example.net", "topics": ["vision"], "timezone": "Europe/Berlin"},
        headers={"Accept-Language": "de-AT,de;q=0.9"},
    )

    reader = Subscriber.objects.get()
    assert answer.status_code == 200
    assert (reader.email, reader.status) == (ADA, Status.PENDING)
    assert (reader.timezone, reader.language) == ("Europe/Berlin", "de")
    assert [p.topic for p in reader.topic_preferences.all()] == [topic]
    assert ADA in answer.content.decode()
    assert "mit einem Klick" in ConsentEvent.objects.get().detail["shown"]


@pytest.mark.parametrize("status", [None, *Status.values])
def test_the_answer_is_the_same_whoever_has_the_address(client, topic, status):
    if status == Status.SUPPRESSED:
        consent.suppress(ADA, reason="bounced", now=timezone.now())
    elif status:
        make_subscriber(email=ADA, status=status)

    unknown = sign_up(client, "bob@mail.example.net", topics="vision")
    known = sign_up(client, ADA, topics="vision")

    def neutral(answer, email):
        return answer.content.decode().replace(email, "?").split("csrfmiddlewaretoken")[0]

    assert known.status_code == unknown.status_code == 200
    assert neutral(known, ADA) == neutral(unknown, "bob@mail.example.net")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"email": ""}, "Enter your email address."),
        ({"email": "ada"}, "Enter an address with an @"),
        ({"email": "ada@mail.example.net\r\nBcc: bob@mail.example.net"}, "one plain address"),
        ({"email": "Ada <ada@mail.example.net>"}, "one plain address"),
        ({"topics": ["vision", "astrology"]}, "not offered any more"),
        ({"topics": ["x\x00"]}, "not offered any more"),
        ({"topics": [f"t{n}" for n in range(1500)]}, "no more topics than are offered"),
        ({"timezone": "Mars/Olympus"}, "time zone that does not exist"),
        ({"timezone": "../../etc/passwd"}, "time zone that does not exist"),
        ({"timezone": "Europe/Berlin" * 100}, "Ensure this value has at most 64"),
    ],
)
def test_a_wrong_form_is_answered_clearly_and_stores_nothing(client, topic, fields, says):
    answer = client.post("/", {"email": ADA, "topics": ["vision"], **fields})

    assert answer.status_code == 400
    assert says in answer.content.decode()
    assert stored() == 0


def test_a_form_of_ten_thousand_topics_is_answered_clearly_and_stores_nothing(client, topic):
    answer = client.post("/", {"email": ADA, "topics": [f"t{n}" for n in range(10_000)]})

    assert answer.status_code == 400
    assert "choose fewer topics" in answer.content.decode()
    assert stored() == 0


def test_a_robot_gets_the_same_answer_and_nothing_is_stored(client, topic):
    answer = sign_up(client, website="https://spam.example")

    assert answer.status_code == 200
    assert stored() == 0


def test_one_network_cannot_sign_up_a_whole_list(client, topic):
    answers = [sign_up(client, f"reader{n}@mail.example.net") for n in range(21)]

    assert [a.status_code for a in answers] == [200] * 20 + [429]
    assert "Too many sign-ups" in answers[-1].content.decode()
    assert Subscriber.objects.count() == 20


def test_one_address_is_not_bombed_from_many_networks(client, topic):
    answers = [client.post("/", {"email": ADA}, REMOTE_ADDR=f"192.0.2.{n}") for n in range(1, 12)]

    assert {a.status_code for a in answers} == {200}
    assert Notice.objects.count() == 1
    assert ConsentEvent.objects.count() == 5


def test_confirming_takes_a_post_and_leads_to_the_preferences(client, topic):
    reader = make_subscriber(status=Status.PENDING, topics=[topic])
    url = path(links.confirm_url(reader, now=timezone.now()))

    asked = client.get(url)
    reader.refresh_from_db()
    status_after_get = reader.status
    confirmed = client.post(url, follow=True)

    reader.refresh_from_db()
    assert "Vision &amp; graphics" in asked.content.decode()
    assert status_after_get == Status.PENDING
    assert reader.status == Status.ACTIVE
    assert "Your first letter comes as soon as there are papers" in confirmed.content.decode()


def test_confirming_twice_is_fine(client):
    reader = make_subscriber(status=Status.PENDING)
    url = path(links.confirm_url(reader, now=timezone.now()))

    answers = [client.post(url) for _ in range(2)]

    assert [a.status_code for a in answers] == [302, 302]


def test_a_confirmation_is_good_for_seven_days(client):
    reader = make_subscriber(status=Status.PENDING)
    now = timezone.now()

    in_time = client.get(path(links.confirm_url(reader, now=now - timedelta(days=6.9))))
    too_late = client.get(path(links.confirm_url(reader, now=now - timedelta(days=7.1))))

    assert (in_time.status_code, too_late.status_code) == (200, 404)
    assert "does not work any more" in too_late.content.decode()


@pytest.mark.parametrize("status", [Status.UNSUBSCRIBED, Status.SUPPRESSED])
def test_an_old_confirmation_link_brings_nobody_back(client, status):
    reader = make_subscriber(status=status)

    link = path(links.confirm_url(reader, now=timezone.now()))

    opened, pressed = client.get(link), client.post(link)

    reader.refresh_from_db()
    assert (opened.status_code, pressed.status_code, reader.status) == (404, 404, status)


def test_one_click_needs_no_cookie_and_answers_200_every_time(client):
    client.handler.enforce_csrf_checks = True
    reader = make_subscriber()
    url = path(links.unsubscribe_url(reader))

    answers = [client.post(url, {"List-Unsubscribe": "One-Click"}) for _ in range(3)]

    reader.refresh_from_db()
    assert [a.status_code for a in answers] == [200, 200, 200]
    assert reader.status == Status.UNSUBSCRIBED
    withdrawn = ConsentEvent.objects.filter(kind="withdrawn")
    assert [event.door for event in withdrawn] == ["one-click"]


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("page", ["confirm", "unsubscribe", "preferences", "pause", "restore"])
def test_a_scanner_that_opens_every_link_changes_nothing(client, page, method):
    status = Status.PENDING if page == "confirm" else Status.ACTIVE
    reader = make_subscriber(status=status)
    if page == "restore":
        consent.withdraw(reader, door="page", now=timezone.now())
    timed = {"now": timezone.now()} if page in ("confirm", "restore") else {}
    before = Subscriber.objects.values().get()

    answer = getattr(client, method)(path(getattr(links, f"{page}_url")(reader, **timed)))

    assert answer.status_code == 200
    assert Subscriber.objects.values().get() == before


@pytest.mark.parametrize("page", ["/", "/sign-in"])
def test_a_watcher_that_asks_for_headers_only_gets_them(client, page):
    answer = client.head(page)

    assert (answer.status_code, answer.content) == (200, b"")


def test_the_unsubscribe_page_asks_acts_and_can_be_undone(client):
    reader = make_subscriber()
    url = path(links.unsubscribe_url(reader))

    asked = client.get(url).content.decode()
    done = client.post(url).content.decode()
    undo_url = path(done.split('action="')[1].split('"')[0])
    client.post(undo_url)

    reader.refresh_from_db()
    assert "Stop the letters?" in asked
    assert "You are unsubscribed" in done
    assert reader.status == Status.ACTIVE


def test_weekly_instead_brings_them_back_once_a_week(client):
    reader = make_subscriber(weekdays=0b0000110)
    consent.withdraw(reader, door="page", now=timezone.now())

    client.post(path(links.restore_url(reader, now=timezone.now())), {"weekly": "1"})

    reader.refresh_from_db()
    assert (reader.status, reader.cadence, reader.weekdays) == (Status.ACTIVE, "weekly", 0b10)


@pytest.mark.parametrize("url", ["/u/nobody", "/c/nobody", "/back/nobody", "/p/nobody/pause"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unknown_token_is_a_friendly_404(client, url, method):
    answer = getattr(client, method)(url)

    assert answer.status_code == 404
    assert "This link does not work any more" in answer.content.decode()


def test_signing_in_answers_the_same_and_writes_only_to_readers(client):
    make_subscriber(email=ADA)

    known = client.post("/sign-in", {"email": ADA})
    unknown = client.post("/sign-in", {"email": "bob@mail.example.net"})

    assert known.status_code == unknown.status_code == 200
    assert known.content.decode().replace(ADA, "?") == unknown.content.decode().replace(
        "bob@mail.example.net", "?"
    )
    assert [n.kind for n in Notice.objects.all()] == ["sign_in"]


def test_a_sign_in_link_opens_the_preferences_for_an_hour(client):
    reader = make_subscriber()
    now = timezone.now()

    opened = client.get(path(links.sign_in_url(reader, now=now)), follow=True)
    too_late = client.get(path(links.sign_in_url(reader, now=now - timedelta(hours=1.1))))

    assert reader.email in opened.content.decode()
    assert too_late.status_code == 404
    assert client.cookies["reader"]["httponly"]


def test_a_browser_that_opened_a_readers_link_signs_in_without_a_letter(client):
    reader = make_subscriber()
    client.get(path(links.preferences_url(reader)))

    answer = client.get("/sign-in")

    assert answer.status_code == 302
    assert answer.url == links.preferences_url(reader)
    assert not Notice.objects.exists()


def test_signing_out_forgets_the_browser(client):
    reader = make_subscriber()
    client.get(path(links.preferences_url(reader)))

    client.post("/sign-out")

    assert client.cookies["reader"].value == ""
    assert client.get("/sign-in").status_code == 200


def test_the_browser_of_one_who_left_is_a_strangers(client):
    reader = make_subscriber()
    client.get(path(links.preferences_url(reader)))
    reader.status = Subscriber.Status.UNSUBSCRIBED
    reader.save()

    answer = client.get("/sign-in")

    assert answer.status_code == 200
