"""Papers as letters print them: read once for an instant, and unchanged for whoever asks again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from newsletter.facts import PaperFacts, Signal, paper_facts
from newsletter.models import PrintedPaper

KEPT = timedelta(days=30)  # an uncertain letter is settled within days


@dataclass(slots=True)
class Archive:
    """The papers of letters printed as of one instant, each read once.

    What one printer `keeps`, all others find, today and after a restart: a retry prints the same
    bytes, though a source has counted on or a title has changed since.
    """

    as_of: datetime
    keeps: bool = False
    papers: dict[int, PaperFacts] = field(default_factory=dict)

    def fetch(self, paper_ids: Iterable[int]) -> None:
        """Read those that are not here yet."""
        missing = sorted(set(paper_ids) - self.papers.keys())
        if not missing:
            return
        self.papers |= _kept(self.as_of, missing)
        new = [paper_id for paper_id in missing if paper_id not in self.papers]
        if not new:
            return
        self.papers |= paper_facts(new, as_of=self.as_of)
        if self.keeps:
            _keep(self.as_of, {n: self.papers[n] for n in new if n in self.papers})
            # Another printer may have been first: its word counts.
            self.papers |= _kept(self.as_of, new)


def _kept(as_of: datetime, paper_ids: Iterable[int]) -> dict[int, PaperFacts]:
    rows = PrintedPaper.objects.filter(as_of=as_of, paper__in=list(paper_ids))
    found = {paper_id: _read(stored) for paper_id, stored in rows.values_list("paper", "facts")}
    return {paper_id: facts for paper_id, facts in found.items() if facts is not None}


def _keep(as_of: datetime, papers: Mapping[int, PaperFacts]) -> None:
    PrintedPaper.objects.filter(as_of__lt=as_of - KEPT).delete()
    PrintedPaper.objects.bulk_create(
        [PrintedPaper(as_of=as_of, paper_id=n, facts=_told(facts)) for n, facts in papers.items()],
        ignore_conflicts=True,
        batch_size=500,
    )


def _told(facts: PaperFacts) -> dict[str, Any]:
    published = facts.published_on
    return asdict(facts) | {"published_on": published.isoformat() if published else None}


def _read(stored: Mapping[str, Any]) -> PaperFacts | None:
    """None where another version of this program wrote it."""
    try:
        published = stored["published_on"]
        return PaperFacts(
            **{
                **stored,
                "published_on": date.fromisoformat(published) if published else None,
                "authors": tuple((int(pk), name) for pk, name in stored["authors"]),
                "signal": Signal(**stored["signal"]),
            }
        )
    except (KeyError, TypeError, ValueError):
        return None
