"""What the tables know about a batch of digests: a constant number of queries, plain values out."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db.models import TextField, prefetch_related_objects
from django.db.models.functions import Cast
from django.utils.encoding import iri_to_uri

from newsletter.models import Digest, Edition, Entry
from papers import readings as timed
from papers import text
from papers.models import Authorship, Engagement, Paper, PaperTopic
from subscribers.models import Feedback, Follow, Subscriber, TopicPreference

URL_LONGEST = 500
HISTORY = timedelta(days=8)  # of counters, for "rising: 9 to 74 upvotes"
DAY = timedelta(hours=24)
WEEK = timedelta(days=7)
ENTRIES_MOST = 100_000
DAY_TOLERANCE = timedelta(hours=2)  # sources are read about once an hour


@dataclass(frozen=True, slots=True)
class Signal:
    """The strongest thing its counters say: day, rising, stars, cited, votes, or nothing."""

    kind: str = ""
    count: int = 0
    before: int = 0


@dataclass(frozen=True, slots=True)
class PaperFacts:
    id: int
    title: str
    summary: str = ""
    authors: tuple[tuple[int, str], ...] = ()
    published_on: date | None = None
    url: str = ""
    pdf_url: str = ""
    code_url: str = ""
    discussion_url: str = ""
    stars: int = 0
    signal: Signal = Signal()
    topic: str = ""  # the best of those it belongs to


@dataclass(frozen=True, slots=True, eq=False)
class EntryFacts:
    """A paper in a digest: one and the same for all who have it there for the same reasons.

    What is made of it is found by its identity.
    """

    paper_id: int
    section: str
    reasons: tuple[Mapping[str, Any], ...] = ()


class Entries:
    """The entries of many digests, each made once."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, str, str], EntryFacts] = {}

    def of(self, paper_id: int, section: str, stored: str) -> EntryFacts:
        """`stored` is its reasons as the table has them, JSON."""
        known = (paper_id, section, stored)
        entry = self._made.get(known)
        if entry is None:
            if len(self._made) >= ENTRIES_MOST:
                self._made.clear()
            entry = self._made[known] = EntryFacts(paper_id, section, tuple(json.loads(stored)))
        return entry


@dataclass(frozen=True, slots=True)
class Week:
    """What a reader of the weekly letter did in the week before it."""

    saved: int = 0
    liked: int = 0


@dataclass(frozen=True, slots=True)
class Copy:
    """One reader's digest, with what was loaded for it."""

    digest: Digest
    reader: Subscriber
    edition: Edition
    entries: tuple[EntryFacts, ...]
    topics: tuple[str, ...] = ()  # names, the ones they want more of first
    followed: frozenset[int] = frozenset()  # author ids
    week: Week = Week()

    @property
    def paper_ids(self) -> Iterator[int]:
        yield from (entry.paper_id for entry in self.entries)
        yield from (update["paper"] for update in self.digest.updates)


def as_of(digest: Digest) -> datetime:
    """The instant whose numbers a letter prints; fixed, so that a retry prints the same."""
    return digest.due_at.replace(minute=0, second=0, microsecond=0)


def papers_by_instant(copies: Iterable[Copy]) -> dict[datetime, set[int]]:
    wanted: dict[datetime, set[int]] = defaultdict(set)
    for copy in copies:
        wanted[as_of(copy.digest)].update(copy.paper_ids)
    return wanted


def copies(digests: Sequence[Digest], shared: Entries | None = None) -> list[Copy]:
    """In the order given; what is printed in several batches passes their `shared` entries."""
    shared = shared or Entries()
    prefetch_related_objects(list(digests), "edition", "subscriber")
    subscriber_ids = {digest.subscriber_id for digest in digests}
    entries: dict[int, list[EntryFacts]] = defaultdict(list)
    for digest_id, paper_id, section, stored in (
        Entry.objects.filter(digest_id__in=[digest.pk for digest in digests])
        .order_by("digest_id", "position")
        .annotate(stored=Cast("reasons", TextField()))
        .values_list("digest_id", "paper_id", "section", "stored")
    ):
        entries[digest_id].append(shared.of(paper_id, section, stored))
    topics: dict[int, list[str]] = defaultdict(list)
    for subscriber_id, name in (
        TopicPreference.objects.filter(subscriber_id__in=subscriber_ids, topic__is_active=True)
        .order_by("subscriber_id", "-weight", "topic__position", "topic__name")
        .values_list("subscriber_id", "topic__name")
    ):
        topics[subscriber_id].append(name)
    followed: dict[int, list[int]] = defaultdict(list)
    for subscriber_id, author_id in Follow.objects.filter(
        subscriber_id__in=subscriber_ids
    ).values_list("subscriber_id", "author_id"):
        followed[subscriber_id].append(author_id)
    weeks = _weeks([d for d in digests if d.edition.cadence == Edition.Cadence.WEEKLY])
    return [
        Copy(
            digest,
            digest.subscriber,
            digest.edition,
            tuple(entries[digest.pk]),
            tuple(topics[digest.subscriber_id]),
            frozenset(followed[digest.subscriber_id]),
            weeks.get(digest.pk, Week()),
        )
        for digest in digests
    ]


def _weeks(digests: Sequence[Digest]) -> dict[int, Week]:
    """Digest → taps that stand from the seven days before it."""
    if not digests:
        return {}
    taps: dict[int, list[tuple[datetime, str]]] = defaultdict(list)
    for subscriber_id, at, kind in Feedback.objects.filter(
        subscriber_id__in={digest.subscriber_id for digest in digests},
        kind__in=[Feedback.Kind.SAVED, Feedback.Kind.MORE],
        undone_at=None,
        given_at__gt=min(map(as_of, digests)) - WEEK,
    ).values_list("subscriber_id", "given_at", "kind"):
        taps[subscriber_id].append((at, kind))
    weeks = {}
    for digest in digests:
        end = as_of(digest)
        kinds = [kind for at, kind in taps[digest.subscriber_id] if end - WEEK < at <= end]
        weeks[digest.pk] = Week(kinds.count(Feedback.Kind.SAVED), kinds.count(Feedback.Kind.MORE))
    return weeks


def paper_facts(paper_ids: Sequence[int], *, as_of: datetime) -> dict[int, PaperFacts]:
    authors: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for paper_id, author_id, name in (
        Authorship.objects.filter(paper_id__in=paper_ids)
        .order_by("paper_id", "position")
        .values_list("paper_id", "author_id", "author__name")
    ):
        authors[paper_id].append((author_id, text.clean(name)))
    topics: dict[int, str] = {}
    for paper_id, name in (
        PaperTopic.objects.filter(paper_id__in=paper_ids, belongs=True, topic__is_active=True)
        .order_by("paper_id", "score")
        .values_list("paper_id", "topic__name")
    ):
        topics[paper_id] = name
    readings: dict[int, list[Engagement]] = defaultdict(list)
    for reading in Engagement.objects.filter(
        paper_id__in=paper_ids, read_at__gt=as_of - HISTORY, read_at__lte=as_of
    ).order_by("read_at"):
        readings[reading.paper_id].append(reading)
    return {
        paper.pk: PaperFacts(
            id=paper.pk,
            title=text.clean(paper.title) or paper.public_id,
            summary=text.clean(paper.short_summary),
            authors=tuple(authors[paper.pk]),
            published_on=paper.published_at.date() if paper.published_at else None,
            url=safe_url(paper.abstract_url),
            pdf_url=safe_url(paper.pdf_url),
            code_url=safe_url(paper.code_url),
            discussion_url=safe_url(paper.discussion_url),
            stars=paper.stars or 0,
            signal=signal(paper, readings[paper.pk], now=as_of),
            topic=topics.get(paper.pk, ""),
        )
        for paper in Paper.objects.filter(pk__in=paper_ids).defer("abstract")
    }


def change_told(entry: EntryFacts) -> Signal:
    """The change in votes that a paper is there for, as it was when chosen."""
    for reason in entry.reasons:
        if reason.get("kind") == "rising":
            change = int(reason.get("upvotes") or 0), int(reason.get("before") or 0)
            return Signal("rising", *change)
    return Signal()


def signal(paper: Paper, readings: Sequence[Engagement], *, now: datetime) -> Signal:
    """Votes in 24 h; else a rise over the week; else stars, citations, all votes; else nothing.

    Only what was read is said: without a reading of 22 to 26 hours before the last, or where the
    last is not fresh, there are no votes in 24 h, and a counter that fell says nothing of a rise.
    """
    votes = [(r.read_at, r.upvotes) for r in readings if r.upvotes is not None]
    if votes:
        last_at, last = votes[-1]
        day_ago = [
            (abs(last_at - at - DAY), count)
            for at, count in votes
            if abs(last_at - at - DAY) <= DAY_TOLERANCE
        ]
        gained = last - min(day_ago)[1] if day_ago else 0
        if gained >= 10 and timed.is_fresh(last_at, now):
            return Signal("day", gained)
        if grown := timed.rise(votes, now=now):
            return Signal("rising", grown.votes, grown.before)
    if (paper.stars or 0) >= 100:
        return Signal("stars", paper.stars or 0)
    citations = [r.citations for r in readings if r.citations is not None]
    if citations and (gained := citations[-1] - citations[0]) >= 3:
        return Signal("cited", gained)
    count = votes[-1][1] if votes else (paper.upvotes or 0)
    return Signal("votes", count) if count > 0 else Signal()


def safe_url(url: str) -> str:
    """`url` where it leads to a web page and fits a line; else nothing."""
    if not url or len(url) > URL_LONGEST or any(c.isspace() or ord(c) < 32 for c in url):
        return ""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
        return ""
    quoted = (iri_to_uri(url) or "").replace("'", "%27")
    return quoted if quoted.isascii() and len(quoted) <= URL_LONGEST else ""
