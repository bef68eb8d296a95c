"""Weeks of mornings in minutes: `tick` at every instant at which a reader is due, on real lists."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import time_machine
from django.db.models import Count

from newsletter import rounds
from newsletter.models import Digest, Edition, Entry
from papers import ingest
from papers.models import Fetch, Topic
from papers.sources.base import PaperRecord
from subscribers.models import Subscriber, TopicPreference
from subscribers.rhythm import due_at

ZONES = (
    "Pacific/Kiritimati", "Australia/Lord_Howe", "Asia/Tokyo", "Asia/Kolkata", "Asia/Tehran",
    "Africa/Nairobi", "Europe/Berlin", "UTC", "America/Sao_Paulo", "America/St_Johns",
    "America/Los_Angeles", "Pacific/Pago_Pago",
)  # fmt: skip
HOURS = (6, 7, 9)
WEEKDAYS = 0b0011111  # Monday to Friday
LISTED_AT = timedelta(minutes=30)  # after midnight UTC: the day's list is read


@dataclass
class Replay:
    """What became of it; every number is counted from the rows afterwards."""

    days: list[date]
    seconds: float = 0.0
    ticks: int = 0
    errors: int = 0
    papers: int = 0
    due: int = 0
    letters: int = 0
    entries: int = 0
    unsent: Counter[str] = field(default_factory=Counter)
    twice_a_day: int = 0
    paper_twice: int = 0
    outside_hour: int = 0
    unbalanced: list[str] = field(default_factory=list)

    def table(self) -> str:
        rows = [
            ("weekdays", f"{len(self.days)}, {self.days[0]} to {self.days[-1]}"),
            ("papers ingested", f"{self.papers:,}"),
            ("ticks", f"{self.ticks:,}, {self.errors} with an error"),
            ("reader mornings due", f"{self.due:,}"),
            ("letters sent", f"{self.letters:,}, {self.entries / max(1, self.letters):.1f} papers"),
            *((f"not sent: {why}", f"{n:,}") for why, n in sorted(self.unsent.items())),
            ("two letters for one date", str(self.twice_a_day)),
            ("papers sent twice", str(self.paper_twice)),
            ("letters outside the hour", str(self.outside_hour)),
            ("editions that do not balance", str(len(self.unbalanced))),
            ("seconds", f"{self.seconds:.0f}"),
        ]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def weekdays(first: date, count: int) -> list[date]:
    days = (first + timedelta(days=n) for n in range(count * 2))
    return [day for day in days if day.weekday() < 5][:count]


def make_readers(count: int, *, first: date, last: date, seed: int) -> list[Subscriber]:
    """Readers spread over the zones, hours, rhythms and topics; the same for the same seed."""
    chance = random.Random(seed)
    topics = list(Topic.objects.active())
    readers = Subscriber.objects.bulk_create(
        Subscriber(
            email=f"replay{n}@mail.example.net",
            status=Subscriber.Status.ACTIVE,
            timezone=ZONES[n % len(ZONES)],
            hour=chance.choice(HOURS),
            cadence="weekly" if n % 20 == 19 else "daily",
            weekdays=chance.choice((WEEKDAYS, WEEKDAYS, WEEKDAYS, 0b0010101)),
            max_papers=chance.randint(3, 8),
            confirmed_at=due_at("UTC", first, 0) - timedelta(days=10),
            rhythm_since=due_at(ZONES[n % len(ZONES)], first, 0),
            # Nobody falls silent: every morning is for papers.
            last_seen_at=due_at("UTC", last, 0),
        )
        for n in range(count)
    )
    TopicPreference.objects.bulk_create(
        TopicPreference(subscriber=reader, topic=topic)
        for reader in readers
        for topic in chance.sample(topics, chance.randint(1, 5))
    )
    return readers


def instants(days: Sequence[date], readers: Iterable[Subscriber]) -> list[datetime]:
    """Every instant at which somebody is due, until the last of them all has had the last day."""
    rhythms = {(reader.timezone, reader.hour) for reader in readers}
    last = max(due_at(zone, days[-1], hour) for zone, hour in rhythms)
    # While it is still the last day in the west, the east is in the morning after.
    played = [*days, days[-1] + timedelta(days=1)]
    found = {due_at(zone, day, hour) for day in played for zone, hour in rhythms}
    return sorted(instant for instant in found if instant <= last)


def run(
    lists: Mapping[date, Sequence[PaperRecord]], days: Sequence[date], *, readers: int, seed: int
) -> Replay:
    """Play these days; a list is read half an hour after its day begins in UTC."""
    result = Replay(list(days))
    began = time.monotonic()
    subscribers = make_readers(readers, first=days[0], last=days[-1], seed=seed)
    unread = sorted(day for day in lists if day <= days[-1])
    end = datetime.combine(days[-1], datetime.min.time(), UTC) + timedelta(days=4)
    for now in instants(days, subscribers):
        while unread and datetime.combine(unread[0], datetime.min.time(), UTC) + LISTED_AT <= now:
            _read(unread.pop(0), lists, result)
        with time_machine.travel(now, tick=False):
            counts = rounds.tick(now)
        result.ticks += 1
        result.errors += counts[rounds.ERRORS]
    with time_machine.travel(end, tick=False):
        result.errors += rounds.sweep(end)[rounds.ERRORS]
    _count(result)
    result.seconds = time.monotonic() - began
    return result


def _read(day: date, lists: Mapping[date, Sequence[PaperRecord]], result: Replay) -> None:
    at = datetime.combine(day, datetime.min.time(), UTC) + LISTED_AT
    counts = ingest.ingest(lists[day], now=at)
    result.papers += counts.new
    Fetch.objects.create(
        source="hf", target=str(day), status=Fetch.Status.DONE, started_at=at, finished_at=at
    )


def _count(result: Replay) -> None:
    by_date: dict[tuple[int, date], int] = defaultdict(int)
    rows = Digest.objects.select_related("edition", "subscriber")
    for digest in rows.iterator(chunk_size=2000):
        result.due += 1
        by_date[digest.subscriber_id, digest.edition.date] += 1
        if digest.sent_at is None:
            result.unsent[f"{digest.status}, {digest.reason}"] += 1
            continue
        result.letters += 1
        local = digest.sent_at.astimezone(ZoneInfo(digest.subscriber.timezone))
        on_time = local.date() == digest.edition.date and local.hour == digest.subscriber.hour
        result.outside_hour += not on_time
    result.entries = Entry.objects.filter(digest__sent_at__isnull=False).count()
    result.twice_a_day = sum(n > 1 for n in by_date.values())
    pairs = Entry.objects.values("subscriber_id", "paper_id").annotate(n=Count("id"))
    result.paper_twice = pairs.filter(n__gt=1).count()
    for edition in Edition.objects.annotate(rows=Count("digests")):
        balances = (
            edition.status == Edition.Status.CLOSED
            and edition.counts.get("due") == edition.rows
            and sum(n for what, n in edition.counts.items() if what != "due") == edition.rows
        )
        if not balances:
            result.unbalanced.append(f"{edition}: {edition.status} {edition.counts}")
