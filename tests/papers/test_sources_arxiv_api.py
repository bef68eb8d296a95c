from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.sources import arxiv_api
from papers.sources.base import Parsed, SourceError
from tests.papers.outcomes import outcome

DATA = Path(__file__).resolve().parents[1] / "data" / "sources"
PAGE = (DATA / "arxiv_page.xml").read_bytes()


def test_an_entry_keeps_every_field():
    record = arxiv_api.parse(PAGE, on=date(2026, 2, 20)).records[0]

    assert (record.arxiv_id, record.version, record.doi) == ("2602.00001", 3, "10.1000/sums.4")
    assert (record.title, record.abstract) == ("Sums of\n  Sparse Parts", "We add $n$ parts.")
    assert record.authors == ("Ada Lark", "Bo Okoye")
    assert record.affiliations == ("Sample University", "")
    assert (record.primary_category, record.categories) == ("cs.LG", ("cs.LG", "stat.ML"))
    assert record.published_at == datetime(2026, 2, 1, 9, 30, tzinfo=UTC)
    assert record.revised_at == datetime(2026, 2, 18, 10, tzinfo=UTC)
    assert (record.comment, record.venue) == ("12 pages", "J. Ex. Sums 4 (2026) 1-12")
    assert (record.source, record.listing, record.mentioned_on) == (
        "arxiv",
        "cs.LG",
        date(2026, 2, 20),
    )


def test_a_primary_category_of_an_archive_with_a_hyphen_stays_the_first():
    page = PAGE.replace(b'"cs.LG"', b'"q-bio.BM"').replace(b'"stat.ML"', b'"cs.LG"')

    record = arxiv_api.parse(page).records[0]

    assert (record.primary_category, record.listing) == ("q-bio.BM", "q-bio.BM")
    assert record.categories == ("q-bio.BM", "cs.LG")


def test_an_old_id_and_a_paper_never_revised_are_read():
    record = arxiv_api.parse(PAGE).records[1]

    assert (record.arxiv_id, record.version) == ("quant-ph/0201999", 1)
    assert (record.revised_at, record.affiliations) == (None, ())
    assert record.mentioned_on == date(2002, 1, 18)


def test_a_page_says_how_many_there_are_and_refuses_a_broken_entry():
    found = arxiv_api.parse(PAGE)

    assert (found.announced, len(found.records)) == (412, 2)
    assert [refusal.reason for refusal in found.refusals] == ["has no title"]


def test_a_wrong_request_is_told_in_arxivs_words():
    with pytest.raises(SourceError, match="arXiv says: incorrect id format for xyz"):
        arxiv_api.parse((DATA / "arxiv_error.xml").read_bytes())


BOMB = b'<!DOCTYPE f [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><feed>&b;</feed>'
REACH = b'<!DOCTYPE f [<!ENTITY a SYSTEM "file:///etc/hostname">]><feed>&a;</feed>'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not XML"),
        (b"<feed>", "not XML"),
        (b'{"a": 1}', "not XML"),
        (b"<records/>", "not an Atom feed but <records>"),
        (b"<!doctype html><title>Prove you are human</title>", "Prove you are human"),
        (b'<?xml version="1.0" encoding="klingon"?><feed/>', "not XML"),
        (BOMB, "refused XML: EntitiesForbidden"),
        (REACH, "refused XML: EntitiesForbidden"),
    ],
)
def test_what_is_no_feed_says_why(content, reason):
    with pytest.raises(SourceError, match=reason):
        arxiv_api.parse(content)


@given(st.binary(max_size=200), st.integers(0, len(PAGE)))
def test_any_bytes_are_read_or_refused(content, cut):
    damaged = PAGE[:cut] + content + PAGE[cut + len(content) :]

    assert isinstance(outcome(arxiv_api.parse, content), Parsed | SourceError)
    assert isinstance(outcome(arxiv_api.parse, damaged), Parsed | SourceError)


@pytest.mark.realdata
def test_every_saved_answer_is_read_whole(real_data):
    expected = {
        "empty_response.xml": (0, 0),
        "hand_shortened_multi.xml": (2, 5619),
        "id_0000.0000_s0_m100.xml": (0, 0),
        "id_0808.05394_s0_m100.xml": (0, 0),
        "id_1605.08386_s0_m100.xml": (1, 1),
        "id_2104.12255v1_s0_m100.xml": (1, 1),
        "id_abc_s0_m100.xml": "arXiv says: incorrect id format for abc",
        "id_list.xml": (2, 2),
        "id_quant-ph_0201082v1_s0_m100.xml": (1, 1),
        "q_testing_s0_m100.xml": (100, 214881),
        "q_testing_s0_m15.xml": (15, 214881),
        "q_testing_s10_m10.xml": (10, 214881),
        "q_testing_s30_m10.xml": (10, 214881),
        "q_testing_s40_m10.xml": (10, 214881),
        "q_testing_s5_m10.xml": (10, 214881),
        "q_testing_s5_m15.xml": (15, 214881),
        "recent_listing.xml": (25, 449736),
        "sample_two_entries.xml": (2, 141182),
    }

    found = {}
    for path in sorted((real_data / "arxiv_api").glob("*.xml")):
        result = outcome(arxiv_api.parse, path.read_bytes())
        is_read = isinstance(result, Parsed)
        found[path.name] = (len(result.records), result.announced) if is_read else result.reason
        assert not is_read or not result.refusals

    assert found == expected
