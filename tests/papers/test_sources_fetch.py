import json
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from papers.sources import arxiv_api, arxiv_feeds, hf, hf_page
from papers.sources.base import Parsed, Refusal, SourceError
from tests.papers.fake_client import FakeAnswer, FakeClient

DATA = Path(__file__).resolve().parents[1] / "data" / "sources"
FRIDAY = date(2026, 2, 20)
NOW = datetime(2026, 2, 20, 9, tzinfo=UTC)


def day_list(count, first=0):
    return json.dumps(
        [
            {"paper": {"id": f"2602.{first + n:05}", "title": "A Paper", "upvotes": n}}
            for n in range(count)
        ]
    ).encode()


def atom(count, *, total, first=0):
    entries = "".join(
        f"<entry><id>http://arxiv.org/abs/2602.{first + n:05}v1</id><title>T</title></entry>"
        for n in range(count)
    )
    return f"<feed><totalResults>{total}</totalResults>{entries}</feed>".encode()


def test_a_day_is_asked_for_until_a_list_is_not_full():
    client = FakeClient([day_list(100), day_list(30, first=100)])

    found = list(hf.fetch(client, on=FRIDAY, now=NOW, etag='"a"', last_modified="Fri"))

    assert [len(parsed.records) for _, parsed in found] == [100, 30]
    assert client.asked == [
        {"url": hf.ADDRESS, "etag": '"a"', "since": "Fri"}
        | {"date": "2026-02-20", "limit": "100", "p": "0"},
        {"url": hf.ADDRESS, "etag": "", "since": ""}
        | {"date": "2026-02-20", "limit": "100", "p": "1"},
    ]
    record = found[1][1].records[0]
    assert (record.mentioned_on, record.readings[0].read_at) == (FRIDAY, NOW)


@pytest.mark.parametrize(
    "fetch",
    [
        lambda client: hf.fetch(client, on=FRIDAY, now=NOW, etag='"a"'),
        lambda client: hf_page.fetch(client, on=FRIDAY, now=NOW, etag='"a"'),
        lambda client: arxiv_api.fetch(client, on=FRIDAY, categories=["cs.LG"], etag='"a"'),
        lambda client: arxiv_feeds.fetch(client, on=FRIDAY, categories=["cs.LG"], etag='"a"'),
    ],
)
def test_an_unchanged_answer_is_passed_on_and_nothing_more_is_asked(fetch):
    client = FakeClient([FakeAnswer(status=304)])

    ((answer, parsed),) = fetch(client)

    assert (answer.status, parsed) == (304, Parsed())
    assert [asked["etag"] for asked in client.asked] == ['"a"']


def test_the_page_of_a_day_is_read_as_of_now():
    client = FakeClient([(DATA / "hf_page.html").read_bytes()])

    ((_, parsed),) = hf_page.fetch(client, on=FRIDAY, now=NOW)

    assert client.asked[0]["url"] == "https://huggingface.co/papers/date/2026-02-20"
    assert {record.readings[0].read_at for record in parsed.records} == {NOW}


def test_arxivs_list_of_a_day_is_asked_for_page_by_page_in_the_order_of_submission():
    client = FakeClient([atom(500, total=620), atom(120, total=620, first=500)])

    found = list(arxiv_api.fetch(client, on=FRIDAY, categories=["stat.ML", "cs.LG", "cs.LG"]))

    assert [len(parsed.records) for _, parsed in found] == [500, 120]
    assert [asked["start"] for asked in client.asked] == ["0", "500"]
    assert client.asked[0]["search_query"] == (
        "(cat:cs.LG OR cat:stat.ML) AND submittedDate:[202602181900 TO 202602191859]"
    )
    assert {r.mentioned_on for _, parsed in found for r in parsed.records} == {FRIDAY}


def test_a_page_that_comes_empty_is_asked_for_again_and_then_reported():
    recovering = FakeClient([atom(0, total=2), atom(2, total=2)])
    empty = FakeClient([atom(2, total=3), *[atom(0, total=3)] * 3])

    found = list(arxiv_api.fetch(recovering, on=FRIDAY, categories=["cs.LG"]))

    assert [len(parsed.records) for _, parsed in found] == [2]
    with pytest.raises(SourceError, match="arXiv gave 2 of 3 papers, then nothing"):
        list(arxiv_api.fetch(empty, on=FRIDAY, categories=["cs.LG"]))


def test_a_day_on_which_nothing_came_in_is_one_answer():
    client = FakeClient([atom(0, total=0)])

    ((_, parsed),) = arxiv_api.fetch(client, on=FRIDAY, categories=["cs.LG"])

    assert parsed == Parsed(announced=0)


def test_arxiv_lists_nothing_at_weekends():
    assert list(arxiv_api.fetch(FakeClient([]), on=date(2026, 2, 21), categories=["cs.LG"])) == []


@pytest.mark.parametrize(
    ("on", "opens", "closes"),
    [
        (date(2026, 2, 16), "Thu 12 19:00", "Fri 13 19:00"),  # Monday
        (date(2026, 2, 17), "Fri 13 19:00", "Mon 16 19:00"),
        (date(2026, 2, 18), "Mon 16 19:00", "Tue 17 19:00"),
        (date(2026, 3, 10), "Fri 06 19:00", "Mon 09 18:00"),  # clocks went forward
    ],
)
def test_a_list_has_what_came_in_between_two_closings(on, opens, closes):
    window = arxiv_api.window(on)

    assert [f"{at:%a %d %H:%M}" for at in window] == [opens, closes]


def test_the_days_of_a_year_leave_no_gap_between_lists():
    days = [date.fromordinal(date(2026, 1, 1).toordinal() + n) for n in range(365)]

    windows = [window for day in days if (window := arxiv_api.window(day))]

    assert all(one[1] == next_[0] for one, next_ in pairwise(windows))


@pytest.mark.parametrize("categories", [[], ["cs.LG) OR all:electron"], [""]])
def test_without_a_category_there_is_no_question(categories):
    for fetch in (arxiv_api.fetch, arxiv_feeds.fetch):
        with pytest.raises(SourceError, match="categor"):
            list(fetch(FakeClient([]), on=FRIDAY, categories=categories))


@pytest.mark.parametrize("odd", ["cs.LG) OR all:electron", "my.XX", ""])
def test_what_is_no_category_is_left_out_of_the_question_and_named(odd):
    api = FakeClient([atom(500, total=501), atom(1, total=501, first=500)])
    feed = FakeClient([(DATA / "arxiv_feed.atom.xml").read_bytes()])

    pages = list(arxiv_api.fetch(api, on=FRIDAY, categories=["q-bio.BM", odd]))
    ((_, listed),) = arxiv_feeds.fetch(feed, on=FRIDAY, categories=["q-bio.BM", odd])

    assert api.asked[0]["search_query"].startswith("(cat:q-bio.BM) AND ")
    assert feed.asked[0]["url"] == "https://rss.arxiv.org/atom/q-bio.BM"
    left_out = Refusal(f"category {odd}", "is no arXiv category")
    assert [parsed.refusals for _, parsed in pages] == [(left_out,), ()]
    assert [len(parsed.records) for _, parsed in pages] == [500, 1]
    assert listed.refusals[0] == left_out


def test_the_feed_of_several_categories_is_one_request():
    client = FakeClient([(DATA / "arxiv_feed.atom.xml").read_bytes()])

    ((_, parsed),) = arxiv_feeds.fetch(client, on=FRIDAY, categories=["cs.CL", "cs.AI"])

    assert client.asked[0]["url"] == "https://rss.arxiv.org/atom/cs.AI+cs.CL"
    assert len(parsed.records) == 3


def test_a_feed_of_another_day_is_not_taken_for_the_day_that_was_asked():
    client = FakeClient([(DATA / "arxiv_feed.atom.xml").read_bytes()])

    with pytest.raises(SourceError, match="the feed is of 2026-02-20"):
        list(arxiv_feeds.fetch(client, on=date(2026, 2, 19), categories=["cs.AI"]))
