"""Several records of one paper, folded into one: whatever their order, the same paper comes out.

For each field the record of the greatest weight that says anything wins: a newer version before an
older one, arXiv itself before those who list it, then the later word. Dates and numbers have their
own rules (the first publication, the last revision, the highest version).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from typing import Any

from papers import summaries, text
from papers.models import Paper
from papers.sources import values
from papers.sources.base import PaperRecord, Reading
from papers.withdrawal import is_withdrawn

# Whose word on title, authors and abstract counts more; a source not named here has 1.
RANKS = {"arxiv": 3, "arxiv_feed": 2}
SUMMARY_RANKS = {"editor": 2, "source": 1}
MOST_AUTHORS = 5_000
MOST_CATEGORIES, MOST_KEYWORDS = 40, 60
FIELDS = (
    "title", "abstract", "summary", "primary_category", "categories", "comment", "venue", "url",
    "code_url", "project_url", "discussion_url", "submitter", "organization", "keywords",
    "authors",
)  # fmt: skip

# What some lists leave before their last name: "and Huchuan Lu".
JOINED = re.compile(r"^\s*(?:and|&)\s+")

Authors = tuple[tuple[str, str], ...]  # (key, affiliation) in order


@dataclass(frozen=True, slots=True)
class Facts:
    """A record, cleaned: every value is fit to be stored."""

    name: str  # how a report calls it
    arxiv_id: str
    doi: str
    title_key: str
    title_letters: int  # of the folded title; a short one identifies nothing by itself
    weight: str
    said: dict[str, Any]  # FIELDS that the record says anything about
    summary_source: str
    author_names: dict[str, str]  # key → name
    version: int
    published_at: datetime | None
    revised_at: datetime | None
    mentions: frozenset[tuple[str, str, date]]  # source, listing, day
    readings: tuple[Reading, ...]
    is_addition: bool


def facts(record: PaperRecord) -> Facts:
    """Raises ValueError, with a reason for the operator, for what cannot be a paper."""
    arxiv_id, version = arxiv_identity(record.arxiv_id)
    doi, own_id = values.doi(record.doi)
    title = text.shortened(text.clean(record.title), 500)
    if not title and not record.is_addition:
        raise ValueError("has no title" if not record.title.strip() else "has no readable title")
    names, authors = people(record)
    abstract, summary = (
        text.clean(record.abstract),
        text.shortened(text.clean(record.summary), 2_000),
    )
    if record.summary_source == "abstract":
        # The abstract's own words; the summary is cut from it here, as for any other.
        abstract, summary = abstract or summary, ""
    said = {
        "title": title,
        "abstract": abstract,
        "summary": summary,
        "primary_category": text.clean(record.primary_category)[:32],
        "categories": unique(record.categories, most=MOST_CATEGORIES, longest=32),
        "comment": text.clean(record.comment)[:2_000],
        "venue": text.shortened(text.clean(record.venue), 300),
        "url": values.web_address(record.url),
        "code_url": values.web_address(record.code_url),
        "project_url": values.web_address(record.project_url),
        "discussion_url": values.web_address(record.discussion_url),
        "submitter": text.author_name(record.submitter)[:200],
        "organization": text.shortened(text.clean(record.organization), 200),
        "keywords": unique(record.keywords, most=MOST_KEYWORDS, longest=120),
        "authors": authors,
    }
    return Facts(
        name=record.name,
        arxiv_id=arxiv_id or own_id,
        doi=doi[:200],
        title_key=title_key(title, authors) if title else "",
        title_letters=len(text.folded(title)),
        weight=weight(record),
        said={key: value for key, value in said.items() if value},
        summary_source=record.summary_source
        if record.summary_source in SUMMARY_RANKS
        else "source",
        author_names=names,
        version=min(record.version or version or 1, 999),
        published_at=sane(record.published_at),
        revised_at=sane(record.revised_at),
        mentions=mentions(record),
        readings=tuple(readings(record)),
        is_addition=record.is_addition,
    )


def arxiv_identity(value: str) -> tuple[str, int | None]:
    """Id in its one spelling (math.AG/0309136 is math/0309136) and version; ("", None) for none."""
    if not value:
        return "", None
    found, version = values.arxiv_identity(value)
    if not found:
        raise ValueError(f"has an arXiv id that is none: {value[:40]!r}")
    archive, slash, number = found.lower().partition("/")
    return (f"{archive.partition('.')[0]}/{number}" if slash else found), version


def people(record: PaperRecord) -> tuple[dict[str, str], Authors]:
    """Names by key, and the authors in order, each once; the nameless are left out."""
    names: dict[str, str] = {}
    authors = []
    affiliations = record.affiliations or ("",) * len(record.authors)
    for number, raw in enumerate(record.authors[:MOST_AUTHORS]):
        name = text.author_name(JOINED.sub("", raw))[:200].rstrip()
        key = text.author_key(name)
        if key and key not in names:
            names[key] = name
            affiliation = affiliations[number] if number < len(affiliations) else ""
            authors.append((key, text.shortened(text.clean(affiliation), 300)))
    return names, tuple(authors)


def title_key(title: str, authors: Authors) -> str:
    return text.title_key(title, authors[0][0] if authors else "")


def unique(found: Iterable[str], *, most: int, longest: int) -> list[str]:
    cleaned = (text.clean(value)[:longest].strip() for value in found)
    return list(dict.fromkeys(value for value in cleaned if value))[:most]


def weight(record: PaperRecord) -> str:
    """What a record's word weighs, as a text that sorts: version, source, then time."""
    said_at = [f"{at:%Y%m%d%H%M}" for at in (record.revised_at,) if at]
    said_at += [f"{reading.read_at:%Y%m%d%H%M}" for reading in record.readings]
    said_at += [f"{record.mentioned_on:%Y%m%d}0000"] if record.mentioned_on else []
    version = min(record.version or 0, 999)
    return f"{version:03}.{RANKS.get(record.source, 1)}.{max(said_at, default='')}"


def sane(at: datetime | None) -> datetime | None:
    return at if at is not None and 1900 <= at.year <= 2200 else None


def mentions(record: PaperRecord) -> frozenset[tuple[str, str, date]]:
    found = [(m.source, m.listing, m.on) for m in record.also_mentioned]
    if record.mentioned_on is not None:
        listing = record.listing
        if record.announce_type.startswith("replace") and "replace" not in listing:
            listing = f"{listing} {record.announce_type}".strip()
        found.append((record.source, listing, record.mentioned_on))
    return frozenset(
        (text.clean(source)[:20], text.clean(listing)[:60], on) for source, listing, on in found
    )


def readings(record: PaperRecord) -> Iterable[Reading]:
    for reading in record.readings:
        if any(count(getattr(reading, name)) is not None for name in COUNTERS):
            yield replace(
                reading,
                source=text.clean(reading.source or record.source)[:20],
                upvotes=count(reading.upvotes),
                comments=count(reading.comments),
                stars=count(reading.stars),
                citations=count(reading.citations),
            )


COUNTERS = ("upvotes", "comments", "stars", "citations")


def count(value: int | None) -> int | None:
    return value if value is not None and 0 <= value <= values.MOST else None


LASTING = tuple(
    name
    for name in PaperRecord.__slots__
    if name not in ("listing", "mentioned_on", "readings", "also_mentioned", "announce_type")
)


def record_key(record: PaperRecord) -> str:
    """What a record is known by once it is in: its facts without days, counters and time."""
    said = json.dumps([getattr(record, name) for name in LASTING], default=str)
    return f"record:{hashlib.blake2b(said.encode(), digest_size=16).hexdigest()}"


@dataclass(slots=True, eq=False)
class Work:
    """A paper while records are folded into it: its row, and the rows around it."""

    paper: Paper
    authors: Authors = ()
    is_new: bool = False
    weights: dict[str, str] = field(default_factory=dict)  # field → weight of the record it is from
    keys: set[str] = field(default_factory=set)  # all that it is known by
    mentions: set[tuple[str, str, date]] = field(default_factory=set)
    readings: dict[tuple[str, datetime], tuple[int | None, ...]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)  # fields, "authors", "mentions", "readings"
    was: dict[str, Any] = field(default_factory=dict)  # field → what is still in the database
    # What is not in the database yet.
    fresh_mentions: set[tuple[str, str, date]] = field(default_factory=set)
    fresh_readings: set[tuple[str, datetime]] = field(default_factory=set)

    def put(self, name: str, value: Any) -> None:
        if getattr(self.paper, name) != value:
            self.was.setdefault(name, getattr(self.paper, name))
            setattr(self.paper, name, value)
            self.changed.add(name)


def fold(work: Work, new: Facts) -> None:
    """Take in what one record says."""
    for name, value in new.said.items():
        weight_ = new.weight
        if name == "summary":
            weight_ = f"{SUMMARY_RANKS[new.summary_source]}.{new.weight}"
        take(work, name, value, weight_, summary_source=new.summary_source)
    fold_ids(work, new.arxiv_id, new.doi)
    if new.title_key:
        work.keys.add(f"title:{new.title_key}")
    fold_dates(work, new.version, new.published_at, new.revised_at)
    fold_rows(work, new.mentions, {(r.source, r.read_at): counters(r) for r in new.readings})
    finish(work)


def fold_work(work: Work, other: Work) -> None:
    """Take in everything that is known of another paper which turned out to be the same."""
    paper, said = work.paper, other.paper
    for name in FIELDS:
        value = other.authors if name == "authors" else getattr(said, name)
        if value and not (name == "summary" and said.summary_source == "abstract"):
            take(work, name, value, other.weights.get(name, ""), summary_source=said.summary_source)
    fold_ids(work, said.arxiv_id or "", said.doi or "")
    fold_dates(work, said.version, said.published_at, said.revised_at)
    fold_rows(work, other.mentions, other.readings)
    if said.first_mentioned_on is not None:
        first = min(said.first_mentioned_on, paper.first_mentioned_on or said.first_mentioned_on)
        work.put("first_mentioned_on", first)
    work.keys |= {*other.keys, f"title:{said.title_key}"}
    finish(work)


def take(work: Work, name: str, value: Any, weight_: str, *, summary_source: str) -> None:
    """Put a value where its record weighs more; between equals the greater value decides."""
    current = work.authors if name == "authors" else getattr(work.paper, name)
    if name == "summary" and work.paper.summary_source == "abstract":
        current = ""  # ours, cut from the abstract: anything that was said is better
    if current and (weight_, value) <= (work.weights.get(name, ""), current):
        return
    work.weights[name] = weight_
    if current == value and name != "summary":
        work.changed.add("origins")
    elif name == "authors":
        work.authors = value
        work.changed.add("authors")
    else:
        work.put(name, value)
    if name == "summary":
        work.put("summary_source", summary_source)
    work.changed.add("origins")


def fold_ids(work: Work, arxiv_id: str, doi: str) -> None:
    """Of several DOIs the least is shown; the paper is known by all."""
    if arxiv_id and not work.paper.arxiv_id:
        work.put("arxiv_id", arxiv_id)
    if doi:
        work.keys |= {f"doi:{known}" for known in (doi, work.paper.doi) if known}
        work.put("doi", min(doi, work.paper.doi or doi))


def fold_dates(
    work: Work, version: int, published_at: datetime | None, revised_at: datetime | None
) -> None:
    paper = work.paper
    work.put("version", max(paper.version, version))
    if published_at:
        work.put("published_at", min(published_at, paper.published_at or published_at))
    if revised_at:
        work.put("revised_at", max(revised_at, paper.revised_at or revised_at))


def fold_rows(
    work: Work,
    mentions: Iterable[tuple[str, str, date]],
    readings: Mapping[tuple[str, datetime], tuple[int | None, ...]],
) -> None:
    """Days and counters; two readings of the same instant keep the higher numbers."""
    if fresh := set(mentions) - work.mentions:
        work.mentions |= fresh
        work.fresh_mentions |= fresh
        work.changed.add("mentions")
    for instant, numbers in readings.items():
        known = work.readings.get(instant)
        joined = numbers if known is None else tuple(map(higher, known, numbers))
        if joined != known:
            work.readings[instant] = joined
            work.fresh_readings.add(instant)
            work.changed.add("readings")


def finish(work: Work) -> None:
    """Whatever follows from the rest: summary, key, first day, newest counters."""
    paper = work.paper
    if not paper.summary or ("abstract" in work.changed and paper.summary_source == "abstract"):
        work.put("summary", summaries.summarise(paper.abstract))
        work.put("summary_source", "abstract")
    first = min((on for _, listing, on in work.mentions if "replace" not in listing), default=None)
    if first is not None:
        work.put("first_mentioned_on", min(first, paper.first_mentioned_on or first))
    if work.changed & {"comment", "abstract"} and is_withdrawn(paper.comment, paper.abstract):
        day = paper.first_mentioned_on or date(1991, 8, 14)  # the day arXiv began
        said_at = paper.revised_at or paper.published_at
        work.put("retracted_at", said_at or datetime.combine(day, time(), UTC))
    if "readings" in work.changed:
        for position, name in enumerate(COUNTERS):
            said = [
                (read_at, numbers[position])
                for (_, read_at), numbers in work.readings.items()
                if numbers[position] is not None
            ]
            if said:
                work.put(name, max(said)[1])
    if "title" in work.changed or "authors" in work.changed:
        if paper.title_key:
            work.keys.add(f"title:{paper.title_key}")
        work.put("title_key", title_key(paper.title, work.authors))


def counters(reading: Reading) -> tuple[int | None, ...]:
    return tuple(getattr(reading, name) for name in COUNTERS)


def higher(one: int | None, other: int | None) -> int | None:
    return max((n for n in (one, other) if n is not None), default=None)


def weights_of(origins: Mapping[str, Iterable[str]]) -> dict[str, str]:
    return {name: weight_ for weight_, names in origins.items() for name in names}


def origins_of(weights: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in FIELDS:
        if name in weights:
            found.setdefault(weights[name], []).append(name)
    return dict(sorted(found.items()))
