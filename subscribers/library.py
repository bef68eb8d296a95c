"""Papers that a reader brings along: found here they are likes, else their titles are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from papers import folding, identity, references, text
from papers.models import Paper
from papers.references import Reference
from papers.sources.base import PaperRecord, Refusal
from subscribers import feedback
from subscribers.models import Feedback, Rule, Subscriber

MOST_TITLES = 100  # kept for one reader; the newest papers stay
BATCH = 500
AT_FIRST = 10_000  # newest papers that a process looks at when it starts
OVERLAP = 2_000  # papers looked at again: one with a lower number may be committed later
_looked_at: int | None = None  # the newest paper's id


@dataclass(frozen=True)
class Brought:
    """What became of everything that was pasted."""

    found: int
    titles: int  # not here, kept by their titles
    unknown: tuple[str, ...]  # not here, and without a title
    refusals: tuple[Refusal, ...]

    @property
    def total(self) -> int:
        return self.found + self.titles + len(self.unknown) + len(self.refusals)


@transaction.atomic
def bring(subscriber: Subscriber, pasted: str, *, now: datetime) -> Brought:
    """Take in what a reader pasted; the same again changes nothing."""
    read = references.read(pasted)
    # The newest 50 likes count: of a large library those should be its newest papers.
    listed = sorted(read.references, key=lambda reference: reference.year)
    papers = find(listed)
    found = [paper for paper in papers if paper is not None]
    feedback.bring(subscriber, found, now=now)
    missing = [one for one, paper in zip(listed, papers, strict=True) if paper is None]
    here = {one.title for one, paper in zip(listed, papers, strict=True) if paper is not None}
    titles = [reference for reference in missing if reference.title]
    _keep(subscriber, titles, now_here=here)
    unknown = tuple(_label(reference) for reference in missing if not reference.title)
    return Brought(len(found), len(titles), unknown, read.refusals)


def find(listed: Sequence[Reference]) -> list[Paper | None]:
    """Our paper for each: by arXiv id, DOI, then title and first author."""
    found: list[Paper | None] = []
    for start in range(0, len(listed), BATCH):
        batch = [folding.facts(_record(one)) for one in listed[start : start + BATCH]]
        found += identity.papers_of(batch)
    return found


def _record(reference: Reference) -> PaperRecord:
    return PaperRecord(
        source="pasted",
        title=reference.title,
        arxiv_id=reference.arxiv_id,
        doi=reference.doi,
        authors=(reference.author,) if reference.author else (),
        is_addition=True,
    )


def _keep(subscriber: Subscriber, missing: Sequence[Reference], *, now_here: set[str]) -> None:
    theirs = subscriber.rules.filter(kind=Rule.Kind.TITLE)
    kept = dict(theirs.values_list("text", "pk"))
    authors = {reference.title: reference.author for reference in missing}
    theirs.filter(pk__in=[pk for title, pk in kept.items() if title in now_here]).delete()
    Rule.objects.bulk_create(
        Rule(
            subscriber=subscriber,
            kind=Rule.Kind.TITLE,
            text=title,
            key=text.title_key(title, author),
        )
        for title, author in list(authors.items())[-MOST_TITLES:]
        if title not in kept
    )
    surplus = theirs.order_by("-id").values_list("pk", flat=True)[MOST_TITLES:]
    theirs.filter(pk__in=list(surplus)).delete()


def match_kept() -> int:
    """Make likes of kept titles whose papers have come; returns how many. Ingest may bring them at
    any time, so each minute asks for the papers since the last.

    What this process has looked at is remembered only to spare the database work.
    """
    global _looked_at
    if not Rule.objects.filter(key__gt="").exists():
        return 0
    newest = Paper.objects.aggregate(newest=Max("pk"))["newest"] or 0
    since = newest - AT_FIRST if _looked_at is None else min(_looked_at, newest)
    if since == newest:
        return 0
    keys = (
        Paper.objects.canonical()
        .filter(pk__gt=since - OVERLAP)
        .values_list("pk", "title_key", "title")
    )
    listed, found = list(keys), 0
    for start in range(0, len(listed), BATCH):
        found += _match(listed[start : start + BATCH])
    _looked_at = newest
    return found


@transaction.atomic
def _match(papers: Sequence[tuple[int, str, str]]) -> int:
    by_key: dict[str, int] = {}
    for pk, key, title in papers:
        by_key[key] = pk
        if len(text.folded(title)) >= identity.LONG_TITLE:
            by_key.setdefault(key[: identity.TITLE_PART], pk)  # of a title without author
    rules = list(Rule.objects.filter(kind=Rule.Kind.TITLE, key__in=by_key))
    Feedback.objects.bulk_create(
        (
            Feedback(
                subscriber_id=rule.subscriber_id,
                paper_id=by_key[rule.key],
                kind=Feedback.Kind.PASTED,
                given_at=rule.created_at,
            )
            for rule in rules
        ),
        ignore_conflicts=True,
    )
    Rule.objects.filter(pk__in=[rule.pk for rule in rules]).delete()
    return len(rules)


def _label(reference: Reference) -> str:
    return f"arXiv {reference.arxiv_id}" if reference.arxiv_id else f"DOI {reference.doi}"


def forget_title(subscriber: Subscriber, rule_id: int) -> bool:
    """True if it was kept."""
    theirs = subscriber.rules.filter(kind=Rule.Kind.TITLE, pk=rule_id)
    return theirs.delete()[0] > 0


def forget_titles(subscriber: Subscriber) -> None:
    subscriber.rules.filter(kind=Rule.Kind.TITLE).delete()
