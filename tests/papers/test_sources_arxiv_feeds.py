from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.sources import arxiv_feeds
from papers.sources.base import Parsed, SourceError
from tests.papers.outcomes import outcome

DATA = Path(__file__).resolve().parents[1] / "data" / "sources"
ATOM = (DATA / "arxiv_feed.atom.xml").read_bytes()
RSS = (DATA / "arxiv_feed.rss.xml").read_bytes()


def test_each_paper_is_listed_by_how_it_was_announced():
    found = arxiv_feeds.parse(ATOM)

    assert [(r.arxiv_id, r.version, r.announce_type, r.listing) for r in found.records] == [
        ("2602.00001", 1, "new", "cs.AI new"),
        ("2602.00002", 1, "cross", "cs.AI cross"),
        ("2501.00003", 4, "replace-cross", "cs.AI replace-cross"),
    ]
    assert {record.mentioned_on for record in found.records} == {date(2026, 2, 20)}
    assert found.announced == 4
    assert found.refusals[0].record == "oai:arXiv.org:2602.00004v1"
    assert "'withdrawal'" in found.refusals[0].reason


def test_the_head_of_the_abstract_is_cut_and_the_line_of_authors_split():
    record = arxiv_feeds.parse(ATOM).records[0]

    assert record.abstract == "We begin."
    assert record.authors == ("Ada Lark", "Bo Okoye, Jr.", r"Ren\'e Park")
    assert (record.primary_category, record.categories) == ("cs.AI", ("cs.AI", "cs.LG"))
    assert record.published_at is None  # the feed's date is that of the announcement


def test_the_same_list_as_rss_is_read_alike():
    (record,) = arxiv_feeds.parse(RSS).records

    assert (record.arxiv_id, record.abstract, record.authors) == (
        "2602.00001",
        "We begin.",
        ("Ada Lark",),
    )
    assert (record.listing, record.mentioned_on) == ("cs.CL new", date(2026, 2, 20))
    assert record.categories == ("cs.CL", "cs.LG")
    assert (record.doi, record.venue) == ("10.1000/new.1", "J. Ex. News 1")


@pytest.mark.parametrize("code", ["cs.AI", "q-bio.BM", "q-fin.ST", "quant-ph"])
def test_a_feed_of_one_category_says_which(code):
    assert arxiv_feeds.feed_category(f"{code} updates on arXiv.org") == code


def test_a_feed_of_several_categories_is_of_none():
    assert arxiv_feeds.feed_category("cs.AI, cs.CL updates on arXiv.org") == ""


def test_a_day_without_announcements_is_an_empty_list():
    empty = b"<rss><channel><title>cs.AI updates on arXiv.org</title></channel></rss>"

    assert arxiv_feeds.parse(empty) == Parsed(announced=0)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<rss/>", "not a feed but <rss>"),
        (b"<html xmlns='x'/>", "an HTML page came instead"),
        (
            b"<rss><channel><title>Our Cats</title></channel></rss>",
            "not a feed of arXiv's: Our Cats",
        ),
    ],
)
def test_another_feed_says_why_it_is_none_of_arxivs(content, reason):
    with pytest.raises(SourceError, match=reason):
        arxiv_feeds.parse(content)


@given(st.sampled_from([ATOM, RSS]), st.binary(max_size=60), st.integers(0, 1500))
def test_any_bytes_are_read_or_refused(whole, content, cut):
    damaged = whole[:cut] + content + whole[cut + len(content) :]

    assert isinstance(outcome(arxiv_feeds.parse, content), Parsed | SourceError)
    assert isinstance(outcome(arxiv_feeds.parse, damaged), Parsed | SourceError)


@pytest.mark.realdata
def test_a_real_feed_is_read_whole(real_data):
    path = real_data / "arxiv_feeds" / "rss.arxiv.org_atom_cs.AI_2025-08-20.xml"

    found = arxiv_feeds.parse(path.read_bytes())

    assert Counter(record.listing for record in found.records) == {"cs.AI cross": 5, "cs.AI new": 2}
    assert {record.mentioned_on for record in found.records} == {date(2025, 8, 20)}
    assert (found.refusals, found.announced) == ((), 7)
