"""arXiv's search API, which answers in Atom.

    GET https://export.arxiv.org/api/query?search_query=…&start=0&max_results=500

https://info.arxiv.org/help/api/user-manual.html. An entry has id (with version), title, summary,
published (of the first version), updated (of this one), authors with affiliations at times,
categories, and where there are some: comment, journal_ref, doi. A request that is wrong comes back
as HTTP 400 with one entry called "Error".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

from papers.sources import documents, values
from papers.sources.base import (
    Answer,
    Client,
    PaperRecord,
    Parsed,
    Refusal,
    SourceError,
    collect,
)

NAME = "arxiv"
ADDRESS = "https://export.arxiv.org/api/query"
PER_REQUEST = 500
MOST = 20_000  # papers of one list; all of arXiv announces about 1,500 a day
NEW_YORK = ZoneInfo("America/New_York")


def fetch(
    client: Client,
    *,
    on: date,
    categories: Collection[str],
    etag: str = "",
    last_modified: str = "",
) -> Iterator[tuple[Answer, Parsed]]:
    """What arXiv lists as new on `on` in any of `categories`, page by page; weekends have none."""
    submitted = window(on)
    if submitted is None:
        return
    asked, odd = sifted(categories)
    query = f"({any_of(asked)}) AND submittedDate:[{minutes(submitted)}]"
    params = {
        "search_query": query,
        "sortBy": "submittedDate",
        "sortOrder": "ascending",
        "max_results": str(PER_REQUEST),
    }
    start, announced = 0, 1
    while start < min(announced, MOST):
        answer, parsed = page(
            client,
            params | {"start": str(start)},
            on,
            etag="" if start else etag,
            last_modified="" if start else last_modified,
        )
        yield answer, parsed if start else naming(odd, parsed)
        announced = parsed.announced or 0
        start += len(parsed.records) + len(parsed.refusals)


def page(
    client: Client, params: dict[str, str], on: date, *, etag: str, last_modified: str
) -> tuple[Answer, Parsed]:
    """One page; one that comes empty though papers are left is asked for twice more."""
    for _ in range(3):
        answer = client.get(ADDRESS, params=params, etag=etag, last_modified=last_modified)
        if answer.status == 304:
            return answer, Parsed()
        parsed = parse(answer.content, on=on)
        # arXiv does so under load: https://github.com/lukasschwab/arxiv.py/issues/83
        is_empty = not (parsed.records or parsed.refusals)
        if not is_empty or int(params["start"]) >= (parsed.announced or 0):
            return answer, parsed
    raise SourceError(f"arXiv gave {params['start']} of {parsed.announced} papers, then nothing")


def window(on: date) -> tuple[datetime, datetime] | None:
    """From when to when in UTC (without the end) the papers of the list of `on` came in.

    https://info.arxiv.org/help/availability.html: submissions close at 14:00 in New York on
    working days. Monday's list has what came from Thursday to Friday, Tuesday's from Friday to
    Monday. Before a holiday arXiv lists a day later than this says.
    """
    if on.weekday() >= 5:
        return None
    closes = on - timedelta(days=3 if on.weekday() == 0 else 1)
    opens = closes - timedelta(days=3 if on.weekday() == 1 else 1)
    at = [datetime.combine(day, time(14), NEW_YORK).astimezone(UTC) for day in (opens, closes)]
    return at[0], at[1]


def minutes(window: tuple[datetime, datetime]) -> str:
    """Both ends count in arXiv's ranges, which know no seconds."""
    return f"{window[0]:%Y%m%d%H%M} TO {window[1] - timedelta(minutes=1):%Y%m%d%H%M}"


def any_of(categories: Collection[str]) -> str:
    return " OR ".join(f"cat:{category}" for category in categories)


def sifted(categories: Collection[str]) -> tuple[list[str], tuple[Refusal, ...]]:
    """arXiv's categories in order, each once, and what else stood among them.

    Raises SourceError where none is left to ask for.
    """
    if not categories:
        raise SourceError("no arXiv categories to ask for")
    known = sorted({category for category in categories if values.is_category(category)})
    odd = sorted(set(categories) - set(known))
    if not known:
        raise SourceError(f"{odd[0][:40]!r} is no arXiv category, and no other is asked for")
    return known, tuple(Refusal(f"category {code}", "is no arXiv category") for code in odd)


def naming(odd: tuple[Refusal, ...], parsed: Parsed) -> Parsed:
    """`parsed`, which also tells what could not be asked for."""
    return replace(parsed, refusals=(*odd, *parsed.refusals))


def parse(content: bytes, *, on: date | None = None, at: datetime | None = None) -> Parsed:
    """The papers of one page of results; `announced` is how many there are on all pages.

    With `on` they count as listed on that day, else on the day each was first published.
    """
    feed = documents.xml_root(content)
    if feed.tag != "feed":
        raise SourceError(f"not an Atom feed but <{feed.tag[:40]}>")
    entries = feed.findall("entry")
    for entry in entries:
        refuse_error(entry)
    announced = values.count(field(feed, "totalResults"))
    return collect(
        entries, lambda entry: read(entry, on), name=lambda e: field(e, "id"), announced=announced
    )


def refuse_error(entry: Element) -> None:
    if "/api/errors" in field(entry, "id"):
        raise SourceError(f"arXiv says: {field(entry, 'summary')[:200]}")


def read(entry: Element, on: date | None) -> PaperRecord:
    arxiv_id, version = values.arxiv_identity(field(entry, "id"))
    if not arxiv_id:
        raise ValueError("has no arXiv id")
    doi, _ = values.doi(field(entry, "doi"))
    published = values.moment(field(entry, "published"))
    updated = values.moment(field(entry, "updated"))
    primary, categories = read_categories(entry)
    day = on or (published.date() if published else None)
    authors = [author for author in map(read_author, entry.findall("author")) if author[0]]
    return PaperRecord(
        source=NAME,
        listing=primary if day else "",
        mentioned_on=day,
        arxiv_id=arxiv_id,
        version=version,
        doi=doi,
        title=values.title(field(entry, "title")),
        abstract=field(entry, "summary"),
        authors=tuple(name for name, _ in authors),
        affiliations=tuple(place for _, place in authors) if any(p for _, p in authors) else (),
        categories=categories,
        primary_category=primary,
        published_at=published,
        revised_at=updated if updated != published else None,
        comment=field(entry, "comment"),
        venue=field(entry, "journal_ref"),
    )


def field(element: Element, name: str) -> str:
    """The text of a child without space around it; empty where there is none."""
    return (element.findtext(name) or "").strip()


def read_author(author: Element) -> tuple[str, str]:
    places = [(place.text or "").strip() for place in author.findall("affiliation")]
    return field(author, "name"), "; ".join(place for place in places if place)


def read_categories(entry: Element) -> tuple[str, tuple[str, ...]]:
    """The primary category and all of them, that one first."""
    # Atom has it in an attribute, RSS as the text.
    terms = [(c.get("term") or c.text or "").strip() for c in entry.findall("category")]
    element = entry.find("primary_category")
    primary = element.get("term", "").strip() if element is not None else ""
    # Classes of other schemes (MSC, ACM) stand among them and have spaces or commas.
    codes = [term for term in [primary, *terms] if values.is_category(term)]
    return (codes[0] if codes else ""), tuple(dict.fromkeys(codes))
