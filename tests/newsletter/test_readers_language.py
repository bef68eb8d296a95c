"""A page behind a reader's own link speaks their language; any other that of the browser."""

import re
from datetime import timedelta

import pytest
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from papers.models import Mention
from subscribers import consent, links, notices
from subscribers.models import Subscriber
from tests.factories import NOW, make_digest, make_edition, make_paper, make_subscriber, make_topic

pytestmark = pytest.mark.django_db

GERMAN = {"accept-language": "de-AT,de;q=0.9"}
ARABIC_PAGE = '<html lang="ar" dir="rtl"'
GERMAN_PAGE = '<html lang="de" dir="ltr"'
TOKEN = re.compile(r"\(\?P<token>")
PURPOSES = {"confirm": "confirm", "restore": "restore", "pause": "pause"}
STATUS = {"confirm": Subscriber.Status.PENDING, "restore": Subscriber.Status.UNSUBSCRIBED}
OF_LETTERS = {"view", "tap", "answer"}
SPOKEN_NOWHERE = {"sign_in_by_link", "export"}  # a redirect and a file


def behind_links():
    """The name of every address with a reader's token in it."""
    for included in get_resolver().url_patterns:
        for found in getattr(included, "url_patterns", []):
            if isinstance(found, URLPattern) and TOKEN.search(str(found.pattern)):
                yield found.name


def address(name, reader):
    """Where the page of that name stands for this reader."""
    if name in OF_LETTERS:
        digest = make_digest(subscriber=reader, papers=[make_paper()])
        token, paper = digest.view_token, digest.entries.get().paper_id
        pages = {"view": f"/l/{token}", "tap": f"/f/{token}/{paper}/more"}
        return pages.get(name, f"/e/{token}/good")
    if name == "unsubscribe":
        return f"/u/{reader.unsubscribe_token}"
    token = links.make(reader.pk, PURPOSES.get(name, "preferences"))
    return {
        "confirm": f"/c/{token}",
        "restore": f"/back/{token}",
        "preferences": f"/p/{token}",
        "pause_here": f"/p/{token}/pause-here",
        "bring": f"/p/{token}/papers",
        "save": f"/p/{token}/when",
        "next_letter": f"/p/{token}/next",
        "preview_tap": f"/p/{token}/tap",
        "back_test": f"/p/{token}/try/topics",
    }.get(name, f"/p/{token}/{name}")


def arab(**fields):
    return make_subscriber(language="ar", **fields)


def left(reader):
    """Unsubscribed a day ago, so that they may come back."""
    consent.withdraw(reader, door="page", now=NOW + timedelta(days=1))
    reader.refresh_from_db()
    return reader


@pytest.mark.parametrize("name", sorted({*behind_links()} - SPOKEN_NOWHERE))
def test_a_page_behind_a_readers_link_speaks_their_language(name, client, time_machine):
    time_machine.move_to(NOW + timedelta(days=2))
    make_topic()
    reader = arab(status=Subscriber.Status.PENDING) if name == "confirm" else arab()
    where = address(name, left(reader) if name == "restore" else reader)

    answer = client.get(where, headers=GERMAN)
    if answer.status_code in {302, 405}:
        answer = client.post(where, {}, headers=GERMAN, follow=True)

    assert answer.status_code in {200, 400, 404}, where
    assert ARABIC_PAGE in answer.content.decode()
    assert answer["Content-Language"] == "ar"


@pytest.mark.parametrize("name", sorted({*behind_links()}))
def test_a_page_behind_a_readers_link_answers_head_as_it_answers_get(name, client, time_machine):
    time_machine.move_to(NOW + timedelta(days=2))
    make_topic()
    reader = make_subscriber(status=STATUS.get(name, Subscriber.Status.ACTIVE))
    where = address(name, left(reader) if name == "restore" else reader)

    asked, seen = client.head(where), client.get(where)

    assert (asked.status_code, asked.content) == (seen.status_code, b"")


def test_what_is_wrong_in_a_form_is_said_in_the_readers_language(client):
    home = address("preferences", arab())

    page = client.post(f"{home}/when", {"rhythm": "days"}, headers=GERMAN).content.decode()

    assert "اختر يومًا واحدًا على الأقل." in page  # our own words
    assert "هذا الحقل مطلوب." in page  # Django's


def test_a_page_that_is_not_there_says_so_in_the_language_of_the_reader_who_asked(client):
    home = address("preferences", arab())

    answer = client.post(f"{home}/forget", {"paper": "999"}, headers=GERMAN)

    assert answer.status_code == 404
    assert ARABIC_PAGE in answer.content.decode()


def test_a_new_language_holds_from_the_next_page_on(client):
    home = address("preferences", arab())
    mail = {"name": "", "max_papers": "5", "summaries": "long", "language": "fr"}

    page = client.post(f"{home}/mail", mail, headers=GERMAN, follow=True).content.decode()

    assert '<html lang="fr" dir="ltr">' in page


def test_whoever_is_erased_reads_the_last_page_in_their_language(client):
    home = address("preferences", arab())

    page = client.post(f"{home}/erase", headers=GERMAN).content.decode()

    assert not Subscriber.objects.exists()
    assert ARABIC_PAGE in page


def test_a_letter_that_a_page_asks_for_is_in_the_readers_language(client, mailoutbox, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    reader = arab()

    client.post(address("unsubscribe", reader), headers=GERMAN)
    notices.send_due(now=timezone.now())

    assert [message.subject for message in mailoutbox] == ["لم تعد تصلك Paper Round"]


def test_a_link_of_nobody_speaks_the_browsers_language(client):
    page = client.get("/p/" + "A" * 36, headers=GERMAN).content.decode()

    assert GERMAN_PAGE in page


def test_pages_of_nobody_in_particular_follow_the_browser_and_say_so_to_caches(client):
    make_edition()
    topic, paper = make_topic(), make_paper()
    Mention.objects.create(paper=paper, source="hf", mentioned_on=paper.first_mentioned_on)
    shared = ("/", "/today", "/topics", f"/topic/{topic.slug}", paper.get_absolute_url())
    sign_in = client.get("/sign-in", headers=GERMAN)
    client.get(address("preferences", arab()))  # its cookie changes nothing on the others

    assert GERMAN_PAGE in sign_in.content.decode()
    for path in (*shared, "/privacy", "/letters/daily/2026-02-20"):
        answer = client.get(path, headers=GERMAN)
        assert answer.status_code == 200, path
        assert GERMAN_PAGE in answer.content.decode(), path
        assert "Accept-Language" in answer["Vary"], path
        assert answer["Content-Language"] == "de", path


def test_a_form_without_its_cookie_is_refused_on_a_page_of_our_own(client):
    client.handler.enforce_csrf_checks = True

    answer = client.post("/sign-in", {"email": "ada@mail.example.net"}, headers=GERMAN)

    assert answer.status_code == 403
    assert GERMAN_PAGE in answer.content.decode()


def test_what_is_refused_before_its_page_is_reached_is_said_in_the_readers_language(client):
    home = address("preferences", arab())

    too_many = client.post(
        f"{home}/topics", {f"topic-{n}": "1" for n in range(3000)}, headers=GERMAN
    )
    client.handler.enforce_csrf_checks = True
    no_cookie = client.post(f"{home}/erase", headers=GERMAN)

    assert [too_many.status_code, no_cookie.status_code] == [400, 403]
    assert ARABIC_PAGE in too_many.content.decode()
    assert ARABIC_PAGE in no_cookie.content.decode()
    assert Subscriber.objects.exists()
