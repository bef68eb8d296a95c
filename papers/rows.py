"""Writes what was folded into the tables, a batch at a time, touching only what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import connection

from papers import changes
from papers.folding import COUNTERS, Work, origins_of
from papers.models import (
    Author,
    Authorship,
    Change,
    Engagement,
    Mention,
    Paper,
    PaperKey,
    PaperTopic,
)
from papers.names import better_name

LOCK = 0x50_61_70_65_72  # of PostgreSQL, while a batch of papers is looked up and written
CHUNK = 5_000  # keys in one question
# Changes that are rows of their own and not a column of the paper.
AROUND = {"authors", "mentions", "readings"}


def lock() -> None:
    """Let one ingest at a time look papers up and write them; SQLite's transactions do already."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def write(
    works: Sequence[Work],
    merged: Mapping[int, Work],
    names: Mapping[str, str],
    now: datetime,
) -> None:
    """Store papers and what belongs to them.

    `merged`: key of a stored paper → the paper it turned out to be. `names`: author key → name.
    """
    _let_go(merged)
    _write_papers(works, now)
    _write_merged(merged, now)
    _write_authors(works, names)
    _write_rows(works)
    _write_changes(works, now)


def _let_go(merged: Mapping[int, Work]) -> None:
    """Free the unique ids of merged papers for those they turned out to be."""
    Paper.objects.filter(pk__in=merged).update(arxiv_id=None, doi=None)


def _write_papers(works: Sequence[Work], now: datetime) -> None:
    for work in works:
        work.paper.origins = origins_of(work.weights)
    Paper.objects.bulk_create([work.paper for work in works if work.paper.pk is None])
    changed = [work for work in works if not work.is_new and work.changed - AROUND]
    columns = sorted({name for work in changed for name in work.changed} - AROUND)
    for work in changed:
        work.paper.changed_at = now
    if changed:
        papers = [work.paper for work in changed]
        Paper.objects.bulk_update(papers, [*columns, "changed_at"], batch_size=200)


def _write_merged(merged: Mapping[int, Work], now: datetime) -> None:
    """A merged paper stays as a row, for letters and links point at it, and leads to the other."""
    for pk, work in merged.items():
        other = work.paper.pk
        Paper.objects.filter(merged_into=pk).update(merged_into=other)
        Paper.objects.filter(pk=pk).update(merged_into=other, changed_at=now)
        PaperKey.objects.filter(paper=pk).update(paper=other)
    for model in (Authorship, PaperTopic, Mention, Engagement):
        model.objects.filter(paper__in=merged).delete()


def _write_authors(works: Sequence[Work], names: Mapping[str, str]) -> None:
    authors = _authors(names)
    changed = [work for work in works if "authors" in work.changed]
    stored = [work.paper.pk for work in changed if not work.is_new]
    Authorship.objects.filter(paper__in=stored).delete()
    missing = {key for work in changed for key, _ in work.authors} - authors.keys()
    authors |= _authors(dict.fromkeys(missing, ""))
    Authorship.objects.bulk_create(
        Authorship(
            paper=work.paper, author_id=authors[key], position=position, affiliation=affiliation
        )
        for work in changed
        for position, (key, affiliation) in enumerate(work.authors, start=1)
    )


def _authors(names: Mapping[str, str]) -> dict[str, int]:
    """Key → author, made where there is none, with the better spelling of the name."""
    stored: dict[str, Author] = {}
    keys = sorted(names)
    for start in range(0, len(keys), CHUNK):
        found = Author.objects.filter(key__in=keys[start : start + CHUNK])
        stored |= {author.key: author for author in found}
    better = []
    for key, author in stored.items():
        best = better_name(author.name, names[key]) if names[key] else author.name
        if best != author.name:
            author.name = best
            better.append(author)
    Author.objects.bulk_update(better, ["name"], batch_size=200)
    new = [Author(key=key, name=name) for key, name in sorted(names.items()) if key not in stored]
    Author.objects.bulk_create(new)
    return {author.key: author.pk for author in (*stored.values(), *new)}


def _write_rows(works: Sequence[Work]) -> None:
    Mention.objects.bulk_create(
        (
            Mention(paper=work.paper, source=source, listing=listing, mentioned_on=on)
            for work in works
            for source, listing, on in sorted(work.fresh_mentions)
        ),
        ignore_conflicts=True,
    )
    Engagement.objects.bulk_create(
        (
            Engagement(
                paper=work.paper,
                source=source,
                read_at=read_at,
                **dict(zip(COUNTERS, work.readings[source, read_at], strict=True)),
            )
            for work in works
            for source, read_at in sorted(work.fresh_readings)
        ),
        update_conflicts=True,
        unique_fields=["paper", "source", "read_at"],
        update_fields=list(COUNTERS),
    )
    PaperKey.objects.bulk_create(
        (
            PaperKey(key=key, paper=work.paper)
            for work in works
            for key in sorted(work.keys - own_keys(work))
        ),
        ignore_conflicts=True,
    )


def _write_changes(works: Sequence[Work], now: datetime) -> None:
    """What befell papers we had; of a new one everything is new."""
    Change.objects.bulk_create(
        (
            Change(
                paper=work.paper, kind=kind, detail=detail, happened_at=happened_at, noticed_at=now
            )
            for work in works
            if not work.is_new
            for kind, detail, happened_at in changes.of(work.was, work.paper, now=now)
        ),
        ignore_conflicts=True,
    )


def own_keys(work: Work) -> set[str]:
    paper = work.paper
    return {f"title:{paper.title_key}", f"doi:{paper.doi}", f"arxiv:{paper.arxiv_id}"}


def write_record_keys(keys: Mapping[str, tuple[int, str]]) -> None:
    """Remember records as taken in: key → (paper, weight)."""
    PaperKey.objects.bulk_create(
        (PaperKey(key=key, paper_id=pk, weight=weight) for key, (pk, weight) in keys.items()),
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["paper", "weight"],
    )
