"""Who is due at this instant, in every time zone: pure, `now` handed in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from subscribers.rhythm import DAY, due_at

LATE = timedelta(hours=12)  # a letter later than this is recorded as expired, not sent at night
LOOK_BACK = timedelta(hours=48)  # how far back missing digests are still accounted for

# The clock that reaches an hour last anywhere on earth.
LAST_ZONE = "Etc/GMT+12"


@dataclass(frozen=True)
class Window:
    """Readers of these zones whose hour lies in `first_hour..last_hour` of `day` are due.

    All zones of a window reach each of those hours at the same instants.
    """

    day: date
    zones: tuple[str, ...]
    first_hour: int
    last_hour: int
    instants: tuple[datetime, ...]  # one per hour, first to last

    def due_at(self, hour: int) -> datetime:
        return self.instants[hour - self.first_hour]


def windows(
    now: datetime, zones: Iterable[str], *, look_back: timedelta = LOOK_BACK
) -> Iterator[Window]:
    """Every (zones, day, hours) that came due in the `look_back` up to and with `now`.

    Zones with the same instants share a window, so a service with readers in all 600 zones asks
    the database some forty questions per day, not six hundred.
    """
    shared: dict[tuple[date, int, tuple[datetime, ...]], list[str]] = defaultdict(list)
    for zone in sorted(set(zones)):
        place = ZoneInfo(zone)
        day = (now - look_back).astimezone(place).date()
        last_day = now.astimezone(place).date()
        while day <= last_day:
            due = [
                (hour, instant)
                for hour in range(24)
                if now - look_back < (instant := due_at(zone, day, hour)) <= now
            ]
            if due:
                shared[day, due[0][0], tuple(instant for _, instant in due)].append(zone)
            day += DAY
    for (day, first_hour, instants), members in sorted(shared.items()):
        yield Window(day, tuple(members), first_hour, first_hour + len(instants) - 1, instants)


def is_late(due: datetime, now: datetime) -> bool:
    """Whether a letter due then would come so late that it is better not sent."""
    return now - due > LATE


def is_over(day: date, now: datetime) -> bool:
    """Whether nobody anywhere can become due, or be sent a letter, for `day` any more."""
    return now > due_at(LAST_ZONE, day, 23) + LATE
