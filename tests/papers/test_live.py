"""Live sources, asked through a client that a test fills."""

import json
import re
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote_plus

import pytest
from django.db import DataError

from papers import ledger, live, topics
from papers.ingest import fetch_and_ingest, fetch_due
from papers.intake import Counts
from papers.models import Fetch, Paper
from papers.sources import arxiv_api, arxiv_feeds, http
from papers.sources.base import SourceError, StoppedError
from papers.sources.http import Answer
from tests.factories import NOW, make_topic
from tests.papers.test_http import says
from tests.papers.upstream import Upstream as Server

pytestmark = pytest.mark.django_db

FRIDAY = date(2026, 2, 20)
DATA = Path(__file__).resolve().parents[1] / "data" / "sources"
# Two papers can be read, one has no title; the page is said to be the whole list.
ARXIV_PAGE = (DATA / "arxiv_page.xml").read_bytes().replace(b">412<", b">3<")


class Upstream:
    """Answers by the beginning of the address; anything else is out of reach."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked = []

    def get(self, url, *, params=None, etag="", last_modified=""):
        self.asked.append((url, dict(params or {}), etag, last_modified))
        for part, answer in self.answers.items():
            if part in url:
                if isinstance(answer, list):
                    answer = answer.pop(0)
                if isinstance(answer, Exception):
                    raise answer
                return answer
        raise SourceError("no such host")


def listed(*ids, upvotes=5, etag=""):
    papers = [
        {
            "paper": {
                "id": id_,
                "title": f"Paper {id_}",
                "summary": "We count.",
                "upvotes": upvotes,
                "authors": [{"name": "Ada Author"}],
                "publishedAt": "2026-02-19T10:00:00.000Z",
            },
            "numComments": 1,
        }
        for id_ in ids
    ]
    return Answer(200, json.dumps(papers).encode(), etag=etag)


def test_a_days_list_comes_in_with_its_votes():
    upstream = Upstream(daily_papers=listed("2602.00001", "2602.00002"))

    fetch = fetch_and_ingest("hf", FRIDAY, now=NOW, client=upstream)

    assert (fetch.status, fetch.received, fetch.new) == ("done", 2, 2)
    assert fetch.target == "2026-02-20"
    assert set(Paper.objects.values_list("upvotes", "first_mentioned_on")) == {(5, FRIDAY)}


def test_the_second_question_says_what_we_have_and_nothing_new_is_told_so():
    upstream = Upstream(daily_papers=[listed("2602.00001", etag='"a"'), Answer(304), Answer(304)])

    for hours in range(3):
        fetch_and_ingest("hf", FRIDAY, now=NOW + timedelta(hours=hours), client=upstream)

    assert [etag for _, _, etag, _ in upstream.asked] == ["", '"a"', '"a"']
    assert [f.status for f in Fetch.objects.order_by("id")] == ["done", "unchanged", "unchanged"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (SourceError("huggingface.co did not answer within 20 seconds"), "did not answer"),
        (Answer(200, b"<!doctype html><title>Just a moment...</title>"), "HTML"),
        (Answer(200, b""), ""),
        (Answer(200, b'{"error": "not yet\\u0000"}'), "not yet"),
        (Answer(200, b"[" * 100_000), ""),
    ],
)
def test_a_source_that_fails_leaves_a_row_with_the_reason(answer, reason):
    upstream = Upstream(daily_papers=answer)

    fetch = fetch_and_ingest("hf", FRIDAY, now=NOW, client=upstream)

    assert fetch.status == "failed"
    assert fetch.reason
    assert reason in fetch.reason
    assert fetch.finished_at >= fetch.started_at


def test_the_page_is_read_where_the_api_fails(real_page):
    upstream = Upstream(daily_papers=SourceError("HTTP 500"), **{"papers/date": real_page})

    fetch = fetch_and_ingest("hf", FRIDAY, now=NOW, client=upstream)

    assert (fetch.status, fetch.target) == ("done", "2026-02-20 page")
    assert fetch.new == 1
    assert Fetch.objects.filter(status="failed", reason="HTTP 500").exists()


@pytest.fixture
def real_page():
    papers = json.loads(listed("2602.00001").content)
    props = json.dumps({"dailyPapers": papers, "date": "2026-02-20"}).replace('"', "&quot;")
    page = f'<!doctype html><div data-target="DailyPapers" data-props="{props}"></div>'
    return Answer(200, page.encode())


def test_a_fault_of_ours_is_told_too_and_goes_no_further(monkeypatch):
    upstream = Upstream(daily_papers=listed("2602.00001"))
    monkeypatch.setattr(live, "ingest", lambda records, now: 1 / 0)

    fetch = fetch_and_ingest("hf", FRIDAY, now=NOW, client=upstream)

    assert fetch.reason == "a fault of ours: ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    "etag", ['"a\x00b"', '\x0b"a"', '\xa0"a"', '"a\ud800"', '"a"' * 200, ' "a"']
)
def test_a_validator_that_no_header_can_carry_is_not_kept(etag):
    answer = replace(listed("2602.00001", etag=etag), last_modified=f"Fri\x00{etag}")
    upstream = Upstream(daily_papers=answer)

    fetches = [fetch_and_ingest("hf", FRIDAY, now=NOW, client=upstream) for _ in range(2)]

    assert [fetch.status for fetch in fetches] == ["done", "done"]
    assert [asked[2:] for asked in upstream.asked] == [("", ""), ("", "")]


def test_a_row_that_cannot_be_stored_as_it_is_says_so_and_goes_no_further(monkeypatch):
    upstream = Upstream(daily_papers=listed("2602.00001"))
    monkeypatch.setattr(live, "ingest", lambda records, now: Counts(new=-1))

    fetch = fetch_and_ingest("hf", FRIDAY, now=NOW, client=upstream)

    fetch.refresh_from_db()
    assert fetch.status == "failed"
    assert fetch.reason.startswith("a fault of ours: IntegrityError")
    assert fetch.finished_at


def test_a_list_whose_bookkeeping_breaks_does_not_stop_the_others(monkeypatch, settings):
    settings.SOURCES = ["arxiv_feed", "hf"]
    upstream, opened = Upstream(daily_papers=listed("2602.00001")), ledger.entry

    def entry(source, *args):
        if source == "arxiv_feed":
            raise DataError("a NUL")
        return opened(source, *args)

    monkeypatch.setattr(ledger, "entry", entry)

    fetches = fetch_due(NOW, client=upstream)

    assert {(f.source, f.status) for f in fetches} == {("hf", "done")}


def test_arxiv_is_asked_for_the_categories_of_the_active_topics():
    make_topic(categories=["cs.LG", "stat.ML"])
    make_topic(categories=["q-bio.NC"], is_active=False)
    empty = b'<feed xmlns="http://www.w3.org/2005/Atom"></feed>'
    upstream = Upstream(arxiv=Answer(200, empty))

    fetch = fetch_and_ingest("arxiv", FRIDAY, now=NOW, client=upstream)

    assert (fetch.status, fetch.reason) == ("done", "lists no papers")
    assert fetch.target == "2026-02-20 cs.LG,stat.ML"
    query = upstream.asked[0][1]["search_query"]
    assert "cs.LG" in query
    assert "q-bio" not in query


@pytest.fixture
def server():
    server = Server()
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.mark.parametrize("source", ["arxiv", "arxiv_feed"])
def test_arxiv_is_asked_for_every_category_of_the_shipped_topics(server, monkeypatch, source):
    texts, _ = topics.read(topics.SHIPPED)
    topics.load(texts)
    empty = b'<feed xmlns="http://www.w3.org/2005/Atom"><title>arXiv</title></feed>'
    server.answers = [says(body=empty)]
    monkeypatch.setattr(http, "INTERVAL", 0.0)
    monkeypatch.setattr(arxiv_api, "ADDRESS", server.url)
    monkeypatch.setattr(arxiv_feeds, "ADDRESS", f"{server.url}/")

    fetch = fetch_and_ingest(source, FRIDAY, now=NOW)

    assert (fetch.status, fetch.reason) == ("done", "lists no papers")
    ((address, _),) = server.requests
    asked = set(re.findall(r"[\w.-]+", unquote_plus(address).replace("cat:", " ")))
    assert {code for text in texts for code in text.categories} <= asked


def test_a_code_that_arxiv_cannot_have_is_named_and_the_others_are_fetched(settings):
    settings.ARXIV_CATEGORIES = ["q-bio.BM", "cs.LG", "biology"]
    upstream = Upstream(arxiv=Answer(200, ARXIV_PAGE))

    fetch = fetch_and_ingest("arxiv", FRIDAY, now=NOW, client=upstream)

    assert (fetch.status, fetch.new) == ("partial", 2)
    assert fetch.refusals[0] == {"record": "category biology", "reason": "is no arXiv category"}
    assert "category biology: is no arXiv category" in fetch.reason
    assert "(cat:cs.LG OR cat:q-bio.BM)" in upstream.asked[0][1]["search_query"]


def test_arxiv_without_any_category_is_a_reason():
    fetch = fetch_and_ingest("arxiv", FRIDAY, now=NOW, client=Upstream())

    assert fetch.status == "failed"
    assert "no arXiv categories" in fetch.reason


def test_sources_are_asked_when_it_is_their_time(settings):
    settings.SOURCES, settings.FETCH_EVERY = ["hf"], 60
    upstream = Upstream(daily_papers=listed("2602.00001"))

    asked = [
        len(fetch_due(NOW + timedelta(minutes=minutes), client=upstream))
        for minutes in (0, 1, 30, 59, 61, 120, 13 * 60)
    ]

    assert asked == [6, 0, 0, 2, 0, 2, 6]


def test_one_source_that_is_down_does_not_stop_the_others(settings):
    settings.SOURCES = ["arxiv_feed", "hf"]
    upstream = Upstream(daily_papers=listed("2602.00001"))

    fetches = fetch_due(NOW, client=upstream)

    assert {(f.source, f.status) for f in fetches} == {("arxiv_feed", "failed"), ("hf", "done")}


def test_on_a_sunday_the_lists_of_the_week_are_asked_for():
    sunday = datetime(2026, 2, 22, 7, tzinfo=UTC)

    days = [day for day, _ in live.lists("hf", sunday)]

    assert days[:2] == [FRIDAY, FRIDAY - timedelta(days=1)]
    assert len(days) == 6
    assert [day for day, _ in live.lists("arxiv_feed", sunday)] == [FRIDAY]


def test_arxivs_day_begins_in_new_york():
    night = datetime(2026, 2, 20, 3, tzinfo=UTC)

    assert live.lists("arxiv", night)[0][0] == date(2026, 2, 19)


def test_lists_that_an_outage_swallowed_are_asked_for_until_they_are_in(settings):
    settings.SOURCES, settings.ARXIV_CATEGORIES = ["arxiv"], ["cs.LG"]
    empty = Answer(200, b'<feed xmlns="http://www.w3.org/2005/Atom"></feed>')
    monday = NOW - timedelta(days=4)
    there, away = Upstream(arxiv=empty), Upstream()
    asked = {}
    for day, upstream in [(0, there), (1, away), (2, away), (3, away), (4, there), (5, there)]:
        fetches = fetch_due(monday + timedelta(days=day, hours=10), client=upstream)
        asked[day] = {fetch.target[:10] for fetch in fetches}

    assert asked[0] == {"2026-02-16", "2026-02-13"}
    assert asked[4] == {"2026-02-20", "2026-02-19", "2026-02-18", "2026-02-17"}
    assert asked[5] == {"2026-02-20", "2026-02-19"}


def test_no_network_is_known_in_time(monkeypatch):
    def head(*args, **kwargs):
        raise live.requests.exceptions.ConnectionError

    monkeypatch.setattr(live.requests, "head", head)

    assert not live.online(timeout=0.5)


def test_a_service_that_is_stopped_asks_no_more_and_leaves_the_list_untried(settings):
    settings.SOURCES = ["hf"]
    upstream = Upstream(daily_papers=[listed("2602.00001"), StoppedError()])

    fetches = fetch_due(NOW, client=upstream)

    assert [fetch.status for fetch in fetches] == ["done"]
    assert len(upstream.asked) == 2
    assert Fetch.objects.count() == 1


def test_a_service_that_was_stopped_before_asks_nobody(settings):
    settings.SOURCES = ["hf"]
    upstream, stop = Upstream(daily_papers=listed("2602.00001")), threading.Event()
    stop.set()

    fetches = fetch_due(NOW, client=upstream, stop=stop)

    assert (fetches, upstream.asked) == ([], [])
