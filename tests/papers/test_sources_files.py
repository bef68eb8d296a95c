import gzip
import json
import os
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.sources import files
from papers.sources.base import Parsed, SourceError
from tests.papers.outcomes import outcome

DATA = Path(__file__).resolve().parents[1] / "data" / "sources"
DAY = json.dumps([{"paper": {"id": "2602.00001", "title": "A Paper", "upvotes": 4}}]).encode()
LINE = json.dumps(
    {"id": "2602.00002", "title": "Another", "abstract": "A.", "listed": "2026-02-03"}
)
OWN = json.dumps({"format": "paper-round/1", "papers": [{"title": "Ours"}]})


def titles(result):
    return [record.title for record in result.records]


def test_a_folder_is_read_in_order_whatever_the_formats_and_a_broken_file_stops_nothing(tmp_path):
    (tmp_path / "2026-02-20.json").write_bytes(DAY)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(f"{LINE}\n{LINE}\n".encode()))
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "own.json").write_text(OWN)
    (tmp_path / "broken.json.gz").write_bytes(gzip.compress(DAY)[:-12])
    (tmp_path / ".hidden.json").write_bytes(DAY)

    found = dict(files.read_path(tmp_path))

    assert list(found) == ["2026-02-20.json", "b.jsonl.gz", "broken.json.gz", "c/own.json"]
    assert titles(found["2026-02-20.json"]) == ["A Paper"]
    assert titles(found["b.jsonl.gz"]) == ["Another", "Another"]
    assert titles(found["c/own.json"]) == ["Ours"]
    assert "cannot be read" in found["broken.json.gz"].reason


@pytest.mark.parametrize(
    ("name", "source", "count"),
    [
        ("arxiv_page.xml", "arxiv", 2),
        ("arxiv_feed.atom.xml", "arxiv", 3),
        ("arxiv_feed.rss.xml", "arxiv", 1),
        ("hf_page.html", "hf", 2),
        ("hf_list.txt", "hf", 3),
        ("hf_search.txt", "hf", 2),
    ],
)
def test_each_format_is_known_by_its_content(name, source, count):
    found = files.parse((DATA / name).read_bytes())

    assert [record.source for record in found.records] == [source] * count


def test_day_and_time_come_from_the_name_of_the_file(tmp_path):
    file = tmp_path / "2024-06-12__taken_2024-06-13T0350Z.json"
    file.write_bytes(DAY)

    ((name, found),) = files.read_path(file)

    (record,) = found.records
    assert name == file.name
    assert record.mentioned_on == date(2024, 6, 12)
    assert record.readings[0].read_at == datetime(2024, 6, 13, 3, 50, tzinfo=UTC)


def test_the_callers_day_counts_where_the_name_has_none(tmp_path):
    for name in ("2026-02-19.json", "list.json"):
        (tmp_path / name).write_bytes(DAY)

    found = dict(files.read_path(tmp_path, on=date(2026, 2, 20)))

    days = {name: parsed.records[0].mentioned_on for name, parsed in found.items()}
    assert days == {"2026-02-19.json": date(2026, 2, 19), "list.json": date(2026, 2, 20)}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "an empty file"),
        (b" \n", "an empty file"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not a text"),
        (b"Dear diary", "plain text, but not copied from"),
        (b'{\n "status": "no_data"\n}', "no_data"),
        (b'{"id": 1}', "no line is a paper"),
        (b'{\n "format": "other/2"\n}', "not a file of the format"),
        (b"\x1f\x8b\x08broken", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path, content, reason):
    file = tmp_path / "file"
    file.write_bytes(content)

    ((_, found),) = files.read_path(file)

    assert isinstance(found, SourceError)
    assert re.search(reason, found.reason)


def test_a_file_that_unpacks_to_more_than_is_allowed_is_refused(tmp_path):
    file = tmp_path / "bomb.gz"
    file.write_bytes(gzip.compress(b" " * 5_000_000))

    ((_, found),) = files.read_path(file, largest=1024 * 1024)

    assert found.reason == "larger than 1 MB"


def test_what_is_no_file_is_named(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    reasons = [
        next(files.read_path(path))[1].reason
        for path in (tmp_path / "missing", tmp_path / "pipe", tmp_path)
    ]

    assert reasons == ["no such file", "not a plain file", "a folder without files"]


@given(
    st.binary(max_size=100),
    st.sampled_from([b"", b"[", b"{", b"<", b"<feed", b"<html>", b'{"format']),
)
def test_any_bytes_are_read_or_refused(content, start):
    assert isinstance(outcome(files.parse, start + content), Parsed | SourceError)


@pytest.mark.realdata
def test_two_snapshots_of_one_day_are_two_readings(real_data):
    found = [
        result for _, result in files.read_path(real_data / "hf_daily_papers/same_day_snapshots")
    ]

    times = {record.readings[0].read_at for parsed in found for record in parsed.records}
    assert times == {
        datetime(2024, 6, 12, 17, 6, tzinfo=UTC),
        datetime(2024, 6, 13, 3, 50, tzinfo=UTC),
    }


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("folder", "read", "unread"),
    [
        ("hf_daily_papers/raw", 2174, 0),
        ("hf_daily_papers", 7355, 6),
        ("arxiv_api", 204, 3),
        ("arxiv_feeds", 7, 0),
        ("hf_papers_html", 13, 0),
        ("seed_pages", 321, 2),
    ],
)
def test_every_real_folder_is_read_and_what_is_not_is_named(real_data, folder, read, unread):
    found = dict(files.read_path(real_data / folder))

    parsed = [result for result in found.values() if isinstance(result, Parsed)]
    assert sum(len(result.records) for result in parsed) == read
    assert not any(result.refusals for result in parsed)
    assert len(found) - len(parsed) == unread
