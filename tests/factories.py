"""Valid objects; a test names only what it is about."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from typing import Any

from newsletter.models import Digest, Edition, Entry
from papers.models import Author, Authorship, Paper, Topic
from subscribers.models import Subscriber, TopicPreference

NOW = datetime(2026, 2, 20, 7, 0, tzinfo=UTC)

_numbers = itertools.count(1)


def make_topic(**fields: Any) -> Topic:
    n = next(_numbers)
    fields.setdefault("name", f"Topic {n}")
    fields.setdefault("slug", f"topic-{n}")
    return Topic.objects.create(**fields)


def make_paper(*, authors: list[str] | None = None, **fields: Any) -> Paper:
    n = next(_numbers)
    fields.setdefault("arxiv_id", f"2602.{n:05d}")
    fields.setdefault("title", f"Paper {n}: on the number {n}")
    fields.setdefault("title_key", f"paper {n}")
    fields.setdefault("abstract", f"We study the number {n}. It turns out to be {n}.")
    fields.setdefault("summary", fields["abstract"])
    fields.setdefault("primary_category", "cs.LG")
    fields.setdefault("categories", [fields["primary_category"]])
    fields.setdefault("published_at", NOW)
    fields.setdefault("first_mentioned_on", NOW.date())
    paper = Paper.objects.create(**fields)
    for position, name in enumerate(authors or [f"Ada Author{n}", f"Bo Writer{n}"], start=1):
        author, _ = Author.objects.get_or_create(key=name.lower(), defaults={"name": name})
        Authorship.objects.create(paper=paper, author=author, position=position)
    return paper


def make_subscriber(*, topics: list[Topic] | None = None, **fields: Any) -> Subscriber:
    n = next(_numbers)
    fields.setdefault("email", f"reader{n}@mail.example.net")
    fields.setdefault("status", Subscriber.Status.ACTIVE)
    if fields["status"] == Subscriber.Status.ACTIVE:
        fields.setdefault("confirmed_at", NOW)
    subscriber = Subscriber.objects.create(**fields)
    for topic in topics or []:
        TopicPreference.objects.create(subscriber=subscriber, topic=topic)
    return subscriber


def make_edition(**fields: Any) -> Edition:
    fields.setdefault("date", date(2026, 2, 20))
    fields.setdefault("created_at", NOW)
    edition, _ = Edition.objects.get_or_create(
        cadence=fields.pop("cadence", Edition.Cadence.DAILY),
        date=fields.pop("date"),
        defaults=fields,
    )
    return edition


def make_digest(*, papers: list[Paper] | None = None, **fields: Any) -> Digest:
    """A pending digest with an entry for each of `papers` (one of its own where None)."""
    fields.setdefault("edition", None)
    edition = fields.pop("edition") or make_edition()
    subscriber = fields.pop("subscriber", None) or make_subscriber()
    fields.setdefault("due_at", NOW)
    fields.setdefault("built_at", NOW)
    digest = Digest.objects.create(edition=edition, subscriber=subscriber, **fields)
    for position, paper in enumerate([make_paper()] if papers is None else papers, start=1):
        Entry.objects.create(
            digest=digest,
            subscriber=subscriber,
            paper=paper,
            position=position,
            section=Entry.Section.TOP if position == 1 else Entry.Section.MORE,
            score=1.0 / position,
            reasons=[],
        )
    return digest
