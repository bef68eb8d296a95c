"""No page of a reader's keeps a word of English in another language: see tests/leftovers.py."""

import re
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import Resolver404, URLPattern, get_resolver, resolve
from django.utils import translation
from django.views.defaults import server_error
from lxml import html as lxml_html

from papers import pool as pools
from papers.models import Engagement, Mention, PaperTopic
from subscribers import feedback, links
from subscribers.models import Follow, Rule, Subscriber
from tests.factories import NOW, make_digest, make_edition, make_paper, make_subscriber, make_topic
from tests.leftovers import FOREIGN, english

pytestmark = pytest.mark.django_db

# Not pages: files, redirects, what only machines ask for, and the operator's.
NO_PAGE = {
    "export",
    "sign_in_by_link",
    "sign_out",
    "preview_tap",
    "pause_here",
    "follow_topic",
    "follow_author",
    "status",
}
MACHINES = re.compile("admin/|hooks/")
OF_STAFF = {"newsletter/status.html"}


@pytest.fixture(autouse=True)
def _greek_house(settings, time_machine, monkeypatch):
    time_machine.move_to(NOW)
    monkeypatch.setattr(pools, "_recent", {})
    settings.SITE_NAME = "Εφημερίδα"
    settings.POSTAL_ADDRESS = "Οδός 1, Αθήνα"


@pytest.fixture
def bees():
    make_topic(name="Άστρα", slug="stars", field="")
    return make_topic(name="Μέλισσες", slug="bees", field="Ζώα", description="Όλα γι’ αυτές")


@pytest.fixture
def papers(bees):
    """Enough for every list; the first has all that a paper can have."""
    rows = [
        make_paper(
            title=f"Μέλισσες {n}",
            summary="Πετούν.",
            abstract="Πετούν πολύ.",
            authors=["Μαρία", "Νίκος", "Ελένη", "Άννα"],
            upvotes=40 - n,
            first_mentioned_on=(NOW - timedelta(days=n % 5)).date(),
        )
        for n in range(35)
    ]
    for paper in rows:
        PaperTopic.objects.create(paper=paper, topic=bees, score=2.0, belongs=True)
        on = paper.first_mentioned_on
        Mention.objects.create(paper=paper, source="hf", listing="daily", mentioned_on=on)
    first = rows[0]
    Mention.objects.create(paper=first, source="arxiv", listing="cs.LG", mentioned_on=NOW.date())
    for hours, votes in ((48, 5), (24, 12), (0, 40)):
        at = NOW - timedelta(hours=hours)
        Engagement.objects.create(paper=first, source="hf", read_at=at, upvotes=votes, comments=2)
    first.trend_inputs = {
        "votes": 40, "hours": 12.0, "ordinary": 6.0, "promised": 9.0, "topic": bees.pk,
        "burst": 1.31, "listed": 31, "usual": 22.4, "excess": 4.25, "voted": 17,
    }  # fmt: skip
    for name in ("code_url", "project_url", "discussion_url"):
        setattr(first, name, "https://papers.example.net/1")
    first.organization, first.venue, first.doi = "Πανεπιστήμιο", "Συνέδριο", "10.1000/1"
    first.version, first.revised_at, first.stars = 2, NOW, 1200
    first.retracted_at = None
    first.save()
    rows[1].retracted_at = NOW
    rows[1].save()
    Engagement.objects.create(paper=rows[1], source="hf", read_at=NOW, upvotes=39)
    return rows


@pytest.fixture
def reader(bees, papers):
    reader = make_subscriber(topics=[bees], email="1@2.gr", name="Αλέξης")
    Follow.objects.create(subscriber=reader, author=papers[0].authorships.first().author)
    muted = papers[0].authorships.last().author
    Rule.objects.create(subscriber=reader, kind="mute_author", author=muted)
    Rule.objects.create(subscriber=reader, kind="title", text="Ένας τίτλος")
    for kind, paper in zip(feedback.Kind.values, papers[20:], strict=False):
        if kind != feedback.Kind.PASTED:
            feedback.give(reader, paper, kind, now=NOW)
    feedback.bring(reader, [papers[30]], now=NOW)
    return reader


def of_nobody(client, papers):
    """Pages for everybody; each is (path, answer)."""
    first = papers[0]
    make_edition()
    for path in (
        *("/", "/?topic=bees", "/sign-in", "/today", "/today?page=2", "/topics", "/topic/bees"),
        *("/topic/stars", "/today?span=7d&topic=bees&code=1", "/today?topic=stars"),
        *("/d/2026-02-17", "/d/2025-01-01", "/privacy", "/nowhere", "/topic/none"),
        *("/letters/daily/2026-02-20", "/today/atom", "/d/2026-02-20/atom"),
        *("/topic/bees/atom", "/letters/daily/atom", "/letters/weekly/atom"),
        *(first.get_absolute_url(), papers[1].get_absolute_url()),
        f"/author/{first.authorships.first().author_id}",
        f"/author/{first.authorships.first().author_id}/atom",
    ):
        yield path, client.get(path)
    yield "elsewhere", client.get("/", headers={"host": "evil.example.net"})
    yield "too many fields", client.post("/", {f"field{n}": "3" for n in range(2001)})
    client.handler.enforce_csrf_checks = True
    yield "no cookie", client.post("/sign-in")
    client.handler.enforce_csrf_checks = False
    yield "/ sent", client.post("/", {"email": "3@4.gr", "topics": ["bees"]})
    wrong = {"email": "3", "topics": ["none"], "timezone": "Mars"}
    yield "/ wrong", client.post("/", wrong)
    yield "/sign-in sent", client.post("/sign-in", {"email": "3@4.gr"})
    for email in ("", "a b@c", "a@b", "a" * 300):
        yield f"/sign-in {email[:5]}", client.post("/sign-in", {"email": email})


def of_a_reader(client, reader, papers, of_topic):
    """Pages behind a reader's own links, before and after each thing they may do."""
    home = "/p/" + links.make(reader.pk, "preferences")
    for asked in ("", "?welcome", "?back", "?saved=when", "?saved=topics", "/erase", "/next"):
        yield home + asked, client.get(home + asked)
    for group in ("when", "topics", "people", "mail"):
        words = {"follow": "Κανείς", "want": "α" * 200, "rhythm": "days"}
        words[f"topic-{of_topic.pk}"] = "9"
        yield f"{group} wrong", client.post(f"{home}/{group}", words)
    many = {"want": "\n".join(f"λέξη{n}" for n in range(101)), "search": "α" * 201}
    yield "people many", client.post(f"{home}/people", many)
    pasted = "arXiv:9901.00001\nΈνας άγνωστος τίτλος\nφι\n" + papers[3].arxiv_id
    yield "bring", client.post(f"{home}/papers", {"pasted": pasted})
    for content in (b"\0", b"{", b"{}", b"[1]", b"x" * 6_000_000, b"@article{, note={}}", b""):
        sent = {"file": BytesIO(content)}
        yield f"bring {content[:4]!r}", client.post(f"{home}/papers", sent)
    yield "tap", client.post(f"{home}/tap", {"paper": papers[5].pk, "kind": "more"}, follow=True)
    yield "try", client.post(f"{home}/try/people", {"mute_words": "Μέλισσες 2"})
    followed, muted = reader.follows.get().author_id, reader.rules.get(kind="mute_author").author_id
    for shown in ("/topic/bees", "/topic/stars", f"/author/{followed}", f"/author/{muted}"):
        yield f"{shown} signed in", client.get(shown)
    for path in ("/topic/stars", f"/author/{followed}"):
        yield f"{path}/follow", client.post(f"{path}/follow", {"unfollow": "1"}, follow=True)
    for kind in ("saved", "more"):
        path = f"/answer/{papers[1].pk}/{kind}"
        yield f"{kind} of a paper", client.post(path, {"give": "1"}, follow=True)
    yield "/saved", client.get("/saved")
    for paper in feedback.saved(reader):
        yield "/saved removed", client.post("/saved", {"paper": paper}, follow=True)
    yield "forget", client.post(f"{home}/forget", {"paper": "0"})
    yield "pause here", client.post(f"{home}/pause-here", {"weeks": ""}, follow=True)
    pause = "/p/" + links.make(reader.pk, "pause") + "/pause"
    for what in ({"weeks": "2"}, {"resume": "1"}):
        yield f"pause {what}", client.post(pause, what)
        yield "paused", client.get(pause)
    yield "save", client.post(f"{home}/topics", {f"topic-{of_topic.pk}": "2"}, follow=True)
    yield "no such link", client.get("/p/" + "A" * 36)


def of_a_letter(client, reader, papers):
    digest = make_digest(subscriber=reader, papers=papers[6:9])
    entry = digest.entries.first()
    entry.reasons = [{"kind": "topic", "topic": "Μέλισσες", "phrase": ""}]
    entry.save()
    start = f"/f/{digest.view_token}/{entry.paper_id}"
    yield "copy", client.get(f"/l/{digest.view_token}")
    paths = [
        f"{start}/{action}" for action in ("more", "less", "save", "seen", "authors", "follow")
    ]
    words = ("good", "mixed", "off", "keep", "weekly")
    for path in paths + [f"/e/{digest.view_token}/{word}" for word in words]:
        yield path, client.get(path)
        yield f"{path} done", client.post(path)
        yield f"{path} undone", client.post(path, {"undo": "1"})


def of_who_comes_and_goes(client, reader, topics):
    pending = Subscriber.Status.PENDING
    new = make_subscriber(language=reader.language, status=pending, email="5@6.gr", topics=topics)
    yield "confirm", client.get("/c/" + links.make(new.pk, "confirm"))
    leave = f"/u/{reader.unsubscribe_token}"
    yield "leave", client.get(leave)
    yield "left", client.post(leave)
    yield "left before", client.get(leave)
    yield "back", client.get("/back/" + links.make(reader.pk, "restore"))
    gone = make_subscriber(language=reader.language, status=Subscriber.Status.SUPPRESSED)
    yield "suppressed", client.get(f"/u/{gone.unsubscribe_token}")
    home = "/p/" + links.make(reader.pk, "preferences")
    yield "not subscribed", client.get(home)
    yield "erased", client.post(f"{home}/erase")


@pytest.mark.parametrize("language", FOREIGN)
def test_no_page_keeps_a_word_of_english(language, client, bees, reader, papers):
    Subscriber.objects.update(language=language)
    reader.refresh_from_db()
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    left, opened, templates = {}, set(), set()

    for pages in (
        of_nobody(client, papers),
        of_a_reader(client, reader, papers, bees),
        of_a_letter(client, reader, papers),
        of_who_comes_and_goes(client, reader, [bees]),
    ):
        for label, answer in pages:
            assert answer.status_code in {200, 400, 403, 404}, label
            templates |= {template.name for template in answer.templates}
            opened.add(answer.request["PATH_INFO"])
            words = set(english(lxml_html.document_fromstring(answer.content)))
            if words:
                left[label] = sorted(words)

    assert left == {}
    assert names_of_pages() - NO_PAGE <= {name for path in opened if (name := named(path))}
    assert templates >= shown_templates()


def names_of_pages():
    """Of every address that a reader may open."""
    return {
        found.name
        for included in get_resolver().url_patterns
        for found in getattr(included, "url_patterns", [])
        if isinstance(found, URLPattern) and not MACHINES.match(str(included.pattern))
    }


def named(path):
    try:
        return resolve(path).url_name
    except Resolver404:
        return None


def shown_templates():
    """Of every page, and of the parts of pages."""
    root = Path(settings.BASE_DIR) / "templates"
    folders = ("papers", "subscribers", "newsletter")
    files = [file for folder in folders for file in (root / folder).iterdir()]
    return {str(file.relative_to(root)) for file in [*root.glob("40*.html"), *files]} - OF_STAFF


@pytest.mark.parametrize("language", FOREIGN)
def test_not_even_when_something_goes_wrong(language, rf):
    with translation.override(language):
        page = server_error(rf.get("/")).content

    assert set(english(lxml_html.document_fromstring(page))) == set()
    assert f'lang="{language}"' in page.decode()
