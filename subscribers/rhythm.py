"""When a reader's letter is due: pure, in the reader's own zone, right through clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


def next_letter_at(
    now: datetime, *, zone: str, hour: int, weekdays: int, weekly: bool = False
) -> datetime:
    """The next instant (aware, UTC) strictly after `now` at which a letter is due.

    `weekdays` is a bit mask, Monday is 1; a weekly reader's day is the lowest set bit.
    Raises ValueError for a mask without a day, ZoneInfoNotFoundError for an unknown zone.
    """
    days = chosen_days(weekdays, weekly=weekly)
    day = now.astimezone(ZoneInfo(zone)).date() - DAY
    while True:
        if day.weekday() in days:
            instant = due_at(zone, day, hour)
            if instant > now:
                return instant
        day += DAY


def chosen_days(weekdays: int, *, weekly: bool = False) -> frozenset[int]:
    """Days as in date.weekday(); only the first of them for a weekly reader."""
    days = [day for day in range(7) if weekdays & (1 << day)]
    if not days:
        raise ValueError("no weekday is chosen")
    return frozenset(days[:1] if weekly else days)


@lru_cache(maxsize=65_536)
def due_at(zone: str, day: date, hour: int) -> datetime:
    """The instant (aware, UTC) when the clock in `zone` first shows `hour` or later on `day`.

    In spring's gap that is the first instant after it; an hour that comes twice in autumn counts
    the first time (PEP 495, fold=0).
    """
    place = ZoneInfo(zone)
    wall = datetime.combine(day, time(hour))
    instant = wall.replace(tzinfo=place).astimezone(UTC)
    if instant.astimezone(place).replace(tzinfo=None) == wall:
        return instant

    # The clock never shows that hour: look for the first second that lies beyond it.
    before, after = int((instant - DAY).timestamp()), int((instant + DAY).timestamp())
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, place).replace(tzinfo=None) < wall:
            before = middle
        else:
            after = middle
    return datetime.fromtimestamp(after, UTC)
