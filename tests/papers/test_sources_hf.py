import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.sources import hf
from papers.sources.base import Parsed, Reading, SourceError
from tests.papers.outcomes import outcome

LIST_DAY = date(2026, 2, 20)


def item(**paper):
    return {"paper": {"id": "2602.00001", "title": "A Paper", **paper}}


def parsed(*items, on=LIST_DAY, at=None):
    return hf.parse(json.dumps(items).encode(), on=on, at=at)


def test_a_record_of_today_keeps_every_field():
    newest = item(
        id="2602.13515",
        title="Sparse\n  Attention",
        summary="We attend.",
        authors=[{"name": "Ada Lark", "hidden": False}, {"name": "Bo Okoye", "hidden": False}],
        publishedAt="2026-02-13T23:01:42.000Z",
        submittedOnDailyAt="2026-02-20T01:14:15.484Z",
        upvotes=10,
        githubRepo="https://github.com/example/sparse",
        githubStars=25,
        projectPage="https://example.org/sparse",
        ai_summary="It attends sparsely.",
        ai_keywords=["sparse attention", "top-k"],
        organization={"_id": "1", "name": "lab", "fullname": "Example Lab"},
    )
    newest |= {
        "publishedAt": "2026-02-13T18:01:42.000Z",
        "numComments": 2,
        "submittedBy": {"fullname": "Cleo Park", "name": "cleo"},
    }

    (record,) = parsed(newest).records

    assert (record.source, record.listing, record.mentioned_on) == ("hf", "daily", LIST_DAY)
    assert (record.arxiv_id, record.title) == ("2602.13515", "Sparse\n  Attention")
    assert (record.abstract, record.authors) == ("We attend.", ("Ada Lark", "Bo Okoye"))
    assert record.published_at == datetime(2026, 2, 13, 23, 1, 42, tzinfo=UTC)
    assert (record.summary, record.summary_source) == ("It attends sparsely.", "source")
    assert record.keywords == ("sparse attention", "top-k")
    assert record.code_url == "https://github.com/example/sparse"
    assert record.project_url == "https://example.org/sparse"
    assert record.discussion_url == "https://huggingface.co/papers/2602.13515"
    assert (record.submitter, record.organization) == ("Cleo Park", "Example Lab")
    noon = datetime(2026, 2, 20, 12, tzinfo=UTC)
    assert record.readings == (Reading(noon, upvotes=10, comments=2, stars=25),)


def test_a_record_of_2024_is_read_without_the_fields_that_came_later():
    oldest = {
        "paper": {"id": "2405.15738", "title": "Old", "summary": "S.", "authors": [], "upvotes": 0},
        "publishedAt": "2024-05-27T03:50:58.348Z",
        "title": "Old",
        "numComments": 3,
    }

    (record,) = parsed(oldest, on=date(2024, 5, 27)).records

    assert (record.summary, record.summary_source, record.submitter) == ("", "", "")
    assert record.organization == ""
    assert record.published_at is None  # the outer time is that of listing
    assert (record.readings[0].upvotes, record.readings[0].stars) == (0, None)


def test_the_list_day_is_the_callers_or_else_the_records_own():
    sent = item(submittedOnDailyAt="2026-02-19T23:59:00Z", upvotes=1)

    assert parsed(sent).records[0].mentioned_on == LIST_DAY
    assert parsed(sent, on=None).records[0].mentioned_on == date(2026, 2, 19)
    assert parsed(item(upvotes=1), on=None).records[0].mentioned_on is None


def test_counters_are_timed_by_the_caller_and_absent_where_no_day_is_known():
    at = datetime(2026, 2, 20, 17, 6, tzinfo=UTC)

    assert parsed(item(upvotes=3), at=at).records[0].readings == (Reading(at, upvotes=3),)
    assert parsed(item(upvotes=3), on=None).records[0].readings == ()
    assert parsed(item(), at=at).records[0].readings == ()


@pytest.mark.parametrize(("authors", "kind"), [("Jane Doe", "str"), ({"name": "Jane"}, "dict")])
def test_authors_that_are_no_list_are_refused_and_not_taken_letter_by_letter(authors, kind):
    read = parsed(item(authors=authors))

    assert read.records == ()
    assert [r.reason for r in read.refusals] == [f"a {kind} stands where a list should"]


def test_hidden_and_nameless_authors_are_left_out():
    authors = [
        {"name": "Ada Lark"},
        {"name": "Hidden Person", "hidden": True},
        {"name": "  "},
        {},
        "Bo Okoye",
    ]

    (record,) = parsed(item(authors=authors)).records

    assert record.authors == ("Ada Lark", "Bo Okoye")


def test_a_paper_without_arxiv_id_is_found_on_its_own_page():
    (record,) = parsed(item(id="some/report <1>")).records

    assert (record.arxiv_id, record.url) == (
        "",
        "https://huggingface.co/papers/some/report%20%3C1%3E",
    )


def test_a_broken_record_is_refused_by_name_and_the_rest_is_read():
    found = parsed(item(title=""), {"title": "no paper"}, item(summary=7), "text", item())

    assert len(found.records) == 1
    assert found.announced == 5
    assert [(refusal.record, refusal.reason) for refusal in found.refusals] == [
        ("2602.00001", "has no title"),
        ("record 2", "has no paper"),
        ("2602.00001", "a int stands where a text should"),
        ("record 4", "string indices must be integers, not 'str'"),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[\"{'paper': {}}\"]", "saved as Python"),
        (b'{"status": "no_data", "message": "none that day"}', "no_data; none that day"),
        (b'{"error": "Invalid date"}', "Invalid date"),
        (b"<!DOCTYPE html><title>Are you\n human?</title>", "HTML page .*: Are you human?"),
        (b"<!---->" * 280 + b"[", "not JSON"),
        (b"<html><title>" + b" " * 20_000, "HTML page .*: no title"),
        (b"7", "not a JSON list"),
        (b'[{"id": "a model"}]', "a JSON list without a paper"),
    ],
)
def test_what_is_no_list_of_papers_says_why(content, reason):
    with pytest.raises(SourceError, match=reason):
        hf.parse(content)


def test_an_empty_list_is_a_day_without_papers():
    assert hf.parse(b"[]") == Parsed(announced=0)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)


@given(
    st.sampled_from(
        [
            "id",
            "title",
            "summary",
            "authors",
            "publishedAt",
            "upvotes",
            "githubStars",
            "githubRepo",
            "projectPage",
            "ai_summary",
            "ai_keywords",
            "submittedOnDailyAt",
            "submittedOnDailyBy",
        ]
    ),
    json_values,
)
def test_any_value_in_any_field_is_read_or_refused(field, value):
    found = parsed(item(**{field: value}))

    assert len(found.records) + len(found.refusals) == 1


@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_refused(content):
    assert isinstance(outcome(hf.parse, content), Parsed | SourceError)


@pytest.mark.realdata
def test_every_saved_day_is_read_whole(real_data):
    days = sorted((real_data / "hf_daily_papers" / "raw").glob("*.json"))

    found = [hf.parse(path.read_bytes(), on=date.fromisoformat(path.stem)) for path in days]

    assert len(days) == 113
    assert sum(len(parsed.records) for parsed in found) == 2174
    assert not any(parsed.refusals for parsed in found)
    records = [record for parsed in found for record in parsed.records]
    assert all(r.arxiv_id and r.authors and r.abstract and r.published_at for r in records)
    assert sum(bool(r.summary) for r in records) == 1942
    assert sum(bool(r.code_url) for r in records) == 1031
    assert sum(r.readings[0].stars is not None for r in records) == 982


@pytest.mark.realdata
def test_every_badly_saved_file_says_why(real_data):
    for path in (real_data / "hf_daily_papers" / "malformed").glob("*.json"):
        with pytest.raises(SourceError, match=r"saved as Python|no_data"):
            hf.parse(path.read_bytes())
