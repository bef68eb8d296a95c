"""What timed readings of a paper's votes say, and for how long it stays true."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

Reading = tuple[datetime, int]  # when it was read, and the votes so far

DAY = timedelta(hours=24)
# Votes "in 24 h" are said of the hours up to now. A source that is read once a day may have been
# read a day ago, and takes an hour or two; behind that it has been silent.
FRESH = timedelta(hours=26)


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
