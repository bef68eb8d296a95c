"""Hugging Face's daily papers, as its API answers.

    GET https://huggingface.co/api/daily_papers?date=2026-02-20&limit=100&p=0

answers a JSON list. Each record has `paper` (id, title, summary, authors, publishedAt, upvotes and,
since 2024–26 one after the other, discussionId, projectPage, githubRepo, submittedOnDailyAt,
submittedOnDailyBy, ai_keywords, ai_summary, githubStars, organization) and beside it title,
publishedAt, numComments, submittedBy. Any of them may be absent.

Three traps: the outer `publishedAt` was the time of listing in 2024, so only the paper's own is
read; the list's date stands nowhere but in the address, so the caller hands it in; and the texts
have lost the dollars and backslashes of their formulas (see hf_math.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import quote

from papers.sources import documents, values
from papers.sources.base import (
    Answer,
    Client,
    PaperRecord,
    Parsed,
    Reading,
    SourceError,
    collect,
)
from papers.sources.hf_math import mended

NAME = "hf"
LISTING = "daily"
ADDRESS = "https://huggingface.co/api/daily_papers"
PAGES = "https://huggingface.co/papers/"
PER_REQUEST = 100  # the most it gives; without asking it gives 50
MOST_REQUESTS = 10


def fetch(
    client: Client, *, on: date, now: datetime, etag: str = "", last_modified: str = ""
) -> Iterator[tuple[Answer, Parsed]]:
    """The list of `on`, answer by answer; its counters are read `now`. After a 304, no more."""
    for number in range(MOST_REQUESTS):
        params = {"date": on.isoformat(), "limit": str(PER_REQUEST), "p": str(number)}
        if number == 0:
            answer = client.get(ADDRESS, params=params, etag=etag, last_modified=last_modified)
        else:
            answer = client.get(ADDRESS, params=params)
        if answer.status == 304:
            yield answer, Parsed()
            return
        parsed = parse(answer.content, on=on, at=now)
        yield answer, parsed
        if (parsed.announced or 0) < PER_REQUEST:
            return


def parse(content: bytes, *, on: date | None = None, at: datetime | None = None) -> Parsed:
    """The papers of the list of `on`, whose counters were read `at` (without: see reading_time).

    Without `on` each record's own day of submission to the list counts.
    """
    document = documents.json_value(content)
    if isinstance(document, dict):
        raise SourceError(f"no list of papers: {said(document)}")
    if not isinstance(document, list):
        raise SourceError("not a JSON list of papers")
    if document and all(isinstance(item, str) for item in document):
        raise SourceError("a list of texts where records should be (saved as Python, not as JSON)")
    if document and not any(isinstance(item, dict) and "paper" in item for item in document):
        raise SourceError("a JSON list without a paper")
    return collect(
        document, lambda item: read(item, on=on, at=at), name=name, announced=len(document)
    )


def said(document: dict[str, Any]) -> str:
    """What an object says that came instead of a list."""
    words = [document.get(key) for key in ("error", "status", "message")]
    return "; ".join(str(word)[:200] for word in words if word) or "an object without a message"


def name(item: Any) -> str:
    return str(item["paper"].get("id") or item["paper"]["title"])


def read(
    item: dict[str, Any], *, on: date | None = None, at: datetime | None = None
) -> PaperRecord:
    paper = item["paper"]
    arxiv_id, version = values.arxiv_identity(paper.get("id"))
    day = on or values.day(paper.get("submittedOnDailyAt"))
    summary = mended(values.text(paper.get("ai_summary")))
    return PaperRecord(
        source=NAME,
        listing=LISTING if day else "",
        mentioned_on=day,
        arxiv_id=arxiv_id,
        version=version,
        title=mended(values.title(paper.get("title") or item.get("title"))),
        abstract=mended(values.text(paper.get("summary") or item.get("summary"))),
        summary=summary,
        summary_source="source" if summary else "",
        authors=tuple(author_names(paper.get("authors"))),
        published_at=values.moment(paper.get("publishedAt")),
        url="" if arxiv_id else page(paper.get("id")),
        code_url=values.web_address(paper.get("githubRepo")),
        project_url=values.web_address(paper.get("projectPage")),
        discussion_url=page(paper.get("id")),
        submitter=submitter(item.get("submittedBy") or paper.get("submittedOnDailyBy")),
        organization=organization(paper.get("organization") or item.get("organization")),
        keywords=values.words(paper.get("ai_keywords")),
        readings=readings(item, at or reading_time(day)),
    )


def reading_time(day: date | None) -> datetime | None:
    """Noon in UTC of the list's day, where nobody wrote down when its counters were read."""
    return datetime.combine(day, time(12), UTC) if day else None


def readings(item: dict[str, Any], at: datetime | None) -> tuple[Reading, ...]:
    paper = item["paper"]
    upvotes = values.count(paper.get("upvotes"))
    comments = values.count(item.get("numComments"))
    stars = values.count(paper.get("githubStars"))
    if at is None or upvotes is comments is stars is None:
        return ()
    return (Reading(at, upvotes=upvotes, comments=comments, stars=stars),)


def author_names(authors: Any) -> list[str]:
    """Names in order; nameless authors and those the page hides are left out."""
    names = []
    for author in values.listed(authors):
        if isinstance(author, dict):
            author = "" if author.get("hidden") is True else author.get("name")
        if author_name := values.text(author).strip():
            names.append(author_name)
    return names


def submitter(user: Any) -> str:
    """The name a submitter shows, else the account's."""
    if not isinstance(user, dict):
        return ""
    shown = values.text(user.get("fullname")).strip()
    account = user.get("name") or user.get("user")
    return shown or (account if isinstance(account, str) else "")


def organization(value: Any) -> str:
    """The name that an organization shows, else its account's; archives keep the name alone."""
    return submitter(value) if isinstance(value, dict) else values.text(value).strip()


def page(paper_id: Any) -> str:
    """The address of a paper's page with its discussion."""
    return values.web_address(PAGES + quote(paper_id)) if isinstance(paper_id, str) else ""
