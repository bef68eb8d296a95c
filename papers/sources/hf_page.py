"""Hugging Face's page of the daily papers, for when its API fails.

    GET https://huggingface.co/papers/date/2026-02-20

The page draws itself from JSON in an attribute (`data-props` of the block `DailyPapers`), whose
records are those of the API. What its cards show (id, title, votes, comments, submitter) is less,
and is read where that block is missing or lacks a paper.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from bs4 import BeautifulSoup, Tag
from bs4.builder import ParserRejectedMarkup

from papers.sources import documents, hf, values
from papers.sources.base import Answer, Client, Parsed, SourceError, collect

NAME = "hf_page"
ADDRESS = "https://huggingface.co/papers/date/"
# A page of 13 papers has 0.2 MB and 640 tags; a list has 100 papers at most.
LARGEST = 8_000_000
MOST_TAGS = 50_000
MOST_CARDS = 500
PAPER = re.compile(r"/papers/([^/?#]+)")


def fetch(
    client: Client, *, on: date, now: datetime, etag: str = "", last_modified: str = ""
) -> Iterator[tuple[Answer, Parsed]]:
    """The one page of the list of `on`; its counters are read `now`."""
    answer = client.get(ADDRESS + on.isoformat(), etag=etag, last_modified=last_modified)
    if answer.status == 304:
        yield answer, Parsed()
    else:
        yield answer, parse(answer.content, on=on, at=now)


def parse(content: bytes, *, on: date | None = None, at: datetime | None = None) -> Parsed:
    """The page's papers; its own date counts before `on`."""
    if not documents.is_html(content):
        raise SourceError("not an HTML page")
    if len(content) > LARGEST or content.count(b"<") > 2 * MOST_TAGS:
        raise SourceError("an HTML page too large for a list of papers")
    try:
        soup = BeautifulSoup(content, "lxml")
        props = hydration(soup)
        cards = read_cards(soup)
    except (ParserRejectedMarkup, ValueError, RecursionError, AssertionError) as error:
        raise SourceError(f"HTML that cannot be read: {type(error).__name__}") from None
    items = props.get("dailyPapers")
    if not isinstance(items, list):
        items = []
    if not items and not cards:
        title = " ".join(soup.title.get_text().split()) if soup.title else ""
        raise SourceError(f"an HTML page without papers: {title[:120] or 'no title'}")
    day = values.day(props.get("date")) or values.day(props.get("dateString")) or on
    read_at = at or hf.reading_time(on or day)
    known = {paper_id(item) for item in items}
    items = [*items, *(card for card in cards if paper_id(card) not in known)]
    return collect(
        items,
        lambda item: hf.read(item, on=day, at=read_at),
        name=hf.name,
        announced=max(len(items), len(cards)),
    )


def hydration(soup: BeautifulSoup) -> dict[str, Any]:
    """The JSON that the list is drawn from; empty where there is none that can be read."""
    for block in soup.select("[data-props]"):
        props = str(block["data-props"])
        if "dailyPapers" not in props:
            continue
        try:
            found = json.loads(props)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and "dailyPapers" in found:
            return found
    return {}


def paper_id(item: Any) -> str:
    paper = item.get("paper") if isinstance(item, dict) else None
    return str(paper.get("id")) if isinstance(paper, dict) else ""


def read_cards(soup: BeautifulSoup) -> list[dict[str, Any]]:
    articles = soup.find_all("article", limit=MOST_CARDS)
    outermost = (article for article in articles if article.find_parent("article") is None)
    return [card for article in outermost if (card := read_card(article))]


def read_card(article: Tag) -> dict[str, Any] | None:
    """A card in the words of the API; None for an article that shows no paper."""
    heading = article.select_one("h3 a[href], h2 a[href], a[href] h3, a[href] h2")
    link = heading if heading is None or heading.name == "a" else heading.find_parent("a")
    match = PAPER.search(str(link["href"])) if isinstance(link, Tag) else None
    if match is None or heading is None:
        return None
    comments = article.select_one('a[href$="#community"]')
    return {
        "paper": {
            "id": match[1],
            "title": heading.get_text(" ", strip=True),
            "upvotes": votes(article),
        },
        "numComments": values.count(comments.get_text(strip=True)) if comments else None,
        "submittedBy": {"name": submitter(article)},
    }


def votes(article: Tag) -> int | None:
    """The number on the vote button."""
    for box in article.select('a[href*="/login"], label, button'):
        number = values.count(box.get_text(strip=True))
        if number is not None and box.find("input") is not None:
            return number
    return None


def submitter(article: Tag) -> str:
    for line in article.find_all(string=re.compile(r"Submitted by")):
        if line.parent is not None:
            return line.parent.get_text(" ", strip=True).replace("Submitted by", "").strip()
    return ""
