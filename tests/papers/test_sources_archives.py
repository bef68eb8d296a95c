import gzip
import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.sources import archives
from papers.sources.base import Mentioned, Parsed, Reading, SourceError
from tests.papers.outcomes import outcome

METADATA = {
    "id": "2602.00007",
    "title": "Planning on Graphs",
    "abstract": "We plan.",
    "authors": ["Ada Lark", "Bo Okoye"],
    "categories": ["cs.CL", "cs.AI"],
    "primary_category": "cs.CL",
    "published_at": None,
    "listed": "2026-02-03",
    "comment": "8 pages",
    "origin": "daily",
}


def lines(*items):
    return "\n".join(i if isinstance(i, str) else json.dumps(i) for i in items).encode()


def test_arxiv_metadata_is_a_paper_on_arxivs_list_of_that_day():
    (record,) = archives.parse(lines(METADATA)).records

    assert (record.source, record.listing, record.mentioned_on) == (
        "arxiv",
        "cs.CL",
        date(2026, 2, 3),
    )
    assert (record.arxiv_id, record.authors) == ("2602.00007", ("Ada Lark", "Bo Okoye"))
    assert (record.categories, record.comment) == (("cs.CL", "cs.AI"), "8 pages")
    assert record.published_at is None


def test_a_listed_paper_is_read_like_the_same_record_of_the_api():
    listed = {
        "list_date": "2024-05-27",
        "id": "2405.15738",
        "title": "Old",
        "summary": "S.",
        "authors": ["Ada Lark"],
        "upvotes": 32,
        "numComments": 3,
        "githubStars": None,
    }

    (record,) = archives.parse(lines(listed)).records

    noon = datetime(2024, 5, 27, 12, tzinfo=UTC)
    assert (record.source, record.mentioned_on) == ("hf", date(2024, 5, 27))
    assert record.readings == (Reading(noon, upvotes=32, comments=3),)


def test_votes_only_add_to_papers_that_are_known():
    votes = {
        "id": "2405.15738",
        "list_dates": ["2024-05-27", "2024-05-28"],
        "observations": [{"at": "2024-06-01T17:07:21Z", "upvotes": 32, "source": "api"}],
    }

    (record,) = archives.parse(lines(votes)).records

    assert (record.is_addition, record.title) == (True, "")
    assert record.readings == (Reading(datetime(2024, 6, 1, 17, 7, 21, tzinfo=UTC), upvotes=32),)
    assert record.mentioned_on == date(2024, 5, 27)
    assert record.also_mentioned == (Mentioned("hf", "daily", date(2024, 5, 28)),)


def test_a_broken_line_is_refused_and_the_rest_is_read():
    content = lines(METADATA, "{half", {"id": "2602.1"}, {"id": "2602.00009", "abstract": "A."}, "")

    found = archives.parse(content)

    assert len(found.records) == 1
    assert [refusal.record for refusal in found.refusals] == ["record 2", "2602.1", "2602.00009"]
    assert found.refusals[1].reason == "an object of no known kind"
    assert found.refusals[2].reason == "has no title"


@pytest.mark.parametrize("content", [b"", b"\n\n", b"[]", b'{"id": 1}', b"[" * 100_000])
def test_a_file_without_a_paper_says_so(content):
    with pytest.raises(SourceError, match="no line is a paper"):
        archives.parse(content)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content):
    assert isinstance(outcome(archives.parse, content), Parsed | SourceError)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("hf_daily_papers/compact_2024-05_to_2026-05.jsonl.gz", 5151),
        ("arxiv_metadata/arxiv_2026-02_to_2026-03.jsonl.gz", 15637),
        ("hf_upvote_history/upvote_observations.jsonl.gz", 9200),
    ],
)
def test_real_archives_are_read_whole(real_data, path, count):
    found = archives.parse(gzip.decompress((real_data / path).read_bytes()))

    assert (len(found.records), found.refusals) == (count, ())
    assert all(record.arxiv_id for record in found.records)
