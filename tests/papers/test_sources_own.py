import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from papers.sources import own
from papers.sources.base import Mentioned, SourceError


def document(*papers):
    return json.dumps({"format": "paper-round/1", "papers": list(papers)})


def test_a_full_paper_keeps_every_field():
    content = document(
        {
            "arxiv_id": "2602.13515v2",
            "title": "Reading Twice",
            "summary": "It reads twice.",
            "authors": ["Maya Ellison", {"name": "Bo Okoye", "affiliation": "Sample University"}],
            "categories": ["cs.LG"],
            "published_at": "2026-02-13T17:59:59Z",
            "source": "hf",
            "listing": "daily",
            "mentioned_on": "2026-02-16",
            "also_mentioned": [{"source": "arxiv", "listing": "cs.LG", "on": "2026-02-16"}],
            "readings": [{"read_at": "2026-02-16T08:00:00Z", "upvotes": 12}],
        }
    )

    (record,) = own.parse(content).records

    assert (record.arxiv_id, record.version, record.summary_source) == ("2602.13515", 2, "editor")
    assert record.authors == ("Maya Ellison", "Bo Okoye")
    assert record.affiliations == ("", "Sample University")
    assert record.published_at == datetime(2026, 2, 13, 17, 59, 59, tzinfo=UTC)
    assert (record.source, record.listing, record.mentioned_on) == (
        "hf",
        "daily",
        date(2026, 2, 16),
    )
    assert record.also_mentioned == (Mentioned("arxiv", "cs.LG", date(2026, 2, 16)),)
    assert [(r.source, r.upvotes, r.stars) for r in record.readings] == [("", 12, None)]


def test_a_broken_paper_is_refused_by_name_and_the_rest_is_read():
    content = document(
        {"arxiv_id": "2602.00001"},
        {"title": "No date", "mentioned_on": "soon"},
        {"title": "Whole"},
        "not a paper",
    )

    parsed = own.parse(content)

    assert [record.title for record in parsed.records] == ["Whole"]
    assert [(r.record, r.reason) for r in parsed.refusals] == [
        ("2602.00001", "has no title"),
        ("No date", "mentioned on 'soon', which is no date"),
        ("record 4", "'str' object has no attribute 'get'"),
    ]


@pytest.mark.parametrize("field", ["authors", "also_mentioned", "readings"])
@pytest.mark.parametrize(("value", "kind"), [("Jane Doe", "str"), ({"name": "Jane"}, "dict")])
def test_what_is_no_list_is_refused_and_not_taken_in_pieces(field, value, kind):
    parsed = own.parse(document({"title": "Whole", field: value}, {"title": "Bare", field: None}))

    assert [record.title for record in parsed.records] == ["Bare"]
    assert [r.reason for r in parsed.refusals] == [f"a {kind} stands where a list should"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "paper-round/1"}', "[" * 100_000])
def test_a_file_of_another_kind_says_so(content):
    with pytest.raises(SourceError):
        own.parse(content)


def test_the_papers_that_ship_are_all_read():
    content = (Path(own.__file__).parents[1] / "data" / "sample_papers.json").read_text()

    parsed = own.parse(content)

    assert (len(parsed.records), parsed.refusals) == (133, ())
    assert {record.source for record in parsed.records} == {"hf", "arxiv"}
    assert all(record.mentioned_on for record in parsed.records)
    assert sum(len(record.readings) for record in parsed.records) == 243
