"""The text of Hugging Face's paper pages, as a person copies it out of a browser.

Two pages exist: a day's list, whose cards end with the number of authors, the date and at times
the number of comments, and the results of a search, which are only a line of title and a line of
abstract each. Neither has ids or names, so a paper is known by its title.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from papers.sources import documents, hf, values
from papers.sources.base import PaperRecord, Parsed, Reading, SourceError, collect
from papers.sources.hf_math import mended

NAME = "hf_text"
BANNER = "Get trending papers in your email inbox"
# What stands around the cards; the button of the banner sticks to the first title of a search.
FRAME = re.compile(rf"new|{BANNER}.*|Subscribe|Daily Papers|by ?AK and the research community|·")
BUTTON = re.compile(r"Subscribe(?=[^\sa-z])")
AUTHORS = re.compile(r"•?\s*\d{1,5} authors?")
DAY = re.compile(r"(?P<month>[A-Z][a-z]{2}) (?P<day>\d{1,2})(?:, (?P<year>\d{4}))?(?: (?P<n>\d+))?")
# Abstracts are longer than this, and titles are not.
TITLE_LONGEST = 350
MONTHS = ["", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass
class Card:
    title: str
    abstract: str = ""
    footer: list[str] = field(default_factory=list)


def parse(content: bytes, *, on: date | None = None, at: datetime | None = None) -> Parsed:
    """The papers of one copied page; `on` is the day it was copied and gives its dates a year."""
    lines = [line.strip() for line in documents.text(content).splitlines() if line.strip()]
    if not any(line.startswith((BANNER, "Daily Papers")) for line in lines[:10]):
        raise SourceError("plain text, but not copied from a page of Hugging Face's papers")
    is_search = not any(AUTHORS.fullmatch(line) for line in lines)
    listed = None if is_search else list_day(lines[:10], on)
    parsed = collect(
        cards(lines),
        lambda card: read(card, listed or on, "search" if is_search else hf.LISTING, on, at),
        name=lambda card: card.title,
    )
    if not parsed.records:
        raise SourceError("a page of Hugging Face's papers without a paper")
    return parsed


def list_day(top: list[str], on: date | None) -> date | None:
    """The day that stands above the cards of a list."""
    days = (day_of(line, on) for line in top if DAY.fullmatch(line))
    return next(days, None)


def cards(lines: list[str]) -> Iterator[Card]:
    """Title, abstract and footer in turn; a title right before the next title has no abstract."""
    card: Card | None = None
    texts = [line for line in lines if not FRAME.fullmatch(line)]
    for number, line in enumerate(texts):
        following = texts[number + 1] if number + 1 < len(texts) else ""
        if AUTHORS.fullmatch(line) or DAY.fullmatch(line):
            if card:
                card.footer.append(line)
        elif card and not card.abstract and not card.footer and not starts_card(line, following):
            card.abstract = line
        else:
            if card:
                yield card
            card = Card(BUTTON.sub("", line, count=1) if number == 0 else line)
    if card:
        yield card


def starts_card(line: str, following: str) -> bool:
    """Whether a line after a title is a title itself: it is short, and an abstract follows."""
    return len(line) <= TITLE_LONGEST < len(following)


def read(
    card: Card, listed: date | None, listing: str, on: date | None, at: datetime | None
) -> PaperRecord:
    if len(card.title) > TITLE_LONGEST:
        raise ValueError("an abstract without a title")
    written = next((match for line in card.footer if (match := DAY.fullmatch(line))), None)
    published = day_of(written.group(), on) if written else None
    comments = values.count(written["n"]) if written else None
    read_at = at or hf.reading_time(on or listed)
    return PaperRecord(
        source=hf.NAME,
        listing=listing if listed else "",
        mentioned_on=listed,
        title=mended(values.title(card.title)),
        abstract=mended(card.abstract),
        published_at=datetime(published.year, published.month, published.day, tzinfo=UTC)
        if published
        else None,
        readings=(Reading(read_at, comments=comments),) if comments and read_at else (),
    )


def day_of(written: str, on: date | None) -> date | None:
    """`Sep 9, 2025`, or `Feb 13` of the last such day up to `on`; None where that is unknown."""
    match = DAY.fullmatch(written)
    if match is None or match["month"] not in MONTHS or not (match["year"] or on):
        return None
    year = int(match["year"]) if match["year"] else (on or date.min).year
    try:
        found = date(year, MONTHS.index(match["month"]), int(match["day"]))
        # A page is a day ahead of a copyist far in the west.
        if not match["year"] and on is not None and found > on + timedelta(days=1):
            found = found.replace(year=year - 1)
    except (ValueError, OverflowError):
        return None
    return found
