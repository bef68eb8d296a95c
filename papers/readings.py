"""What timed readings of a paper's votes say, and for how long it stays true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

Reading = tuple[datetime, int]  # when it was read, and the votes so far

DAY, WEEK = timedelta(hours=24), timedelta(days=7)
# Votes "in 24 h" are said of the hours up to now. A source that is read once a day may have been
# read a day ago, and takes an hour or two; behind that it has been silent.
FRESH = timedelta(hours=26)

# A rise is so many votes more, and half as many again: less is what every paper gets.
RISE_VOTES, RISE_RATIO = 10, 1.5


@dataclass(frozen=True, slots=True)
class Rise:
    before: int
    votes: int

    @property
    def gained(self) -> int:
        return self.votes - self.before


def is_fresh(read_at: datetime, now: datetime) -> bool:
    return now - read_at <= FRESH


def gained(
    readings: Sequence[Reading], began: datetime, *, now: datetime
) -> tuple[int, int] | None:
    """Votes won and in how many hours, up to the newest of `readings` (earliest first).

    Counted from the last reading that is a day or more older than the newest, else from `began`,
    when the first vote could be given. None where none were won, or the newest is not fresh.
    """
    if not readings or not is_fresh(readings[-1][0], now):
        return None
    newest, votes = readings[-1]
    earlier = [reading for reading in readings if reading[0] <= newest - DAY]
    since, before = earlier[-1] if earlier else (began, 0)
    hours = ceil((newest - since).total_seconds() / 3600)
    return (votes - before, hours) if votes > before and hours > 0 else None


def rise(readings: Sequence[Reading], *, now: datetime) -> Rise | None:
    """The change in votes over the week up to `now`.

    From the first to the last of `readings` (earliest first) that were taken in these seven days:
    what was won before the first or after the last is not told. None where fewer than two were
    taken, and where the votes grew by less than RISE_VOTES or RISE_RATIO.
    """
    lately = [votes for at, votes in readings if now - WEEK < at <= now]
    if len(lately) < 2:
        return None
    grown = Rise(lately[0], lately[-1])
    large = grown.gained >= RISE_VOTES and grown.votes >= RISE_RATIO * grown.before
    return grown if large else None
