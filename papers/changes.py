"""What befalls a paper after it was first taken in, for readers who had it before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from papers import lists, text, venues
from papers.models import Change, Paper


def of(
    was: Mapping[str, Any], paper: Paper, *, now: datetime
) -> Iterator[tuple[str, str, datetime]]:
    """Kind, detail and instant of each; `was`: the values that were stored, of changed fields."""
    said_at = paper.revised_at if "revised_at" in was and paper.revised_at else now
    happened_at = min(said_at, now)
    if "retracted_at" in was and was["retracted_at"] is None and paper.retracted_at:
        yield Change.Kind.RETRACTED, "", happened_at
        return
    venue, before = (
        venue_of(paper.venue, paper.comment),
        venue_of(was.get("venue", paper.venue), was.get("comment", paper.comment)),
    )
    if venue and not before:
        yield Change.Kind.VENUE, venue, happened_at
    if paper.code_url and was.get("code_url") == "":
        yield Change.Kind.CODE, "", now
    if paper.version > was.get("version", paper.version):
        yield Change.Kind.VERSION, str(paper.version), happened_at


def venue_of(venue: str, comment: str) -> str:
    """Where a paper was accepted, as its source or its authors' comment says; else nothing."""
    if venue and "arxiv" not in venue.lower():
        return text.shortened(venue, venues.LONGEST)
    return venues.accepted_at(comment)


def note_top_of_week(*, now: datetime) -> int:
    """Once a week is over, keep which paper was the strongest of it; how many rows that made."""
    today = now.astimezone(UTC).date()
    monday = today - timedelta(days=today.weekday())
    week = (monday - timedelta(days=7)).isoformat()
    if Change.objects.filter(kind=Change.Kind.TOPPED, detail=week).exists():
        return 0
    sunday = monday - timedelta(days=1)
    top = lists.ranked(sunday, days=7).exclude(upvotes=None).first()
    if top is None:
        return 0
    _, is_new = Change.objects.get_or_create(
        paper=top,
        kind=Change.Kind.TOPPED,
        detail=week,
        defaults={"happened_at": datetime.combine(monday, time(), UTC), "noticed_at": now},
    )
    return int(is_new)
