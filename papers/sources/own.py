"""Our own file of papers, as the sample that ships has it.

    {"format": "paper-round/1",
     "papers": [{
        "arxiv_id": "2602.13515",            id without version, or with one: 2602.13515v2
        "doi": "10.1000/x",                  one of arxiv_id, doi or title and authors identifies
        "title": "…",                        the only field that must be there
        "abstract": "…",
        "summary": "…",                      one or two sentences; "summary_source" says whose:
        "summary_source": "editor",          editor (default), source or abstract
        "authors": ["Maya Ellison", {"name": "Bo Okoye", "affiliation": "…"}],
        "categories": ["cs.LG"], "primary_category": "cs.LG",
        "published_at": "2026-02-13T17:59:59Z", "revised_at": null, "version": 1,
        "comment": "", "venue": "", "url": "", "code_url": "", "project_url": "",
        "discussion_url": "", "submitter": "", "organization": "", "keywords": ["…"],
        "source": "hf", "listing": "daily", "mentioned_on": "2026-02-16",
        "also_mentioned": [{"source": "arxiv", "listing": "cs.LG", "on": "2026-02-16"}],
        "readings": [{"read_at": "2026-02-16T08:00:00Z", "upvotes": 12, "comments": 1,
                      "stars": null, "citations": null, "source": "hf"}]
     }]}

Every field but the title may be absent. Times are ISO 8601 with a zone.
"""

from __future__ import annotations

import json
from typing import Any

from papers.sources import values
from papers.sources.base import Mentioned, PaperRecord, Parsed, Reading, SourceError, collect

FORMAT = "paper-round/1"
NAME = "sample"


def parse(content: str) -> Parsed:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"not JSON: {error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise SourceError(f"not a file of the format {FORMAT}")
    papers = document.get("papers")
    if not isinstance(papers, list):
        raise SourceError("has no list of papers")
    return collect(papers, read, name=lambda item: item.get("arxiv_id") or item["title"])


def read(item: dict[str, Any]) -> PaperRecord:
    arxiv_id, version = values.arxiv_identity(item.get("arxiv_id"))
    doi, own_id = values.doi(item.get("doi"))
    summary = values.text(item.get("summary"))
    authors = [author(entry) for entry in values.listed(item.get("authors"))]
    mentioned_on = item.get("mentioned_on")
    if mentioned_on is not None and values.day(mentioned_on) is None:
        raise ValueError(f"mentioned on {mentioned_on!r}, which is no date")
    return PaperRecord(
        source=values.text(item.get("source")) or NAME,
        listing=values.text(item.get("listing")),
        mentioned_on=values.day(mentioned_on),
        also_mentioned=tuple(mention(entry) for entry in values.listed(item.get("also_mentioned"))),
        arxiv_id=arxiv_id or own_id,
        version=version or values.count(item.get("version")) or None,
        doi=doi,
        title=values.title(item.get("title")),
        abstract=values.text(item.get("abstract")),
        summary=summary,
        summary_source=values.text(item.get("summary_source")) or ("editor" if summary else ""),
        authors=tuple(name for name, _ in authors),
        affiliations=tuple(affiliation for _, affiliation in authors),
        categories=values.words(item.get("categories")),
        primary_category=values.text(item.get("primary_category")),
        published_at=values.moment(item.get("published_at")),
        revised_at=values.moment(item.get("revised_at")),
        comment=values.text(item.get("comment")),
        venue=values.text(item.get("venue")),
        url=values.web_address(item.get("url")),
        code_url=values.web_address(item.get("code_url")),
        project_url=values.web_address(item.get("project_url")),
        discussion_url=values.web_address(item.get("discussion_url")),
        submitter=values.text(item.get("submitter")),
        organization=values.text(item.get("organization")),
        keywords=values.words(item.get("keywords")),
        readings=tuple(reading(entry) for entry in values.listed(item.get("readings"))),
    )


def author(entry: Any) -> tuple[str, str]:
    if isinstance(entry, str):
        return entry, ""
    return values.text(entry["name"]), values.text(entry.get("affiliation"))


def mention(entry: dict[str, Any]) -> Mentioned:
    on = values.day(entry["on"])
    if on is None:
        raise ValueError(f"a mention on {entry['on']!r}, which is no date")
    return Mentioned(values.text(entry["source"]), values.text(entry.get("listing")), on)


def reading(entry: dict[str, Any]) -> Reading:
    at = values.moment(entry["read_at"])
    if at is None:
        raise ValueError(f"a reading at {entry['read_at']!r}, which is no time")
    return Reading(
        at,
        upvotes=values.count(entry.get("upvotes")),
        comments=values.count(entry.get("comments")),
        stars=values.count(entry.get("stars")),
        citations=values.count(entry.get("citations")),
        source=values.text(entry.get("source")),
    )
