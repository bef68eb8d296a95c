from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.sources import hf_text
from papers.sources.base import Parsed, SourceError
from tests.papers.outcomes import outcome

DATA = Path(__file__).resolve().parents[1] / "data" / "sources"
LIST = (DATA / "hf_list.txt").read_bytes()
SEARCH = (DATA / "hf_search.txt").read_bytes()


def test_a_copied_list_gives_title_abstract_date_and_comments():
    first, alone, last = hf_text.parse(LIST, on=date(2026, 2, 21)).records

    assert first.title == "Adding Sparse Parts"
    assert first.abstract.startswith("This text stands for an abstract.")
    assert first.published_at == datetime(2025, 7, 21, tzinfo=UTC)
    assert (first.listing, first.mentioned_on) == ("daily", date(2026, 2, 20))
    assert (alone.title, alone.abstract) == ("A Title Alone", "")
    assert last.published_at == datetime(2026, 2, 13, tzinfo=UTC)
    assert last.readings[0].comments == 2


def test_a_date_without_year_is_the_last_such_day_and_unknown_without_a_day_to_count_from():
    early = hf_text.parse(LIST, on=date(2026, 1, 5)).records
    unknown = hf_text.parse(LIST).records

    assert early[0].mentioned_on == date(2025, 2, 20)
    assert early[2].published_at == datetime(2025, 2, 13, tzinfo=UTC)
    assert (unknown[0].mentioned_on, unknown[2].published_at) == (None, None)
    assert unknown[0].published_at == datetime(2025, 7, 21, tzinfo=UTC)


def test_a_copied_search_loses_the_button_that_sticks_to_its_first_title():
    records = hf_text.parse(SEARCH, on=date(2026, 2, 20)).records

    assert [(record.title, record.abstract) for record in records] == [
        ("Adding Sparse Parts", "We add parts."),
        ("Subscribe Less, Read More", "We read them."),
    ]
    assert {record.listing for record in records} == {"search"}


@pytest.mark.parametrize("content", [b"", b"Some other text\n" * 20, b"\xff\x00 Daily Papers"])
def test_another_text_is_refused(content):
    with pytest.raises(SourceError, match=r"not a text|not copied from"):
        hf_text.parse(content)


def test_a_page_with_nothing_on_it_is_refused():
    with pytest.raises(SourceError, match="without a paper"):
        hf_text.parse(b"Daily Papers\nSubscribe\n")


@given(st.sampled_from([LIST, SEARCH]), st.binary(max_size=60), st.integers(0, 1500))
def test_any_bytes_are_read_or_refused(whole, content, cut):
    damaged = whole[:cut] + content + whole[cut + len(content) :]

    assert isinstance(outcome(hf_text.parse, b"Daily Papers\n" + content), Parsed | SourceError)
    assert isinstance(outcome(hf_text.parse, damaged), Parsed | SourceError)


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "count"), [("list", 40), ("search_a", 119), ("search_b", 162)])
def test_real_pages_are_read_to_the_last_paper(real_data, name, count):
    content = (real_data / "seed_pages" / f"hf_daily_papers_{name}.txt").read_bytes()

    found = hf_text.parse(content, on=date(2026, 4, 16))

    assert (len(found.records), found.refusals) == (count, ())
    assert all(len(record.title) < 200 < len(record.abstract) for record in found.records)
    assert not any("Subscribe" in record.title for record in found.records)
