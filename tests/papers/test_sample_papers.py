"""The papers that ship: facts in order, and summaries in our own words."""

import gzip
import json
import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from papers.sources.values import is_category
from papers.topics import SHIPPED

FILE = SHIPPED.with_name("sample_papers.json")
LAST_DAY = date(2026, 2, 20)
COPIED = 6  # this many words in the author's order are a quotation


@pytest.fixture(scope="module")
def sample():
    content = json.loads(FILE.read_text(encoding="utf-8"))
    assert content["format"] == "paper-round/1"
    return content["papers"]


def at(text):
    return datetime.fromisoformat(text)


def words(text):
    return re.findall(r"[a-z0-9]+", text.lower())


def test_it_covers_consecutive_weekdays(sample):
    days = sorted({date.fromisoformat(paper["mentioned_on"]) for paper in sample})

    assert len(sample) >= 120
    assert len(days) >= 10
    assert days[-1] == LAST_DAY
    assert days == [
        day
        for day in (days[0] + timedelta(days=n) for n in range((days[-1] - days[0]).days + 1))
        if day.weekday() < 5
    ]


def test_the_last_week_holds_enough_for_readers_of_every_field(sample):
    recent = [p for p in sample if p["mentioned_on"] > "2026-02-13"]
    archives = [paper.get("primary_category", "").partition(".")[0] for paper in recent]

    assert len(recent) >= 60
    for archive, least in (("cs", 20), ("stat", 4), ("q-bio", 3), ("quant-ph", 2), ("math", 2)):
        assert archives.count(archive) >= least, archive
    physics = ("physics", "cond-mat", "hep-", "astro-ph")
    assert sum(archive.startswith(physics) for archive in archives) >= 8


def test_every_paper_is_one_known_work(sample):
    ids = [paper["arxiv_id"] for paper in sample]

    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"\d{4}\.\d{5}", one) for one in ids)
    for paper in sample:
        assert paper["title"] == " ".join(paper["title"].split())
        assert paper["authors"]
        assert len(set(paper["authors"])) == len(paper["authors"])
        assert all(name == " ".join(name.split()) for name in paper["authors"])
        assert all(is_category(code) for code in paper.get("categories", []))
        assert paper.get("primary_category", "") in [*paper.get("categories", []), ""]


def test_no_author_wrote_any_abstract_here(sample):
    assert {paper["summary_source"] for paper in sample} == {"editor"}
    assert not any("abstract" in paper for paper in sample)


def test_every_summary_is_one_to_three_sentences_within_its_limits(sample):
    for paper in sample:
        summary = paper["summary"]
        assert 120 <= len(summary) <= 280, paper["arxiv_id"]
        assert re.search(r"[.?]$", summary)
        assert "  " not in summary
    assert len({paper["summary"] for paper in sample}) == len(sample)


def test_dates_follow_one_another(sample):
    for paper in sample:
        day = date.fromisoformat(paper["mentioned_on"])
        if "published_at" in paper:
            assert at(paper["published_at"]).date() <= day
        times = [at(reading["read_at"]) for reading in paper["readings"]]
        assert all(first < second for first, second in pairwise(times))
        assert all(time.date() >= day for time in times)
        assert all(time < datetime(2026, 2, 21, tzinfo=UTC) for time in times)


def test_listed_papers_were_read_at_several_times(sample):
    for paper in sample:
        if paper["source"] == "hf":
            assert paper["readings"]
            if paper["mentioned_on"] < "2026-02-19":
                assert len(paper["readings"]) >= 2
        for reading in paper["readings"]:
            assert reading["upvotes"] >= 0
            assert reading.get("comments", 0) >= 0


@pytest.mark.realdata
def test_the_facts_are_those_the_source_gave(sample, real_data):
    history = {}
    with gzip.open(real_data / "hf_upvote_history" / "upvote_observations.jsonl.gz") as lines:
        for line in lines:
            row = json.loads(line)
            history[row["id"]] = {(o["at"], o["upvotes"]) for o in row["observations"]}

    for paper in sample:
        if paper["source"] != "hf":
            continue
        day = json.loads(
            (real_data / "hf_daily_papers" / "raw" / f"{paper['mentioned_on']}.json").read_text()
        )
        raw = next(row["paper"] for row in day if row["paper"]["id"] == paper["arxiv_id"])
        assert paper["title"] == " ".join(raw["title"].split())
        assert at(paper["published_at"]) == at(raw["publishedAt"])
        assert {(r["read_at"], r["upvotes"]) for r in paper["readings"]} <= history[raw["id"]]


@pytest.mark.realdata
def test_no_summary_quotes_its_abstract(sample, real_data):
    abstracts = {}
    with gzip.open(
        real_data / "arxiv_metadata" / "arxiv_2026-02_to_2026-03.jsonl.gz", "rt"
    ) as lines:
        for line in lines:
            row = json.loads(line)
            abstracts[row["id"]] = row["abstract"]
    for day in {paper["mentioned_on"] for paper in sample}:
        for row in json.loads((real_data / "hf_daily_papers" / "raw" / f"{day}.json").read_text()):
            abstracts[row["paper"]["id"]] = row["paper"]["summary"]

    quoted = []
    for paper in sample:
        text = f" {' '.join(words(abstracts[paper['arxiv_id']]))} "
        ours = words(paper["summary"])
        runs = (" ".join(ours[n : n + COPIED]) for n in range(len(ours) - COPIED + 1))
        quoted += [(paper["arxiv_id"], run) for run in runs if f" {run} " in text]

    assert quoted == []
