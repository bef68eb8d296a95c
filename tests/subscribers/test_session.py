from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from papers.models import Author
from subscribers import links, session
from subscribers.models import Subscriber
from tests.factories import make_paper, make_subscriber, make_topic

ENDS = timedelta(days=30)
NAMES = ["Today", "Topics", "Saved", "Preferences", "Sign out"]


def signed_in(reader):
    client = Client()
    client.cookies[session.COOKIE] = cookie(reader)
    return client


def cookie(reader, *, purpose="cookie", lasts=ENDS):
    return links.make(reader.pk, purpose, until=timezone.now() + lasts)


def asked(rf, **cookies):
    request = rf.get("/today")
    request.COOKIES.update(cookies)
    return request


@pytest.fixture
def pages():
    """One of each kind that everybody may read."""
    paper = make_paper(title="On bees", authors=["Ada A"])
    make_topic(slug="robots", name="Robots")
    author = Author.objects.get(name="Ada A")
    return [
        *("/", "/today", "/topics", "/topic/robots", "/privacy", "/nowhere"),
        *(paper.get_absolute_url(), author.get_absolute_url()),
    ]


def masthead(answer):
    page = BeautifulSoup(answer.content, "lxml")
    return [part.get_text() for part in page.select(".masthead li")]


@pytest.mark.parametrize(
    "token",
    ["", "nobody", "\0" * 36, "A" * 36, "A" * 100_000, "é" * 36, "../../etc/passwd", "None"],
)
def test_a_cookie_that_nobody_signed_asks_the_database_nothing(rf, token):
    assert session.reader(asked(rf, reader=token)) is None


def test_a_page_that_asked_for_nobody_may_be_kept_by_every_cache(rf):
    answer = session.keep_private(lambda request: HttpResponse())(asked(rf))

    assert not answer.has_header("Vary")
    assert not answer.has_header("Cache-Control")


def test_a_page_that_asked_and_found_a_stranger_is_kept_for_strangers(rf):
    def page(request):
        return HttpResponse(str(session.reader(request)))

    answer = session.keep_private(page)(asked(rf))

    assert answer["Vary"] == "Cookie"
    assert not answer.has_header("Cache-Control")


@pytest.mark.django_db
def test_a_known_readers_pages_are_private_and_name_nobody(pages):
    reader = make_subscriber(email="ada@mail.example.net", name="Ada Lovelace")
    client = signed_in(reader)

    for path in pages:
        answer = client.get(path)
        page = answer.content.decode()

        assert "Cookie" in answer["Vary"], path
        assert "private" in answer["Cache-Control"], path
        assert masthead(answer) == NAMES, path
        for own in (reader.email, reader.name, reader.unsubscribe_token, "/p/", "/u/"):
            assert own not in page, path


@pytest.mark.django_db
@pytest.mark.parametrize(
    "whose",
    ["forged", "over", "of a letter", "pending", "unsubscribed", "suppressed", "erased"],
)
def test_who_is_not_a_known_reader_gets_the_very_page_of_a_stranger(client, pages, whose):
    reader = make_subscriber(status=whose if whose in Subscriber.Status.values else "active")
    tokens = {
        "forged": cookie(reader).swapcase(),
        "over": cookie(reader, lasts=-timedelta(seconds=2)),
        "of a letter": cookie(reader, purpose="preferences"),
    }
    known = signed_in(reader)
    known.cookies[session.COOKIE] = tokens.get(whose, cookie(reader))
    if whose == "erased":
        reader.delete()
    pages.remove("/")  # its form has a token of its own

    for path in pages:
        stranger, same = client.get(path), known.get(path)

        assert same.content == stranger.content, path
        assert same.headers == stranger.headers, path
        assert not same.cookies, path
        assert "Sign in" in masthead(same), path


@pytest.mark.django_db
def test_reading_pages_writes_nothing_about_a_known_reader(pages):
    reader = make_subscriber()
    client = signed_in(reader)
    before = Subscriber.objects.values().get()

    for path in pages:
        client.get(path)
        client.head(path)

    assert Subscriber.objects.values().get() == before


@pytest.mark.django_db
def test_a_reader_who_opened_their_own_link_is_signed_in_on_that_very_page(client):
    reader = make_subscriber()

    answer = client.get("/p/" + links.make(reader.pk, "preferences"))

    assert masthead(answer)[-1] == "Sign out"


@pytest.mark.django_db
def test_a_link_opened_in_anothers_browser_shows_whose_it_is_now(client):
    left, reader = make_subscriber(status="unsubscribed"), make_subscriber()
    client = signed_in(reader)

    answer = client.get("/p/" + links.make(left.pk, "preferences"))

    assert masthead(answer)[-1] == "Sign in"


@pytest.mark.django_db
def test_a_reader_who_leaves_is_signed_out_on_that_very_page():
    reader = make_subscriber()

    answer = signed_in(reader).post(f"/u/{reader.unsubscribe_token}")

    assert masthead(answer)[-1] == "Sign in"


@pytest.mark.django_db
def test_the_masthead_signs_out_by_a_post_of_this_site_only(pages):
    reader = make_subscriber()
    client = signed_in(reader)
    client.handler.enforce_csrf_checks = True
    form = BeautifulSoup(client.get("/today").content, "lxml").select_one(".masthead form")
    token = form.select_one("[name=csrfmiddlewaretoken]")["value"]

    by_get = client.get(form["action"])
    from_elsewhere = client.post(form["action"])
    kept = client.cookies[session.COOKIE].value
    client.post(form["action"], {"csrfmiddlewaretoken": token})

    assert (by_get.status_code, from_elsewhere.status_code) == (302, 403)
    assert kept
    assert client.cookies[session.COOKIE].value == ""
    assert masthead(client.get("/today"))[-1] == "Sign in"
