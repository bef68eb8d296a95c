"""arXiv's daily feeds, in Atom or RSS 2.0: what was announced today, and how.

    GET https://rss.arxiv.org/atom/cs.AI+cs.CL

https://info.arxiv.org/help/rss.html. Each entry is `new`, a `cross`-listing from another category,
or a `replace`ment (`replace-cross`) by a later version. Its dates are those of the announcement:
when the paper was submitted is not said. The authors stand in one line with commas.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from xml.etree.ElementTree import Element

from papers.sources import documents, values
from papers.sources.arxiv_api import NAME as ARXIV
from papers.sources.arxiv_api import field, naming, read_categories, sifted
from papers.sources.base import Answer, Client, PaperRecord, Parsed, SourceError, collect

NAME = "arxiv_feed"
ADDRESS = "https://rss.arxiv.org/atom/"
KINDS = ("new", "cross", "replace", "replace-cross")
HEAD = re.compile(
    r"\s*arXiv:(?P<id>\S{1,40})\s+Announce Type:\s*(?P<kind>[a-z-]{1,20})\s*(?:Abstract:\s*)?", re.I
)
# A comma before these does not end a name.
SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv|ph\.?d)\.?", re.I)


def fetch(
    client: Client,
    *,
    on: date,
    categories: Collection[str],
    etag: str = "",
    last_modified: str = "",
) -> Iterator[tuple[Answer, Parsed]]:
    """Today's announcements in `categories`; a feed of another day than `on` is refused.

    It is put up at midnight in New York and stays until the next one.
    """
    asked, odd = sifted(categories)
    answer = client.get(ADDRESS + "+".join(asked), etag=etag, last_modified=last_modified)
    if answer.status == 304:
        yield answer, Parsed()
        return
    parsed = parse(answer.content)
    days = sorted({r.mentioned_on for r in parsed.records if r.mentioned_on})
    if days and on not in days:
        raise SourceError(f"the feed is of {days[-1]}, and has no other day")
    yield answer, naming(odd, parsed)


def parse(content: bytes, *, on: date | None = None, at: datetime | None = None) -> Parsed:
    """Every announcement of the feed; `on` counts only where an entry has no date of its own."""
    root = documents.xml_root(content)
    channel = root.find("channel") if root.tag == "rss" else root
    if channel is None or channel.tag not in ("feed", "channel"):
        raise SourceError(f"not a feed but <{root.tag[:40]}>")
    if "arxiv" not in (field(channel, "id") + field(channel, "title")).lower():
        raise SourceError(f"not a feed of arXiv's: {field(channel, 'title')[:100]}")
    category = feed_category(field(channel, "title"))
    entries = [*channel.findall("entry"), *channel.findall("item")]
    return collect(
        entries,
        lambda entry: read(entry, category, on),
        name=identity,
        announced=len(entries),
    )


def feed_category(title: str) -> str:
    """`cs.AI` of "cs.AI updates on arXiv.org"; empty where the feed is of several."""
    word = title.partition(" ")[0]
    return word if values.is_category(word) else ""


def identity(entry: Element) -> str:
    return field(entry, "id") or field(entry, "guid") or field(entry, "link")


def read(entry: Element, category: str, on: date | None) -> PaperRecord:
    arxiv_id, version = values.arxiv_identity(identity(entry).removeprefix("oai:arXiv.org:"))
    if not arxiv_id:
        raise ValueError("has no arXiv id")
    abstract = field(entry, "summary") or field(entry, "description")
    head = HEAD.match(abstract)
    kind = field(entry, "announce_type") or (head["kind"].lower() if head else "")
    if kind not in KINDS:
        raise ValueError(f"announced as {kind[:40]!r}, which is nothing we know")
    primary, categories = read_categories(entry)
    doi, _ = values.doi(field(entry, "DOI"))
    day = announced_on(entry) or on
    return PaperRecord(
        source=ARXIV,
        listing=f"{category or primary} {kind}".strip() if day else "",
        mentioned_on=day,
        announce_type=kind,
        arxiv_id=arxiv_id,
        version=version,
        doi=doi,
        title=values.title(field(entry, "title")),
        abstract=abstract[head.end() :] if head else abstract,
        authors=tuple(author_names(field(entry, "creator"))),
        categories=categories,
        primary_category=primary,
        venue=field(entry, "journal_reference"),
    )


def announced_on(entry: Element) -> date | None:
    """The day as arXiv's own clock has it: 2025-08-20T00:00:00-04:00 is the 20th."""
    for written in (field(entry, "published"), field(entry, "pubDate")):
        if values.moment(written):
            return date.fromisoformat(written[:10])
        try:
            return parsedate_to_datetime(written).date()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def author_names(line: str) -> list[str]:
    """Names of `A. Lark, Bo Okoye Jr., Jr., Cleo Park (Sample Lab, Bergen)`, without places."""
    line = re.sub(r"\([^()]{0,300}\)", "", line)
    names: list[str] = []
    for part in line.split(","):
        name = part.strip()
        if names and SUFFIX.fullmatch(name):
            names[-1] += f", {name}"
        elif name:
            names.append(name)
    return names
