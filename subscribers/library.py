"""Papers that a reader brings along: found here they are likes, else their titles are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from papers import folding, identity, references
from papers.models import Paper
from papers.references import Reference
from papers.sources.base import PaperRecord, Refusal
from subscribers import feedback
from subscribers.models import Rule, Subscriber

MOST_TITLES = 100  # kept for one reader; the newest papers stay
BATCH = 500


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
    titles = [reference.title for reference in missing if reference.title]
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


def _keep(subscriber: Subscriber, titles: Sequence[str], *, now_here: set[str]) -> None:
    theirs = subscriber.rules.filter(kind=Rule.Kind.TITLE)
    kept = dict(theirs.values_list("text", "pk"))
    theirs.filter(pk__in=[pk for title, pk in kept.items() if title in now_here]).delete()
    Rule.objects.bulk_create(
        Rule(subscriber=subscriber, kind=Rule.Kind.TITLE, text=title)
        for title in dict.fromkeys(titles[-MOST_TITLES:])
        if title not in kept
    )
    surplus = theirs.order_by("-id").values_list("pk", flat=True)[MOST_TITLES:]
    theirs.filter(pk__in=list(surplus)).delete()


def _label(reference: Reference) -> str:
    return f"arXiv {reference.arxiv_id}" if reference.arxiv_id else f"DOI {reference.doi}"


def forget_title(subscriber: Subscriber, rule_id: int) -> bool:
    """True if it was kept."""
    theirs = subscriber.rules.filter(kind=Rule.Kind.TITLE, pk=rule_id)
    return theirs.delete()[0] > 0


def forget_titles(subscriber: Subscriber) -> None:
    subscriber.rules.filter(kind=Rule.Kind.TITLE).delete()
