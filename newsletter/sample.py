"""The public letter of a day or week: its strongest papers, chosen for nobody in particular."""

from __future__ import annotations

from datetime import UTC, datetime, time

from django.utils import translation

from newsletter import looks
from newsletter.archive import Archive
from newsletter.content import Layout, Letter
from newsletter.facts import Copy, EntryFacts
from newsletter.models import Digest, Edition, Entry
from papers import lists
from papers.models import Paper
from subscribers import mail
from subscribers.models import Subscriber

PAPERS = 8
DAYS = {Edition.Cadence.DAILY: 1, Edition.Cadence.WEEKLY: 7}


def papers_of(edition: Edition) -> tuple[list[Paper], int]:
    """The strongest papers of the edition's last list day or week, and of how many they are."""
    last = lists.latest_day(until=edition.date)
    if last is None:
        return [], 0
    pool = lists.ranked(last, days=DAYS[Edition.Cadence(edition.cadence)])
    return list(pool[:PAPERS]), pool.count()


def letter(edition: Edition) -> Letter:
    """In the language that is switched on; raises LookupError where there are no papers."""
    papers, pool_size = papers_of(edition)
    noon = datetime.combine(edition.date, time(12), UTC)
    archive = Archive(noon)
    archive.fetch(paper.pk for paper in papers)
    entries = tuple(
        EntryFacts(paper.pk, Entry.Section.MORE if position else Entry.Section.TOP)
        for position, paper in enumerate(papers)
    )
    digest, nobody = Digest(due_at=noon, pool_size=pool_size), Subscriber()
    copy = Copy(digest, nobody, edition, entries)
    return Layout(archive.papers, on=edition.date).sample(copy)


def page(edition: Edition) -> str:
    language = translation.get_language() or "en"
    context = {"letter": letter(edition)}
    return mail.page("sample", context, language=language, look=looks.current())
