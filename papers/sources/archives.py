"""Papers that others collected as JSON lines: one object a line, of one of three kinds.

*Hugging Face lists*: the fields of papers/sources/hf.py in one flat object with `list_date`;
`authors` are names, `organization` a name.

*Hugging Face votes*: `{id, list_dates, observations: [{at, upvotes, comments?, source}]}`. They add
to papers that are known, and make no new ones.

*arXiv metadata*: `{id, title, abstract, authors, categories, primary_category, published_at,
listed, comment}` where `listed` is the day on which arXiv's list had it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from io import BytesIO
from typing import Any

from papers.sources import documents, hf, values
from papers.sources.base import Mentioned, PaperRecord, Parsed, Reading, SourceError, collect

NAME = "archive"


def parse(content: bytes, *, on: date | None = None, at: datetime | None = None) -> Parsed:
    """Every line by its own kind; `on` and `at` are not needed, since each line has its dates."""
    documents.refuse_html(content)
    parsed = collect(lines(content), read, name=name)
    if not parsed.records:
        first = parsed.refusals[0].reason if parsed.refusals else "it is empty"
        raise SourceError(f"no line is a paper: {first}")
    return parsed


def lines(content: bytes) -> Iterator[bytes]:
    """One at a time: a large file is in memory once."""
    return (line for line in BytesIO(content.removeprefix(b"\xef\xbb\xbf")) if line.strip())


def read(line: bytes) -> PaperRecord:
    try:
        item = json.loads(line)
    except RecursionError:
        raise ValueError("not JSON: nested too deep") from None
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(item, dict):
        raise ValueError("a line that is no object")
    if "list_date" in item:
        return read_listed(item)
    if "observations" in item:
        return read_votes(item)
    if "abstract" in item:
        return read_metadata(item)
    raise ValueError("an object of no known kind")


def name(line: bytes) -> str:
    return str(json.loads(line)["id"])


def read_listed(item: dict[str, Any]) -> PaperRecord:
    on = values.day(item["list_date"])
    if on is None:
        raise ValueError(f"listed on {item['list_date']!r}, which is no date")
    return hf.read({"paper": item, "numComments": item.get("numComments")}, on=on)


def read_votes(item: dict[str, Any]) -> PaperRecord:
    arxiv_id, _ = values.arxiv_identity(item["id"])
    if not arxiv_id:
        raise ValueError("votes for what is no arXiv id")
    days = [day for day in map(values.day, item.get("list_dates") or []) if day]
    return PaperRecord(
        source=hf.NAME,
        title="",
        is_addition=True,
        arxiv_id=arxiv_id,
        listing=hf.LISTING if days else "",
        mentioned_on=days[0] if days else None,
        also_mentioned=tuple(Mentioned(hf.NAME, hf.LISTING, day) for day in days[1:]),
        readings=tuple(observation(entry) for entry in item["observations"]),
    )


def observation(entry: dict[str, Any]) -> Reading:
    at = values.moment(entry["at"])
    if at is None:
        raise ValueError(f"votes at {entry['at']!r}, which is no time")
    return Reading(
        at,
        upvotes=values.count(entry.get("upvotes")),
        comments=values.count(entry.get("comments")),
    )


def read_metadata(item: dict[str, Any]) -> PaperRecord:
    arxiv_id, version = values.arxiv_identity(item["id"])
    primary = values.text(item.get("primary_category"))
    listed = values.day(item.get("listed"))
    return PaperRecord(
        source="arxiv",
        listing=primary if listed else "",
        mentioned_on=listed,
        arxiv_id=arxiv_id,
        version=version,
        title=values.title(item.get("title")),
        abstract=values.text(item["abstract"]),
        authors=tuple(hf.author_names(item.get("authors"))),
        categories=values.words(item.get("categories")),
        primary_category=primary,
        published_at=values.moment(item.get("published_at")),
        comment=values.text(item.get("comment")),
    )
