from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.sources import hf_page
from papers.sources.base import Parsed, Reading, SourceError
from tests.papers.outcomes import outcome

PAGE = (Path(__file__).resolve().parents[1] / "data" / "sources" / "hf_page.html").read_bytes()
AT = datetime(2026, 2, 20, 8, tzinfo=UTC)


def test_a_page_is_read_from_its_data_and_its_cards_add_what_that_lacks():
    first, second = hf_page.parse(PAGE, on=date(2026, 2, 20), at=AT).records

    assert (first.arxiv_id, first.abstract, first.authors) == (
        "2602.00001",
        "We begin.",
        ("Ada Lark",),
    )
    assert first.readings == (Reading(AT, upvotes=41, comments=3),)
    assert (second.arxiv_id, second.title, second.submitter) == (
        "2602.00002",
        "Second & Last",
        "cleo",
    )
    assert second.readings == (Reading(AT, upvotes=7),)


def test_the_pages_own_date_is_the_day_of_the_list():
    records = hf_page.parse(PAGE, on=date(2026, 2, 20)).records

    assert {record.mentioned_on for record in records} == {date(2026, 2, 19)}


@pytest.mark.parametrize("damage", [b"DailyPapers", b"&quot;date&quot;:&quot;2026"])
def test_without_readable_data_the_cards_suffice(damage):
    page = PAGE.replace(b"data-props", b"data-gone") if damage == b"DailyPapers" else PAGE
    page = page.replace(damage, b"&quot;")

    found = hf_page.parse(page, on=date(2026, 2, 20), at=AT)

    assert [record.arxiv_id for record in found.records] == ["2602.00001", "2602.00002"]
    assert [record.readings[0].upvotes for record in found.records] == [41, 7]
    assert {record.mentioned_on for record in found.records} == {date(2026, 2, 20)}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not an HTML page"),
        (b"[]", "not an HTML page"),
        (b"<html><title>Prove you\n are human</title>", "without papers: Prove you are human"),
        (b"<html>" + b"<div>" * 20_000, "without papers|cannot be read"),
        (b"<html>" + b"<article>" * 20_000, "without papers|cannot be read"),
        (b"<html>" + b"<article>" * 200_000, "too large"),
        (b"<html>" + b" " * 9_000_000, "too large"),
    ],
)
def test_what_is_no_list_of_papers_says_why(content, reason):
    with pytest.raises(SourceError, match=reason):
        hf_page.parse(content)


@given(st.binary(max_size=60), st.integers(0, len(PAGE)))
def test_any_bytes_are_read_or_refused(content, cut):
    damaged = PAGE[:cut] + content + PAGE[cut + len(content) :]

    assert isinstance(outcome(hf_page.parse, b"<html>" + content), Parsed | SourceError)
    assert isinstance(outcome(hf_page.parse, damaged), Parsed | SourceError)


@pytest.mark.realdata
def test_a_real_page_is_read_alike_from_data_and_from_cards(real_data):
    page = (real_data / "hf_papers_html" / "papers_2024-08-11.html").read_bytes()

    whole = hf_page.parse(page, on=date(2024, 8, 11))
    cards = hf_page.parse(page.replace(b"data-props", b"data-gone"), on=date(2024, 8, 1))

    assert len(whole.records) == len(cards.records) == 13
    assert {record.mentioned_on for record in whole.records} == {date(2024, 8, 1)}
    for one, other in zip(whole.records, cards.records, strict=True):
        assert (one.arxiv_id, one.title.split()) == (other.arxiv_id, other.title.split())
        assert one.readings[0].upvotes == other.readings[0].upvotes
        assert one.readings[0].comments == other.readings[0].comments
