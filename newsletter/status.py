"""How the service is doing, in facts and words: for the status page, the command and probes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

import redis
from django.conf import settings
from django.db.models import Count, Min, Q

from newsletter import providers, throttle
from newsletter.editions import by_status
from newsletter.models import DeliveryEvent, Digest, Edition, Heartbeat
from papers.models import Fetch
from subscribers import zones
from subscribers.models import EVERY_DAY, Notice, Subscriber
from subscribers.rhythm import next_letter_at

MINUTE = timedelta(minutes=1)
TICK = "tick"
GOOD = (Fetch.Status.DONE, Fetch.Status.UNCHANGED, Fetch.Status.PARTIAL)
MANY = 0.05  # of the letters of an edition


class Colour(IntEnum):
    GREEN = 0
    AMBER = 1
    RED = 2


@dataclass(frozen=True)
class Line:
    """One thing watched: never a colour without its word."""

    name: str
    colour: Colour
    word: str
    facts: str = ""


@dataclass(frozen=True)
class Section:
    title: str
    lines: tuple[Line, ...]


def overview(now: datetime) -> list[Section]:
    return [
        Section("Clock", (clock(now), next_letters(now))),
        Section("Sources", tuple(source(name, now) for name in settings.SOURCES)),
        Section("Letters", tuple(editions())),
        Section("Waiting", (queue(now), uncertain(), notices(now), events(now))),
        Section("Ways out", tuple(ways_out(now))),
    ]


def worst(sections: list[Section]) -> Colour:
    return max((line.colour for section in sections for line in section.lines), default=Colour.RED)


def beat(name: str, *, now: datetime) -> None:
    """Note that a part of the service has just done its round."""
    Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": now})


# The lines


def clock(now: datetime) -> Line:
    last = Heartbeat.objects.filter(name=TICK).first()
    if last is None:
        return Line("Tick", Colour.RED, "never ran", "Start `manage.py run`, or Celery's beat.")
    age = now - last.beat_at
    facts = f"last {ago(age)}; one a minute"
    if age > 10 * MINUTE:
        return Line("Tick", Colour.RED, "stopped", facts)
    if age > 3 * MINUTE:
        return Line("Tick", Colour.AMBER, "late", facts)
    return Line("Tick", Colour.GREEN, "on time", facts)


def next_letters(now: datetime) -> Line:
    """The next hour at which a daily reader's letter may be due; chosen weekdays aside."""
    rhythms = Subscriber.objects.active().filter(cadence=Subscriber.Cadence.DAILY)
    hours = rhythms.order_by().values_list("timezone", "hour").distinct()
    at = min(
        (
            next_letter_at(now, zone=zones.or_utc(zone), hour=hour, weekdays=EVERY_DAY)
            for zone, hour in hours
        ),
        default=None,
    )
    if at is None:
        return Line("Next letters", Colour.AMBER, "nobody", "No daily reader is active.")
    return Line("Next letters", Colour.GREEN, "planned", f"{at:%H:%M} UTC, {ahead(at - now)}")


def source(name: str, now: datetime) -> Line:
    tries = Fetch.objects.filter(source=name).order_by("-id")
    last, good = tries.first(), tries.filter(status__in=GOOD).first()
    if last is None:
        return Line(name, Colour.AMBER, "not asked yet")
    every = timedelta(minutes=settings.FETCH_EVERY)
    due = last.started_at + every
    following = f"next {ahead(due - now)}" if due > now else "next due"
    if good is None:
        return Line(name, Colour.RED, "failing", f"never answered: {last.reason[:200]}")
    age = now - good.started_at
    facts = (
        f"{ago(age)}: {good.new} new, {good.changed} changed, {good.refused} refused; {following}"
    )
    if age > timedelta(days=1):
        return Line(name, Colour.RED, "silent", f"{facts}. {last.reason[:200]}".strip())
    if last.status == Fetch.Status.FAILED:
        return Line(name, Colour.AMBER, "failed last time", f"{facts}. {last.reason[:200]}")
    if age > 2 * every + 5 * MINUTE:
        return Line(name, Colour.AMBER, "late", facts)
    if good.status == Fetch.Status.PARTIAL:
        return Line(name, Colour.AMBER, "partly refused", facts)
    return Line(name, Colour.GREEN, "on time", facts)


def editions() -> Iterator[Line]:
    """The newest edition of each rhythm, and every older one that is held or paused."""
    stopped = Q(status__in=[Edition.Status.HELD, Edition.Status.PAUSED])
    for cadence in Edition.Cadence:
        of_rhythm = Edition.objects.filter(cadence=cadence).order_by("-date")
        newest = of_rhythm.first()
        if newest is None:
            yield Line(f"{cadence} edition", Colour.GREEN, "none yet")
            continue
        yield edition_line(newest)
        for older in of_rhythm.filter(stopped).exclude(pk=newest.pk)[:3]:
            yield edition_line(older)


def edition_line(edition: Edition) -> Line:
    found = by_status(edition)
    counted = dict.fromkeys(["sent", "failed", "skipped", "expired"], 0)
    for status, n in found.items():
        if status in Digest.COUNTED_AS:
            counted[Digest.COUNTED_AS[status]] += n
    back = {s: found.get(s, 0) for s in ("delivered", "bounced", "complained")}
    waiting = sum(found.get(status, 0) for status in Digest.UNFINISHED)
    facts = ", ".join(f"{name} {n}" for name, n in {**counted, **back}.items())
    facts += f", waiting {waiting}"
    colour, word = edition_light(edition, counted, back, waiting)
    reason = f". {edition.reason}" if edition.reason else ""
    return Line(f"{edition}", colour, word, facts + reason)


def edition_light(
    edition: Edition, counted: dict[str, int], back: dict[str, int], waiting: int
) -> tuple[Colour, str]:
    if edition.status == Edition.Status.HELD:
        return Colour.RED, "held"
    if edition.status in {Edition.Status.PAUSED, Edition.Status.CANCELLED}:
        return Colour.AMBER, edition.status
    tried = counted["sent"] + counted["failed"]
    if tried and (counted["failed"] + back["bounced"]) / tried > MANY:
        return Colour.AMBER, "many came back"
    if counted["expired"]:
        return Colour.AMBER, "some too late"
    return Colour.GREEN, "on its way" if waiting else "complete"


def queue(now: datetime) -> Line:
    due = Digest.objects.filter(
        Q(not_before=None) | Q(not_before__lte=now),
        status=Digest.Status.PENDING,
        due_at__lte=now,
        edition__status=Edition.Status.OPEN,
    ).aggregate(n=Count("pk"), oldest=Min("due_at"))
    if not due["n"]:
        return Line("Letters to send", Colour.GREEN, "empty")
    age = now - due["oldest"]
    facts = f"{due['n']} letters, the oldest due {ago(age)}"
    if age > timedelta(hours=2):
        return Line("Letters to send", Colour.RED, "stuck", facts)
    if age > timedelta(minutes=30):
        return Line("Letters to send", Colour.AMBER, "slow", facts)
    return Line("Letters to send", Colour.GREEN, "moving", facts)


def uncertain() -> Line:
    n = Digest.objects.filter(status=Digest.Status.UNCERTAIN).count()
    if n:
        return Line(
            "Uncertain letters", Colour.AMBER, "unsettled", f"{n}: nobody knows if they left"
        )
    return Line("Uncertain letters", Colour.GREEN, "none")


def notices(now: datetime) -> Line:
    waiting = Notice.objects.filter(status=Notice.Status.PENDING).aggregate(
        n=Count("pk"), oldest=Min("created_at")
    )
    return _waiting("Other letters", waiting, now, slow=timedelta(minutes=15))


def events(now: datetime) -> Line:
    waiting = DeliveryEvent.objects.filter(applied_at=None).aggregate(
        n=Count("pk"), oldest=Min("received_at")
    )
    return _waiting("Events to apply", waiting, now, slow=timedelta(hours=1))


def _waiting(
    name: str, found: dict[str, int | datetime | None], now: datetime, slow: timedelta
) -> Line:
    n, oldest = found["n"], found["oldest"]
    if not n or not isinstance(oldest, datetime):
        return Line(name, Colour.GREEN, "none waiting")
    is_slow = now - oldest > slow
    colour, word = (Colour.AMBER, "slow") if is_slow else (Colour.GREEN, "moving")
    return Line(name, colour, word, f"{n}, the oldest from {ago(now - oldest)}")


def ways_out(now: datetime) -> Iterator[Line]:
    keys = [f"provider:{name}" for name in providers.names()] or ["relay"]
    for key in keys:
        state = throttle.state(key, now=now)
        if state.paused_until:
            facts = f"for {span(state.paused_until - now)}: {state.reason}"
            yield Line(key, Colour.RED, "paused", facts)
        elif state.failures:
            yield Line(key, Colour.AMBER, "shaky", f"{state.failures} faults in a row")
        else:
            yield Line(key, Colour.GREEN, "open")
    yield redis_line()


def redis_line() -> Line:
    if not settings.REDIS_URL:
        return Line("Redis", Colour.GREEN, "not used", "The database does its work.")
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5, retry=None
    )
    try:
        client.ping()
    except redis.RedisError as error:
        facts = f"{type(error).__name__}; letters go on, a minute later"
        return Line("Redis", Colour.AMBER, "does not answer", facts)
    finally:
        client.close()
    return Line("Redis", Colour.GREEN, "answers")


# Words for times


def ago(age: timedelta) -> str:
    return f"{span(age)} ago"


def ahead(wait: timedelta) -> str:
    return f"in {span(wait)}"


def span(time: timedelta) -> str:
    """`40 s`, `12 min`, `3 h`, `2 days`."""
    seconds = max(0, round(time.total_seconds()))
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
